"""The plan's models as specifications: read once, then changed by `.replace()`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ipdma.model.df import methods_of
from ipdma.model.spec import ModelSpec


def read_model(keys: Mapping[str, Any], plan: Mapping[str, Any], where: str) -> ModelSpec:
    """One of the plan's models, with the plan's level and second stage where it names none.

    Parameters
    ----------
    keys : mapping
        An entry of `models`, or the primary model with a sensitivity analysis' changes.
    plan : mapping
        Its `level` and `pool` are read.
    where : str
        Begins the sentence of each fault.

    Returns
    -------
    ModelSpec
        For a Gaussian outcome in the column `outcome`. `pool.ci` is empty where neither the model nor the
        plan names an interval: the number of studies decides it.

    Raises
    ------
    SpecError
        Naming every fault at once.
    """
    own = {key: value for key, value in keys.items() if key != "label"}
    pool = {**plan["pool"], **(own.get("pool") or {})}
    spec = ModelSpec.from_mapping({"level": plan["level"], **own, "outcome": "outcome", "pool": pool}, where)
    return spec if "ci" in pool else spec.replace(pool=replace(spec.pool, ci=""))


def for_family(spec: ModelSpec, family: str) -> ModelSpec:
    """The model for outcomes of a family: a binary one has no residual variance, REML or t of it."""
    if family == "gaussian":
        return spec.replace(pool=replace(spec.pool, method="inverse_variance", measure="or"))
    return spec.replace(
        family=family,
        residual="common",
        estimator=None if spec.estimator == "reml" else spec.estimator,
        df=spec.df if spec.df in methods_of(family) else None,
    )
