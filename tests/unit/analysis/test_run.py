"""The analyses of a plan on small consortia: what stands in the record files, and what it must equal."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.special import expit
from statsmodels.stats.multitest import multipletests
from tests.builders.analysis_rows import BINARY_KEY, KEY, as_table, count, draw_rows, pick, small_plan

from ipdma.analysis.records import (
    COUNT_COLUMNS,
    ESTIMATE_COLUMNS,
    STUDY_COLUMNS,
    Ident,
    Ledger,
    tabulate_ledger,
)
from ipdma.analysis.run import analyse
from ipdma.errors import PlanError
from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec
from ipdma.report.forest_rows import forest_of
from ipdma.report.ledger import Ledger as LedgerOfClaims
from ipdma.report.material import Material
from ipdma.report.tables_efficacy import tabulate_models

INTERFACE_ESTIMATES = [
    "analysis_id",
    "contrast",
    "outcome",
    "timepoint",
    "model",
    "stage",
    "term",
    "moderator",
    "level",
    "estimate",
    "std_error",
    "df",
    "statistic",
    "p_value",
    "ci_low",
    "ci_high",
    "tau2",
    "i2",
    "pi_low",
    "pi_high",
    "k",
    "n",
    "df_method",
    "converged",
    "singular",
    "source_digest",
    "data_digest",
]
INTERFACE_STUDIES = [
    "analysis_id",
    "study",
    "estimate",
    "std_error",
    "ci_low",
    "ci_high",
    "weight",
    "n_active",
    "n_reference",
    "mean_active",
    "sd_active",
    "mean_reference",
    "sd_reference",
    "source",
]
INTERFACE_COUNTS = ["analysis_id", "what", "study", "arm", "variable", "level", "n", "of", "value"]


@pytest.fixture(scope="module")
def records(rows):
    return analyse({KEY: as_table(rows)}, small_plan(), source_digest="s" * 8, data_digest="d" * 8)


def test_columns_are_those_of_the_interface(records):
    assert list(records.estimates) == INTERFACE_ESTIMATES == ESTIMATE_COLUMNS
    assert list(records.study_estimates)[: len(INTERFACE_STUDIES)] == INTERFACE_STUDIES
    assert list(records.study_estimates) == STUDY_COLUMNS
    assert list(records.counts) == INTERFACE_COUNTS == COUNT_COLUMNS
    assert set(records.estimates["source_digest"]) == {"s" * 8}
    assert set(records.study_estimates["data_digest"]) == {"d" * 8}


def test_one_headline_per_model_and_stage(records):
    e = records.estimates
    head = e[(e.moderator == "") & (e.term == "treatment") & e.model.isin(["primary", "publication"])]
    assert sorted(head.analysis_id) == [
        f"stpp_control.depression.post.{m}.{s}" for m in ("primary", "publication") for s in ("one", "two")
    ]
    assert head[head.stage == "one"].i2.isna().all()


def test_headline_is_the_model_of_the_plan(records, rows):
    spec = ModelSpec(outcome="outcome", covariates=("baseline",), residual="by_study", df="nst")
    data = rows[["study", "treat", "outcome", "baseline"]]
    fit, known = fit_model(data, spec), fit_model(data, spec.replace(df="kenward_roger"))
    row = pick(records.estimates, analysis_id="stpp_control.depression.post.primary.one")
    for end in ("low", "high"):
        beside = count(records, analysis_id=row.analysis_id, what=f"beside_{end}", level="kenward_roger")
        assert beside.value.item() == pytest.approx(getattr(known.estimate("treatment"), f"ci_{end}"))
    effect = fit.estimate("treatment")
    assert (row.estimate, row.std_error, row.df) == pytest.approx(
        (effect.estimate, effect.std_error, effect.df)
    )
    assert (row.tau2, row.pi_low) == pytest.approx((fit.variance.treatment, fit.prediction.low))
    assert (row.k, row.n, row.df_method) == (6, 304, "nst")


def test_every_model_has_both_stages(records):
    e = records.estimates
    for model in ("primary", "publication"):
        assert set(e[(e.model == model) & (e.moderator == "")].stage) == {"one", "two"}
    for moderator in ("severity", "chronicity", "antidepressant", "age"):
        within = e[
            (e.moderator == moderator) & e.term.str.startswith("treatment:within:") & (e.model == "primary")
        ]
        assert set(within.stage) == {"one", "two"}


def test_common_effect_has_no_variance_in_one_stage(records):
    row = pick(records.estimates, analysis_id="stpp_control.depression.post.publication.one")
    assert np.isnan(row.tau2)
    assert pick(records.estimates, analysis_id="stpp_control.depression.post.publication.two").tau2 == 0


def test_the_pooled_interval_is_the_plans_whatever_the_number_of_studies(records):
    name = "stpp_control.depression.post.primary.two"
    many = analyse(
        {KEY: as_table(draw_rows(sizes=(24,) * 10))}, small_plan(moderators={}), parts=["efficacy"]
    )
    for found in (records, many):
        assert pick(found.estimates, analysis_id=name).df_method == "nst"
        assert len(count(found, analysis_id=name, what="beside_low", level="modified_hksj")) == 1
    chosen = small_plan(moderators={}, pool={"ci": "wald"})
    wald = analyse({KEY: as_table(draw_rows())}, chosen, parts=["efficacy"])
    assert pick(wald.estimates, analysis_id=name).df_method == "wald"


def test_studies_that_agree_to_the_digit_still_have_a_headline():
    """The null-standardised interval has no width there; the one that reviewers know stands in its place."""
    one = draw_rows(sizes=(24,))
    rows = pd.concat([one.assign(study=name) for name in ("A", "B")], ignore_index=True)
    got = analyse({KEY: as_table(rows)}, small_plan(moderators={}), parts=["efficacy"])
    two = pick(got.estimates, analysis_id="stpp_control.depression.post.primary.two")
    first = pick(got.estimates, analysis_id="stpp_control.depression.post.primary.one")
    assert (two.df_method, first.df_method) == ("modified_hksj", "kenward_roger")
    assert got.notes.text.str.contains("the customary interval stands in its place").any()


def test_what_is_printed_of_an_effect_agrees_with_itself(records):
    """Every prediction interval contains its row's interval, and p is below .05 where that excludes 0."""
    e = records.estimates
    predicted = e[e.pi_low.notna()]
    assert len(predicted)
    assert (predicted.pi_low <= predicted.ci_low).all()
    assert (predicted.pi_high >= predicted.ci_high).all()
    tested = e[e.p_value.notna() & e.ci_low.notna()]
    assert ((tested.p_value < 0.05) == ((tested.ci_low > 0) | (tested.ci_high < 0))).all()


