"""Readers: every cell, label and missing code of generated files; damaged files end in a finding or exit
2."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest
from tests.builders.small_study import names, only, values

from ipdma.errors import ReadError
from ipdma.site.check import check_study
from ipdma.site.formats import ReadOptions, read_table
from ipdma.site.harmonise import harmonise_study

HEADER = ["Nr.", "Größe", "naïve", "text"]
ROWS = [["007", "12,5", "é;x", 'a "quoted", b'], ["7", "", "ß", "two\nlines"], ["NA", "-3", "", " padded "]]


def as_csv(separator=";", end="\r\n", rows=ROWS, header=HEADER):
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator, lineterminator=end).writerows([header, *rows])
    return stream.getvalue()


def cells(table):
    return [list(row) for row in zip(*(column.cells for column in table.columns), strict=True)]


def read_bytes(tmp_path, data, name="f.csv", **options):
    (tmp_path / name).write_bytes(data)
    return read_table(tmp_path / name, ReadOptions(**options))


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-32"]
)
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_encoding_and_separator_are_found(tmp_path, encoding, separator):
    table = read_bytes(tmp_path, as_csv(separator).encode(encoding))
    assert table.names == HEADER
    assert cells(table) == ROWS
    assert table.rows == [2, 3, 4]
    assert table.remarks == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(tmp_path, end):
    rows = [["1", "2", "3", "4"], ["5", "6", "7", "8"]]
    assert cells(read_bytes(tmp_path, as_csv(";", end, rows).encode())) == rows


def test_mixed_line_ends_blank_lines_and_row_numbers(tmp_path):
    table = read_bytes(tmp_path, b"a;b\r\n1;2\n\n;\n3;4\r5;6\r\n\r\n")
    assert cells(table) == [["1", "2"], ["3", "4"], ["5", "6"]]
    assert table.rows == [2, 5, 6]


def test_two_encodings_in_one_file(tmp_path):
    data = "a;b\nmännlich;1\n".encode() + "weiblich ß;2\r\n".encode("cp1252") + "é;3\n".encode()
    assert cells(read_bytes(tmp_path, data)) == [["männlich", "1"], ["weiblich ß", "2"], ["é", "3"]]


def test_trailing_empty_columns_are_dropped_and_headers_trimmed(tmp_path):
    table = read_bytes(tmp_path, b"a ; b;;\n1;2;;\n3;4;;\n")
    assert table.names == ["a", "b"]
    assert table.remarks == []


def test_excel_separator_line(tmp_path):
    table = read_bytes(tmp_path, b"sep=;\na;b\n1,5;2\n")
    assert (table.names, table.rows) == (["a", "b"], [2])


def test_decimal_commas_do_not_pass_for_separators(tmp_path):
    table = read_bytes(tmp_path, b"a;b;c\n1,5;2,5;3,5\n1,5;2,5;3,5\n")
    assert table.names == ["a", "b", "c"]


def test_a_declared_encoding_wins_and_unreadable_letters_are_a_note(tmp_path):
    data = "a;b\né;1\n".encode("cp1252")
    assert cells(read_bytes(tmp_path, data, encoding="cp1252")) == [["é", "1"]]
    table = read_bytes(tmp_path, data, encoding="utf-8")
    assert [(r.name, r.column, r.rows) for r in table.remarks] == [("replaced_letters", "a", [2])]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("f.csv", b"", "empty"),
        ("f.csv", b"a,b\n", "not one data row"),
        ("f.csv", b"\n\n\n", "no text"),
        ("f.csv", b'a,b\n1,"2\n3,4\n', "quotation mark"),
        ("f.csv", b"PK\x03\x04rest", "Excel workbook"),
        ("f.csv", b"$FL2@(#) SPSS", "SPSS"),
        ("f.csv", b"\x00\x01\x02\x03\x04\x05\x06\x07", "not a text file"),
        ("f.xlsx", b"a,b\n1,2\n", "not of that type"),
        ("f.xlsx", b"PK\x03\x04rest", "damaged"),
        ("f.sav", b"a,b\n1,2\n", "not of that type"),
        ("f.dta", b"a,b\n1,2\n", "damaged"),
        ("f.doc", b"x", "cannot be read"),
    ],
)
def test_what_cannot_be_read_says_why(small, name, data, said):
    small.map["source"]["file"] = name
    result = small.check(data)
    assert result.exit_status == 2
    assert said in result.error


def test_a_declared_encoding_that_does_not_exist_is_exit_2(small):
    small.map["source"]["encoding"] = "klingon"
    assert small.check().exit_status == 2


def test_a_large_file_is_refused_before_it_is_read(small):
    folder = small.write()
    with (folder / "f.csv").open("ab") as stream:
        stream.truncate(210_000_000)
    result = check_study(folder)
    assert result.exit_status == 2
    assert "210 MB" in result.error


def test_a_mapped_column_that_stands_twice_must_be_fixed(small):
    small.column("age", ["1"] * 12)
    assert only(small.check(), "column_twice").column == "age"


def test_rows_of_another_length(small):
    small.rows[2] = small.rows[2][:-1]
    small.rows[4] = [*small.rows[4], "9"]
    result = small.check()
    assert names(result) == ["row_too_long", "row_too_short", "missing_score"]
    assert [f.rows for f in result.findings] == [[6], [4], [4]]


def workbook(path, rows, sheet="Data"):
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    page = book.create_sheet(sheet)
    for row in rows:
        page.append(row)
    book.save(path)


def test_workbooks(tmp_path):
    rows = [
        ["id", "n", "half", "when", "flag", None],
        ["007", 7, 1.5, dt.date(2016, 2, 1), True, None],
        [8, 7.0, 0.1, None, None, None],
    ]
    workbook(tmp_path / "f.xlsx", rows)
    table = read_table(tmp_path / "f.xlsx", ReadOptions(sheet="Data"))
    assert table.names == ["id", "n", "half", "when", "flag"]
    assert cells(table) == [["007", "7", "1.5", "2016-02-01", "TRUE"], ["8", "7", "0.1", "", ""]]
    with pytest.raises(ReadError, match="did you mean 'Data'"):
        read_table(tmp_path / "f.xlsx", ReadOptions(sheet="data"))
    with pytest.raises(ReadError, match="empty"):
        read_table(tmp_path / "f.xlsx", ReadOptions())


def write_small_xlsx(small, change):
    folder = small.write(b"-")
    small.map["source"] |= {"file": "f.xlsx", "sheet": "Data"}
    small.write(b"-")
    rows = [small.header, *([r[0], *map(int, r[1:])] for r in small.rows)]
    change(rows)
    workbook(folder / "f.xlsx", rows)
    return check_study(folder)


def test_formulas_without_a_stored_value_are_found(small):
    def change(rows):
        rows[3][5] = "=E4-10"
        rows[5][4] = "#N/A"

    result = write_small_xlsx(small, change)
    assert [(f.column, f.rows) for f in result.findings if f.name == "valueless_formula"] == [
        ("post", [4]),
        ("pre", [6]),
    ]
    assert result.exit_status == 1


def test_numbers_of_a_workbook_have_no_decimal_sign_of_their_own(small):
    small.map["source"]["decimal"] = ","

    def change(rows):
        rows[3][2] = 33.5
        rows[4][2] = "34,5"

    result = write_small_xlsx(small, change)
    assert names(result) == []
    assert values(result, "age")[2:4] == [33.5, 34.5]


SPSS = pd.DataFrame(
    {
        "id": ["a1", "a2", "a3", "a4"],
        "sex": [1.0, 2.0, 9.0, np.nan],
        "ham": [20.0, 999.0, -95.0, 12.5],
        "seen": [dt.date(2016, 2, 1), None, dt.date(1999, 12, 31), dt.date(2020, 1, 1)],
        "word": ["x", "", "long " * 60, "é"],
    }
)


@pytest.mark.parametrize("ending", [".sav", ".zsav"])
def test_spss_files(tmp_path, ending):
    path = tmp_path / f"f{ending}"
    pyreadstat.write_sav(
        SPSS,
        str(path),
        compress=ending == ".zsav",
        column_labels={"sex": "Geschlecht"},
        variable_value_labels={"sex": {1: "männlich", 2: "weiblich"}},
        missing_ranges={"sex": [9], "ham": [{"lo": -99, "hi": -90}, 999]},
    )
    table = read_table(path, ReadOptions())
    assert table.column("sex").cells == ["1", "2", "9", ""]
    assert table.column("sex").labels == {"1": "männlich", "2": "weiblich"}
    assert table.column("sex").label == "Geschlecht"
    assert [table.column("sex").missing.covers(c) for c in ("1", "9")] == [False, True]
    assert [table.column("ham").missing.covers(c) for c in ("20", "999", "-95", "-90", "12.5")] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert table.column("seen").cells == ["2016-02-01", "", "1999-12-31", "2020-01-01"]
    assert table.column("word").cells == ["x", "", ("long " * 60).rstrip(), "é"]


@pytest.mark.parametrize("version", [8, 10, 12, 13, 14, 15])
def test_stata_files(tmp_path, version):
    frame = pd.DataFrame(
        {
            "id": ["007", "8", "9"],
            "n": [1, "a", 3],
            "x": [0.1, np.nan, 1e6],
            "i": np.array([1, -2, 3], dtype="int32"),
        }
    )
    path = tmp_path / "f.dta"
    pyreadstat.write_dta(
        frame,
        str(path),
        version=version,
        missing_user_values={"n": ["a"]},
        variable_value_labels={"n": {1: "yes", "a": "refused"}},
    )
    table = read_table(path, ReadOptions())
    assert table.column("id").cells == ["007", "8", "9"]
    assert table.column("n").cells == ["1", ".a", "3"]
    assert table.column("n").missing.covers(".a")
    assert table.column("n").labels == {"1": "yes", ".a": "refused"}
    assert table.column("x").cells == ["0.1", "", "1000000"]
    assert table.column("i").cells == ["1", "-2", "3"]


def test_labels_stand_for_codes_and_declared_missing_codes_are_counted(small):
    frame = pd.DataFrame({name: [row[i] for row in small.rows] for i, name in enumerate(small.header)})
    for name in small.header[1:]:
        frame[name] = frame[name].astype(float)
    frame.loc[3, "post"] = 999.0
    frame.loc[4, "sex"] = 9.0
    small.map["source"]["file"] = "f.sav"
    folder = small.write(b"-")
    pyreadstat.write_sav(
        frame,
        str(folder / "f.sav"),
        variable_value_labels={"sex": {1: "Mann", 2: "Frau"}, "arm": {1: "KPSP", 2: "TAU"}},
        missing_ranges={"post": [999], "sex": [9]},
    )
    small.map["variables"]["sex"]["values"] = {"mann": "male", "frau": "female"}
    small.map["variables"]["arm"]["values"] = {"KPSP": "stpp", "2": "tau"}
    small.folder.joinpath("study.yaml").unlink()
    from tests.builders.upload_builder import write_yaml

    write_yaml(folder, small.map)
    result = check_study(folder)
    assert [(f.name, f.variable, f.rows) for f in result.findings] == [
        ("missing_score", "hamd17", [5]),
        ("declared_missing", "hamd17", [5]),
        ("declared_missing", "sex", [6]),
    ]
    assert values(result, "sex")[:2] == ["female", "male"]


def damage(data: bytes, draw: random.Random) -> bytes:
    """Cut short, or with bytes changed, doubled or taken out."""
    kind = draw.randrange(4)
    if kind == 0:
        return data[: draw.randrange(len(data))]
    spots = sorted(draw.randrange(len(data)) for _ in range(draw.randrange(1, 6)))
    if kind == 1:
        changed = bytearray(data)
        for spot in spots:
            changed[spot] = draw.randrange(256)
        return bytes(changed)
    low, high = spots[0], spots[-1] + 1
    return data[:low] + data[high:] if kind == 2 else data[:high] + data[low:]


def damaged_files(small, path, rounds, seed):
    data = path.read_bytes()
    draw = random.Random(seed)
    for _ in range(rounds):
        path.write_bytes(damage(data, draw))
        result = check_study(path.parent)
        assert result.exit_status in (0, 1, 2)
        assert (result.error is None) == (result.exit_status != 2)
        assert not [entry for entry in result.not_checked if entry["outcome"] == "tool_failed"]
        result.as_json()


def write_as(small, ending):
    small.map["source"]["file"] = f"f{ending}"
    folder = small.write()
    frame = pd.DataFrame({name: [row[i] for row in small.rows] for i, name in enumerate(small.header)})
    for name in small.header[1:]:
        frame[name] = frame[name].replace("", "nan").astype(float)
    if ending == ".xlsx":
        frame.to_excel(folder / "f.xlsx", index=False)
    elif ending in (".sav", ".zsav"):
        pyreadstat.write_sav(frame, str(folder / f"f{ending}"), compress=ending == ".zsav")
    elif ending == ".dta":
        pyreadstat.write_dta(frame, str(folder / "f.dta"))
    return folder / f"f{ending}"


def test_every_format_gives_the_same_upload(small, tmp_path):
    made = {}
    small.put(5, "age", "33.5").put(6, "post", "")
    for ending in (".csv", ".txt", ".tsv", ".xlsx", ".sav", ".zsav", ".dta"):
        small.folder = tmp_path / ending
        small.separator = "\t" if ending == ".tsv" else ";"
        if ending in (".csv", ".txt", ".tsv"):
            small.map["source"]["file"] = f"f{ending}"
            small.write()
        else:
            write_as(small, ending)
        result = harmonise_study(small.folder, tmp_path / "up" / ending)
        assert result.exit_status == 0, result.findings or result.error
        made[ending] = {path.name: path.read_bytes() for path in (tmp_path / "up" / ending).iterdir()}
    assert all(upload == made[".csv"] for upload in made.values())


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".sav", ".zsav", ".dta"])
def test_damaged_files_end_in_a_finding_or_exit_2(small, ending):
    damaged_files(small, write_as(small, ending), rounds=25, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".sav", ".zsav", ".dta"])
def test_damaged_files_at_length(small, ending):
    damaged_files(small, write_as(small, ending), rounds=600, seed=2)


def test_damaged_mappings_end_in_a_finding_or_exit_2(small):
    damaged_files(small, small.write() / "study.yaml", rounds=60, seed=3)
