"""A participant's identifier that is a name must be fixed; codes of letters are none."""

from __future__ import annotations

import pytest
from tests.builders.small_study import names

SURNAMES = ["Weber", "Schmidt", "de Vries", "Jansen", "Müller", "Rossi", "Kowalska", "Bauer", "Vogel", "Smit"]
NAMES = {
    "surnames": [*SURNAMES, "Bakker", "Mulder"],
    "surname and given name": [f"{name}, Anna" for name in [*SURNAMES, "Bakker", "Mulder"]],
    "given name and surname": [f"Anna {name}" for name in [*SURNAMES, "Bakker", "Mulder"]],
}
CODES = {
    "capitals": [
        "KLMA",
        "QRST",
        "ABCD",
        "XKCD",
        "PQRS",
        "LMNO",
        "TUVW",
        "EFGH",
        "IJKL",
        "ZZTA",
        "BBCA",
        "CDFG",
    ],
    "site and number": [f"Muc{i}" for i in range(12)],
    "two letters": [f"A{letter}" for letter in "abcdefghijkl"],
}


def with_ids(small, ids):
    for row, name in enumerate(ids, start=2):
        small.put(row, "id", f'"{name}"')
    return small.check()


@pytest.mark.parametrize("kind", NAMES)
def test_names_as_identifiers_must_be_fixed(small, kind):
    result = with_ids(small, NAMES[kind])
    assert names(result) == ["identifying_mapped"]
    assert result.exit_status == 1


@pytest.mark.parametrize("kind", CODES)
def test_codes_of_letters_are_no_names(small, kind):
    assert names(with_ids(small, CODES[kind])) == []