def test_the_interval_of_i2_is_that_of_tau2(records):
    name = "stpp_control.depression.post.primary.two"
    row = pick(records.estimates, analysis_id=name)
    low, high = [count(records, analysis_id=name, what=f"i2_{end}").value.iloc[0] for end in ("low", "high")]
    assert 0 <= low <= row.i2 <= high <= 100
    top = count(records, analysis_id=name, what="tau2_high").value.iloc[0]
    # the typical variance is what turns tau2 into i2, at the estimate as at the limit
    assert high / (100 - high) / top == pytest.approx(row.i2 / (100 - row.i2) / row.tau2)


def test_study_rows_add_up(records, rows):
    for stage in ("one", "two"):
        name = f"stpp_control.depression.post.primary.{stage}"
        studies = records.study_estimates[records.study_estimates.analysis_id == name]
        assert list(studies.study) == sorted(rows.study.unique())
        assert studies.weight.sum() == pytest.approx(100)
        assert studies.n_active.sum() + studies.n_reference.sum() == len(rows)
    first = studies.iloc[0]
    arm = rows[(rows.study == first.study) & (rows.treat == 1)].outcome
    assert (first.mean_active, first.sd_active) == pytest.approx((arm.mean(), arm.std()))


def test_a_moderator_on_a_covariate_enters_once_under_its_own_name(records, rows):
    frame = rows[["study", "treat", "outcome", "baseline"]].rename(columns={"baseline": "severity"})
    spec = ModelSpec(outcome="outcome", moderator="severity", residual="by_study")
    fit = fit_model(frame, spec)
    name = "stpp_control.depression.post.primary.one.severity"
    for term in ("treatment", "treatment:within:severity", "treatment:across:severity"):
        row = pick(records.estimates, analysis_id=name, term=term)
        assert row.estimate == pytest.approx(fit.estimate(term).estimate)
        assert row.std_error == pytest.approx(fit.estimate(term).std_error)


