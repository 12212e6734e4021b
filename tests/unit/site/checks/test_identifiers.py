"""Identifiers that look alike are asked about, others are left in peace; none is ever changed."""

from __future__ import annotations

import pytest
from tests.builders.small_study import long, names

from ipdma.site.findings import CODES


def with_ids(small, *ids: str):
    for row, name in enumerate(ids, start=2):
        small.put(row, "id", name)
    return small.check()


ALIKE = {
    "leading zeros": ("0031", "31"),
    "decimals": ("31", "31.0"),
    "zero-width sign": ("P77\u200b", "P78"),
    "cyrillic letter": ("Р77", "P77"),
    "fullwidth digits": ("P７７", "P77"),
    "letter O": ("P1O7", "P107"),
    "letter l": ("Pl07", "P107"),
    "dash": ("P-77", "P77"),
    "another dash": ("P\u201377", "P-77"),
    "blank": ("P 77", "P_77"),
    "zeros behind letters": ("P077", "P77"),
    "plus sign": ("+31", "31"),
    "decomposed accent": ("Zu\u0308-1", "Z\u00fc-1"),
}


@pytest.mark.parametrize("kind", ALIKE)
def test_identifiers_that_look_alike_are_asked_about(small, kind):
    result = with_ids(small, *ALIKE[kind])
    assert names(result) == ["participant_alike"]
    assert set(result.findings[0].rows) <= {2, 3}
    assert [person.id for person in result.facts.persons][:2] == list(ALIKE[kind])
    assert CODES["participant_alike"][1] == "please_confirm"


GOOD = {
    "site and number": ("31-1", "311", "3-11", "31-10"),
    "decimals that count": ("1.1", "1.10", "1.2", "1.20"),
    "letters alone": ("AO", "OA", "IL", "LI"),
    "same number in two sites": ("A-01", "B-01", "A-10", "B-10"),
    "long numbers": ("1234567890123", "1234567890124", "12345678901230"),
    "E in a code": ("1E5", "2E10", "3E-05", "E+12"),
    "another alphabet": ("Ж01", "Щ01", "Ω1", "Ψ1"),
    "words": ("Nathan1", "NAN1", "null-1", "NA-01"),
    "trailing letters": ("12a", "12b", "120", "1200"),
}


@pytest.mark.parametrize("kind", GOOD)
def test_identifiers_that_are_fine_are_not_accused(small, kind):
    assert names(with_ids(small, *GOOD[kind])) == []


@pytest.mark.parametrize("name", ["1.23457E+12", "1,23457E+12", "1e+05", "2E+15"])
def test_scientific_notation_must_be_fixed(small, name):
    small.separator = ";"
    result = with_ids(small, name)
    assert names(result) == ["participant_notation"]
    assert result.findings[0].rows == [2]


@pytest.mark.parametrize("name", ["NA", "#N/A", "null", "None", "nan", "unknown", "onbekend", "?", "#REF!"])
def test_a_missing_value_as_an_identifier_is_asked_about(small, name):
    result = with_ids(small, name)
    assert names(result) == ["participant_word"]
    assert result.facts.persons[0].id == name


def test_in_a_long_file_every_visit_of_both_is_named(small):
    long(small)
    small.rows[0][0] = "1"
    result = small.check()
    finding = next(f for f in result.findings if f.name == "participant_alike")
    assert finding.rows == [2, 3, 4]


def test_long_numbers_that_all_end_in_zeros_are_asked_about(small):
    for row in range(2, 14):
        small.put(row, "id", f"{123456789012340 + row}000")
    finding = next(f for f in small.check().findings if f.name == "participant_rounded")
    assert finding.rows == list(range(2, 14))


def test_long_numbers_of_which_one_keeps_its_last_digits_are_fine(small):
    for row in range(2, 14):
        small.put(row, "id", f"{123456789012340 + row}000")
    assert names(small.put(5, "id", "123456789012345007").check()) == []


@pytest.mark.parametrize(
    "name", ["5-Mar", "05. Mrz", "05.Mai", "Mar-11", "2011-05-03", "03.05.2011", "3 mrt"]
)
def test_an_identifier_that_a_spreadsheet_made_a_date_of_is_asked_about(small, name):
    assert names(with_ids(small, name)) == ["participant_date"]


def test_codes_of_sites_are_no_dates(small):
    assert names(with_ids(small, "MAR-11", "MAI01", "5-MUC", "Mar-001", "12-A", "2011-05")) == []
