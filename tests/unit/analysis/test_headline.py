"""What a row says of its trials and participants is what its numbers rest on."""

import numpy as np
import pytest
from tests.builders.analysis_rows import BINARY_KEY, as_table, draw_rows, pick, run, small_plan

from ipdma.analysis.run import analyse

MODERATORS = {
    "status": {"column": "status", "type": "categorical"},
    "tense": {"column": "tense", "type": "categorical"},
}
NAME = "stpp_control.depression.post.primary"


@pytest.fixture(scope="module")
def rows():
    """`status` has level c in S01 alone and does not vary in S06; `tense` varies in S01 to S04."""
    drawn = draw_rows()
    status = np.resize(["a", "b", "a", "b", "c"], len(drawn)).astype(object)
    status[(status == "c") & (drawn.study != "S01")] = "a"
    status[drawn.study == "S06"] = "a"
    tense = np.resize(["no", "no", "yes", "yes"], len(drawn)).astype(object)
    tense[drawn.study.isin(["S05", "S06"])] = "no"
    return drawn.assign(status=status, tense=tense)


@pytest.fixture(scope="module")
def found(rows):
    return run(rows, ["moderators"], small_plan(moderators=MODERATORS)).estimates


def size(rows, *studies):
    return int(rows.study.isin(studies).sum())


@pytest.mark.parametrize("stage", ["one", "two"])
def test_participants_are_those_of_the_trials_that_inform_the_interaction(rows, found, stage):
    row = pick(found, analysis_id=f"{NAME}.{stage}.tense", term="treatment:within:tense[yes]")
    assert (row.k, row.n) == (4, size(rows, "S01", "S02", "S03", "S04"))


@pytest.mark.parametrize("stage", ["one", "two"])
def test_a_joint_test_counts_the_trials_of_any_of_its_levels(rows, found, stage):
    row = pick(found, analysis_id=f"{NAME}.{stage}.status", term="treatment:within:status")
    assert (row.k, row.n) == (5, len(rows) - size(rows, "S06"))


def test_a_row_that_is_one_trials_own_answer_counts_that_trial_alone(rows, found):
    row = pick(found, analysis_id=f"{NAME}.one.status.random", term="treatment:within:status[c]")
    assert (row.k, row.n) == (1, size(rows, "S01"))
    assert row.df_method == "residual"  # t on that trial's own degrees of freedom


def test_a_common_effect_of_the_second_stage_is_not_called_null_standardised(found):
    two = found[(found.stage == "two") & found.df.isna() & found.statistic.notna()]
    assert len(two)
    assert set(two.df_method) == {"wald"}
    assert found[found.df_method == "nst"].df.notna().all()


def test_one_stage_counts_the_arms_of_a_trial_with_an_empty_cell():
    rows = draw_rows(binary=True)
    empty = (rows.study == "S03") & (rows.treat == 0)
    rows.loc[empty, "outcome"] = 0.0
    got = analyse({BINARY_KEY: as_table(rows)}, small_plan(moderators={}), parts=["efficacy"])
    arms = got.counts[got.counts.what == "pooled_arm"].groupby("analysis_id").n.sum()
    for stage, n in (("one", len(rows)), ("two", len(rows) - size(rows, "S03"))):
        ident = f"stpp_control.response.post.primary.{stage}"
        assert pick(got.estimates, analysis_id=ident, term="treatment").n == arms[ident] == n
