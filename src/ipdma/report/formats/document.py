"""Tables as a Word document that is ready to paste: real cells, the journal's three rules, notes below."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Inches, Pt, RGBColor

from ipdma.report.formats.archive import still
from ipdma.report.style import text_width
from ipdma.report.table import Section, Table

ALIGN = {"left": "left", "right": "right", "centre": "center"}
INTERVAL = re.compile(
    r"\d+ of \d+|K - 1|(?:\u221e, )?\b[BH] [\d.]+|\[[^\]]*\]|< \.001|[pF]\(?[^;,]{0,12}\)? = [\u2212.\d]+"
)
LONG_WORD = re.compile(r"[^\s\u00a0]{24,}")
MARK = re.compile(r"([/._-])(?=\w)")
BREAKS = re.compile(r"[ \n\u200b]|(?<=[a-z]-)(?=[a-z])")
STEP = 0.05  # inches by which a column grows
WIDEST = 3.0
SERIF = 1.04  # room for a wider serif face where Times is not there
CELL = 0.085  # inches of a cell's own margins
SIDE = 58  # the same on each side, in twentieths of a point
WIDE = 6  # columns from which letters have eight points; nothing is smaller


def table_document(tables: Table | Sequence[Table]) -> bytes:
    """One document of one or several tables; several are numbered, each on a page of its own after a list
    of contents."""
    tables = [tables] if isinstance(tables, Table) else list(tables)
    document = new_document()
    many = len(tables) > 1
    if many:
        document.add_heading("Tables", 1)
        add_contents(document, [f"Table {n}. {t.title}" for n, t in enumerate(tables, 1)])
    for number, table in enumerate(tables, 1):
        if many:
            document.add_page_break()
        add_table(document, table, number if many else 0)
    return document_bytes(document)


def document_bytes(document: Any) -> bytes:
    """The finished file, without a date."""
    held = io.BytesIO()
    document.save(held)
    return still(held.getvalue())


def new_document() -> Any:
    """An upright A4 page with two-centimetre margins, in Times at ten points, headings in the same ink."""
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(2)
    for name, size in (("Normal", 10), ("Title", 16), ("Heading 1", 13), ("Heading 2", 11), ("Caption", 10)):
        font = document.styles[name].font
        font.name, font.size, font.color.rgb = "Times New Roman", Pt(size), RGBColor(0, 0, 0)
        own = document.styles[name].element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            own.attrib.pop(qn(f"w:{theme}"), None)
    document.core_properties.author = "ipdma"
    return document


def add_contents(document: Any, entries: Sequence[str]) -> None:
    """A list whose entries lead to the tables."""
    for number, entry in enumerate(entries, 1):
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(2)
        link = parse_xml(
            f'<w:hyperlink {nsdecls("w")} w:anchor="table{number}"><w:r><w:t xml:space="preserve">'
            f"{escape(entry)}</w:t></w:r></w:hyperlink>"
        )
        paragraph._p.append(link)


def add_table(document: Any, table: Table, number: int = 0) -> None:
    """Number and title, cells, notes: APA style."""
    if number:
        head = document.add_heading(f"Table {number}", 2)
        mark = f'{nsdecls("w")} w:id="{number}"'
        head._p.append(parse_xml(f'<w:bookmarkStart {mark} w:name="table{number}"/>'))
        head._p.append(parse_xml(f"<w:bookmarkEnd {mark}/>"))
    caption = document.add_paragraph(style="Caption")
    caption.paragraph_format.keep_with_next = True
    write(caption, table.title, italic=True)
    size = 9 if len(table.columns) < WIDE else 8
    body = document.element.body
    body.insert(
        len(body) - 1, parse_xml(table_xml(table, size, column_widths(table, size, room_of(document))))
    )
    for index, note in enumerate(table.notes):
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.space_before = Pt(4 if index == 0 else 0)
        paragraph.paragraph_format.space_after = Pt(2)
        if index == 0:
            write(paragraph, "Note. ", italic=True, size=9)
        write(paragraph, note, size=9)


def table_xml(table: Table, size: int, widths: list[int]) -> str:
    """The table in Word's own words; python-docx builds the same, two hundred times as slowly.

    Parameters
    ----------
    size : int
        Points of the letters.
    widths : list of int
        Of the columns, in twentieths of a point.
    """
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    heads = [column.label for column in table.columns]
    rows = [row_xml(table, heads, size, widths, bold=True, above=True, below=True, head=True)]
    for index, row in enumerate(table.rows):
        last = index == len(table.rows) - 1
        if isinstance(row, Section):
            cell = cell_xml(row.label, "left", size, sum(widths), bold=True, below=last, span=len(widths))
            rows.append(f"<w:tr>{cell}</w:tr>")
        else:
            rows.append(row_xml(table, row, size, widths, below=last))
    properties = (
        '<w:tblPr><w:tblW w:w="0" w:type="auto"/><w:tblLayout w:type="fixed"/>'
        f'<w:tblCellMar><w:left w:w="{SIDE}" w:type="dxa"/><w:right w:w="{SIDE}" w:type="dxa"/>'
        "</w:tblCellMar>"
        '<w:tblLook w:val="04A0"/></w:tblPr>'
    )
    return f"<w:tbl {nsdecls('w')}>{properties}<w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"


def row_xml(
    table: Table,
    texts: Sequence[str],
    size: int,
    widths: list[int],
    bold: bool = False,
    above: bool = False,
    below: bool = False,
    head: bool = False,
) -> str:
    """One row; the heading comes again on every page, and no row breaks over two."""
    cells = "".join(
        cell_xml(text, column.align, size, width, bold, above, below)
        for text, column, width in zip(texts, table.columns, widths, strict=True)
    )
    repeated = "<w:tblHeader/>" if head else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{repeated}</w:trPr>{cells}</w:tr>"


def cell_xml(
    text: str,
    align: str,
    size: int,
    width: int,
    bold: bool = False,
    above: bool = False,
    below: bool = False,
    span: int = 1,
) -> str:
    """One cell with its rules above and below."""
    lines = "".join(
        f'<w:{side} w:val="single" w:sz="6" w:space="0" w:color="000000"/>'
        for side, wanted in (("top", above), ("bottom", below))
        if wanted
    )
    borders = f"<w:tcBorders>{lines}</w:tcBorders>" if lines else ""
    merged = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    look = f'<w:rPr>{"<w:b/>" if bold else ""}<w:sz w:val="{2 * size}"/></w:rPr>'
    runs = "<w:br/>".join(
        f'<w:t xml:space="preserve">{escape(line)}</w:t>' for line in unbroken(text).split("\n")
    )
    held = "<w:keepNext/>" if span > 1 else ""  # a heading stays with its rows
    paragraph = (
        f'<w:pPr>{held}<w:spacing w:after="0"/><w:jc w:val="{ALIGN[align]}"/></w:pPr><w:r>{look}{runs}</w:r>'
    )
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" '
        f'w:type="dxa"/>{merged}{borders}</w:tcPr><w:p>{paragraph}</w:p></w:tc>'
    )


def room_of(document: Any) -> float:
    """Width between the margins, in inches."""
    section = document.sections[0]
    return float(section.page_width - section.left_margin - section.right_margin) / Inches(1)


def column_widths(table: Table, size: int, room: float) -> list[int]:
    """Columns no narrower than their longest word; what room is left goes where it saves most height.

    `room` is in inches, the widths in twentieths of a point.
    """
    rows = [row for row in table.rows if not isinstance(row, Section)]
    asked = np.array(
        [[asked_width(cell, size) for cell in row] for row in rows] or [[0.0] * len(table.columns)]
    )
    least, ideal = [], []
    for index, column in enumerate(table.columns):
        cells = [column.label, *(row[index] for row in rows)]
        words = {part for cell in cells for part in BREAKS.split(unbroken(cell))}
        heads = [text_width(w, size, "bold") for w in column.label.split(" ")]
        least.append(max([text_width(w, size) for w in words] + heads) * SERIF + CELL)
        longest = max(text_width(line, size) for cell in set(cells) for line in cell.split("\n"))
        ideal.append(max(least[-1], min(WIDEST, longest * SERIF + CELL)))
    widths = shared_out(asked, np.array(least), np.array(ideal), room)
    return [int(1440 * width * min(1.0, room / sum(widths))) for width in widths]


def asked_width(cell: str, size: int) -> float:
    """How long a cell's text is as one line, in inches."""
    return text_width(cell.replace("\n", " "), size) * SERIF


