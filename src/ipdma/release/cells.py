"""Who there is in each cell of the plan in one trial, and who is not."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pandas as pd

from ipdma.bundle.records import OBSERVED, SENSITIVITY, ArmCount, CellCounts, ScaleOf, Serves
from ipdma.cohort import AnalysisRows, Cohort, build_arm_rows, build_rows
from ipdma.plan import PROGNOSIS, Plan
from ipdma.release.row_sets import scale_of_rows


@dataclass(frozen=True)
class Table:
    """The rows of one cell, or of a sensitivity analysis that rebuilds it (`variant`)."""

    contrast: str
    outcome: str
    timepoint: str
    variant: str
    found: AnalysisRows

    @property
    def rows(self) -> pd.DataFrame:
        """One row per person."""
        return self.found.rows

    @property
    def scale(self) -> ScaleOf | None:
        """The instrument behind the rows."""
        return None if self.rows.empty else scale_of_rows(self.rows)


def needs_all_trials(plan: Plan, outcome: str) -> bool:
    """Whether an outcome is derived with a standard deviation over all trials: one trial has none."""
    reliable = str(plan["outcomes"][outcome]["measure"]).startswith("reliable")
    return reliable and str(plan["reliable_change"]["standard_deviation"]).startswith("instrument")


def build_cells(cohort: Cohort, plan: Plan) -> Iterator[Table]:
    """The rows of every cell of a plan, its sensitivity analyses and its prognosis."""
    for contrast in plan["contrasts"]:
        cells = [cell for cell in plan.cells(contrast) if not needs_all_trials(plan, cell[0])]
        if takes_part(cohort, plan, contrast):
            for outcome, timepoint in cells:
                yield from build_variants(cohort, plan, (contrast, outcome, timepoint))
        elif cells:  # nobody takes part, whatever the cell
            nobody = build_rows(cohort, plan, contrast, *cells[0])
            for outcome, timepoint in cells:
                yield Table(contrast, outcome, timepoint, "", nobody)
    asked = plan["prognosis"]
    for outcome in asked["outcomes"] if asked["conditions"] else []:
        for timepoint in plan["time_points"]:
            own = build_arm_rows(cohort, plan, asked["conditions"], outcome, timepoint)
            yield Table(PROGNOSIS, outcome, timepoint, "", own)


def takes_part(cohort: Cohort, plan: Plan, contrast: str) -> bool:
    """Whether the trial has people on both sides of a contrast."""
    own, conditions = plan["contrasts"][contrast], cohort.participants["condition"]
    return all(conditions.isin(own[side]).any() for side in ("active", "reference"))


def build_variants(cohort: Cohort, plan: Plan, place: tuple[str, str, str]) -> Iterator[Table]:
    """The rows of one cell, and of each sensitivity analysis that rebuilds them."""
    yield Table(*place, "", build_rows(cohort, plan, *place))
    for name in plan.row_variants():
        if plan.concerns(name, *place):
            yield Table(*place, name, build_rows(cohort, plan.variant(name), *place))


def count_cell(table: Table, arms: Collection[str]) -> CellCounts:
    """People and outcomes by arm, and who was left out by reason."""
    rows = table.rows
    counts = {
        str(arm): ArmCount(len(own), int(own["outcome"].notna().sum())) for arm, own in rows.groupby("arm")
    }
    named = SENSITIVITY + table.variant if table.variant else OBSERVED
    left = tuple((str(row["reason"]), int(row["n"])) for row in table.found.exclusions.to_dict("records"))
    serves = Serves(table.contrast, table.outcome, table.timepoint, named)
    return CellCounts(serves, table.scale, {arm: own for arm, own in counts.items() if arm in arms}, left)
