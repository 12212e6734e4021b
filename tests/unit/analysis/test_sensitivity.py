"""Sensitivity analyses: each changes the one thing that it names."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from tests.builders.analysis_rows import KEY, PLAIN, as_table, count, draw_rows, pick, run, small_plan

from ipdma.analysis.record_words import BESIDE, ITSELF, SHARED
from ipdma.analysis.run import analyse


def test_leaving_one_study_out_is_the_model_without_it(rows):
    plan = small_plan(**PLAIN, sensitivity={"loo": {"leave_one_out": True}})
    got = run(rows, ["sensitivity"], plan)
    assert len(got.estimates) == 12
    without = run(rows[rows.study != "S04"], ["efficacy"])
    for stage in ("one", "two"):
        row = pick(got.estimates, model="leave_out:S04", stage=stage)
        assert row.estimate == pytest.approx(pick(without.estimates, model="primary", stage=stage).estimate)


@pytest.mark.parametrize(
    ("entry", "keep"),
    [
        ({"registry": {"rob_overall": ["low"]}}, lambda r: r.rob_overall == "low"),
        ({"registry": {"quality": [0, 1]}}, lambda r: r.quality < 2),
        ({"participants": {"dropout": ["no"]}}, lambda r: r.dropout == "no"),
        ({"exclude_studies": ["S01", "S02"]}, lambda r: ~r.study.isin(["S01", "S02"])),
    ],
)
def test_selections_keep_the_rows_that_they_name(rows, entry, keep):
    got = run(rows, ["sensitivity"], small_plan(**PLAIN, sensitivity={"chosen": entry}))
    row = pick(got.estimates, model="chosen", stage="one")
    other = pick(run(rows[keep(rows)], ["efficacy"]).estimates, model="primary", stage="one")
    assert (row.n, row.estimate) == (other.n, pytest.approx(other.estimate))


def test_a_changed_model_key(rows):
    entry = {"model": {"covariates": []}, "moderators": ["age"]}
    keys = {**PLAIN, "moderators": {"age": {"column": "age"}}, "sensitivity": {"unadjusted": entry}}
    got = run(rows, ["sensitivity"], small_plan(**keys))
    bare = small_plan(**PLAIN | {"models": {"primary": {"residual": "by_study"}}})
    other = pick(run(rows, ["efficacy"], bare).estimates, model="primary", stage="one")
    assert pick(got.estimates, model="unadjusted", stage="one", moderator="").estimate == pytest.approx(
        other.estimate
    )
    assert set(got.estimates[got.estimates.moderator == "age"].stage) == {"one", "two"}
    assert count(got, what="choice").level.tolist() == ["", "no"] or "model.covariates" in set(
        count(got, what="choice").variable
    )


def test_rebuilt_rows_come_from_the_variants(rows):
    plan = small_plan(**PLAIN, sensitivity={"observer": {"rating": "observer"}, "self": {"rating": "self"}})
    observer = rows[rows.rating == "observer"]
    got = run(rows, ["sensitivity"], plan, variants={"observer": {KEY: as_table(observer)}})
    other = pick(run(observer, ["efficacy"]).estimates, model="primary", stage="one")
    assert pick(got.estimates, model="observer", stage="one").estimate == pytest.approx(other.estimate)
    assert "self" not in set(got.estimates.model)
    assert count(got, what="not_run").level.tolist() == ["no rows could be built for it"]


def test_sensitivities_are_for_the_first_outcome_unless_they_say_so(rows):
    outcomes = {"depression": {"family": "gaussian"}, "other": {"family": "gaussian"}}
    key, changed = ("stpp_control", "other", "post"), {"model": {"covariates": []}}
    tables = {KEY: as_table(rows), key: as_table(rows)}
    for entry, concerned in ((changed, "depression"), ({**changed, "outcomes": ["other"]}, "other")):
        plan = small_plan(**PLAIN | {"outcomes": outcomes}, sensitivity={"u": entry})
        assert set(analyse(tables, plan, parts=["sensitivity"]).estimates.outcome) == {concerned}


def changed(rows, entry, **keys):
    plan = small_plan(
        **PLAIN | {"moderators": {"age": {"column": "age"}}} | keys, sensitivity={"less": entry}
    )
    return run(rows, ["sensitivity"], plan)


def test_beside_other_trials_stands_the_primary_model_on_those_very_trials(rows):
    mute = rows.assign(parity=np.where(rows.study.isin(["S02", "S05"]), np.nan, rows.age % 3))
    got = changed(mute, {"model": {"covariates": ["baseline", "parity"]}, "moderators": ["age"]})
    expected = run(mute[~mute.study.isin(["S02", "S05"])], ["efficacy", "moderators"], small_plan(
        **PLAIN | {"moderators": {"age": {"column": "age"}}}
    )).estimates  # fmt: skip
    numbers = ["estimate", "std_error", "ci_low", "ci_high", "k", "n"]
    for stage in ("one", "two"):
        row = pick(got.estimates, model="less", stage=stage, term="treatment", moderator="")
        beside = pick(got.estimates, model="less:same_trials", stage=stage, term="treatment", moderator="")
        primary = pick(expected, model="primary", stage=stage, term="treatment", moderator="")
        assert row.k == beside.k == 4
        assert beside[numbers].tolist() == pytest.approx(primary[numbers].tolist())
        age = {"stage": stage, "term": "treatment:within:age"}
        beside = pick(got.estimates, model="less:same_trials", **age)
        assert beside[numbers].tolist() == pytest.approx(
            pick(expected, model="primary", **age)[numbers].tolist()
        )
    said = count(got, what="same_trials")
    assert (set(said.level), set(said.n), set(said.of)) == ({BESIDE}, {4}, {4})


def test_a_trial_that_only_one_method_can_use_is_seen(rows):
    """Beside Mantel-Haenszel, which keeps a trial without events in one arm, the primary model has fewer."""
    binary = draw_rows(binary=True)
    none = (binary.study == "S03") & (binary.treat == 0)
    binary.loc[none, "outcome"] = 0.0
    key = ("stpp_control", "response", "post")
    plan = small_plan(
        **PLAIN | {"outcomes": {"response": {"family": "binomial"}}},
        sensitivity={"mh": {"model": {"pool": {"method": "mantel_haenszel"}}}},
    )
    got = analyse({key: as_table(binary)}, plan, parts=["sensitivity", "efficacy"])
    two = count(got, what="same_trials", analysis_id="stpp_control.response.post.mh.two").iloc[0]
    primary = pick(got.estimates, model="primary", stage="two", term="treatment")
    assert (two.of, two.n, two.level) == (6, primary.k, BESIDE)
    assert primary.k == pick(got.estimates, model="mh:same_trials", stage="two").k == 5


@pytest.mark.parametrize(
    ("entry", "word"),
    [
        ({"registry": {"rob_overall": ["low"]}}, ITSELF),
        ({"model": {"covariates": []}}, SHARED),
        ({"participants": {"dropout": ["no"]}}, SHARED),
    ],
)
def test_where_trials_alone_changed_or_none_nothing_is_fitted_twice(rows, entry, word):
    got = changed(rows, entry)
    assert set(count(got, what="same_trials").level) == {word}
    assert set(got.estimates.model) == {"less"}


def test_every_trial_the_same_weight(rows):
    got = changed(rows, {"model": {"pool": {"ci": "equal_weights"}}})
    own = run(rows, ["efficacy"]).study_estimates
    own = own[(own.model == "primary") & (own.stage == "two")].estimate
    sample, row = stats.ttest_1samp(own, 0), pick(got.estimates, model="less", stage="two")
    interval = sample.confidence_interval(0.95)
    assert (row.estimate, row.p_value) == pytest.approx((own.mean(), sample.pvalue))
    assert (row.ci_low, row.ci_high) == pytest.approx((interval.low, interval.high))
    assert (row.df, row.df_method) == (5, "equal_weights")
    assert "each the same" in count(got, what="concordance").level.item()
    assert count(got, what="concordance_flag").empty
