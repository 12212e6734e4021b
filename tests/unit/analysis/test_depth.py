"""Subgroups, risk of bias, sensitivity, aggregate and small trials, prognosis, participants."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.builders.analysis_rows import AGGREGATE, KEY, as_table, count, draw_rows, pick, small_plan

from ipdma.analysis.run import analyse
from ipdma.model.pool import pool_effects
from ipdma.model.spec import PoolSpec

NAME = "stpp_control.depression.post"
PLAIN = {"moderators": {}, "subgroups": {}, "risk_of_bias": []}


@pytest.fixture(scope="module")
def rows():
    return draw_rows()


def run(rows, parts, plan=None, **extra):
    return analyse({KEY: as_table(rows)}, plan or small_plan(**PLAIN), parts=parts, **extra)


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


def test_risk_of_bias_items_one_at_a_time(rows):
    got = run(rows, ["risk_of_bias"], small_plan(moderators={}))
    e = got.estimates
    assert set(e.moderator) == {"rob_d1", "rob_overall", "quality"}
    bias = pick(
        e, analysis_id=f"{NAME}.risk_of_bias.one.rob_overall", term="treatment:across:rob_overall[high]"
    )
    twin = pick(
        e, analysis_id=f"{NAME}.risk_of_bias.two.rob_overall", term="treatment:across:rob_overall[high]"
    )
    assert bias.estimate == pytest.approx(twin.estimate, abs=0.2 * bias.std_error)
    adjusted = e[e.model == "rob_covariate"]
    assert set(adjusted.term) == {"treatment"}
    assert set(adjusted.stage) == {"one"}
    assert adjusted.estimate.between(-1.2, -0.2).all()


def test_moderators_beside_risk_of_bias(rows):
    got = run(rows, ["rob_moderators"], small_plan())
    row = pick(got.estimates, model="rob_moderator", moderator="severity")
    assert row.term == "treatment:within:severity"


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


def test_aggregate_trials_join_the_second_stage(rows):
    got = run(rows, ["efficacy", "aggregate"], aggregate=AGGREGATE)
    ipd = got.study_estimates[got.study_estimates.analysis_id == f"{NAME}.primary.two"]
    y, se = [*ipd.estimate, -0.9, -0.1], [*ipd.std_error, 0.3, 0.25]
    expected = pool_effects([*ipd.study, "X1", "X2"], y, se, PoolSpec(ci="modified_hksj"))
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


def test_egger_needs_ten_studies(rows):
    few = run(rows, ["small_studies"])
    assert few.estimates.empty
    assert count(few, what="egger_limit").level.iloc[0] == "not run: 6 studies, and the test needs 10"


def test_egger_finds_an_asymmetry_that_was_put_in():
    sizes = (20, 24, 28, 32, 40, 60, 90, 120, 160, 200, 240, 300)
    even = draw_rows(sizes=sizes, tau=0.0, within=0.0, seed=4)
    skewed = even.copy()
    size = skewed.groupby("study").outcome.transform("size")
    skewed["outcome"] -= np.where(skewed.treat == 1, 8 / np.sqrt(size), 0)
    slopes = [
        pick(run(r, ["small_studies"]).estimates, model="egger", term="egger:slope") for r in (even, skewed)
    ]
    assert slopes[1].p_value < 0.001
    # a shift of 8 / sqrt(n) is 4 for each unit of sqrt(1/n1 + 1/n0) = 2 / sqrt(n)
    assert slopes[1].estimate - slopes[0].estimate == pytest.approx(-4, abs=0.05)
    assert slopes[0].p_value > 0.05


def test_prognosis_takes_arms_without_a_control(rows):
    arms = rows[rows.treat == 1].copy()
    cohort = arms[arms.study == "S03"].assign(study="COHORT")
    arms = pd.concat([arms, cohort], ignore_index=True)
    plan = small_plan(prognosis={"conditions": ["stpp"], "covariates": ["baseline"]})
    got = analyse({("prognosis", "depression", "post"): as_table(arms)}, plan)
    e = got.estimates
    assert set(e.contrast) == {"prognosis"}
    assert e.term.str.startswith("prognosis:").all()
    severity = e[e.moderator == "severity"].set_index("stage")
    assert severity.k.tolist() == [7, 7]
    assert severity.estimate["one"] == pytest.approx(severity.estimate["two"], abs=severity.std_error["one"])
    slopes, errors = [], []
    for _, part in arms.groupby("study"):
        x, y = part.baseline - part.baseline.mean(), part.outcome
        beta = (x * y).sum() / (x**2).sum()
        residual = y - y.mean() - beta * x
        slopes.append(beta)
        errors.append(np.sqrt((residual**2).sum() / (len(y) - 2) / (x**2).sum()))
    expected = pool_effects([str(i) for i in range(7)], slopes, errors, PoolSpec(ci="modified_hksj"))
    assert severity.estimate["two"] == pytest.approx(expected.estimate, rel=1e-6)
    assert set(e[e.moderator == "chronicity"].level) == {"1 to under 2 years", "2 years or more"}


def test_participants_are_counted_by_contrast_and_side(rows):
    people = pd.concat([rows, rows[(rows.study == "S01") & (rows.treat == 1)].assign(study="ONE-ARM")])
    got = analyse({}, small_plan(), participants=people)
    total = count(got, analysis_id="cohort", what="participants", study="", arm="").n.iloc[0]
    side = count(got, analysis_id="stpp_control", what="participants", study="", arm="active").n.iloc[0]
    assert (total, side) == (len(people), (rows.treat == 1).sum())
    mean = count(
        got, analysis_id="stpp_control", what="characteristic_mean", variable="age", arm="active", study=""
    )
    assert mean.value.iloc[0] == pytest.approx(rows[rows.treat == 1].age.mean())
    share = count(
        got,
        analysis_id="stpp_control",
        what="characteristic_share",
        variable="sex",
        level="female",
        arm="",
        study="",
    )
    assert share.value.iloc[0] == pytest.approx((rows.sex == "female").mean())
    gone = count(got, what="characteristic_missing", variable="antidepressant_at_baseline", study="S02").iloc[
        0
    ]
    assert (gone.level, gone.n) == ("systematic", 60)


def test_standardised_difference_by_hand(rows):
    got = analyse({}, small_plan(), participants=rows)
    smd = count(got, analysis_id="stpp_control", what="smd", variable="age", study="S01").value.iloc[0]
    a, b = [rows[(rows.study == "S01") & (rows.treat == t)].age for t in (1, 0)]
    assert smd == pytest.approx((a.mean() - b.mean()) / np.sqrt((a.var() + b.var()) / 2))


def test_registry_counts_trials_by_status(rows):
    registry = pd.DataFrame(
        {
            "study": ["S01", "S02", "X1", "X2"],
            "status": ["ipd", "ipd", "aggregate", "not_obtained"],
            "reason": ["", "", "no reply", "data lost"],
            "randomised": ["44", "66", "42", ""],
            "rob_overall": ["low", "high", "high", ""],
        }
    )
    got = analyse({}, small_plan(), registry=registry, participants=rows)
    status = count(got, what="registry").set_index("variable")
    assert status.n.to_dict() == {"eligible": 4, "ipd": 2, "aggregate": 1, "not_obtained": 1, "in_run": 2}
    assert status.value["ipd"] == 110
    assert set(count(got, what="registry_reason").level) == {"no reply", "data lost"}
    assert count(got, what="without_ipd", variable="randomised").value.iloc[0] == 42
    assert count(got, what="randomised", study="S02").n.iloc[0] == 66


def test_flow_of_participants(rows):
    gone = rows.copy()
    gone.loc[gone.index[:10], "outcome"] = np.nan
    got = run(gone, ["rows"])
    total = count(got, what="analysed", study="", arm="").iloc[0]
    assert (total.n, total.of) == (len(rows) - 10, len(rows))
    assert count(got, what="missing_outcome", study="S01", arm="").n.iloc[0] == 10
    assert count(got, what="excluded").level.tolist() == ["one side of the contrast only"]
    assert count(got, what="standardiser", variable="hamd17").value.iloc[0] == 5.0