def test_per_is_the_unit_of_the_interaction(rows):
    plain = small_plan(moderators={"age": {"column": "age"}})
    tens = small_plan(moderators={"age": {"column": "age", "per": 10}})
    a, b = [analyse({KEY: as_table(rows)}, p, parts=["moderators"]).estimates for p in (plain, tens)]
    one, ten = [pick(e, term="treatment:within:age", stage="one") for e in (a, b)]
    assert ten.estimate == pytest.approx(10 * one.estimate)
    assert ten.p_value == pytest.approx(one.p_value)


def test_categories_have_levels_and_a_joint_test(records):
    name = "stpp_control.depression.post.primary.one.chronicity"
    e = records.estimates[records.estimates.analysis_id == name]
    levels = e[e.term.str.startswith("treatment:within:chronicity[")]
    assert list(levels.level) == ["1 to under 2 years", "2 years or more"]
    joint = pick(e, term="treatment:within:chronicity")
    assert np.isnan(joint.estimate)
    assert joint.statistic > 0
    assert count(records, analysis_id=name, what="df_num", variable=joint.term).value.tolist() == [2]
    assert count(records, analysis_id=name, what="moderator_reference").level.tolist() == ["under 1 year"]


def test_a_level_begins_at_its_cut():
    rows = draw_rows()
    rows["episode_duration_months"] = np.resize([11.99, 12.0, 23.9, 24.0], len(rows))
    got = analyse({KEY: as_table(rows)}, small_plan(), parts=["moderators"])
    sizes = count(
        got,
        what="moderator_level",
        study="",
        arm="",
        analysis_id="stpp_control.depression.post.primary.one.chronicity",
    )
    assert sizes.set_index("level").n.tolist() == [76, 152, 76]


def test_trials_that_never_measured_a_moderator_are_counted(records):
    name = "stpp_control.depression.post.primary.one.antidepressant"
    studies = count(records, analysis_id=name, what="moderator_studies").iloc[0]
    assert (studies.n, studies.of) == (5, 6)
    missing = count(records, analysis_id=name, what="moderator_missing", study="").set_index("level")
    assert (missing.n["systematic"], missing.n["sporadic"]) == (60, 0)
    assert pick(records.estimates, analysis_id=name, term="treatment:within:antidepressant[yes]").k == 5


def test_a_moderator_of_one_trial_is_refused_with_the_reason():
    rows = draw_rows()
    rows.loc[rows.study != "S03", "age"] = np.nan
    got = analyse({KEY: as_table(rows)}, small_plan(), parts=["moderators"])
    assert not (got.estimates.moderator == "age").any()
    assert "measured in 1 of 6 studies" in count(got, what="refused").level.iloc[0]


def test_effects_at_values_lie_on_the_line(records):
    name = "stpp_control.depression.post.primary.one.severity"
    e = records.estimates
    slope = pick(e, analysis_id=name, term="treatment:within:severity").estimate
    middle = pick(e, analysis_id=name, term="treatment").estimate
    mix = count(records, analysis_id=name, what="average_case_mix").value.iloc[0]
    at = e[e.analysis_id == f"{name}.at"]
    values = at.level.astype(float).to_numpy()
    assert at.estimate.to_numpy() == pytest.approx(middle + slope * (values - mix), abs=1e-5)
    curve = e[e.analysis_id == f"{name}.curve"]
    assert len(curve) == 25
    assert curve.level.astype(float).is_monotonic_increasing
    labels = count(records, analysis_id=f"{name}.at", what="at_value")
    assert {"p10", "p50", "p90", "mean", "mean-1sd", "mean+1sd"} == set(labels.level)


