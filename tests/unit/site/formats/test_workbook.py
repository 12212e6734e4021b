"""Workbooks: hidden sheets and rows, titles, merged cells, stray cells, formulas; right ones pass."""

from __future__ import annotations

import contextlib
import datetime as dt
import subprocess
import sys
import time
import zipfile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders.small_study import names, values
from tests.builders.workbooks import MAIN, cell, raw_book, sheet_xml, write_study

from ipdma.codebook.text_yaml import read_text_yaml
from ipdma.errors import ReadError
from ipdma.site.check import check_study
from ipdma.site.formats import ReadOptions, read_table
from ipdma.site.formats.package import kind_of_format
from ipdma.site.formats.sheet import column_number, date_text
from ipdma.site.scan import scan_file

AGES = [30.0 + i for i in range(1, 13)]
LEGEND = [["code", "meaning"], [1, "STPP"], [2, "TAU"]]


def column_letters(position: int) -> str:
    """The name of a column by its position from 0."""
    letters = ""
    number = position + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def check(folder):
    return check_study(folder)


# right files: nothing new is found


def test_a_plain_workbook_has_no_finding(small):
    assert names(check(write_study(small))) == []


def test_a_visible_legend_beside_the_data_is_no_doubt(small):
    assert names(check(write_study(small, others={"legend": LEGEND}))) == []


def test_a_hidden_copy_of_the_data_is_passed_over(small):
    old = [small.header, *[[cell(c) for c in row] for row in small.rows[:6]]]

    def hide(sheets):
        sheets["old"].sheet_state = "veryHidden"

    result = check(write_study(small, hide, others={"old": old}, first=["old"]))
    assert names(result) == []
    assert values(result, "age") == AGES


def test_a_named_sheet_is_not_doubted(small):
    small.map["source"]["sheet"] = "data"
    result = check(write_study(small, others={"final": [small.header, ["x", 1, 2, 1, 3, 4]]}))
    assert names(result) == []


def test_hidden_columns_empty_hidden_rows_and_an_open_filter_are_no_doubt(small):
    def change(sheets):
        sheets["data"].column_dimensions["D"].hidden = True
        sheets["data"].row_dimensions[40].hidden = True
        sheets["data"].auto_filter.ref = "A1:F13"
        sheets["data"].freeze_panes = "B2"

    assert names(check(write_study(small, change))) == []


def test_hidden_rows_that_keep_rows_leaves_out_are_no_doubt(small):
    small.column("real", ["1"] * 11 + ["0"])
    small.map["source"]["keep_rows"] = {"column": "real", "equals": "1", "why": "test patients"}
    result = check(write_study(small, lambda s: setattr(s["data"].row_dimensions[13], "hidden", True)))
    assert names(result) == []
    assert result.rows["kept"] == 11


def test_a_stray_blank_far_away_costs_nothing(small):
    result = check(write_study(small, lambda s: s["data"].cell(1_048_576, 16_384, " ")))
    assert names(result) == []
    assert values(result, "age") == AGES


def test_formulas_that_were_calculated_and_empty_texts_are_read(tmp_path):
    rows = (
        '<row><c t="inlineStr"><is><t>id</t></is></c><c t="inlineStr"><is><t>a</t></is></c></row>'
        '<row><c t="str"><f>"P"&amp;1</f><v>P1</v></c><c><f>1+1</f><v>2</v></c></row>'
        '<row><c t="str"><f>"P"&amp;2</f><v>P2</v></c><c t="str"><f>IF(1,"",2)</f><v></v></c></row>'
    )
    table = read_table(raw_book(tmp_path / "f.xlsx", {"sheet": sheet_xml(rows)}), ReadOptions())
    assert [column.cells for column in table.columns] == [["P1", "P2"], ["2", ""]]
    assert table.remarks == []


def test_the_draft_names_the_sheet_that_it_read(small):
    source = read_text_yaml(scan_file(write_study(small, others={"legend": LEGEND}) / "f.xlsx"), "s")[
        "source"
    ]
    assert source["sheet"] == "data"
    source = read_text_yaml(scan_file(write_study(small) / "f.xlsx"), "s")["source"]
    assert "sheet" not in source


# files that must be asked about or refused


def test_two_visible_sheets_of_the_same_columns_are_asked_about(small):
    old = [small.header, *[[cell(c) for c in row] for row in small.rows[:6]]]
    result = check(write_study(small, others={"old": old}))
    assert names(result) == ["several_sheets"]
    assert "'old'" in result.as_json()["findings"][0]["message"]


