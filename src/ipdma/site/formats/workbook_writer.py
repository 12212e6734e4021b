"""Writes small Excel workbooks of text: equal sheets give equal bytes; drop-down lists where asked."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from ipdma.archives import undated
from ipdma.errors import ReadError

EPOCH = dt.datetime(2000, 1, 1)
WIDEST = 60
SPARE_ROWS = 200
LONGEST = 32_000
STAMP = re.compile(rb"<dcterms:modified[^>]*>[^<]*</dcterms:modified>")
ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


@dataclass(frozen=True)
class SheetPlan:
    """One sheet of text.

    Attributes
    ----------
    choices : dict of str to str
        Column name to the name of a list in `write_workbook`'s `lists`: a drop-down that still lets other
        text in.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    choices: dict[str, str] = field(default_factory=dict)


def write_workbook(sheets: Sequence[SheetPlan], lists: Mapping[str, Sequence[str]] | None = None) -> bytes:
    """A workbook as bytes.

    Parameters
    ----------
    sheets : sequence of SheetPlan
        In order; every cell is written as text, so that `007` and `1.0` stay.
    lists : dict of str to sequence of str
        Words for drop-downs, kept on a hidden sheet.
    """
    book = Workbook()
    book.remove(book.active)
    for plan in sheets:
        fill_sheet(book.create_sheet(plan.title), plan)
    if lists:
        ranges = fill_lists(book.create_sheet("lists"), lists)
        book["lists"].sheet_state = "hidden"
        for plan in sheets:
            add_choices(book[plan.title], plan, ranges)
    book.properties.created = book.properties.modified = EPOCH
    stream = io.BytesIO()
    book.save(stream)
    return undated(stream.getvalue(), partial(STAMP.sub, b""))


def fill_sheet(sheet: Worksheet, plan: SheetPlan) -> None:
    """Header and rows, every cell as text."""
    sheet.append(list(plan.header))
    for row in plan.rows:
        check_length(row, plan.title)
        sheet.append([clean(cell) for cell in row])
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            cell.number_format = "@"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if cell.value is not None:
                cell.data_type = "s"
    for cell in sheet[1]:
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="DDE5EE")
    for at, name in enumerate(plan.header, start=1):
        longest = max([len(name), *(len(row[at - 1] or "") for row in plan.rows)])
        sheet.column_dimensions[get_column_letter(at)].width = min(WIDEST, longest + 2)
        sheet.column_dimensions[get_column_letter(at)].number_format = "@"
    sheet.freeze_panes = "A2"


def check_length(row: Sequence[str], title: str) -> None:
    """Excel cuts longer cells off without a word."""
    if any(cell and len(cell) > LONGEST for cell in row):
        raise ReadError(f"sheet {title}: a text of more than {LONGEST} letters does not fit an Excel cell")


def clean(text: str) -> str | None:
    """Text as Excel stores it: what it would take for one of its own escapes (`_x0041_`) is escaped."""
    return ESCAPE.sub("_x005F_", ILLEGAL.sub("", text)) if text else None


def fill_lists(sheet: Worksheet, lists: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Write each list down a column; returns the cell range of each."""
    ranges = {}
    for at, (name, words) in enumerate(lists.items(), start=1):
        sheet.cell(1, at, name)
        for row, word in enumerate(words, start=2):
            cell = sheet.cell(row, at, clean(word))
            cell.data_type = "s"
        letter = get_column_letter(at)
        ranges[name] = f"lists!${letter}$2:${letter}${max(2, len(words) + 1)}"
    return ranges


def add_choices(sheet: Worksheet, plan: SheetPlan, ranges: dict[str, str]) -> None:
    """Drop-downs below the header; a word that is not listed is let in all the same."""
    for at, name in enumerate(plan.header, start=1):
        if name not in plan.choices:
            continue
        rule = DataValidation(type="list", formula1=ranges[plan.choices[name]], allow_blank=True)
        rule.showErrorMessage = False
        letter = get_column_letter(at)
        rule.add(f"{letter}2:{letter}{len(plan.rows) + 1 + SPARE_ROWS}")
        sheet.add_data_validation(rule)
