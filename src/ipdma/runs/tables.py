"""Every table of rows that one job of a run analyses."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ipdma.cohort import AnalysisRows, Cohort, build_arm_rows, build_rows
from ipdma.plan import PROGNOSIS, Plan

Key = tuple[str, str, str]


def build_tables(cohort: Cohort, plan: Plan, contrast: str) -> dict[Key, AnalysisRows]:
    """Build the rows of one contrast, or of the plan's prognosis, with those of its sensitivity analyses.

    Returns
    -------
    dict of (outcome, timepoint, variant) to AnalysisRows
        `variant` is the name of a sensitivity analysis that changes rows, or empty.
    """
    if contrast == PROGNOSIS and contrast not in plan["contrasts"]:
        return prognosis_tables(cohort, plan)
    tables = {
        (outcome, timepoint, ""): build_rows(cohort, plan, contrast, outcome, timepoint)
        for outcome, timepoint in plan.cells(contrast)
    }
    for name in plan.row_variants():
        changed = plan.variant(name)
        for outcome, timepoint in plan.cells(contrast):
            if plan.concerns(name, contrast, outcome, timepoint):
                rows = build_rows(cohort, changed, contrast, outcome, timepoint)
                tables[(outcome, timepoint, name)] = rows
    return tables


def prognosis_tables(cohort: Cohort, plan: Plan) -> dict[Key, AnalysisRows]:
    """Rows of every arm in which predictors are looked for."""
    own = plan["prognosis"]
    return {
        (outcome, timepoint, ""): build_arm_rows(cohort, plan, own["conditions"], outcome, timepoint)
        for outcome in own["outcomes"]
        for timepoint in plan["time_points"]
    }


def describe(contrast: str, tables: Mapping[Key, AnalysisRows], say: Callable[[str], None]) -> None:
    """One line of progress for each table of a contrast."""
    for (outcome, timepoint, variant), table in tables.items():
        if not variant:
            studies = table.rows["study"].nunique()
            say(f"{contrast}, {outcome}, {timepoint}: {len(table.rows)} participants of {studies} studies")