def test_the_effect_at_levels_averages_to_the_effect(records, rows):
    """Each trial's shares of the levels, averaged, give back the effect in a trial of average case mix."""
    name = "stpp_control.depression.post.primary.one.antidepressant"
    at = records.estimates[records.estimates.analysis_id == f"{name}.at"].set_index("level").estimate
    known = rows[rows.antidepressant_at_baseline.notna()]
    share = (known.antidepressant_at_baseline == "yes").groupby(known.study).mean().mean()
    effect = pick(records.estimates, analysis_id=name, term="treatment").estimate
    assert share * at["yes"] + (1 - share) * at["no"] == pytest.approx(effect)


def test_naive_stands_beside_and_never_doubles_a_row(records):
    e = records.estimates
    naive = e[e.analysis_id == "stpp_control.depression.post.primary.one.severity.naive"]
    assert naive.term.tolist() == ["treatment:severity"]
    assert not e.duplicated(["analysis_id", "term", "level"]).any()


def test_holm_over_the_declared_family(records):
    e = records.estimates[(records.estimates.stage == "one") & (records.estimates.model == "primary")]
    raw = {
        m: pick(e, moderator=m, term=f"treatment:within:{m}").p_value
        for m in ("severity", "chronicity", "antidepressant", "age")
    }
    got = count(records, what="holm_p")
    corrected = {v.removeprefix("treatment:within:"): p for v, p in zip(got.variable, got.value, strict=True)}
    expected = multipletests([raw[name] for name in corrected], method="holm")[1]
    assert list(corrected.values()) == pytest.approx(expected)
    assert set(got.n) == {4}


def test_exploratory_moderators_stay_out_of_the_family(rows):
    plan = small_plan()
    plan["moderators"]["age"]["exploratory"] = True
    got = analyse({KEY: as_table(rows)}, plan, parts=["moderators"])
    assert set(count(got, what="holm_p").n) == {3}
    assert count(got, what="exploratory").variable.tolist() == ["treatment:within:age"]


def test_matched_stages_agree_within_a_tenth_of_a_standard_error(records):
    gaps = count(records, what="concordance", level="matched")
    assert len(gaps) >= 5
    assert gaps.value.abs().max() < 0.1
    unmatched = count(records, what="concordance", analysis_id="stpp_control.depression.post.publication.one")
    assert unmatched.level.iloc[0] == (
        "unmatched: residual variance common against by study; covariate slopes common against stratified; "
        "intercept random against stratified"
    )


def test_an_unmatched_primary_model_gets_a_matched_pair(rows):
    plan = small_plan(models={"plain": {"covariates": ["baseline"]}}, primary_model="plain")
    got = analyse({KEY: as_table(rows)}, plan, parts=["efficacy", "moderators"])
    within = count(got, what="concordance", variable="treatment:within:age")
    assert within.set_index("analysis_id").level.to_dict() == {
        "stpp_control.depression.post.plain.one.age": "unmatched: residual variance common against by study",
        "stpp_control.depression.post.matched.one.age": "matched",
    }
    matched = count(got, what="concordance", analysis_id="stpp_control.depression.post.matched.one").iloc[0]
    assert matched.level == "matched"
    assert abs(matched.value) < 0.1


def test_a_difference_is_flagged_until_the_plan_explains_it(rows, monkeypatch):
    monkeypatch.setattr("ipdma.analysis.concordance.TOLERANCE", 1e-9)
    name = "stpp_control.depression.post.primary.one"
    got = analyse({KEY: as_table(rows)}, small_plan(moderators={}), parts=["efficacy"])
    assert count(got, what="concordance_flag", analysis_id=name).level.tolist() == [""]
    assert count(got, what="warning", analysis_id=name).level.str.contains("record an explanation").any()
    told = small_plan(moderators={}, explanations=[{"analysis": name, "why": "tiny trials share a variance"}])
    got = analyse({KEY: as_table(rows)}, told, parts=["efficacy"])
    assert count(got, what="concordance_flag", analysis_id=name).level.tolist() == [
        "tiny trials share a variance"
    ]
    assert not count(got, what="warning", analysis_id=name).level.str.contains("record an explanation").any()


