"""Words that may point at a person, and everyday ones that do not."""

from __future__ import annotations

import pytest

from ipdma.privacy.wording import KEPT_BACK, kept_back, points_at

KNOWN = frozenset({"p013", "17", "20231", "muc-04"})

TELLING = [
    "Dr. Müller says so",
    "dr Anna de Vries",
    "Prof. Dr. Weber",
    "mevr. Jansen was ill",
    "Frau Schmidt",
    "Sig.ra Rossi",
    "Anna Müller",
    "Jansen, Piet",
    "seen by J. van den Berg",
    "asked Maria Rossi again",
    "born 01-03-1950",
    "on 3.12.2010 withdrawn",
    "2010-05-12 was a slip",
    "12 May 1984",
    "call 030-123456",
    "+49 89 1234567",
    "anna@clinic.example",
    "file 12345678",
    "P013 was 17",
    "patient 17 is right",
    "participant no. 17",
    "muc-04",
    "Hauptstraße 12",
]
PLAIN = [
    "17 at screening",
    "data manager",
    "Data Manager",
    "Trial Statistician",
    "two patients were 17 at screening",
    "checked with the case report form",
    "Zwei Patienten waren bei Einschluss 17 Jahre alt",
    "STPP, 16 sessions",
    "Short-Term Psychodynamic Psychotherapy",
    "Treatment As Usual",
    "Beck Depression Inventory",
    "prorated totals, see the paper of 2008",
    "12-16 sessions",
    "age 96 is real",
    "weeks 8 to 16",
    "HAM-D 17 of 3 people",
    "AM",
    "the nurse",
    "Wachtlijst",
    "5/7 answered",
]


@pytest.mark.parametrize("text", TELLING)
def test_what_may_point_at_a_person_is_kept_back(text):
    assert points_at(text, KNOWN)
    assert kept_back(text, KNOWN) == KEPT_BACK


@pytest.mark.parametrize("text", PLAIN)
def test_everyday_words_are_left_in_peace(text):
    assert points_at(text, KNOWN) is None
    assert kept_back(text, KNOWN) == text
