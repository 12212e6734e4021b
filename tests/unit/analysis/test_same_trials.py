"""Beside rows of a run on fewer trials than the primary analysis stands the primary model on those trials."""

import numpy as np
import pytest
from tests.builders.analysis_rows import (
    AGGREGATE,
    BINARY_KEY,
    KEY,
    PLAIN,
    as_table,
    draw_rows,
    run,
    small_plan,
)
from tests.builders.nested_rows import draw_nested

from ipdma.analysis.run import analyse
from ipdma.analysis.same_trials import BESIDE, FEWER, ITSELF
from ipdma.plan import Plan
from ipdma.report.beside import beside_text
from ipdma.report.ledger import Ledger
from ipdma.report.material import Material

MUTE = ["S02", "S05"]
ADJUSTED = {"primary": {"covariates": ["baseline"]}, "adjusted": {"covariates": ["baseline", "parity"]}}
ENDS = {"": "estimate", "_low": "ci_low", "_high": "ci_high"}


def beside(records, ident):
    """The numbers of the primary model that stand with a fit."""
    found = records.counts[(records.counts.analysis_id == ident) & (records.counts.level == "same_trials")]
    return found.set_index("what").value.to_dict()


def primary_on(rows, stage, key=KEY, **keys):
    got = analyse({key: as_table(rows)}, small_plan(**keys), parts=["efficacy"]).estimates
    return got[(got.model == "primary") & (got.stage == stage) & (got.term == "treatment")].iloc[0]


def word(records, ident):
    found = records.counts[(records.counts.analysis_id == ident) & (records.counts.what == "same_trials")]
    return [(row.level, row.n, row.of) for row in found.itertuples()]


@pytest.fixture(scope="module")
def mute():
    rows = draw_rows()
    return rows.assign(parity=np.where(rows.study.isin(MUTE), np.nan, rows.age % 3))


@pytest.fixture(scope="module")
def adjusted(mute):
    plan = small_plan(models=ADJUSTED, moderators={})
    return plan, analyse({KEY: as_table(mute)}, plan, parts=["efficacy"])


@pytest.mark.parametrize("stage", ["one", "two"])
def test_a_model_of_the_plan_that_needs_what_some_trials_lack(mute, adjusted, stage):
    plan, records = adjusted
    ident = f"stpp_control.depression.post.adjusted.{stage}"
    expected = primary_on(mute[~mute.study.isin(MUTE)], stage, models=ADJUSTED, moderators={})
    found = beside(records, ident)
    for end, name in ENDS.items():
        assert found[f"beside{end}"] == pytest.approx(expected[name])
    assert word(records, ident) == [(BESIDE, 4, 4)]
    heads = records.estimates[records.estimates.term == "treatment"]
    assert set(heads.model) == {"primary", "adjusted", "hksj", "matched"}
    assert not heads.duplicated(["model", "stage"]).any()
    material = Material(records.estimates, records.study_estimates, records.counts, plan.as_mapping())
    row = material.headline(material.analyses[0], stage, "adjusted")
    said = beside_text(material, Ledger().pen("tables/efficacy_models"), row)
    assert f"primary model, same trials {expected.estimate:.2f} [".replace("-", "\u2212") in said


def test_of_events_the_word_alone(mute):
    rows = draw_rows(binary=True).assign(parity=mute.parity)
    got = analyse(
        {BINARY_KEY: as_table(rows)}, small_plan(models=ADJUSTED, moderators={}), parts=["efficacy"]
    )
    ident = "stpp_control.response.post.adjusted.two"
    assert word(got, ident) == [(FEWER, 4, 4)]
    assert beside(got, ident) == {}


@pytest.mark.parametrize("model", ["risk_of_bias", "rob_covariate"])
def test_an_item_that_only_some_trials_were_judged_on(mute, model):
    rows = mute.assign(rob_d1=mute.rob_d1.where(~mute.study.isin(MUTE)))
    plan = small_plan(moderators={}, risk_of_bias=["rob_d1", "rob_overall"])
    got = analyse({KEY: as_table(rows)}, plan, parts=["risk_of_bias"])
    expected = primary_on(rows[~rows.study.isin(MUTE)], "one", moderators={})
    head = f"stpp_control.depression.post.{model}.one"
    assert beside(got, f"{head}.rob_d1")["beside"] == pytest.approx(expected.estimate)
    assert beside(got, f"{head}.rob_overall") == {}