def test_columns_on_another_sheet_are_one_finding(small):
    result = check(
        write_study(small, others={"read me": [["This file"], ["holds the trial"]]}, first=["read me"])
    )
    assert names(result) == ["wrong_sheet"]
    assert "'data'" in result.as_json()["findings"][0]["message"]


def test_columns_on_a_hidden_sheet_are_named(small):
    def hide(sheets):
        sheets["data"].sheet_state = "hidden"

    assert names(check(write_study(small, hide, others={"legend": LEGEND}))) == ["wrong_sheet"]


@pytest.mark.parametrize("rows", [[4], [2, 3, 13]])
def test_hidden_rows_are_asked_about(small, rows):
    def hide(sheets):
        for row in rows:
            sheets["data"].row_dimensions[row].hidden = True

    result = check(write_study(small, hide))
    assert names(result) == ["hidden_rows"]
    assert result.findings[0].rows == rows
    assert result.ready


@pytest.mark.parametrize(
    "above", [[["Trial MUC", None]], [["Trial MUC"], [None], ["version 3", None, "2019"]]]
)
def test_a_title_above_the_header_is_left_out_and_said(small, above):
    result = check(write_study(small, above=above))
    assert names(result) == ["title_rows"]
    assert values(result, "age") == AGES


def test_groups_above_the_names_give_way_to_the_names(small):
    def merge(sheets):
        sheets["data"].merge_cells("A1:D1")
        sheets["data"].merge_cells("E1:F1")

    above = [["Participant", None, None, None, "HAM-D", None]]
    result = check(write_study(small, merge, above=above))
    assert set(names(result)) <= {"title_rows", "two_header_rows"}
    assert values(result, "age") == AGES


def test_a_header_of_two_rows_is_asked_about(small):
    small.map["assessments"][0]["total"] = "pre"

    def merge(sheets):
        for column in "ABCD":
            sheets["data"].merge_cells(f"{column}1:{column}2")
        sheets["data"].merge_cells("E1:F1")

    small.header = [None, None, None, None, "pre", "post"]
    result = check(write_study(small, merge, above=[["id", "arm", "age", "sex", "HAM-D", None]]))
    assert names(result) == ["two_header_rows"]
    assert values(result, "age") == AGES


def test_a_name_that_stands_twice_takes_its_group(small):
    def merge(sheets):
        sheets["data"].merge_cells("E1:F1")
        sheets["data"].merge_cells("G1:H1")

    small.column("b0", ["3"] * 12).column("b1", ["4"] * 12)
    small.header = [None, None, None, None, "t0", "t1", "t0", "t1"]
    above = [["id", "arm", "age", "sex", "HAM-D", None, "BDI", None]]
    small.map["assessments"][0]["total"], small.map["assessments"][1]["total"] = "HAM-D t0", "HAM-D t1"
    result = check(write_study(small, merge, above=above))
    assert [n for n in names(result) if n != "two_header_rows"] == []
    assert [column.name for column in result_columns(small)][-4:] == [
        "HAM-D t0",
        "HAM-D t1",
        "BDI t0",
        "BDI t1",
    ]


def result_columns(small):
    return read_table(small.folder / "f.xlsx", ReadOptions()).columns


def test_cells_merged_over_rows_are_asked_about(small):
    def merge(sheets):
        sheets["data"].merge_cells("C2:C5")

    result = check(write_study(small, merge))
    assert names(result) == ["merged_rows"]
    assert (result.findings[0].column, result.findings[0].rows) == ("age", [3, 4, 5])


def test_rows_of_formulas_that_were_never_calculated_are_not_lost(small):
    def formulas(sheets):
        for at, letter in enumerate("ABCDEF", start=1):
            sheets["data"].cell(13, at, f"=other!{letter}13")

    result = check(write_study(small, formulas))
    assert result.exit_status == 1
    assert {f.name for f in result.findings if f.rows == [13]} >= {"valueless_formula", "participant_missing"}


def test_a_stray_cell_far_below_is_said_by_its_row(small):
    result = check(write_study(small, lambda s: s["data"].cell(1_048_576, 3, 4)))
    assert 1_048_576 in next(f for f in result.findings if f.name == "participant_missing").rows


# sizes are judged before anything is made of them


def many_cells():
    yield f'<worksheet xmlns="{MAIN}"><sheetData><row>'.encode()
    for _ in range(400):
        yield b"<c/>" * 100_000
    yield b"</row></sheetData></worksheet>"


