"""Rows that are no answers, files without a header, one column for the whole line; and good files like
them."""

from __future__ import annotations

import pytest
from tests.builders.small_study import HEADER, names

from ipdma.cli import main
from ipdma.site.check import check_study


def refused(small, data: str) -> str:
    result = small.check(data.encode())
    assert result.error, names(result)
    return result.error


HEADLESS = {
    "codes and dates": [["P{i:03d}", "Jansen {i}", "19{i:02d}-03-01", "{a}", "2", "27", "5"]],
    "numbers alone": [["{i}", "{a}", "{i}", "2", "27", "5"]],
    "words": [["A-{i}", "stpp", "{i}", "female", "27", "5"], ["B-{i}", "tau", "{i}", "male", "20", "4"]],
    "three columns": [["P{i:03d}", "{a}", "{i}"]],
    "names": [
        ["Anna Mulder{x}", "{a}", "{i}", "2", "27", "5"],
        ["Jan Smit{x}", "{a}", "{i}", "1", "20", "4"],
    ],
}


@pytest.mark.parametrize("kind", HEADLESS)
def test_a_file_without_a_header_is_refused_and_nothing_of_it_is_told(small, kind, tmp_path):
    lines = [
        ",".join(HEADLESS[kind][i % len(HEADLESS[kind])]).format(i=20 + i, a=1 + i % 2, x=chr(97 + i))
        for i in range(20)
    ]
    text = "\n".join(lines) + "\n"
    error = refused(small, text)
    assert "header" in error
    assert not any(cell in error for cell in lines[0].split(",") if len(cell) > 2)
    assert main(["scan", str(small.folder / "f.csv"), "--out", str(tmp_path / "draft.yaml")]) == 2
    assert not (tmp_path / "draft.yaml").exists()


GOOD_HEADERS = {
    "numbered items": ["id", "arm", "age", "1", "2", "3", "4", "5"],
    "two blocks of items": ["id", "arm", *"123412345"],
    "weeks": ["id", "arm", "0", "8", "16"],
    "numbers from 0": ["0", "1", "2", "3", "4"],
    "codes": ["T0", "V1", "V2", "V3", "V4"],
    "a name that is also an answer": ["id", "stpp", "sex", "pre", "post"],
}


@pytest.mark.parametrize("kind", GOOD_HEADERS)
def test_a_header_is_not_taken_for_data(small, kind):
    header = GOOD_HEADERS[kind]
    rows = [[f"P{i:03d}", str(1 + i % 2), *[str(i % 5)] * (len(header) - 2)] for i in range(20)]
    data = "\n".join(",".join(row) for row in [header, *rows]) + "\n"
    assert small.check(data.encode()).error is None


def with_rows(small, *rows: list[str], at: int = 0) -> None:
    small.rows[at:at] = [list(row) for row in rows]


def test_question_texts_are_left_out_and_asked_about(small):
    texts = ["Response ID", "Study arm", "What is your age?", "Sex", "Total before", "Total after"]
    with_rows(small, texts, ['{"ImportId":"QID1"}', *[f"{{ImportId:QID{i}}}" for i in range(2, 7)]])
    result = small.check()
    assert names(result) == ["question_rows"]
    assert result.findings[0].rows == [2, 3]
    assert len(result.facts.persons) == 12


def test_units_below_the_header_are_left_out(small):
    with_rows(small, ["code", "1 or 2", "years", "1 = male", "points", "score points"])
    assert names(small.check()) == ["question_rows"]


def test_a_header_that_stands_again_is_left_out(small):
    with_rows(small, HEADER, at=5)
    result = small.check()
    assert names(result) == ["header_again"]
    assert result.findings[0].rows == [7]


@pytest.mark.parametrize("word", ["NA", "missing", "n.v.t.", "."])
def test_a_first_participant_with_nothing_answered_is_no_question_row(small, word):
    small.put(2, "age", word).put(2, "pre", word).put(2, "post", word)
    small.map["source"]["missing"] = [word]
    assert "question_rows" not in names(small.check())
    assert len(small.check().facts.persons) == 12


def test_a_first_participant_with_remarks_is_no_question_row(small):
    small.column("note", ["came late and left early", *["none"] * 11])
    small.column("other", ["spoke about work", *["-"] * 11])
    assert names(small.check()) == []


def test_the_mapping_names_a_row_below_the_header(small):
    small.write()
    texts = "Number,The arm of the study,What is your age?,Your sex?,Total before,Total after\n"
    data = texts + small.text()
    assert "row 2" in refused(small, data)


def test_a_title_above_the_header_is_read_past(small):
    small.write()
    result = small.check(("Trial X, export of 12.03.2024\n\n" + small.text()).encode())
    assert names(result) == ["title_rows"]
    assert result.rows["read"] == 12


@pytest.mark.parametrize("separator", [" ", "^", ":", "~", "/"])
def test_another_separator_is_named(small, separator):
    small.separator = separator
    error = refused(small, small.text())
    assert "only one column" in error
    assert "separator" in error


@pytest.mark.parametrize("separator", [" ", "^", ":"])
def test_a_named_separator_is_read(small, separator):
    small.separator = separator
    small.map["source"]["separator"] = {" ": "space", "^": "caret", ":": "colon"}[separator]
    assert names(small.check()) == []


def test_fixed_width_is_named(small):
    lines = ["".join(cell.ljust(9) for cell in row) for row in [small.header, *small.rows]]
    lines[4] = lines[4][:27] + " " * 9 + lines[4][36:]
    assert "only one column" in refused(small, "\n".join(lines))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_everyday_separators_are_found(small, separator):
    small.separator = separator
    small.column("note", ["a: b c/d ~ e^f"] * 12)
    assert names(small.check()) == []


def test_the_wrong_declared_separator_is_named(small):
    small.map["source"]["separator"] = ";"
    assert "comma" in refused(small, small.text())


def test_a_mapping_without_columns_on_one_column_still_checks(small):
    small.header, small.rows = ["post"], [[str(i)] for i in range(12)]
    small.map["variables"] |= {
        "participant": {"row_number": "none"},
        "arm": {"constant": "stpp"},
        "age": {"not_collected": "no"},
        "sex": {"not_collected": "no"},
    }
    small.map["assessments"] = small.map["assessments"][1:]
    assert check_study(small.write()).error is None
