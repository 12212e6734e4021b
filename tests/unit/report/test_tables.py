"""Tables: what they hold, what they withhold, and the files that other programs open."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from functools import partial

import docx
import openpyxl
import pandas as pd
import pytest
from tests.builders.network_material import network_material
from tests.builders.report_mock import mock_material

from ipdma.report import wording
from ipdma.report.exhibit import render_exhibit
from ipdma.report.figures import list_exhibits
from ipdma.report.formats.document import table_document
from ipdma.report.formats.markup import table_page
from ipdma.report.formats.text import table_csv
from ipdma.report.formats.workbook import table_workbook
from ipdma.report.ledger import Ledger
from ipdma.report.manuscript import manuscript, printed_exhibits
from ipdma.report.methods import methods_paragraphs
from ipdma.report.prisma import check_items
from ipdma.report.table import Column, Section, Table
from ipdma.report.tables import tabulate_all
from ipdma.report.words import BLINDED


@pytest.fixture(scope="module")
def tables():
    return {table.name: table for table in tabulate_all(mock_material(11), Ledger())}


def cells_of(table):
    """Rows of a table without its headings."""
    return [row for row in table.rows if not isinstance(row, Section)]


def test_all_tables_of_a_paper_are_there(tables):
    assert list(tables) == [
        "summary_of_findings", "certainty", "study_characteristics", "participants.stpp_control",
        "participant_flow", "efficacy", "moderators", "moderator_effects", "moderators_across",
        "credibility", "tree", "prognosis", "efficacy_models", "sensitivity", "missing_values", "imputation",
        "one_stage_two_stage", "engines", "studies_not_obtained",
        "with_and_without_ipd", "standardisers",
    ]  # fmt: skip


def marked(material):
    """A material of which every fit stopped at a boundary without converging."""
    return replace(material, estimates=material.estimates.assign(singular=True, converged=False))


@pytest.mark.parametrize("make", [partial(mock_material, 11), network_material])
def test_a_mark_is_explained_below_its_table(make):
    found = [
        (table, mark)
        for table in tabulate_all(marked(make()), Ledger())
        for mark in ("\u2020", "\u2021")
        if any(mark in cell for row in cells_of(table) for cell in row)
    ]
    assert len({table.name for table, _ in found}) >= 4
    for table, mark in found:
        assert any(f"{mark} " in note for note in table.notes), (table.name, mark)


def test_every_table_of_a_blinded_rehearsal_says_so(tables):
    material = mock_material()
    blinded = replace(material, plan={**material.plan, "blind": True})
    assert all(BLINDED in table.notes for table in tabulate_all(blinded, Ledger()))
    assert not any(BLINDED in table.notes for table in tables.values())


def test_every_model_stands_in_both_stages(tables):
    material = mock_material(11)
    rows = cells_of(tables["efficacy_models"])
    for stage, row in zip(("one", "two"), rows, strict=False):
        record = material.headline(material.analyses[0], stage)
        assert row[4].startswith(f"{record['estimate']:.2f}".replace("-", "\u2212"))
        assert row[2:4] == ("11", "763")
    assert rows[0][10] == wording.NOTHING
    assert rows[1][10] == "38%"
    notes = " ".join(tables["efficacy_models"].notes)
    assert "favoured by negative values of depression; by positive values of response" in notes
    for word in (
        "Kenward-Roger",
        "modified Hartung-Knapp",
        "CI confidence interval",
        "singular",
    ):
        assert word in notes


def test_efficacy_has_a_row_per_outcome_and_time_point(tables):
    material = mock_material(11)
    rows = cells_of(tables["efficacy"])
    assert len(rows) == len(material.analyses)
    assert rows[0][0] == "Depression, post-treatment"
    record = material.headline(material.analyses[0], "one")
    assert rows[0][3].startswith(f"{record['estimate']:.2f}".replace("-", "\u2212"))
    response = next(row for row in rows if row[0].startswith("Response"))
    assert float(response[3].split()[0]) > 0  # an odds ratio


def test_moderators_stand_in_three_tables(tables):
    table = tables["moderators"]
    heads = [column.label for column in table.columns]
    held = dict(zip(heads, cells_of(table)[0], strict=True))
    assert held["Moderator"] == "Severity, per SD of the instrument"
    assert held["K"] == "9 of 11"
    assert held["Holm p"] == ".012"
    joint = next(row for row in cells_of(table) if row[0].startswith("Chronicity"))
    assert joint[0] == "Chronicity (reference: under 1 year)"
    assert joint[3:5] == ("F(2, 12.4) = 3.21", ".043")
    across = dict(
        zip(
            [c.label for c in tables["moderators_across"].columns],
            cells_of(tables["moderators_across"])[0],
            strict=True,
        )
    )
    assert across["Missing"] == "43 sporadic; 200 systematic"
    assert held["B [95% CI]"] != across["Naive [95% CI]"]
    assert cells_of(tables["moderator_effects"])[0][1] == "p10 (2.50)"


def test_the_interaction_beside_risk_of_bias_is_printed(tables):
    material = mock_material(11)
    head = material.analyses[0].ident("primary", "one", "severity")
    estimates = material.estimates.copy()
    beside = estimates[estimates["analysis_id"] == str(head)].copy()
    beside["analysis_id"] = str(material.analyses[0].ident("rob_moderator", "one", "severity"))
    beside["model"] = "rob_moderator"
    beside.loc[beside["term"] == "treatment:within:severity", ["estimate", "ci_low", "ci_high"]] = [
        -0.31, -0.52, -0.1,
    ]  # fmt: skip
    changed = type(material)(
        pd.concat([estimates, beside]), material.study_estimates, material.counts, material.plan
    )
    table = next(t for t in tabulate_all(changed, Ledger()) if t.name == "moderators")
    assert cells_of(table)[0][6] == "\u22120.31 [\u22120.52, \u22120.10]"
    assert cells_of(tables["moderators"])[0][6] == wording.NOTHING


def test_small_levels_are_withheld_with_a_second_one(tables):
    rows = {row[0].strip(): row for row in cells_of(tables["participants.stpp_control"])}
    assert rows["Other"][3:] == ("<10", "<10", "<10")
    assert rows["Male"][3:] == ("*", "*", "*")
    assert rows["Female"][3].endswith("%)")
    levels = {row[1]: row[2] for row in cells_of(tables["moderator_effects"])}
    assert levels["2 years or more"] == "<10"
    assert levels["1 to under 2 years"] == "*"


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
    heads = [p.text for p in document.paragraphs if p.style.name == "Heading 2"]
    assert heads == [f"Table {n}" for n in range(1, len(tables) + 1)]
    section = document.sections[0]
    assert section.page_height > section.page_width
    listed = document.element.xpath("//w:hyperlink/@w:anchor")
    assert listed == document.element.xpath("//w:bookmarkStart/@w:name")


def test_letters_of_a_word_table_have_eight_points(tables):
    document = docx.Document(io.BytesIO(table_document(list(tables.values()))))
    sizes = {int(size) / 2 for size in document.element.xpath("//w:tbl//w:sz/@w:val")}
    assert min(sizes) >= 8


def test_the_manuscript_holds_methods_tables_figures_and_the_checklist():
    material = mock_material(3)
    ledger = Ledger()
    tables, exhibits = tabulate_all(material, ledger), list_exhibits(material, ledger)
    items = check_items(["figures/prisma_ipd_flow.svg"])
    printed = printed_exhibits(material, exhibits)
    first, *others = [e.name for e in printed]
    pictures = dict(render_exhibit(printed[0], ["png"]))
    content = manuscript(material, tables, exhibits, items, ledger, {first: pictures["png"]})
    assert content == manuscript(material, tables, exhibits, items, ledger, {first: pictures["png"]})
    document = docx.Document(io.BytesIO(content))
    heads = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
    assert heads == [
        "Abstract", "Introduction", "Methods", "Results", "Discussion", "Tables", "Figures",
        "PRISMA-IPD checklist",
    ]  # fmt: skip
    text = "\n".join(p.text for p in document.paragraphs)
    assert all(e.caption in text for e in printed)
    assert len(document.inline_shapes) == 1
    assert document.inline_shapes[0].width <= docx.shared.Cm(17)
    assert all(f"figures/{name}.svg" in text for name in [first, *others])
    bare = docx.Document(io.BytesIO(manuscript(material, tables, exhibits, items, ledger, {})))
    assert [p.text for p in bare.paragraphs if p.text] == [p.text for p in document.paragraphs if p.text]
    assert all(line in text for line in methods_paragraphs(material, ledger))


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


def test_beside_a_sensitivity_row_on_other_trials_stands_the_primary_model_on_them(tables):
    material = mock_material(11)
    rows = {(row[0], row[1]): row for row in reversed(cells_of(tables["sensitivity"]))}
    beside = material.headline(material.analyses[0], "one", "low_risk:same_trials")
    assert rows["Low risk", "one stage"][7].startswith(f"\u2212{abs(beside['estimate']):.2f} [")
    assert rows["Primary analysis", "one stage"][7] == wording.NOTHING
    assert not any("same trials" in name.lower() for name, _ in rows)