def test_a_trial_without_a_stated_reliability(mute):
    """The trials of one instrument alone: the uncorrected interaction of those trials stands beside."""
    rows, moderators = mute, {"severity": {"column": "baseline"}}
    changed = {"error": {"reliability": {"hamd17": 0.8}}}
    plan = small_plan(moderators=moderators, sensitivity=changed)
    got = analyse({KEY: as_table(rows)}, plan, parts=["sensitivity"]).estimates
    kept = rows[rows.instrument == "hamd17"]
    expected = analyse(
        {KEY: as_table(kept)}, small_plan(moderators=moderators), parts=["moderators"]
    ).estimates
    term = "treatment:within:severity"
    own, uncorrected = (
        table[(table.model == model) & (table.stage == "one") & (table.term == term)].iloc[0]
        for table, model in ((got, "error:same_trials"), (expected, "primary"))
    )
    assert own.k == 3
    assert own.estimate == pytest.approx(uncorrected.estimate)
    error = got[(got.model == "error") & (got.stage == "one") & (got.term == term)].iloc[0]
    assert abs(error.estimate) > abs(own.estimate)


def test_a_trial_whose_effect_cannot_be_told_from_its_therapists():
    drawn = draw_nested().rename(columns={"y": "outcome", "base": "baseline"})
    last = drawn.study == "S4"
    drawn.loc[last, "therapist"] = np.where(drawn.treat[last] == 1, "A", "B")
    rows = drawn.assign(participant=np.arange(len(drawn)).astype(str))
    keys = {
        "studies": "here",
        "contrasts": {"stpp_control": {"active": ["stpp"], "reference": ["tau"]}},
        "nesting": {"column": "therapist", "arms": "both"},
    }
    plan = Plan.from_mapping(keys)
    got = analyse({KEY: rows}, plan, parts=["nesting"])
    without = analyse({KEY: rows[~last]}, plan, parts=["efficacy"]).estimates
    expected = without[(without.model == "primary") & (without.stage == "two")].iloc[0]
    ident = "stpp_control.depression.post.nesting.two"
    assert word(got, ident) == [(BESIDE, 4, 4)]
    assert beside(got, ident)["beside"] == pytest.approx(expected.estimate)
    assert word(got, ident.replace("two", "one")) == []


def pooled_with_published(rows, named, **entry):
    """The sensitivity analysis with the trials that gave aggregate results, and the primary model on them."""
    plan = small_plan(**PLAIN, sensitivity={"published": {"aggregate": True, **entry}})
    got = run(rows, ["sensitivity", "efficacy"], plan, aggregate=AGGREGATE)
    ident = f"stpp_control.depression.post.{named}.two"
    return got, got.estimates[got.estimates.analysis_id == ident]


def test_published_trials_alone_are_what_such_an_analysis_changes():
    got, companion = pooled_with_published(draw_rows(), "published:same_trials")
    assert word(got, "stpp_control.depression.post.published.two") == [(ITSELF, 6, 8)]
    assert companion.empty


@pytest.mark.parametrize(
    "entry", [{"model": {"covariates": []}}, {"participants": {"sex": ["female"]}}], ids=["model", "rows"]
)
def test_beside_a_changed_model_with_published_trials_stands_the_primary_one_with_them(entry):
    rows = draw_rows()
    got, companion = pooled_with_published(rows, "published:same_trials", **entry)
    assert word(got, "stpp_control.depression.post.published.two") == [(BESIDE, 6, 8)]
    _, plain = pooled_with_published(rows, "published")
    for name in ("estimate", "ci_low", "ci_high", "k", "n"):
        assert companion.iloc[0][name] == pytest.approx(plain.iloc[0][name])
    assert "published:same_trials" not in set(got.study_estimates.model)


def test_a_trial_that_the_entry_excludes_does_not_come_back_as_a_published_one():
    got, _ = pooled_with_published(draw_rows(), "published", exclude_studies=["S01", "X2"])
    used = got.study_estimates[got.study_estimates.model == "published"]
    assert set(used.study) == {"S02", "S03", "S04", "S05", "S06", "X1"}
    assert word(got, "stpp_control.depression.post.published.two") == [(ITSELF, 5, 6)]


def test_the_participants_of_a_pooling_are_not_told_where_a_publication_does_not_tell_them():
    aggregate = AGGREGATE.assign(n_active=["", "30", "9", ""])
    got = run(draw_rows(), ["aggregate"], aggregate=aggregate).estimates
    assert got[got.model == "aggregate"].n.isna().all()
