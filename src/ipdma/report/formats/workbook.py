"""A table as an Excel workbook."""

from __future__ import annotations

import io
import re
from copy import copy
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from ipdma.report.formats.archive import still
from ipdma.report.table import Section, Table

NUMBER = re.compile(r"^\u2212?\d+(\.\d+)?$")
ALIGN = {"left": "left", "right": "right", "centre": "center"}


def table_workbook(table: Table) -> bytes:
    """Title, heading row, cells (plain numbers as numbers, with the decimals that are printed), notes."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = re.sub(r"[\[\]:*?/\\]", " ", table.name)[:31]
    sheet.append([table.title])
    sheet["A1"].font = Font(bold=True, size=12)
    sheet.append([column.label for column in table.columns])
    for row in table.rows:
        sheet.append([row.label] if isinstance(row, Section) else [as_cell(cell) for cell in row])
    decorate(sheet, table)
    sheet.append([""])
    for note in table.notes:
        add_note(sheet, note, len(table.columns))
    for row in sheet.iter_rows():
        for cell in row:
            if cell.data_type == "f":  # a text that begins with = is a formula to openpyxl
                cell.data_type = "s"
    held = io.BytesIO()
    book.save(held)
    return still(held.getvalue())


def add_note(sheet: Any, note: str, columns: int) -> None:
    """A note across the table's width, as tall as it needs to be."""
    sheet.append([note])
    row = sheet.max_row
    sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=columns)
    width = sum(sheet.column_dimensions[get_column_letter(i)].width for i in range(1, columns + 1))
    sheet.cell(row, 1).font = Font(italic=True, size=9)
    sheet.cell(row, 1).alignment = Alignment(wrap_text=True, vertical="top")
    sheet.row_dimensions[row].height = 13 * (1 + int(len(note) / max(width, 20)))


def as_cell(text: str) -> str | float | int:
    """A plain number as a number, all else as the text that it is."""
    if NUMBER.match(text):
        number = float(text.replace("\u2212", "-"))
        return int(number) if "." not in text else number
    return text


def decorate(sheet: Any, table: Table) -> None:
    """Heading, sections, number formats, widths; the heading stays in sight."""
    line = Side(style="thin")
    wardrobe: dict[tuple[Any, ...], Any] = {}
    for index, column in enumerate(table.columns, 1):
        cell = sheet.cell(2, index)
        indent = 1 if index > 1 and column.align == "left" else 0
        cell.font, cell.border = Font(bold=True), Border(top=line, bottom=line)
        cell.alignment = Alignment(
            horizontal=ALIGN[column.align], wrap_text=True, vertical="bottom", indent=indent
        )
        texts = [row[index - 1] for row in table.rows if not isinstance(row, Section)]
        sheet.column_dimensions[get_column_letter(index)].width = min(44, 3 + max([9, *map(len, texts)]))
    broad = [sheet.column_dimensions[get_column_letter(i)].width for i in range(1, len(table.columns) + 1)]
    for number, row in enumerate(table.rows, 3):
        if isinstance(row, Section):
            sheet.cell(number, 1).font = Font(bold=True)
            sheet.cell(number, 1).fill = PatternFill("solid", fgColor="EDEDED")
            continue
        tall = max(
            1 + int((len(text) - 1) / max(width - 2, 1))
            for text, width in zip(row, broad, strict=True)
            if text
        )
        sheet.row_dimensions[number].height = 14.5 * tall
        for index, text in enumerate(row, 1):
            cell = sheet.cell(number, index)
            decimals = len(text.partition(".")[2]) if NUMBER.match(text) else 0
            dress(cell, table.columns[index - 1].align, index > 1, decimals, wardrobe)
            if isinstance(cell.value, str):
                cell.data_type = "s"
    heading = max(len(c.label) / max(width, 1) for c, width in zip(table.columns, broad, strict=True))
    sheet.row_dimensions[2].height = 15 * (1 + int(heading))
    sheet.freeze_panes = "B3"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def dress(cell: Any, align: str, inner: bool, decimals: int, wardrobe: dict[tuple[Any, ...], Any]) -> None:
    """Alignment and number format of a cell; those of a look are made once and then handed on (`wardrobe`),
    since openpyxl compares each new one with all that it has."""
    look = (align, inner, decimals)
    if look in wardrobe:
        cell._style = copy(wardrobe[look])
        return
    indent = 1 if inner and align == "left" else 0
    cell.alignment = Alignment(horizontal=ALIGN[align], vertical="top", wrap_text=True, indent=indent)
    if decimals:
        cell.number_format = "0." + "0" * decimals
    wardrobe[look] = cell._style
