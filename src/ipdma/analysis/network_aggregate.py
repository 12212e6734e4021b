"""Trials without participant data in a network: which nodes their published contrast compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell
from ipdma.analysis.records import as_number
from ipdma.model.network import ArmContrasts
from ipdma.plan import Plan

SIDES = ("active", "reference")


@dataclass(frozen=True)
class Published:
    """One trial's published contrast, and its participants where they are stated."""

    contrasts: ArmContrasts
    n: int


def aggregate_contrasts(
    aggregate: pd.DataFrame | None, cell: Cell, plan: Plan
) -> tuple[list[Published], list[str]]:
    """The usable contrasts of an outcome and time point, and who has none and why.

    The columns `active` and `reference` name a trial's conditions; where they are absent or empty, the
    plan's contrast does, if each of its sides is one node.
    """
    if aggregate is None or not len(aggregate) or not plan["aggregate_trials"]:
        return [], []
    here = (aggregate["outcome"] == cell.outcome) & (aggregate["timepoint"] == cell.timepoint)
    rows = aggregate[here & ~aggregate["study"].astype(str).isin(cell.rows["study"].astype(str))]
    found, notes = [], []
    for study, own in rows.groupby("study"):
        one, why = published_contrast(str(study), own.to_dict("records"), plan)
        if one is None:
            notes.append(f"trial without participant data {study} left out: {why}")
        else:
            found.append(one)
    return found, notes


def published_contrast(study: str, rows: list[dict[Any, Any]], plan: Plan) -> tuple[Published | None, str]:
    """One trial's contrast, or why it cannot be used."""
    if len(rows) > 1:
        return None, f"it has {len(rows)} contrasts, whose covariance is not known"
    row = rows[0]
    sides = [nodes_of_side(row, side, plan) for side in SIDES]
    estimate, error = as_number(row["estimate"]), as_number(row["std_error"])
    for side, nodes in zip(SIDES, sides, strict=True):
        if len(nodes) != 1:
            named = " or ".join(sorted(nodes)) or "no node"
            return None, f"its {side} arm is {named}; name its condition in the column '{side}'"
    if sides[0] == sides[1] or estimate is None or error is None or error <= 0:
        return None, "its arms are one node" if sides[0] == sides[1] else "no usable estimate"
    (active,), (reference,) = sides
    contrasts = ArmContrasts(
        study, (reference, active), np.array([estimate]), np.array([[error**2]]), "aggregate"
    )
    return Published(contrasts, sum(int(as_number(row.get(f"n_{side}")) or 0) for side in SIDES)), ""


def nodes_of_side(row: Mapping[Any, Any], side: str, plan: Plan) -> set[str]:
    """The nodes that a side of a published contrast may be."""
    named = row.get(side)
    given = [str(named)] if isinstance(named, str) and named else plan["contrasts"][row["contrast"]][side]
    known = plan.network_nodes
    return {known[c] for c in given if c in known} if known else set(given)