def long_text():
    yield f'<sst xmlns="{MAIN}"><si><t>'.encode()
    for _ in range(60):
        yield b"x" * 1_000_000
    yield b"</t></si></sst>"


def wide_open():
    claim = 'count="99999999999" uniqueCount="99999999999"'
    yield f'<sst xmlns="{MAIN}" {claim}><si><t>a</t></si></sst>'.encode()


ONE = sheet_xml('<row><c t="s"><v>0</v></c></row><row><c><v>1</v></c></row>')


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"sheet": many_cells()}, "million cells"),
        ({"sheet": ONE, "strings": long_text()}, "32,767"),
        ({"sheet": sheet_xml('<row r="99999999999"><c><v>1</v></c></row>')}, "damaged"),
        ({"sheet": sheet_xml('<row><c r="ZZZZ1"><v>1</v></c></row>')}, "damaged"),
        ({"sheet": sheet_xml('<row><c t="s"><v>7</v></c></row>')}, "damaged"),
        ({"sheet": f'<!DOCTYPE a [<!ENTITY b "c">]><worksheet xmlns="{MAIN}">&b;</worksheet>'}, "damaged"),
        ({"sheet": "<worksheet>"}, "damaged"),
    ],
)
def test_what_cannot_be_a_trial_is_refused_at_once(tmp_path, parts, said):
    path = raw_book(tmp_path / "f.xlsx", parts)
    begun = time.monotonic()
    with pytest.raises(ReadError, match=said):
        read_table(path, ReadOptions())
    assert time.monotonic() - begun < 5


def test_what_a_header_claims_takes_no_memory(tmp_path):
    path = raw_book(tmp_path / "f.xlsx", {"sheet": ONE, "strings": wide_open()})
    assert read_table(path, ReadOptions()).names == ["a"]


def test_a_part_that_claims_to_unpack_to_gigabytes_is_refused(tmp_path):
    path = raw_book(tmp_path / "f.xlsx", {"sheet": ONE})
    data = bytearray(path.read_bytes())
    at = data.rfind(b"xl/worksheets/sheet1.xml") - 46
    data[at + 24 : at + 28] = (3_000_000_000).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(ReadError, match="3000 MB"):
        read_table(path, ReadOptions())


