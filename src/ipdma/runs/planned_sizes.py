"""The sizes of arms that papers tell of trials whose registry row names none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ipdma.analysis.records import as_number
from ipdma.io import read_rows_csv
from ipdma.plan import Plan
from ipdma.runs.layout import find_aggregate
from ipdma.runs.registry import AGGREGATE_COLUMNS, read_table

SIZES = ("n_active", "n_reference")
Sizes = dict[tuple[str, str], tuple[float, float]]


def aggregate_beside(registry: Path, plan: Plan) -> Path | None:
    """The aggregate results that go with a registry: the plan's own file, the one beside this registry, the
    one beside the plan's."""
    beside = registry.with_name("aggregate.tsv")
    return beside if beside.is_file() and not plan["aggregate"] else find_aggregate(plan)


def published_arms(registry: Path, plan: Plan) -> tuple[Sizes, list[str]]:
    """By study and contrast the people in its active and its reference arms, with what is wrong in the file.

    Nothing where there are no aggregate results.
    Of several rows of one study and contrast a planned outcome's at the first time point counts, else the one
    with the most people.
    """
    path = aggregate_beside(registry, plan)
    if path is None:
        return {}, []
    faults = list(read_table(path, [*AGGREGATE_COLUMNS, *SIZES]))
    if faults:
        return {}, faults
    table = read_rows_csv(path, text=["contrast", "outcome", "timepoint"], names=["study"])
    found: dict[tuple[str, str], tuple[tuple[int, float], tuple[float, float]]] = {}
    for row in table.to_dict("records"):
        active, reference = (as_number(row[name]) for name in SIZES)
        if not active or not reference:
            continue
        place = order_of(row, plan), -(active + reference)
        key = str(row["study"]), str(row["contrast"])
        if key not in found or place < found[key][0]:
            found[key] = place, (active, reference)
    return {key: sizes for key, (_, sizes) in found.items()}, []


def order_of(row: Mapping[Any, Any], plan: Plan) -> int:
    """The position of a row among the planned outcomes at the first time point; elsewhere after them."""
    planned = planned_outcomes(plan)
    first = str(row["timepoint"]) == next(iter(plan["time_points"]))
    outcome = str(row["outcome"])
    return planned.index(outcome) if first and outcome in planned else len(planned)


def planned_outcomes(plan: Plan) -> list[str]:
    """Those that the plan names, else its first score and its first event."""
    if plan["power"]["outcomes"]:
        return list(plan["power"]["outcomes"])
    first: dict[str, str] = {}
    for name, own in plan["outcomes"].items():
        first.setdefault(own["family"], name)
    return list(first.values())
