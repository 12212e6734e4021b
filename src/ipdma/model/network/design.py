"""The columns of a network in one stage."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ipdma.model.columns import ModelColumns, read_columns
from ipdma.model.design import Design, Parts, add_covariates, add_intercept, add_moderator, assemble
from ipdma.model.network.shape import Column, Network
from ipdma.model.spec import ModelSpec
from ipdma.model.term import TREATMENT, Term


def effect_of(node: str) -> Term:
    """A node's effect against the reference."""
    return TREATMENT.but(node=node)


def build_network(
    rows: pd.DataFrame, spec: ModelSpec, network: Network, extra: Mapping[str, Column] | None = None
) -> Design:
    """The design of a network.

    Parameters
    ----------
    rows : DataFrame
        The column `spec.treatment` names each row's node; rows of other studies or nodes take no part.
    spec : ModelSpec
        Resolved; stratified intercepts.
    network : Network
    extra : mapping of str to column, optional
        Further columns that are constant within arms (node splitting, inconsistency), by name.

    Raises
    ------
    DataError, FitError
        As `build_design`.
    """
    columns = read_columns(coded(rows, spec, network), spec)
    code = columns.numeric[spec.treatment].astype(int)
    arm = {node: (code == i).astype(float) for i, node in enumerate(network.nodes)}
    parts = Parts(warnings=list(columns.warnings))
    parts.shared += [(effect_of(node), arm[node]) for node in network.nodes[1:]]
    for name, column in (extra or {}).items():
        parts.shared.append((effect_of(name), spread_column(columns, code, network, column)))
    if spec.treatment_effect == "random":
        add_random(parts, arm)
    add_moderator(parts, columns, spec, {node: arm[node] for node in network.nodes[1:]})
    add_intercept(parts, columns, spec)
    add_covariates(parts, columns, spec)
    return assemble(parts, columns, spec)


def coded(rows: pd.DataFrame, spec: ModelSpec, network: Network) -> pd.DataFrame:
    """The network's rows, each node by its place."""
    inside = rows[rows[spec.study].isin(list(network.arms)) & rows[spec.treatment].isin(network.nodes)]
    place = {node: float(i) for i, node in enumerate(network.nodes)}
    return inside.assign(**{spec.treatment: inside[spec.treatment].map(place)})


def add_random(parts: Parts, arm: Mapping[str, np.ndarray]) -> None:
    """An effect of each node in a trial, all with variance tau2 / 2; of two nodes their difference, tau2."""
    if len(arm) > 2:
        parts.random += [(effect_of(node), column) for node, column in arm.items()]
        parts.tied = len(arm)
        return
    node, column = list(arm.items())[1]
    parts.random.append((effect_of(node), column))


def spread_column(columns: ModelColumns, code: np.ndarray, network: Network, column: Column) -> np.ndarray:
    """A column by arm as a column by row, shape (n,)."""
    table = np.array([[column.get((s, node), 0.0) for node in network.nodes] for s in columns.studies])
    found: np.ndarray = table[columns.study, code]
    return found
