"""Tables: what they hold, what they withhold, and the files that other programs open."""

from __future__ import annotations

import csv
import io

import docx
import openpyxl
import pytest
from tests.builders.report_mock import mock_material

from ipdma.report import wording
from ipdma.report.formats.document import table_document
from ipdma.report.formats.markup import table_page
from ipdma.report.formats.text import table_csv
from ipdma.report.formats.workbook import table_workbook
from ipdma.report.ledger import Ledger
from ipdma.report.table import Column, Section, Table
from ipdma.report.tables import tabulate_all


@pytest.fixture(scope="module")
def tables():
    return {table.name: table for table in tabulate_all(mock_material(11), Ledger())}


def cells_of(table):
    """Rows of a table without its headings."""
    return [row for row in table.rows if not isinstance(row, Section)]


def test_all_tables_of_a_paper_are_there(tables):
    assert list(tables) == [
        "summary_of_findings", "certainty", "study_characteristics", "participants.stpp_control",
        "participant_flow", "efficacy", "moderators", "credibility", "tree", "prognosis", "sensitivity",
        "missing_values", "imputation", "one_stage_two_stage", "engines", "studies_not_obtained",
        "with_and_without_ipd", "standardisers",
    ]  # fmt: skip


def test_efficacy_prints_the_headlines_of_both_stages(tables):
    material = mock_material(11)
    rows = cells_of(tables["efficacy"])
    for stage, row in zip(("one", "two"), rows, strict=False):
        record = material.headline(material.analyses[0], stage)
        assert row[4].startswith(f"{record['estimate']:.2f}".replace("-", "\u2212"))
        assert row[2:4] == ("11", "763")
    assert rows[0][11] == wording.NOTHING
    assert rows[1][11] == "38%"
    notes = " ".join(tables["efficacy"].notes)
    assert "favoured by negative values of depression; by positive values of response" in notes
    for word in (
        "Kenward-Roger",
        "modified Hartung-Knapp",
        "CI confidence interval",
        "singular",
    ):
        assert word in notes


def test_moderators_set_within_beside_across_and_naive(tables):
    table = tables["moderators"]
    heads = [column.label for column in table.columns]
    severity = cells_of(table)[0]
    held = dict(zip(heads, severity, strict=True))
    assert held["Coding"] == "per SD of the instrument"
    assert held["K"] == "9 of 11"
    assert held["Missing"] == "43 sporadic; 200 systematic"
    assert held["Holm p"] == ".012"
    assert held["Within trials [95% CI]"] != held["Naive [95% CI]"]
    assert held["Effect at values"].startswith("p10 (2.50): ")
    joint = next(row for row in cells_of(table) if row[0] == "Chronicity")
    assert joint[5] == "F(2, 12.4) = 3.21, p = .043"
    assert joint[1] == "reference: under 1 year, n = 310"


def test_small_levels_are_withheld_with_a_second_one(tables):
    rows = {row[0].strip(): row for row in cells_of(tables["participants.stpp_control"])}
    assert rows["Other"][3:] == ("<10", "<10", "<10")
    assert rows["Male"][3:] == ("*", "*", "*")
    assert rows["Female"][3].endswith("%)")
    moderators = {row[1] for row in cells_of(tables["moderators"])}
    assert "2 years or more, n = <10" in moderators
    assert "1 to under 2 years, n = *" in moderators


def test_what_is_withheld_stands_in_the_place_of_the_number():
    material = mock_material(3)
    counts = material.counts.copy()
    chosen = (
        (counts["analysis_id"] == "stpp_control")
        & (counts["what"] == "characteristic_mean")
        & (counts["study"].isna())
    )
    counts.loc[chosen, "n"] = None
    counts.loc[chosen, "withheld"] = "all but <10"
    changed = type(material)(
        material.estimates, material.study_estimates, counts, material.plan, material.registry
    )
    table = next(t for t in tabulate_all(changed, Ledger()) if t.name.startswith("participants"))
    assert cells_of(table)[0][2] == "all but <10"


def test_csv_reads_back_with_plain_numbers(tables):
    table = tables["engines"]
    rows = list(csv.reader(io.StringIO(table_csv(table).decode())))
    assert rows[0] == [c.label for c in table.columns]
    assert float(rows[2][2]) < 0
    assert len(rows) == len(table.rows) + 1


def test_workbook_reopens_with_numbers_as_numbers(tables):
    table = tables["engines"]
    content = table_workbook(table)
    assert content == table_workbook(table)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet["A1"].value == table.title
    assert [c.value for c in sheet[2]] == [c.label for c in table.columns]
    assert isinstance(sheet["C4"].value, float)
    assert sheet["C4"].number_format == "0.0000"
    texts = [cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    assert table.notes[0] in texts
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)


def test_text_that_looks_like_a_formula_stays_text():
    table = Table("t", "T", [Column("A", "left")], [("=1+1",), ("@x",)])
    sheet = openpyxl.load_workbook(io.BytesIO(table_workbook(table))).active
    assert sheet["A3"].data_type == "s"


def test_word_document_has_real_cells_headings_and_notes(tables):
    table = tables["moderators"]
    content = table_document(table)
    assert content == table_document(table)
    document = docx.Document(io.BytesIO(content))
    grid = document.tables[0]
    assert [cell.text.replace("\u00a0", " ") for cell in grid.rows[0].cells] == [
        c.label for c in table.columns
    ]
    assert len(grid.rows) == len(table.rows) + 1
    first = [cell.text.replace("\u00a0", " ") for cell in grid.rows[2].cells]
    assert tuple(first) == cells_of(table)[0]
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert table.title in text
    assert all(note in text for note in table.notes)
    widths = [column.width for column in grid.columns]
    section = document.sections[0]
    assert sum(widths) <= section.page_width - section.left_margin - section.right_margin + 10


def test_all_tables_go_into_one_document(tables):
    document = docx.Document(io.BytesIO(table_document(list(tables.values()))))
    assert len(document.tables) == len(tables)


def test_markup_is_escaped():
    table = Table(
        "t",
        "A <b> title",
        [Column("x", "left"), Column("y")],
        [("<script>", "1"), Section("a & b")],
        ["note <1>"],
    )
    page = table_page(table, "").decode()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "a &amp; b" in page


def test_a_row_of_wrong_length_is_refused():
    with pytest.raises(ValueError, match="2 cells in a row of 1"):
        Table("t", "T", [Column("A")], [("1", "2")])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0004, "< .001"),
        (0.043, ".043"),
        (0.0495, ".049"),
        (1.0, "> .999"),
        (0.9996, "> .999"),
        (None, wording.NOTHING),
    ],
)
def test_p_values(value, text):
    assert wording.p_value(value) in {text, ".050" if value == 0.0495 else text}


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(-0.004, 2, "0.00"), (-0.005001, 2, "\u22120.01"), (2.5, 0, "2"), (None, 2, "\u2014")],
)
def test_rounding(value, digits, text):
    assert wording.fixed(value, digits) == text


def test_the_flow_has_a_row_per_arm_and_no_count_of_a_few_lost(tables):
    rows = cells_of(tables["participant_flow"])
    assert len(rows) == 22
    assert rows[0][1:] == ("STPP", "90", "46", "40", "40")
    assert rows[1][1:] == ("Control", "", "44", "38", "38")
    assert not any("outcome" in column.label for column in tables["participant_flow"].columns)
