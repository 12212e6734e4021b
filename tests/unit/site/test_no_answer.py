"""Words, signs and errors that stand where there is no value, and codes that only look like them."""

from __future__ import annotations

import pytest
from tests.builders.small_study import names, only

from ipdma.site.no_answer import is_no_value, says_missing

ERRORS = [
    "#N/A",
    "#NV",
    "#N/B",
    "#N/D",
    "#NA",
    "#VALUE!",
    "#WERT!",
    "#BEZUG!",
    "#NAAM?",
    "#DIV/0!",
    "Err:502",
]
WORDS = ["NA", "null", "k.A.", "keine Angabe", "not known", "refused", "niet van toepassing", "vet ikke"]
CODES = ["#12", "#T1", "T1", "KA", "NS", "A/B", "Nathan", "err", "12", "#neu", "NC2"]


@pytest.mark.parametrize("text", [*ERRORS, *WORDS])
def test_what_stands_for_no_value(small, text):
    assert is_no_value(text)
    small.column("ther", [text, "T1", "T2"] * 4).variable("therapist", **{"from": "ther"})
    assert only(small.check(), "looks_missing").rows == [2, 5, 8, 11]


@pytest.mark.parametrize("text", CODES)
def test_codes_are_values(small, text):
    assert not is_no_value(text)
    small.column("ther", [text, "T3", "T2"] * 4).variable("therapist", **{"from": "ther"})
    assert names(small.check()) == []


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_of_a_spreadsheet_is_called_so(small, error):
    small.put(4, "post", error)
    assert only(small.check(), "sheet_error").rows == [4]


def test_other_text_is_no_error_of_a_spreadsheet(small):
    assert names(small.put(4, "post", "1O").check()) == ["not_a_number"]


@pytest.mark.parametrize("label", ["niet van toepassing", "non so", "no answer", "niet  ingevuld"])
def test_phrases_are_compared_with_single_blanks(label):
    assert says_missing(label)
