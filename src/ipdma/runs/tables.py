"""Every table of rows that one job of a run analyses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pandas as pd

from ipdma.bundle.guest import guest_of
from ipdma.bundle.published import MIDDLE, POSITIONS, is_for, is_scanned, published_bundles, published_rows
from ipdma.bundle.records import SENSITIVITY
from ipdma.cohort import AnalysisRows, Cohort, build_arm_rows, build_rows
from ipdma.plan import NETWORK, PROGNOSIS, Plan

Key = tuple[str, str, str]


def build_tables(
    cohort: Cohort, plan: Plan, contrast: str, aggregate: pd.DataFrame | None = None
) -> dict[Key, AnalysisRows]:
    """Build the rows of one contrast with those of its sensitivity analyses; or of prognosis or the network.

    Parameters
    ----------
    cohort : Cohort
    plan : Plan
    contrast : str
        Its name in the plan, or `prognosis` or `network`.
    aggregate : DataFrame, optional
        Published results of trials without participant data.

    Returns
    -------
    dict of (outcome, timepoint, variant) to AnalysisRows
        `variant` is the name of a sensitivity analysis that changes rows, or empty; with published moments it
        is followed by `@` and the position in the ranges of their correlations.
    """
    if contrast == PROGNOSIS and contrast not in plan["contrasts"]:
        return prognosis_tables(cohort, plan)
    if contrast == NETWORK and contrast not in plan["contrasts"]:
        return network_tables(cohort, plan)
    tables = {
        (outcome, timepoint, ""): build_rows(cohort, plan, contrast, outcome, timepoint)
        for outcome, timepoint in plan.cells(contrast)
    }
    for name in plan.row_variants():
        changed = plan.variant(name)
        for outcome, timepoint in plan.cells(contrast):
            if plan.concerns(name, contrast, outcome, timepoint):
                rows = build_rows(cohort, changed, contrast, outcome, timepoint, name)
                tables[(outcome, timepoint, name)] = rows
    return tables | published_tables(cohort, plan, contrast, aggregate)


def published_tables(
    cohort: Cohort, plan: Plan, contrast: str, aggregate: pd.DataFrame | None
) -> dict[Key, AnalysisRows]:
    """Rows of the sensitivity analyses that published moments join, for each position in their ranges."""
    known = [*cohort.participants["study"].unique(), *(guest.study for guest in cohort.guests)]
    published, tables = published_rows(aggregate, known), {}
    for name in (name for name in plan["sensitivity"] if plan.changes(name, ["aggregate"]) and published):
        changed = plan.variant(name)
        for position in POSITIONS:
            bundles = published_bundles(published, plan, cohort.codebook, f"{SENSITIVITY}{name}", position)
            guests = (*cohort.guests, *(replace(guest_of(own), absent=()) for own in bundles))
            joined = replace(cohort, guests=guests, constants={})
            for outcome, timepoint in plan.cells(contrast):
                here = [row for row in published if is_for(row, contrast, outcome, timepoint)]
                wanted = plan.concerns(name, contrast, outcome, timepoint)
                if here and wanted and (position == MIDDLE or is_scanned(here)):
                    rows = build_rows(joined, changed, contrast, outcome, timepoint, name)
                    tables[(outcome, timepoint, f"{name}@{position:g}")] = rows
    return tables


def prognosis_tables(cohort: Cohort, plan: Plan) -> dict[Key, AnalysisRows]:
    """Rows of every arm in which predictors are looked for."""
    own = plan["prognosis"]
    return {
        (outcome, timepoint, ""): build_arm_rows(cohort, plan, own["conditions"], outcome, timepoint)
        for outcome in own["outcomes"]
        for timepoint in plan["time_points"]
    }


def network_tables(cohort: Cohort, plan: Plan) -> dict[Key, AnalysisRows]:
    """Rows of every arm that is in a node of the network."""
    own = plan["network"]
    conditions = list(plan.network_nodes) or sorted(cohort.participants["condition"].unique())
    return {
        (outcome, timepoint, ""): build_arm_rows(cohort, plan, conditions, outcome, timepoint)
        for outcome in own["outcomes"]
        for timepoint in own["time_points"] or plan["time_points"]
    }


def describe(contrast: str, tables: Mapping[Key, AnalysisRows], say: Callable[[str], None]) -> None:
    """One line of progress for each table of a contrast."""
    for (outcome, timepoint, variant), table in tables.items():
        if not variant:
            studies = table.rows["study"].nunique()
            say(f"{contrast}, {outcome}, {timepoint}: {len(table.rows)} participants of {studies} studies")
