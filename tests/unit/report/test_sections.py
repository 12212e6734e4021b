"""The parts of the page: what a card, the moderators, the signals and the counted warnings say."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pandas as pd
import pytest
from tests.builders.report_mock import mock_material

from ipdma.report.icons import icon_array
from ipdma.report.ledger import Ledger
from ipdma.report.sections.answer import answer_section
from ipdma.report.sections.trust import trust_section
from ipdma.report.sections.whom import severity_sentence, whom_section
from ipdma.report.shelf import Shelf
from ipdma.report.verdict import favoured, plain_sentence, tellable
from ipdma.report.warned import kind_of, kinds_markup, warning_kinds

EMPTY = Shelf([], [], {})


def text_of(markup):
    """What a reader reads."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", markup))).strip()


@pytest.fixture(scope="module")
def material():
    return mock_material(3)


def headline(material, **numbers):
    """A copy of the headline row with other numbers."""
    row = material.headline(material.analyses[0], "one")
    copy = type(row)(dict(row), row.file, row.line)
    copy.update(numbers)
    return copy


def test_a_card_says_who_fared_better_by_how_much_and_how_certain_it_is(material):
    said = text_of(answer_section(material, Ledger()))
    assert "people with STPP fared better in depression than people with control" in said
    assert "\u22122.4 [\u22123.3, \u22121.5] HAM-D points" in said
    assert "Response of 100: 25 [17 to 36] with STPP, 11 with control." in said
    assert "Certainty: low (suggested, not signed): 1 of 7 trials at low overall risk" in said
    assert "No difference between the trials' effects was estimated" in said  # the headline's own warning
    assert "boundary" not in said


@pytest.mark.parametrize(
    ("low", "high", "side"), [(-0.8, -0.2, "active"), (0.1, 0.9, "reference"), (-0.1, 0.4, "")]
)
def test_a_side_is_favoured_where_the_interval_leaves_out_no_effect(material, low, high, side):
    row = headline(material, ci_low=low, ci_high=high, estimate=(low + high) / 2)
    assert favoured(material, material.analyses[0], row) == side
    said = plain_sentence(material, material.analyses[0], row)
    assert ("unclear" in said) == (side == "")
    if side == "reference":
        assert "people with control fared better" in said


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"df": 0.6}, "There are too few data to say how"),
        ({"ci_low": None}, "There are too few data to say how"),
        ({"converged": "False"}, "cannot be said: the model did not converge."),
        ({"ci_low": -6.0, "ci_high": 6.0}, "cannot be said: the interval is wider than the scale."),
    ],
)
def test_what_cannot_be_told_is_not_told(material, numbers, words):
    row = headline(material, **numbers)
    assert not tellable(material, row)
    said = plain_sentence(material, material.analyses[0], row)
    assert said.startswith(words) or said.endswith(words)


def test_a_fit_that_did_not_converge_is_called_so_and_has_no_certainty(material):
    changed = replace(material, estimates=material.estimates.assign(converged="False"))
    card = text_of(answer_section(changed, Ledger()))
    assert "cannot be said: the model did not converge." in card
    assert re.search(r"At [\w -]+: the model did not converge\.", card)
    assert "Certainty" in text_of(answer_section(material, Ledger()))
    assert "ertainty" not in card
    assert "too few" not in card.lower()
    whom = text_of(whom_section(changed, Ledger(), EMPTY))
    assert "Nothing can be said of " in whom
    assert "Too few trials" not in whom


def test_icons_are_a_hundred_for_each_arm():
    made = icon_array([("STPP", 25), ("control", 11)], "alt")
    dots = {kind: path.count("M") for kind, path in re.findall(r'<path class="([^"]+)" d="([^"]*)"', made)}
    assert dots == {"rest": 89, "event arm0": 25, "event arm1": 11}
    assert made.count("h0") == 200


def test_the_benefit_is_told_from_mild_to_severe(material):
    at = "stpp_control.depression.post.primary.one.severity.at"
    rows = []
    for name, points, effect in (("severe", 26, -4.51), ("mild", 12, -1.12)):
        for what, value in (("severity", points), ("severity_effect", effect)):
            rows.append({"analysis_id": at, "what": what, "variable": name, "value": value})
        for end, shift in (("low", -1), ("high", 1)):
            rows.append(
                {
                    "analysis_id": at,
                    "what": f"severity_effect_{end}",
                    "variable": name,
                    "value": effect + shift,
                }
            )
    told = replace(material, counts=pd.concat([material.counts, pd.DataFrame(rows)]))
    said = severity_sentence(told, told.analyses[0], Ledger().pen("x"))
    mild = "\u22121.1 [\u22122.1, \u22120.1] at mild (12)"
    severe = "\u22124.5 [\u22125.5, \u22123.5] at severe (26)"
    assert said.endswith(f"{mild} and {severe}, in HAM-D points.")


def test_for_whom_names_what_did_not_matter_in_one_sentence(material):
    said = text_of(whom_section(material, Ledger(), EMPTY))
    assert said.count("No clear change of the effect with") <= 1


def test_every_signal_has_a_word_beside_its_colour(material):
    made = trust_section(material, Ledger(), EMPTY)
    tones = re.findall(r'<li class="(\w+)"', made)
    assert tones == ["look", "unknown", "good"]  # bias, small trials, differences: what the mock has
    assert made.count('class="tone"') == len(tones)
    assert "Small trials" in made
    assert "href" not in made  # nothing is linked that the page does not hold


def test_warnings_of_one_kind_are_counted_together(material):
    kind = kind_of(
        material, "'sex[male]' has no coefficient of its own in DE-A, GB-B: it does not vary (0.3)"
    )
    assert kind == kind_of(material, "'age' has no coefficient of its own in IT-C: it does not vary (0.8)")
    whole = sum(sum(kinds.values()) for kinds in warning_kinds(material).values())
    counted = sum(int(n) for n in re.findall(r"<li>(\d+) \u00d7", kinds_markup(material)))
    assert counted == whole > 0
