"""Tables as a Word document that is ready to paste: real cells, the journal's three rules, notes below."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Inches, Pt

from ipdma.report.formats.archive import still
from ipdma.report.style import text_width
from ipdma.report.table import Section, Table

ALIGN = {
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
    "centre": WD_ALIGN_PARAGRAPH.CENTER,
}
INTERVAL = re.compile(r"\[[^\]]*\]|< \.001|[pF]\(?[^;,]{0,12}\)? = [\u2212.\d]+")
SERIF = 1.04  # room for a wider serif face where Times is not there
CELL = 0.19  # inches of a cell's own margins
WIDE = 7  # columns from which a page lies on its side


def table_document(tables: Table | Sequence[Table]) -> bytes:
    """One document of one or several tables, each on a page of its own."""
    tables = [tables] if isinstance(tables, Table) else list(tables)
    document = Document()
    set_page(document, max(len(t.columns) for t in tables) >= WIDE)
    for index, table in enumerate(tables):
        if index:
            document.add_page_break()
        add_table(document, table)
    held = io.BytesIO()
    document.save(held)
    return still(held.getvalue())


def set_page(document: Any, wide: bool) -> None:
    """A4 with two-centimetre margins, in Times at ten points."""
    section = document.sections[0]
    section.page_width, section.page_height = (Cm(29.7), Cm(21)) if wide else (Cm(21), Cm(29.7))
    section.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(2)
    document.styles["Normal"].font.name = "Times New Roman"
    document.styles["Normal"].font.size = Pt(10)
    document.core_properties.author = "ipdma"


def add_table(document: Any, table: Table) -> None:
    """Title, cells, notes."""
    write(document.add_paragraph(), table.title, bold=True)
    grid = document.add_table(rows=1, cols=len(table.columns))
    grid.autofit = False
    size = (
        9
        if len(table.columns) < WIDE
        else 8
        if len(table.columns) < 10
        else 7
        if len(table.columns) < 14
        else 6
    )
    set_widths(grid, table, size, room_of(document))
    for cell, column in zip(grid.rows[0].cells, table.columns, strict=True):
        fill(cell, column.label, column.align, size, bold=True)
        rule(cell, top=True, bottom=True)
    repeat_heading(grid.rows[0])
    for row in table.rows:
        add_row(grid, table, row, size)
    for cell in grid.rows[-1].cells:
        rule(cell, bottom=True)
    for index, note in enumerate(table.notes):
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(2)
        if index == 0:
            write(paragraph, "Note. ", italic=True, size=9)
        write(paragraph, note, size=9)


def room_of(document: Any) -> float:
    """Width between the margins, in inches."""
    section = document.sections[0]
    return float(section.page_width - section.left_margin - section.right_margin) / Inches(1)


def set_widths(grid: Any, table: Table, size: int, room: float) -> None:
    """Columns as wide as their text asks for; where that is too much, none narrower than its longest word."""
    ideal, least = [], []
    for index, column in enumerate(table.columns):
        cells = [column.label, *(row[index] for row in table.rows if not isinstance(row, Section))]
        words = [part for cell in cells for part in re.split("[ \n]", unbroken(cell))]
        heads = [text_width(w, size, "bold") for w in column.label.split(" ")]
        least.append(max([text_width(w, size) for w in words] + heads) * SERIF + CELL)
        ideal.append(
            max(
                least[-1],
                min(
                    3.0,
                    max(text_width(line, size) for cell in cells for line in cell.split("\n")) * SERIF + CELL,
                ),
            )
        )
    share = (room - sum(least)) / max(sum(ideal) - sum(least), 1e-9)
    widths = [low + (high - low) * min(max(share, 0.0), 1.0) for low, high in zip(least, ideal, strict=True)]
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = Inches(width * min(1.0, room / sum(widths)))
        for cell in column.cells:
            cell.width = column.width


def unbroken(text: str) -> str:
    """Intervals and tests hold together: their spaces do not break."""
    return INTERVAL.sub(lambda found: found.group().replace(" ", "\u00a0"), text)


def add_row(grid: Any, table: Table, row: tuple[str, ...] | Section, size: int) -> None:
    """A row of cells, or a heading across them."""
    cells = grid.add_row().cells
    for cell, column in zip(cells, grid.columns, strict=True):
        cell.width = column.width
    if isinstance(row, Section):
        fill(cells[0].merge(cells[-1]), row.label, "left", size, bold=True)
        return
    for cell, column, text in zip(cells, table.columns, row, strict=True):
        fill(cell, text, column.align, size)


def fill(cell: Any, text: str, align: str, size: int, bold: bool = False) -> None:
    """The text of one cell."""
    paragraph = cell.paragraphs[0]
    paragraph.alignment = ALIGN[align]
    paragraph.paragraph_format.space_after = Pt(0)
    write(paragraph, unbroken(text), bold=bold, size=size)


def write(
    paragraph: Any, text: str, bold: bool = False, italic: bool = False, size: int | None = None
) -> None:
    """A run of text."""
    run = paragraph.add_run(text)
    run.bold, run.italic = bold, italic
    if size:
        run.font.size = Pt(size)


def rule(cell: Any, top: bool = False, bottom: bool = False) -> None:
    """A line above or below a cell."""
    borders = OxmlElement("w:tcBorders")
    for side in [name for name, wanted in (("top", top), ("bottom", bottom)) if wanted]:
        line = OxmlElement(f"w:{side}")
        for key, value in {"val": "single", "sz": "6", "space": "0", "color": "000000"}.items():
            line.set(qn(f"w:{key}"), value)
        borders.append(line)
    cell._tc.get_or_add_tcPr().append(borders)


def repeat_heading(row: Any) -> None:
    """The heading comes again on every page."""
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)