def test_hartung_knapp_inside_one_stage_is_close_to_two_stages(records):
    one = pick(records.estimates, analysis_id="stpp_control.depression.post.hksj.one")
    two = pick(records.estimates, analysis_id="stpp_control.depression.post.primary.two")
    assert one.df == 5
    assert one.estimate == pytest.approx(two.estimate, abs=0.05 * two.std_error)


def test_absolute_effects_scale_the_standardised_one(records):
    name = "stpp_control.depression.post.primary.one"
    head = pick(records.estimates, analysis_id=name)
    points = count(records, analysis_id=name, what="hamd_effect").iloc[0]
    assert points.value == pytest.approx(5.0 * head.estimate)
    assert points.n == 150
    nnt = count(records, analysis_id=name, what="nnt")
    assert nnt.variable.tolist() == ["0.1", "0.2", "0.3", "0.4", "0.5"]
    assert nnt.level.str.startswith("NNTB").all()


def test_the_benefit_at_a_severity_is_the_line_of_the_interaction():
    """In points: SD of the instrument times (effect at average case mix plus interaction times distance)."""
    plan = small_plan(
        moderators={"severity": {"column": "baseline"}},
        absolute={"sd": 5.0, "severity": {"usual": 4, "beyond": 500}},
        standardise="instrument_baseline_sd",
    )
    got = analyse({KEY: as_table(draw_rows())}, plan, parts=["moderators"])
    fit = "stpp_control.depression.post.primary.one.severity"
    effect = pick(got.estimates, analysis_id=fit, term="treatment").estimate
    slope = pick(got.estimates, analysis_id=fit, term="treatment:within:severity").estimate
    mix = count(got, analysis_id=fit, what="average_case_mix").value.iloc[0]
    told = count(got, analysis_id=f"{fit}.at", what="severity_effect")
    assert told.variable.tolist() == ["usual"]
    assert told.value.iloc[0] == pytest.approx(5.0 * (effect + slope * (4 / 5.0 - mix)), rel=1e-6)


def test_absolute_risks_start_from_the_stated_risk():
    """By brute force: everyone's log odds moved alike until their mean risk is the stated one."""
    rows = draw_rows(binary=True)
    plan = small_plan(moderators={}, absolute={"control_risk": {"response": 0.25}})
    got = analyse({BINARY_KEY: as_table(rows)}, plan, parts=["efficacy"])
    name = "stpp_control.response.post.primary.one"
    spec = {"outcome": "outcome", "covariates": ["baseline"], "family": "binomial"}
    fit = {str(e.term): e.estimate for e in fit_model(rows, ModelSpec.from_mapping(spec)).estimates}
    centred = rows.baseline - rows.groupby("study").baseline.transform("mean")
    intercept, slope = (rows.study.map(lambda s, n=n: fit[f"{n}[{s}]"]) for n in ("intercept", "baseline"))
    eta = intercept + slope * centred
    shift = brentq(lambda c: expit(eta + c).mean() - 0.25, -20, 20)
    risk = count(got, analysis_id=name, what="active_risk").value.iloc[0]
    assert count(got, analysis_id=name, what="control_risk").value.iloc[0] == pytest.approx(0.25)
    assert risk == pytest.approx(expit(eta + shift + fit["treatment"]).mean(), rel=1e-6)
    assert count(got, analysis_id=name, what="absolute_effect").value.iloc[0] == pytest.approx(risk - 0.25)


def test_standardised_risks_agree_with_each_other_and_tell_no_rate_in_a_name():
    plan = small_plan(moderators={})
    got = analyse({BINARY_KEY: as_table(draw_rows(binary=True))}, plan, parts=["efficacy"])
    for stage in ("one", "two"):
        row = pick(got.estimates, analysis_id=f"stpp_control.response.post.primary.{stage}")
        found = count(got, analysis_id=row.analysis_id).set_index("what")
        value, nnt = found.value, found.loc["nnt"]
        difference = [value[f"risk_difference{end}"] for end in ("", "_low", "_high")]
        assert difference == [value[f"absolute_effect{end}"] for end in ("", "_low", "_high")]
        assert (difference[1] > 0) == (row.ci_low > 0)
        risk = value["control_risk"]
        assert value["risk_ratio"] == pytest.approx((risk + difference[0]) / risk)
        assert 1 / nnt.value == pytest.approx(difference[0])
        assert nnt.variable == "standardised"


