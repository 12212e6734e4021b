"""The records of a prediction as a report reads them."""

from ipdma.analysis.run import analyse
from ipdma.report.material import Material
from tests.builders.analysis_rows import KEY, as_table, draw_rows, small_plan
from tests.builders.report_mock import as_shared

MODERATORS = {
    "severity": {"column": "baseline", "label": "Baseline severity"},
    "duration": {"column": "episode_duration_months", "transform": "log", "label": "Log duration"},
    "age": {"column": "age", "per": 10},
    "sex": {"column": "sex", "levels": ["female", "male"]},
}
PROFILES = {"severe": {"severity": 8, "sex": "male"}, "never_seen": {"age": 99}}


def prediction_material(
    within: float = -0.6, sizes: tuple[int, ...] = (80, 60, 90, 80, 70, 100), **keys: object
) -> Material:
    """A report's material with a headline and a prediction of a drawn consortium."""
    own = {"variables": ["severity", "duration", "age", "sex"], **keys}
    plan = small_plan(moderators=MODERATORS, prediction=own)
    rows = as_table(draw_rows(within=within, sizes=sizes))
    records = analyse({KEY: rows}, plan, parts=["efficacy", "prediction"])
    tables = (records.estimates, records.study_estimates, records.counts)
    own = [table.astype(object).where(table.notna(), None).to_dict("records") for table in tables]
    return Material(*as_shared(*own, plan=plan.as_mapping()), plan.as_mapping(), synthetic=True)
