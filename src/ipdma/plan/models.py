"""The plan's models as specifications: read once, then changed by `.replace()`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ipdma.errors import SpecError
from ipdma.model.df import df_method, methods_of
from ipdma.model.spec import ModelSpec
from ipdma.model.spec_keys import FIRTH

NST, CUSTOMARY = "nst", "kenward_roger"
POOLED = {NST: "nst", CUSTOMARY: "modified_hksj"}  # the second stage's interval beside each headline


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
        For a Gaussian outcome in the column `outcome`; `df` is decided.

    Raises
    ------
    SpecError
        Naming every fault at once.
    """
    penalised = keys.get("estimator") == FIRTH  # of events alone, and a model is read for a score
    own = {k: v for k, v in keys.items() if k != "label" and not (penalised and k == "estimator")}
    pool = {**plan["pool"], **(own.get("pool") or {})}
    spec = ModelSpec.from_mapping({"level": plan["level"], **own, "outcome": "outcome", "pool": pool}, where)
    spec = spec if spec.df else spec.replace(df=headline_df(spec, plan["interval"]))
    return spec.replace(estimator=FIRTH) if penalised else spec


def headline_df(spec: ModelSpec, interval: str = NST) -> str:
    """The df method of a model that names none: the null-standardised t where the model has it.

    Elsewhere (a common effect, maximum likelihood, nuisance terms that are not each trial's own, repeated
    measures), and in a plan whose `interval` is Kenward-Roger's, that of `ipdma fit`.
    """
    plain = spec.replace(df=None).resolved()
    applies = interval == NST and not df_method(NST).conflicts(plain)
    return NST if applies else str(plain.df)


def write_out(values: dict[str, Any]) -> None:
    """Name the methods that a plan leaves to its default, so that plan.yaml holds them whatever comes later.

    A model that cannot be read is left as it is; the checks say why.
    """
    values["pool"].setdefault("ci", POOLED[values["interval"]])
    for name, model in values["models"].items():
        try:
            model["df"] = read_model(model, values, f"models.{name}").df
        except SpecError:
            continue


def changed_model(base: Mapping[str, object], change: Mapping[str, object]) -> dict[str, object]:
    """A model with a sensitivity analysis' changes.

    A `df` of the null-standardised t is left out, so that it is decided anew for the changed model.
    """
    inherited = {key: value for key, value in base.items() if key != "df" or value != NST}
    return {**inherited, **change}


def for_family(spec: ModelSpec, family: str) -> ModelSpec:
    """The model for outcomes of a family.

    A binary outcome has no residual variance, no REML and no t distribution of it; a score has no Firth
    penalty, and its second stage pools differences by inverse variance.
    """
    if family == "gaussian":
        return spec.replace(
            estimator=None if spec.estimator == FIRTH else spec.estimator,
            pool=replace(spec.pool, method="inverse_variance", measure="or"),
        )
    return spec.replace(
        family=family,
        residual="common",
        estimator=None if spec.estimator == "reml" else spec.estimator,
        df=spec.df if spec.df in methods_of(family) else None,
    )