def test_binary_outcomes_drop_what_they_do_not_have():
    rows = draw_rows(binary=True)
    got = analyse({BINARY_KEY: as_table(rows)}, small_plan(), parts=["rows", "efficacy"])
    head = pick(got.estimates, analysis_id="stpp_control.response.post.primary.one")
    assert head.df_method == "nst"
    assert len(count(got, analysis_id=head.analysis_id, what="beside_low", level="k_minus_1")) == 1
    assert head.estimate > 0
    assert pick(got.estimates, analysis_id="stpp_control.response.post.primary.two").k == 6
    ratio = count(got, analysis_id=head.analysis_id, what="odds_ratio").value.iloc[0]
    assert ratio == pytest.approx(np.exp(head.estimate))
    events = count(got, what="events", study="", arm="active").iloc[0]
    assert events.n == rows[rows.treat == 1].outcome.sum()


def test_a_study_without_an_estimate_of_its_own_is_named():
    rows = draw_rows(binary=True)
    rows.loc[(rows.study == "S03"), "outcome"] = 0.0
    got = analyse({BINARY_KEY: as_table(rows)}, small_plan(moderators={}), parts=["efficacy"])
    name = "stpp_control.response.post.primary.two"
    assert count(got, what="not_estimable", analysis_id=name).study.tolist() == ["S03"]
    assert pick(got.estimates, analysis_id=name).k == 5
    used = int((rows.study != "S03").sum())
    for stage in ("one", "two"):
        row = pick(got.estimates, analysis_id=f"stpp_control.response.post.primary.{stage}")
        assert (row.k, row.n) == (5, used), "N is that of the trials that are pooled"
    weights = got.study_estimates[got.study_estimates.analysis_id == name].weight
    assert weights.sum() == pytest.approx(100)


def test_a_fit_that_cannot_be_made_leaves_a_note_and_the_run_goes_on(rows):
    impossible = {"covariates": ["no_such_column"]}
    plan = small_plan(models={**small_plan()["models"], "impossible": impossible})
    got = analyse({KEY: as_table(rows)}, plan, parts=["efficacy"])
    assert "primary" in set(got.estimates.model)
    assert "impossible" not in set(got.estimates.model)
    notes = got.notes[got.notes.kind == "not_fitted"]
    assert notes.text.str.contains("'no_such_column' is no column of the rows").any()


def test_a_fault_inside_one_fit_stops_no_other(rows, monkeypatch):
    import ipdma.analysis.fitting as fitting

    whole = fitting.fit_rows

    def faulty(frame, spec, *beside):
        if spec.stages == "two":
            raise IndexError("row 17 holds 42")
        return whole(frame, spec, *beside)

    monkeypatch.setattr(fitting, "fit_rows", faulty)
    got = analyse({KEY: as_table(rows)}, small_plan(moderators={}), parts=["efficacy"])
    assert set(got.estimates.stage) == {"one"}
    said = got.notes[got.notes.kind == "not_fitted"].text
    assert set(said) == {
        "the fit failed numerically (IndexError)"
    }  # never another library's words, which quote values


def test_no_rows_at_all_is_a_note(rows):
    got = analyse({KEY: as_table(rows.iloc[:0])}, small_plan())
    assert got.estimates.empty
    assert "no study has both sides" in got.notes.text.iloc[0]


def test_same_input_same_records(rows):
    plan = small_plan(moderators={"severity": {"column": "baseline"}})
    a, b = [analyse({KEY: as_table(rows)}, plan, parts=["rows", "efficacy", "moderators"]) for _ in range(2)]
    for name in ("estimates", "study_estimates", "counts", "notes"):
        pd.testing.assert_frame_equal(getattr(a, name), getattr(b, name))


def test_a_row_written_twice_is_an_error():
    ledger = Ledger()
    row = {**Ident("c", "o", "t", "m", "one").columns, "term": "treatment", "level": ""}
    ledger.estimates += [row, dict(row)]
    with pytest.raises(ValueError, match=r"written twice: c\.o\.t\.m\.one"):
        tabulate_ledger(ledger)


