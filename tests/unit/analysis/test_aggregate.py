"""Trials of which only results are known."""

from __future__ import annotations

import pytest
from tests.builders.analysis_rows import AGGREGATE, pick, run

from ipdma.model.pool import pool_effects
from ipdma.model.spec import PoolSpec

NAME = "stpp_control.depression.post"


def test_aggregate_trials_join_the_second_stage(rows):
    got = run(rows, ["efficacy", "aggregate"], aggregate=AGGREGATE)
    ipd = got.study_estimates[got.study_estimates.analysis_id == f"{NAME}.primary.two"]
    y, se = [*ipd.estimate, -0.9, -0.1], [*ipd.std_error, 0.3, 0.25]
    expected = pool_effects([*ipd.study, "X1", "X2"], y, se, PoolSpec(ci="nst"))
    row = pick(got.estimates, model="aggregate")
    assert (row.estimate, row.std_error, row.ci_low) == pytest.approx(
        (expected.estimate, expected.std_error, expected.ci_low)
    )
    assert (row.k, row.stage, row.n) == (8, "two", len(rows) + 103)
    studies = got.study_estimates[got.study_estimates.model == "aggregate"]
    assert studies.set_index("study").source.value_counts().to_dict() == {"ipd": 6, "aggregate": 2}
    assert pick(got.estimates, model="not_obtained").k == 2


def test_a_trial_with_participant_data_is_never_counted_twice(rows):
    got = run(rows, ["aggregate"], aggregate=AGGREGATE)
    assert (got.study_estimates[got.study_estimates.model == "aggregate"].study == "S01").sum() == 1