def test_stray_cells_everywhere_stay_within_the_memory(tmp_path):
    rows = "".join(f'<row r="{r}"><c r="{column_letters(r)}{r}"><v>1</v></c></row>' for r in range(1, 16_000))
    path = raw_book(tmp_path / "f.xlsx", {"sheet": sheet_xml(rows)})
    script = (
        "import resource,sys;resource.setrlimit(resource.RLIMIT_AS,(1_500_000_000,)*2);"
        "from pathlib import Path;from ipdma.site.formats import *;"
        f"read_table(Path({str(path)!r}),ReadOptions())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "ReadError" in done.stderr
    assert "stray cells" in done.stderr


# the reader against another one


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.integers(-(10**12), 10**12),
            st.floats(allow_nan=False, allow_infinity=False, width=32),
            st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF), min_size=1, max_size=20),
            st.booleans(),
            st.dates(dt.date(1900, 3, 1), dt.date(2100, 1, 1)),
            st.datetimes(dt.datetime(1900, 3, 1), dt.datetime(2100, 1, 1)).map(
                lambda d: d.replace(microsecond=0)
            ),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_cells_read_as_calamine_reads_them(tmp_path_factory, cells):
    calamine = pytest.importorskip("python_calamine")
    path = tmp_path_factory.mktemp("book") / "f.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["x"])
    for value in cells:
        book.active.append([value])
        if isinstance(value, str):
            book.active.cell(book.active.max_row, 1).data_type = "s"
    book.save(path)
    theirs = (
        calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    )
    table = read_table(path, ReadOptions()) if any(str(c).strip() for c in cells) else None
    ours = dict(zip(table.rows, table.columns[0].cells, strict=True)) if table else {}
    for row, (value,) in enumerate(theirs[1:], start=2):
        text = ours.get(row, "")
        if isinstance(value, dt.datetime) and value.time() != dt.time():
            assert text == value.isoformat(sep=" ")
        elif isinstance(value, dt.date):
            assert text == value.isoformat()[:10]
        elif isinstance(value, bool):
            assert text == str(value).upper()
        elif isinstance(value, (int, float)):
            assert float(text) == value
        elif value.strip():
            assert text == value


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_broken_workbook_is_a_sentence(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("book") / "f.xlsx"
    rows = '<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2" s="1"><v>42000</v></c></row>'
    strings = f'<sst xmlns="{MAIN}"><si><r><t>i</t></r><r><t>d</t></r></si></sst>'
    xfs = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
    raw_book(
        path,
        {
            "sheet": sheet_xml(rows),
            "strings": strings,
            "styles": f'<styleSheet xmlns="{MAIN}">{xfs}</styleSheet>',
        },
    )
    with zipfile.ZipFile(path) as archive:
        parts = {name: bytearray(archive.read(name)) for name in archive.namelist()}
    name = data.draw(st.sampled_from(sorted(parts)))
    at = data.draw(st.integers(0, len(parts[name]) - 1))
    parts[name][at] = data.draw(st.integers(0, 255))
    with zipfile.ZipFile(path, "w") as archive:
        for part, content in parts.items():
            archive.writestr(part, bytes(content))
    with contextlib.suppress(ReadError):
        read_table(path, ReadOptions())


@pytest.mark.parametrize("prefix", ["", "x"])
def test_rich_texts_readings_prefixes_and_styles(tmp_path, prefix):
    tag = f"{prefix}:" if prefix else ""
    name = f"xmlns{':' + prefix if prefix else ''}"

    def prefixed(text):
        return text.replace("</", "<\0").replace("<", f"<{tag}").replace(f"<{tag}\0", f"</{tag}")

    strings = prefixed(
        f'<sst {name}="{MAIN}"><si><r><t>pa</t></r><r><t>tient</t></r><rPh><t>kana</t></rPh></si>'
        "<si><t>a_x000D_b</t></si></sst>"
    )
    rows = prefixed(
        f'<worksheet {name}="{MAIN}"><sheetData>'
        '<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>'
        '<row><c s="1"><v>42000.5</v></c><c t="b"><v>1</v></c></row>'
        '<row r="7"><c r="B7" t="d"><v>2016-02-01T00:00:00</v></c></row></sheetData></worksheet>'
    )
    styles = prefixed(
        f'<styleSheet {name}="{MAIN}"><numFmts><numFmt numFmtId="164" formatCode="dd\\.mm\\.yyyy"/></numFmts>'
        '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/>'
        "</cellXfs></styleSheet>"
    )
    path = raw_book(tmp_path / "f.xlsx", {"sheet": rows, "strings": strings, "styles": styles}, prefix=prefix)
    table = read_table(path, ReadOptions())
    assert table.names == ["patient", "a b"]
    assert [column.cells for column in table.columns] == [["2014-12-27 12:00:00", ""], ["TRUE", "2016-02-01"]]
    assert table.rows == [2, 7]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("General", ""),
        ("0.00", ""),
        ('0 "days"', ""),
        ("[Red]0.0;[Blue]-0.0", ""),
        ("#,##0\\d", ""),
        ("0.00E+00", ""),
        ("dd-mm-yyyy", "date"),
        ("[$-413]d mmmm yyyy;@", "date"),
        ("[h]:mm:ss", "span"),
        ("hh:mm", "date"),
        ("@", ""),
    ],
)
def test_which_formats_show_dates(code, kind):
    assert kind_of_format(code) == kind


def test_days_are_counted_as_excel_counts_them():
    assert [date_text(n, False) for n in (1, 59, 61, 42000)] == [
        "1900-01-01",
        "1900-02-28",
        "1900-03-01",
        "2014-12-27",
    ]
    assert date_text(40538, True) == "2014-12-27"
    assert date_text(0.5, False) == "12:00:00"
    assert date_text(1e9, False) == date_text(-1, False) == ""


def test_letters_of_columns_go_there_and_back():
    assert [column_letters(n) for n in (0, 25, 26, 701, 702, 16383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
    assert all(column_number(column_letters(n)) == n for n in range(16_384))


def test_rows_drawn_down_to_nothing_are_hidden(small):
    def flatten(sheets):
        sheets["data"].row_dimensions[4].height = 0
        sheets["data"].row_dimensions[5].height = 3

    result = check(write_study(small, flatten))
    assert [(f.name, f.rows) for f in result.findings if f.name == "hidden_rows"] == [("hidden_rows", [4])]


def test_a_first_sheet_of_notes_is_named_beside_the_others(small):
    result = check(write_study(small, others={"notes": [["Please read"]]}, first=["notes"]))
    assert result.exit_status == 2
    assert "on the sheet 'notes'" in result.error
    assert "'data'" in result.error
