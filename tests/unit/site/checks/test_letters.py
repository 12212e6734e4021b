"""A text file in an encoding that it does not state: named where study.yaml shows it."""

from __future__ import annotations

import pytest
from tests.builders.small_study import names

WORDS = {
    "mac-roman": "größe",
    "cp850": "gr\u00f6\u00dfe für",
    "cp1250": "mężczyzna",
    "cp1251": "Группа",
    "cp1253": "Ομάδα",
}


def renamed(small, word):
    small.header[2] = word
    return small.variable("age", **{"from": word})


@pytest.mark.parametrize("encoding", WORDS)
def test_the_encoding_of_a_column_name_is_told(small, encoding):
    renamed(small, WORDS[encoding])
    result = small.check(small.text().encode(encoding))
    found = next(f for f in result.findings if f.name == "other_encoding")
    assert found.said["encoding"] == encoding
    small.map["source"]["encoding"] = encoding
    assert names(small.check(small.text().encode(encoding))) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_that_are_known_are_not_doubted(small, encoding):
    renamed(small, "größe")
    assert names(small.check(small.text().encode(encoding))) == []


def test_the_encoding_of_a_code_is_told(small):
    small.map["variables"]["sex"]["values"] = {"mężczyzna": "male", "kobieta": "female"}
    for row in small.rows:
        row[3] = "mężczyzna" if row[3] == "1" else "kobieta"
    assert names(small.check()) == []
    found = names(small.check(small.text().encode("cp1250")))
    assert "other_encoding" in found


def test_a_name_that_is_not_there_says_nothing_of_the_encoding(small):
    small.variable("age", **{"from": "größe"})
    assert names(small.check()) == ["unknown_column"]