def test_analysis_ids():
    ident = Ident("c", "o", "t", "m", "one", "age", "naive")
    assert ident.analysis_id == "c.o.t.m.one.age.naive"
    assert ident.but(moderator="", variant="").analysis_id == "c.o.t.m.one"
    assert Ident("c", "o", "t").analysis_id == "c.o.t"


@pytest.mark.parametrize(("method", "measure"), [("mantel_haenszel", "rd"), ("inverse_variance", "rr")])
def test_a_plan_may_pool_risk_ratios_or_differences_in_the_headlines_second_stage(method, measure):
    """The row is that of `ipdma fit`, named as no odds ratio; what is compared with it stays one."""
    rows = draw_rows(binary=True)
    pool = {"method": method, "measure": measure}
    key = {BINARY_KEY: as_table(rows)}
    plan = small_plan(moderators={}, pool=pool, sensitivity={"mh": {"model": {"pool": {"measure": "or"}}}})
    got = analyse(key, plan, parts=["efficacy", "subgroups", "sensitivity"])
    spec = {"outcome": "outcome", "family": "binomial", "stages": "two", "pool": {**pool, "ci": "nst"}}
    expected = fit_model(rows, ModelSpec.from_mapping(spec)).estimate("treatment")
    row = pick(got.estimates, model="primary", stage="two", term="treatment")
    assert (row.estimate, row.std_error) == pytest.approx((expected.estimate, expected.std_error))
    assert count(got, what="measure").analysis_id.tolist() == [
        f"stpp_control.response.post.{model}.two" for model in ("primary", "publication")
    ]
    told = count(got, what="odds_ratio").analysis_id.tolist()
    assert row.analysis_id not in told
    assert row.analysis_id not in set(count(got, what="risk_difference").analysis_id)
    plain = analyse(key, small_plan(moderators={}, pool={"method": method}), parts=["subgroups"]).estimates
    own = got.estimates[got.estimates.model == "subgroup"]
    assert own.estimate.tolist() == pytest.approx(plain.estimate.tolist(), nan_ok=True)
    words = {"mantel_haenszel": "Risk difference", "inverse_variance": "Log risk ratio"}[method]
    material = Material(got.estimates, got.study_estimates, got.counts, plan.as_mapping())
    forest = forest_of(material, material.analyses[0], LedgerOfClaims())
    assert (forest.axis, forest.odds) == (words, False)
    assert [line.cells[0] for line in forest.lines if line.kind == "pooled"] == ["Two-stage"]
    stages = {row[1] for row in tabulate_models(material, LedgerOfClaims()).rows if isinstance(row, tuple)}
    assert stages == {"one stage", f"two stages ({words.lower()})"}


def test_petos_method_has_no_other_measure_in_a_plan_either():
    with pytest.raises(PlanError, match="Peto's method gives an odds ratio, got measure: rr"):
        small_plan(pool={"method": "peto", "measure": "rr"})


def test_the_arms_of_a_pooled_effect_are_those_of_the_trials_that_inform_it():
    """A trial whose arm has no event informs no logistic regression of its own: it is in neither total."""
    rows = draw_rows(binary=True)
    silent = rows.study == "S03"
    rows.loc[silent & (rows.treat == 0), "outcome"] = 0.0
    plan = small_plan(moderators={})
    got = analyse({BINARY_KEY: as_table(rows)}, plan, parts=["efficacy", "rows"])
    two = pick(got.estimates, model="primary", stage="two", term="treatment")
    arms = count(got, what="pooled_arm", analysis_id=two.analysis_id).set_index("arm").n
    inside = rows[~silent].groupby("treat").size()
    assert (two.k, arms["active"], arms["reference"]) == (5, inside[1], inside[0])
    assert arms.sum() == two.n
    material = Material(got.estimates, got.study_estimates, got.counts, plan.as_mapping())
    lines = forest_of(material, material.analyses[0], LedgerOfClaims()).lines
    line = next(x for x in lines if x.kind == "pooled")
    assert {str(inside[1]), str(inside[0])} <= set(line.cells)
