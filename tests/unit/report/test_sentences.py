"""What a sentence says of a moderator: declared and exploratory apart, nothing where df are too few."""

import pytest
from tests.builders.analysis_rows import KEY, as_table, draw_rows, pick, small_plan

from ipdma.analysis.run import analyse
from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.report.sentences import EXPLORATORY, moderator_sentence

WORDS = {"contrasts": {"stpp_control": {}}, "outcomes": {"depression": {}}, "time_points": {"post": {}}}
MODERATORS = {
    "severity": {"column": "baseline", "label": "Severity"},
    "severe": {"column": "baseline", "type": "categorical", "cuts": [0.0]},
    "age": {"column": "age", "exploratory": True},
}


@pytest.fixture(scope="module")
def records():
    return analyse({KEY: as_table(draw_rows())}, small_plan(moderators=MODERATORS), parts=["moderators"])


def sentence(records, name):
    words = {**WORDS, "moderators": MODERATORS, "primary_model": "primary"}
    material = Material(records.estimates, records.study_estimates, records.counts, words)
    return moderator_sentence(material, material.analyses[0], Ledger().pen("report/results"), name)


def test_an_exploratory_moderator_is_named_so_and_gets_no_verdict(records):
    said = sentence(records, "age")
    assert said.startswith(EXPLORATORY)
    assert "varied with" not in said
    assert "vary with" not in said


def test_another_form_of_a_variable_is_named_so_and_gets_no_verdict(records):
    said = sentence(records, "severe")
    assert said.startswith("Another form of severity, counted once in the family: within trials, the inter")
    assert "varied with" not in said
    assert "Holm" not in said


def test_a_declared_one_is_judged_by_its_corrected_p(records):
    said = sentence(records, "severity")
    assert said.startswith("Within trials, the effect ")
    assert "after Holm's correction" in said


def test_too_few_degrees_of_freedom_are_no_finding(records):
    few = records.estimates.copy()
    few.loc[few.moderator == "severity", "df"] = 1.4
    shown = type(records)(few, records.study_estimates, records.counts, records.notes)
    assert "too few data to tell" in sentence(shown, "severity")


def test_a_search_that_did_not_converge_is_not_called_too_few_data(records):
    lost = records.estimates.copy()
    lost.loc[lost.moderator == "severity", "converged"] = False
    shown = type(records)(lost, records.study_estimates, records.counts, records.notes)
    assert sentence(shown, "severity").endswith("cannot be told: the model did not converge.")


def test_at_a_stated_reliability_the_interaction_is_told_beside_the_observed_one():
    entry = {"error": {"reliability": 0.8}}
    keys = {"severity": {"column": "baseline"}}
    plan = small_plan(moderators=keys, sensitivity=entry)
    got = analyse({KEY: as_table(draw_rows())}, plan, parts=["moderators", "sensitivity"])
    words = {**WORDS, "moderators": keys, "primary_model": "primary", "sensitivity": entry}
    material = Material(got.estimates, got.study_estimates, got.counts, words)
    said = moderator_sentence(material, material.analyses[0], Ledger().pen("report/results"), "severity")
    row = pick(got.estimates, model="error", stage="one", term="treatment:within:severity")
    shown = f"{row.estimate:.2f} [{row.ci_low:.2f}, {row.ci_high:.2f}]".replace("-", "\u2212")
    assert said.endswith(f" With a stated reliability of 0.8 for these scores it would be B = {shown}.")
