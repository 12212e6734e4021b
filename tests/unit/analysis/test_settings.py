"""Each key of the plan that the analyses read does what it says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.builders.analysis_rows import (
    AGGREGATE,
    BINARY_KEY,
    KEY,
    as_table,
    count,
    draw_rows,
    pick,
    small_plan,
)

from ipdma.analysis.run import analyse

NAME = "stpp_control.depression.post"


def run(rows, plan, parts=("moderators",), key=KEY, **extra):
    return analyse({key: as_table(rows)}, plan, parts=list(parts), **extra)


def moderated(**keys):
    """A plan with one moderator, `m`."""
    return small_plan(moderators={"m": {"column": "episode_duration_months", **keys}})


def test_transform_log_and_at(rows):
    got = run(rows, moderated(transform="log", at=[6, 24]))
    direct = run(rows.assign(logged=np.log(rows.episode_duration_months)), moderated(column="logged"))
    for stage in ("one", "two"):
        a, b = [pick(r.estimates, term="treatment:within:m", stage=stage).estimate for r in (got, direct)]
        assert a == pytest.approx(b)
    planned = count(got, what="at_value", level="plan", analysis_id=f"{NAME}.primary.one.m.at")
    assert planned.value.tolist() == [6, 24]
    at = got.estimates[got.estimates.analysis_id == f"{NAME}.primary.one.m.at"].set_index("level").estimate
    slope = pick(got.estimates, term="treatment:within:m", stage="one").estimate
    assert at["24"] - at["6"] == pytest.approx(slope * math.log(4))


def test_levels_order_and_reference(rows):
    a = run(rows, small_plan(moderators={"sex": {"column": "sex", "levels": ["female", "male"]}}))
    b = run(rows, small_plan(moderators={"sex": {"column": "sex", "levels": ["male", "female"]}}))
    up = pick(a.estimates, term="treatment:within:sex[male]", stage="one").estimate
    down = pick(b.estimates, term="treatment:within:sex[female]", stage="one").estimate
    assert up == pytest.approx(-down)
    assert count(b, what="moderator_reference").level.tolist() == ["male"]


def test_levels_that_are_not_listed_are_missing(rows):
    rows = rows.assign(status=np.resize(["a", "b", "other"], len(rows)))
    got = run(rows, small_plan(moderators={"s": {"column": "status", "levels": ["a", "b"]}}))
    assert pick(got.estimates, term="treatment:within:s[b]", stage="one").n == (rows.status != "other").sum()


def test_cuts_without_labels_make_their_own(rows):
    got = run(rows, small_plan(moderators={"m": {"column": "episode_duration_months", "cuts": [12, 24]}}))
    within = got.estimates[
        got.estimates.term.str.startswith("treatment:within:m[")
        & got.estimates.analysis_id.str.endswith(".one.m")
    ]
    assert within.level.tolist() == ["12 to under 24", "24 or more"]


def test_yes_and_no_declared_continuous_are_one_and_zero(rows):
    plan = small_plan(moderators={"d": {"column": "dropout", "type": "continuous"}})
    as_levels = small_plan(moderators={"d": {"column": "dropout", "type": "categorical"}})
    number = pick(run(rows, plan).estimates, term="treatment:within:d", stage="one")
    level = pick(run(rows, as_levels).estimates, term="treatment:within:d[yes]", stage="one")
    assert number.estimate == pytest.approx(level.estimate)


def test_spline_has_coefficients_tests_and_a_curve(rows):
    got = run(rows, small_plan(moderators={"m": {"column": "baseline", "spline": True}}))
    spline = got.estimates[got.estimates.analysis_id == f"{NAME}.primary.two.m.spline"]
    assert spline.term.str.startswith("treatment:within:m_s").sum() == 3
    assert (spline.term == "treatment:at:m").sum() == 25
    tests = spline[spline.term == "treatment:spline:m"].set_index("level")
    assert set(tests.index) == {"overall", "nonlinear"}
    assert count(got, what="knot").value.to_numpy() == pytest.approx(
        np.quantile(rows.baseline, [0.05, 0.35, 0.65, 0.95]), abs=0.1
    )
    fewer = small_plan(
        moderators={"m": {"column": "baseline", "spline": True}},
        moderator_analysis={"knots": [0.1, 0.5, 0.9]},
    )
    assert len(count(run(rows, fewer), what="knot")) == 3


def test_quantiles(rows):
    plan = small_plan(moderators={"m": {"column": "baseline"}}, moderator_analysis={"quantiles": [0.25]})
    shown = (
        count(run(rows, plan), what="at_value", analysis_id=f"{NAME}.primary.one.m.at")
        .set_index("level")
        .value
    )
    assert shown["p25"] == pytest.approx(np.quantile(rows.baseline, 0.25), abs=0.1)
    assert shown["p25"] not in set(rows.baseline)
    assert "p50" not in shown


def test_naive_can_be_left_out(rows):
    got = run(rows, small_plan(moderators={"m": {"column": "age"}}, moderator_analysis={"naive": False}))
    assert not got.estimates.analysis_id.str.contains("naive").any()


def test_correction_and_family(rows):
    none = run(rows, small_plan(moderator_analysis={"correction": "none"}))
    assert count(none, what="holm_p").empty
    two = run(rows, small_plan(moderator_analysis={"family": ["severity", "age"]}))
    assert set(count(two, what="holm_p").n) == {2}
    assert len(count(two, what="exploratory")) == 2


def test_minimum_studies(rows):
    got = run(rows, small_plan(moderator_analysis={"minimum_studies": 6}))
    assert "antidepressant" not in set(got.estimates.moderator)
    assert count(got, what="refused").level.str.contains("measured in 5 of 6 studies").any()


def test_power_is_for_the_stated_interaction(rows):
    stated = run(rows, moderated(column="age", power=0.05))
    line = count(stated, what="power").iloc[0]
    assert line.level == "0.05 per 1 of age"
    assert 0.5 < line.value < 1
    # per SD of the moderator within trials: the same power whatever the unit
    one, ten = [
        count(run(rows, moderated(column="age", per=per)), what="power").iloc[0].value for per in (1, 10)
    ]
    assert one == pytest.approx(ten)
    small = run(
        rows, small_plan(moderators={"m": {"column": "age"}}, moderator_analysis={"power_interaction": 0.01})
    )
    assert count(small, what="power").iloc[0].value < 0.06


def test_moderators_in_other_models(rows):
    plan = small_plan(moderators={"m": {"column": "age"}}, moderator_analysis={"models": ["publication"]})
    got = run(rows, plan)
    assert set(got.estimates.model) == {"primary", "publication"}


def test_a_naive_model_of_the_plan_tests_its_naive_term(rows):
    plan = small_plan(moderators={"m": {"column": "age"}}, models={"primary": {"interaction": "naive"}})
    got = run(rows, plan)
    assert pick(got.estimates, term="treatment:m", stage="one", model="primary").k == 6
    assert count(got, what="holm_p").variable.tolist() == ["treatment:m"]


def test_random_interaction_has_a_variance_and_its_interval(rows):
    plan = small_plan(
        moderators={"severity": {"column": "baseline"}},
        models={"primary": {"covariates": ["baseline"], "interaction_effect": "random"}},
    )
    got = run(rows, plan)
    row = pick(got.estimates, term="treatment:within:severity", stage="one", model="primary")
    assert row.tau2 >= 0
    limits = count(got, what="tau2_low", variable="treatment:within:severity").analysis_id
    assert {f"{NAME}.primary.one.severity", f"{NAME}.primary.two.severity"} <= set(limits)


def test_contrasts_of_a_model_are_rows_under_their_names(rows):
    plan = small_plan(models={"primary": {"contrasts": {"twice": {"treatment": 2}}}}, moderators={})
    got = run(rows, plan, ["efficacy"]).estimates
    twice = pick(got, analysis_id=f"{NAME}.primary.one", term="twice")
    assert twice.estimate == pytest.approx(
        2 * pick(got, analysis_id=f"{NAME}.primary.one", term="treatment").estimate
    )
    assert "twice" not in set(got[got.stage == "two"].term)


def test_outcomes_choose_models_and_moderators(rows):
    chosen = {"family": "gaussian", "models": ["publication"], "moderators": ["age"]}
    plan = small_plan(outcomes={"depression": chosen})
    got = run(rows, plan, ["efficacy", "moderators"])
    assert set(got.estimates[got.estimates.moderator == ""].model) == {"publication"}
    assert set(got.estimates.moderator) == {"", "age"}


def test_confidence_level(rows):
    wide, narrow = [
        pick(
            run(rows, small_plan(level=level), ["efficacy"]).estimates, analysis_id=f"{NAME}.primary.{stage}"
        )
        for level, stage in ((0.99, "one"), (0.8, "one"))
    ]
    assert wide.ci_low < narrow.ci_low < narrow.ci_high < wide.ci_high
    assert wide.estimate == narrow.estimate


def test_pool_keys_reach_the_second_stage(rows):
    dl = run(rows, small_plan(pool={"tau2": "dl", "ci": "hksj"}), ["efficacy"])
    row = pick(dl.estimates, analysis_id=f"{NAME}.primary.two")
    assert row.df_method == "hksj"
    flagged = count(dl, what="concordance", analysis_id=f"{NAME}.primary.one").level.iloc[0]
    assert "estimator of the variance between studies" in flagged


def test_subgroups_and_risk_of_bias_can_be_switched_off_and_named(rows):
    plan = small_plan(moderators={}, subgroups={"scale": "instrument"}, risk_of_bias=["quality"])
    got = run(rows, plan, ["subgroups", "risk_of_bias"])
    assert set(got.estimates[got.estimates.model == "subgroup"].moderator) == {"scale"}
    assert set(got.estimates[got.estimates.model != "subgroup"].moderator) == {"quality"}
    off = run(rows, small_plan(moderators={}, subgroups={}, risk_of_bias=[]), ["subgroups", "risk_of_bias"])
    assert off.estimates.empty


def test_absolute_keys(rows):
    plan = small_plan(moderators={}, absolute={"sd": 7.0, "event_rates": [0.25], "instrument": "hamd17"})
    got = run(rows, plan, ["efficacy"])
    head = pick(got.estimates, analysis_id=f"{NAME}.primary.one")
    points = count(got, what="hamd_effect", analysis_id=f"{NAME}.primary.one").iloc[0]
    assert (points.value, points.level) == (pytest.approx(7 * head.estimate), "the plan")
    assert count(got, what="nnt", analysis_id=f"{NAME}.primary.one").variable.tolist() == ["0.25"]
    other = run(rows, small_plan(moderators={}, absolute={"instrument": "madrs"}), ["efficacy"])
    assert count(other, what="not_run").level.str.contains("no standardising constant of madrs").all()


def test_raw_points_are_not_scaled_again(rows):
    got = run(rows, small_plan(moderators={}, standardise="none"), ["efficacy"])
    assert count(got, what="hamd_effect").empty
    assert count(got, what="nnt").empty


def test_dropout_is_no_good_event():
    rows = draw_rows(binary=True)
    key = ("stpp_control", "dropout", "post")
    binary = {"family": "binomial"}
    plan = small_plan(moderators={}, outcomes={"response": binary, "dropout": binary})
    good = count(run(rows, plan, ["efficacy"], BINARY_KEY), what="nnt").iloc[0].value
    bad = count(run(rows, plan, ["efficacy"], key), what="nnt").iloc[0].value
    assert good == pytest.approx(-bad)


def test_aggregate_trials_can_be_left_out(rows):

    got = run(rows, small_plan(aggregate_trials=False), ["aggregate"], aggregate=AGGREGATE)
    assert got.estimates.empty
    plan = small_plan(aggregate_trials=False, sensitivity={"with": {"aggregate": True}})
    assert pick(run(rows, plan, ["sensitivity"], aggregate=AGGREGATE).estimates, model="with").k == 8


def test_prognosis_predictors_and_covariates(rows):
    arms = rows[rows.treat == 1]
    key = ("prognosis", "depression", "post")
    plan = small_plan(prognosis={"conditions": ["stpp"], "predictors": ["age"], "covariates": []})
    got = run(arms, plan, key=key)
    assert set(got.estimates.moderator) == {"age"}
    adjusted = small_plan(
        prognosis={"conditions": ["stpp"], "predictors": ["age"], "covariates": ["baseline"]}
    )
    other = run(arms, adjusted, key=key)
    assert pick(got.estimates, stage="one").estimate != pick(other.estimates, stage="one").estimate


def test_the_multiverse_is_asked_for(rows):
    assert run(rows, small_plan(), ["multiverse"]).estimates.empty
    assert run(
        rows,
        small_plan(multiverse={"enabled": False}, sensitivity={"loo": {"leave_one_out": True}}),
        ["multiverse"],
    ).estimates.empty
    other = small_plan(multiverse={"enabled": True, "outcomes": ["response"]})
    assert run(rows, other, ["multiverse"]).estimates.empty


def test_no_engines(rows):
    assert run(rows, small_plan(engines=[]), ["engines"]).estimates.empty


def test_a_study_level_moderator_has_an_across_term_alone(rows):
    got = run(rows, small_plan(moderators={"q": {"column": "quality"}}))
    terms = got.estimates[
        (got.estimates.stage == "one") & ~got.estimates.analysis_id.str.contains("naive")
    ].term
    assert sorted(terms) == ["treatment", "treatment:across:q"]


def test_credibility_is_asked_where_an_interaction_shows():
    strong = draw_rows(within=-1.5)
    got = run(strong, small_plan(moderators={"severity": {"column": "baseline"}}))
    answers = count(got, what="iceman").set_index("variable").level
    assert list(answers.index) == [str(i) for i in range(1, 9)]
    assert answers["1"].startswith("definitely yes")
    assert answers["5"].startswith("definitely yes: interaction p < 0.001")
    assert answers["4"].startswith("author")
    cut = run(strong, small_plan(moderators={"severity": {"column": "baseline", "cuts": [0]}}))
    assert count(cut, what="iceman", variable="8").level.iloc[0].startswith("probably no or unclear")
