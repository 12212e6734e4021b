"""The mapping as a workbook and back, equal as data, whatever stands in it."""

from __future__ import annotations

import pandas as pd
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from ipdma.cli import main
from ipdma.codebook import load_codebook
from ipdma.codebook.text_yaml import read_text_yaml
from ipdma.errors import ReadError
from ipdma.site.formats.template_book import read_template, write_template
from ipdma.site.template import from_sheets, to_sheets
from ipdma.site.template_cells import read_cell, write_cell
from ipdma.site.yaml_text import write_yaml

CODEBOOK = load_codebook()
BLANK = {"ipdma_study": "1"}
FULL = """
ipdma_study: 1
study: {id: MUC2008, country: NO, year: 2008, randomised: 131}
source:
  file: muc2008.csv
  sheet: null
  encoding: auto
  dates: DMY
  missing: ["-99", "999"]
  layout: long
  visit:
    column: week
    values: {"0": {timepoint: baseline, weeks: 0}, "16": {timepoint: post, weeks: 16}, "8": {ignore: "not;
    asked = all"}}
  keep_rows: {column: randomised, equals: ["1", "2"], why: "screening failures"}
arms:
  stpp: {condition: stpp, label: "STPP, 16 sessions", randomised: 66}
  tau:  {condition: tau, label: "usual \\"care\\"", randomised: 65}
variables:
  participant: {from: Studiennummer}
  arm:         {from: gruppe, values: {"1": stpp, "2": tau}}
  sex:         {from: geslacht, values: {"1": male, "2": female}, missing: {"9": not_applicable}}
  age:         {days_between: [gebdat, datum]}
  education:   {first_of: [opl1, opl2], values: {"007": low, "1.0": high}, missing: ["9"]}
  episode_duration_months: {from: dauer_wochen, unit: weeks}
  antidepressant_at_baseline: {not_collected: "not asked"}
  therapist: {constant: "null"}
assessments:
  - {instrument: hamd17, timepoint: baseline, weeks: 0,  items: "h01_t0..h17_t0"}
  - {instrument: hamd17, timepoint: post, weeks: 16, total: hamd_t6, scoring: sum_53, rating: observer}
  - {instrument: madrs, timepoint: post, weeks: 16, items: [a, "b..c"], missing: "99", convert:
  madrs_to_hamd17}
published:
  reference: "doi:10.1/x"
  arms:
    stpp: {n: 66, age: {mean: 41.2}, hamd17: {post: {n: 55, mean: 9.70}, "follow_up@52": {mean: 8.8}}}
confirmed:
  - {code: IPD-031, variable: age, n: 2, why: "17 at screening", by: data manager, on: 2026-11-20}
"""


def test_the_interface_example_makes_the_round_trip(tmp_path):
    study = tmp_path / "MUC"
    study.mkdir()
    (study / "study.yaml").write_text(FULL, encoding="utf-8")
    before = read_text_yaml(FULL, "f")
    book = tmp_path / "MUC.xlsx"
    assert main(["template", str(study), "--out", str(book)]) == 0
    assert main(["template", str(study), "--from", str(book)]) == 0
    assert read_text_yaml((study / "study.yaml").read_text(encoding="utf-8"), "f") == before
    assert (study / "study.yaml.old").read_text(encoding="utf-8") == FULL
    first = book.read_bytes()
    assert main(["template", str(study), "--out", str(book)]) == 0
    assert main(["template", "--from", str(book), "--out", str(tmp_path / "again.yaml")]) == 0
    assert read_text_yaml((tmp_path / "again.yaml").read_text(encoding="utf-8"), "f") == before
    assert first == book.read_bytes()


