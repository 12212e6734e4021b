"""A table as an Excel workbook."""

from __future__ import annotations

import io
import re
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
    for note in ["", *table.notes]:
        sheet.append([note])
        sheet.cell(sheet.max_row, 1).font = Font(italic=True, size=9)
    held = io.BytesIO()
    book.save(held)
    return still(held.getvalue())


def as_cell(text: str) -> str | float | int:
    """A plain number as a number; text that Excel would take for a formula stays text."""
    if NUMBER.match(text):
        number = float(text.replace("\u2212", "-"))
        return int(number) if "." not in text else number
    return text


def decorate(sheet: Any, table: Table) -> None:
    """Heading, sections, number formats, widths; the heading stays in sight."""
    line = Side(style="thin")
    for index, column in enumerate(table.columns, 1):
        cell = sheet.cell(2, index)
        cell.font, cell.border = Font(bold=True), Border(top=line, bottom=line)
        cell.alignment = Alignment(horizontal=ALIGN[column.align], wrap_text=True, vertical="bottom")
        texts = [row[index - 1] for row in table.rows if not isinstance(row, Section)]
        sheet.column_dimensions[get_column_letter(index)].width = min(44, 3 + max([9, *map(len, texts)]))
    for number, row in enumerate(table.rows, 3):
        if isinstance(row, Section):
            sheet.cell(number, 1).font = Font(bold=True)
            sheet.cell(number, 1).fill = PatternFill("solid", fgColor="EDEDED")
            continue
        for index, text in enumerate(row, 1):
            cell = sheet.cell(number, index)
            cell.alignment = Alignment(
                horizontal=ALIGN[table.columns[index - 1].align], vertical="top", wrap_text=True
            )
            if NUMBER.match(text) and "." in text:
                cell.number_format = "0." + "0" * len(text.partition(".")[2])
            elif isinstance(cell.value, str):
                cell.data_type = "s"
    sheet.freeze_panes = "B3"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
