"""Subgroups: the model on its trials, and the test between them."""

from __future__ import annotations

import pytest
from tests.builders.analysis_rows import pick, run, small_plan

NAME = "stpp_control.depression.post"


def test_a_subgroup_is_the_model_on_its_trials(rows):
    got = run(rows, ["subgroups"], small_plan(moderators={}))
    alone = run(rows[rows.comparator == "tau"], ["efficacy"])
    for stage in ("one", "two"):
        row = pick(got.estimates, model="subgroup", level="tau", stage=stage, term="treatment")
        other = pick(alone.estimates, model="primary", stage=stage)
        assert (row.estimate, row.std_error, row.n) == pytest.approx(
            (other.estimate, other.std_error, other.n)
        )
    studies = got.study_estimates[(got.study_estimates.level == "tau") & (got.study_estimates.stage == "two")]
    assert studies.weight.sum() == pytest.approx(100)


def test_subgroups_are_tested_against_each_other(rows):
    shifted = rows.copy()
    shifted.loc[(rows.comparator == "placebo") & (rows.treat == 1), "outcome"] += 3
    for stage in ("one", "two"):
        same, apart = [
            pick(
                run(r, ["subgroups"], small_plan(moderators={})).estimates,
                analysis_id=f"{NAME}.subgroup.{stage}.comparator",
                term="treatment:across:comparator",
            )
            for r in (rows, shifted)
        ]
        assert apart.p_value < 0.05
        assert apart.statistic > same.statistic
