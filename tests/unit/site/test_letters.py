"""Encodings of text files: one bad byte, two encodings, letters read wrongly before, signs nobody sees."""

from __future__ import annotations

import unicodedata

import pytest
from tests.builders.small_study import names, only

from ipdma.site.letters import is_wrongly_read, tidy


def noted(small, *cells: str):
    """The small study with an unused column of remarks, as text."""
    small.column("grösse", list(cells) + ["grün"] * (12 - len(cells)))
    small.write()
    return small.text()


def test_one_bad_byte_leaves_a_file_in_its_encoding(small):
    data = noted(small, "müde", "größer").encode().replace("müde".encode(), b"m\xc3de")
    result = small.check(data)
    finding = only(result, "replaced_letters")
    assert (finding.column, finding.rows) == ("grösse", [2])


def test_lines_of_another_encoding_are_read_and_named(small):
    data = noted(small, "müde", "größer").encode().replace("müde".encode(), "müde".encode("cp1252"))
    result = small.check(data)
    assert only(result, "mixed_encoding").rows == [2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-32", "utf-16-le"])
def test_files_of_one_encoding_are_read_without_a_word(small, encoding):
    result = small.check(noted(small, "Zoë", "Škoda", "naïve “quoted” – 5 €").encode(encoding))
    assert names(result) == []


@pytest.mark.parametrize("wrong", ["cp1252", "latin-1"])
def test_letters_read_wrongly_before_are_asked_about(small, wrong):
    text = noted(small, "müde", "größer")
    result = small.check(text.encode().decode(wrong).encode())
    assert names(result) == ["wrongly_read"]
    assert result.findings[0].rows == list(range(2, 14))


GOOD = [
    "SÃO PAULO",
    "Ångström",
    "Île-de-France",
    "São Tomé",
    "naïve – “so”",
    "5 °C",
    "½ tablet",
    "Ð",
    "Ñuñoa",
    "Âge",
]


@pytest.mark.parametrize("text", GOOD)
def test_good_letters_are_not_accused(text):
    assert not is_wrongly_read(text)


@pytest.mark.parametrize(
    "text", ["Müller", "größe", "Zoë", "männlich", "señora", "Škoda", "l’été", "Ærø", "Łódź"]
)
def test_every_wrong_reading_is_recognised(text):
    assert is_wrongly_read(
        "".join(chr(b) if 0x80 <= b < 0xA0 else bytes([b]).decode("cp1252") for b in text.encode())
    )


@pytest.mark.parametrize("mark", ["\ufeff\ufeff", "\u200b", "\u2060", "\u00ad", "\ufeff \ufeff"])
def test_invisible_signs_in_the_header_are_no_other_name(small, mark):
    small.write()
    result = small.check(small.text().replace("id,", f"{mark}id,", 1).encode())
    assert names(result) == []


def test_accents_in_two_parts_are_the_same_name(small):
    small.header[2] = unicodedata.normalize("NFD", "âge")
    small.map["variables"]["age"] = {"from": "âge"}
    assert names(small.check()) == []


def test_accents_in_two_parts_are_the_same_code(small):
    small.rows = [
        [*row[:3], unicodedata.normalize("NFD", ["männlich", "weiblich"][int(row[3]) - 1]), *row[4:]]
        for row in small.rows
    ]
    small.map["variables"]["sex"]["values"] = {"männlich": "male", "weiblich": "female"}
    assert names(small.check()) == []


def test_names_that_differ_by_an_invisible_sign_are_one_name_twice(small):
    small.column("age\u200b", ["1"] * 12)
    assert "column_twice" in names(small.check())


def test_a_tidy_name():
    assert tidy("\ufeff\u200b a\u0308 \u00a0 b ") == "ä b"