def shared_out(asked: np.ndarray, least: np.ndarray, ideal: np.ndarray, room: float) -> list[float]:
    """Widths from `least` up to `ideal`: each step goes to the column that lowers the rows most.

    `asked` is the length of each cell's text, rows by columns; all in inches.
    """
    widths = least.copy()
    while widths.sum() + STEP <= min(room, ideal.sum()):
        lines = np.maximum(asked / (widths - CELL + 1e-9), 1.0)
        wider = np.maximum(asked / (widths + STEP - CELL), 1.0)
        heights = [
            np.max(np.where(np.arange(len(widths)) == c, wider, lines), axis=1).sum()
            for c in range(len(widths))
        ]
        open_ones = widths + STEP <= ideal + 1e-9
        if not open_ones.any():
            break
        order = np.lexsort((-lines.sum(axis=0), np.where(open_ones, heights, np.inf)))
        widths[order[0]] += STEP
    return [float(width) for width in widths]


@lru_cache(maxsize=16384)
def unbroken(text: str) -> str:
    """Intervals and tests hold together: their spaces do not break; a long path does, after its marks."""
    held = INTERVAL.sub(lambda found: found.group().replace(" ", "\u00a0"), text)
    return LONG_WORD.sub(lambda found: MARK.sub("\\1\u200b", found.group()), held)


def write(
    paragraph: Any, text: str, bold: bool = False, italic: bool = False, size: int | None = None
) -> None:
    """A run of text."""
    run = paragraph.add_run(text)
    run.bold, run.italic = bold, italic
    if size:
        run.font.size = Pt(size)
