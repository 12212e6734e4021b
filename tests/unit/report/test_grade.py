"""Certainty of evidence: what the records suggest, what an author's judgement replaces."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.builders.report_mock import mock_material

from ipdma.report.grade import certainty_of
from ipdma.report.ledger import Ledger
from ipdma.report.material import Analysis

DEPRESSION = Analysis("stpp_control", "depression", "post")
RESPONSE = Analysis("stpp_control", "response", "post")
HEAD = "stpp_control.depression.post.primary.one"


def material_with(analysis_id=HEAD, counts=(), plan=None, **numbers):
    """The mock, whose headline has these numbers; `counts` are (what, level, column, value)."""
    material = mock_material(3)
    estimates, held = material.estimates.copy(), material.counts.copy()
    at = (estimates["analysis_id"] == analysis_id) & (estimates["term"] == "treatment")
    for name, value in numbers.items():
        estimates.loc[at, name] = value
    for what, level, column, value in counts:
        rows = (held["analysis_id"] == analysis_id) & (held["what"] == what) & (held["level"].isin([level]))
        held.loc[rows, column] = value
    return replace(material, estimates=estimates, counts=held, plan={**material.plan, **(plan or {})})


def judge(material, analysis=DEPRESSION):
    """The certainty, and each domain's concern."""
    found = certainty_of(material, analysis, Ledger().pen("x"))
    return found, {d.name: d.concern for d in found.domains}


@pytest.mark.parametrize(
    ("low", "high", "n", "concern"),
    [
        (-0.80, -0.30, 700, "none"),  # whole interval better than the worthwhile -0.24
        (-0.80, -0.10, 700, "serious"),
        (-0.80, 0.30, 700, "very serious"),
        (-0.10, 0.10, 700, "none"),  # whole interval too small to matter: precise
        (-0.80, -0.30, 399, "serious"),  # fewer than 400 people
    ],
)
def test_imprecision_is_the_worthwhile_differences_that_the_interval_crosses(low, high, n, concern):
    assert judge(material_with(ci_low=low, ci_high=high, n=n))[1]["imprecision"] == concern


def test_a_plan_may_call_another_difference_worthwhile():
    plan = {"certainty": {"worthwhile": {"standardised": 0.5}}}
    assert judge(material_with(ci_low=-0.8, ci_high=-0.3, n=700))[1]["imprecision"] == "none"
    assert judge(material_with(ci_low=-0.8, ci_high=-0.3, n=700, plan=plan))[1]["imprecision"] == "serious"


@pytest.mark.parametrize(
    ("tau2", "low", "high", "concern"),
    [
        (0.0, -0.8, 0.3, "none"),
        (0.1, -0.8, -0.1, "none"),
        (0.1, -0.8, 0.1, "none"),  # beyond none, though by less than a worthwhile harm
        (0.1, -0.8, 0.3, "serious"),
        (0.1, None, None, "open"),
    ],
)
def test_inconsistency_is_a_new_trial_on_either_side(tau2, low, high, concern):
    assert judge(material_with(tau2=tau2, pi_low=low, pi_high=high))[1]["inconsistency"] == concern


@pytest.mark.parametrize(
    ("low", "high", "concern"), [(0.6, 0.2, "none"), (0.3, 0.3, "serious"), (0.1, 0.58, "very serious")]
)
def test_risk_of_bias_goes_by_weight(low, high, concern):
    counts = [("bias_trials", "low", "value", low), ("bias_trials", "high", "value", high)]
    assert judge(material_with(counts=counts))[1]["risk_of_bias"] == concern


def test_the_level_is_high_less_the_concerns_and_nobody_signed_it():
    found, _ = judge(material_with(ci_low=-0.8, ci_high=-0.1, n=700, tau2=0.0))
    assert found.level == "very low"  # risk of bias very serious (58 % of weight), imprecision serious
    assert found.by == ""
    assert "not signed" in found.words
    assert found.circles == "\u2295\u25ef\u25ef\u25ef"


def test_what_needs_a_person_is_a_question_that_takes_nothing():
    _, concerns = judge(material_with())
    assert concerns["indirectness"] == concerns["publication_bias"] == "open"


def test_an_author_replaces_a_suggestion_and_signs():
    own = {
        "contrast": "stpp_control",
        "outcome": "depression",
        "time_point": "post",
        "by": "A. Author",
        "certainty": None,
        "risk_of_bias": {"concern": "none", "why": "masked assessors"},
        "indirectness": {"concern": "serious", "why": "students"},
    }
    plan = {"certainty": {"judgements": [own]}}
    found, concerns = judge(material_with(ci_low=-0.8, ci_high=-0.3, n=700, tau2=0.0, plan=plan))
    assert (concerns["risk_of_bias"], concerns["indirectness"]) == ("none", "serious")
    assert found.words == "moderate (A. Author)"
    own["certainty"] = "low"
    assert judge(material_with(plan=plan))[0].level == "low"
    assert judge(material_with(plan=plan), RESPONSE)[0].by == ""  # of that result alone


def test_events_are_judged_by_their_absolute_effect():
    """Of the mock 6 to 25 more of 100: beyond the worthwhile 5; with 30 more to 1 fewer it is crossed."""
    head = "stpp_control.response.post.primary.one"
    assert judge(mock_material(3), RESPONSE)[1]["imprecision"] == "none"
    material = material_with(head)
    rows = (material.counts["analysis_id"] == head) & (material.counts["what"] == "absolute_effect_low")
    material.counts.loc[rows, "value"] = -0.01
    assert judge(material, RESPONSE)[1]["imprecision"] == "serious"