def test_nothing_of_the_example_needs_the_sheet_for_the_program():
    rows = to_sheets(read_text_yaml(FULL, "f"), CODEBOOK)
    assert rows["other"] == []


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=6) | st.sampled_from(
    ["null", "1", "007", "a;b", "a=b", '"', "_x0041_", " x", "yes", "=1+1", "\n", "-", "follow_up@52"]
)
values = st.none() | words
leaves = values | st.lists(values, max_size=3) | st.dictionaries(words, values, max_size=3)
trees = st.recursive(
    leaves,
    lambda inner: st.dictionaries(words, inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=6,
)


def entry(*keys):
    """An entry under known keys, and now and then an unknown one."""
    return st.dictionaries(st.sampled_from([*keys, "unknown"]), leaves, max_size=4)


contents = st.fixed_dictionaries(
    {},
    optional={
        "ipdma_study": st.just("1") | leaves,
        "study": entry("id", "country", "year", "randomised", "ipdma_study") | leaves,
        "source": st.fixed_dictionaries(
            {},
            optional={
                "file": values,
                "missing": leaves,
                "visit.column": leaves,
                "visit": st.fixed_dictionaries(
                    {},
                    optional={
                        "column": values,
                        "values": st.dictionaries(words, entry("timepoint", "weeks", "ignore") | leaves),
                    },
                ),
                "keep_rows": entry("column", "equals", "why") | leaves,
            },
        ),
        "arms": st.dictionaries(words, entry("condition", "label", "randomised"), max_size=3),
        "variables": st.dictionaries(
            words, entry("from", "values", "missing", "unit", "not_collected"), max_size=3
        ),
        "assessments": st.lists(entry("instrument", "timepoint", "weeks", "total", "items"), max_size=3)
        | leaves,
        "published": trees,
        "confirmed": st.lists(entry("code", "n", "why"), max_size=2),
        "anything": trees,
    },
)


@settings(max_examples=200, deadline=None)
@given(contents)
def test_any_content_comes_back_from_sheets(content):
    assert from_sheets(to_sheets(content, CODEBOOK)) == (content or BLANK)


@settings(max_examples=12, deadline=None)
@given(contents)
def test_any_content_comes_back_from_the_workbook(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("book") / "t.xlsx"
    path.write_bytes(write_template(to_sheets(content, CODEBOOK), CODEBOOK, ["a", "b"]))
    assert from_sheets(read_template(path)) == (content or BLANK)


@settings(max_examples=150, deadline=None)
@given(contents)
def test_any_content_comes_back_from_yaml(content):
    assert read_text_yaml(write_yaml(content), "f") == (content or None)


@given(leaves)
def test_a_cell_gives_back_what_it_holds(value):
    cell = write_cell(value)
    if cell is not None:
        assert read_cell(cell, "here") == value


def test_a_blank_template_has_a_row_per_target_and_drop_downs(tmp_path):
    (tmp_path / "data.csv").write_text("nr,gruppe,alter\n1,1,40\n2,2,50\n")
    book = tmp_path / "t.xlsx"
    assert main(["template", str(tmp_path), "--out", str(book)]) == 0
    sheets = load_workbook(book)
    assert [row[0].value for row in sheets["variables"].iter_rows(min_row=2) if row[0].value] == list(
        CODEBOOK.variables
    )
    kinds = {rule.formula1 for rule in sheets["variables"].data_validations.dataValidation}
    assert len(kinds) == 2
    columns = [c.value for c in next(sheets["lists"].iter_cols(4, 4))]
    assert columns[:4] == ["columns", "nr", "gruppe", "alter"]
    assert main(["template", "--from", str(book), "--out", str(tmp_path / "study.yaml")]) == 0
    assert read_text_yaml((tmp_path / "study.yaml").read_text(), "f") == {"ipdma_study": "1"}


def test_what_a_person_types_is_understood(tmp_path):
    (tmp_path / "data.csv").write_text("nr,gruppe,alter\n1,1,40\n2,2,50\n")
    book = tmp_path / "t.xlsx"
    assert main(["template", str(tmp_path), "--out", str(book)]) == 0
    sheets = load_workbook(book)
    for row in sheets["variables"].iter_rows(min_row=2):
        if row[0].value == "age":
            row[2].value, row[3].value = "from", "alter"
        if row[0].value == "sex":
            row[2].value, row[3].value, row[4].value, row[5].value = "from", "gruppe", "1=male;2 = female", 9
    sheets["assessments"].append(["hamd17", "post", 16, "h"])
    sheets.save(book)
    assert main(["template", str(tmp_path), "--from", str(book)]) == 0
    made = read_text_yaml((tmp_path / "study.yaml").read_text(), "f")
    assert made["variables"] == {
        "age": {"from": "alter"},
        "sex": {"from": "gruppe", "values": {"1": "male", "2": "female"}, "missing": "9"},
    }


def test_every_cell_that_cannot_be_understood_is_named_at_once():
    rows = to_sheets({}, CODEBOOK)
    rows["variables"] = [
        ["age", "", "form", "alter", "", "", ""],
        ["sex", "", "from", "", "1 = male", "", ""],
    ]
    rows["arms"] = [["a", "stpp", "", ""], ["a", "tau", "", ""]]
    rows["assessments"] = [["hamd17", "post", "16", "h", "", "1 = a; 2", "", "", ""]]
    with pytest.raises(ReadError) as caught:
        from_sheets(rows)
    said = str(caught.value)
    assert "sheet variables, row 2: 'form' is not a verb" in said
    assert "did you mean 'from'?" in said
    assert "sheet variables, row 3: `from` needs a column" in said
    assert "sheet arms, row 3: 'a' occurs twice" in said
    assert "sheet assessments, row 2, missing: write a list" in said
    assert [line.rpartition("(cell ")[2] for line in said.splitlines()] == ["A3)", "C2)", "D3)", "F2)"]


def test_the_workbook_says_how_and_shows_the_codes_of_the_file(tmp_path):
    write_labelled_study(tmp_path)
    book = tmp_path / "t.xlsx"
    assert main(["template", str(tmp_path), "--out", str(book)]) == 0
    sheets = load_workbook(book)
    assert sheets.sheetnames[0] == "read me"
    told = {row[0].value: row[-1].value for row in sheets["variables"].iter_rows(min_row=2)}
    assert "1 man, 2 vrouw" in told["sex"]
    assert "geslacht" in [row[0].value for row in sheets["columns of your file"].iter_rows(min_row=2)]
    assert not any(c.data_type == "f" for sheet in sheets for row in sheet.iter_rows() for c in row)
    assert main(["template", "--from", str(book), "--out", str(tmp_path / "back.yaml")]) == 0
    assert read_text_yaml((tmp_path / "back.yaml").read_text(), "f") == read_text_yaml(
        (tmp_path / "study.yaml").read_text(), "f"
    )


def test_a_cell_with_a_list_refuses_other_words(tmp_path):
    write_labelled_study(tmp_path)
    book = tmp_path / "t.xlsx"
    assert main(["template", str(tmp_path), "--out", str(book)]) == 0
    sheets = load_workbook(book)
    keys = {row[0].value: row[0].row for row in sheets["source"].iter_rows(min_row=2)}
    rules = {str(rule.sqref): rule for rule in sheets["source"].data_validations.dataValidation}
    assert set(rules) == {f"B{keys[key]}" for key in ("layout", "decimal", "dates")}
    strict = {
        (sheet.title, str(rule.sqref)[0]): rule.showErrorMessage
        for sheet in sheets
        for rule in sheet.data_validations.dataValidation
    }
    assert strict[("arms", "B")]
    assert strict[("variables", "C")]
    assert not strict[("variables", "D")]  # a reason in words stands there too
    assert strict[("assessments", "A")]
    assert not strict[("assessments", "D")]


def test_a_mapping_too_long_for_a_workbook_is_refused(tmp_path, capsys):
    arms = "".join(f"  a{n}: {{condition: tau}}\n" for n in range(30_000))
    (tmp_path / "study.yaml").write_text(f"study: {{id: S}}\narms:\n{arms}")
    assert main(["template", str(tmp_path), "--out", str(tmp_path / "t.xlsx")]) == 2
    assert "text editor" in capsys.readouterr().err


def write_labelled_study(folder):
    frame = pd.DataFrame({"nr": [1.0, 2.0, 3.0], "geslacht": [1.0, 2.0, 1.0]})
    pyreadstat.write_sav(
        frame, folder / "f.sav", variable_value_labels={"geslacht": {1.0: "man", 2.0: "vrouw"}}
    )
    (folder / "study.yaml").write_text(
        "ipdma_study: 1\nstudy: {id: S}\nsource: {file: f.sav}\narms:\n  tau: {condition: tau}\n"
        "variables:\n  participant: {from: nr}\n"
        '  sex: {from: geslacht, values: {"1": male, "2": female}}\n'
    )


def test_mistakes_of_use_are_exit_2(tmp_path, capsys):
    assert main(["template", str(tmp_path / "none"), "--out", str(tmp_path / "x.xlsx")]) == 2
    assert main(["template"]) == 2
    (tmp_path / "x.xlsx").write_bytes(b"PK\x03\x04 no")
    assert main(["template", str(tmp_path), "--from", str(tmp_path / "x.xlsx")]) == 2
    (tmp_path / "study.yaml").write_text("a: 1\na: 2\n")
    assert main(["template", str(tmp_path), "--out", str(tmp_path / "y.xlsx")]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not (tmp_path / "y.xlsx").exists()
