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
WIDEST, NARROWEST = 60, 16
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
        Column name to the name of a list in `write_workbook`'s `lists`: a drop-down that refuses other words.
    open_choices : frozenset of str
        Columns of `choices` that let other text in.
    value_choices : dict of str to str
        The same for single cells of the second column, by the word in the first.
    fixed : frozenset of str
        Columns that are there to be read, shown in grey.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    choices: dict[str, str] = field(default_factory=dict)
    open_choices: frozenset[str] = frozenset()
    value_choices: dict[str, str] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()


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
        sheet.column_dimensions[get_column_letter(at)].width = min(WIDEST, max(NARROWEST, longest + 2))
        sheet.column_dimensions[get_column_letter(at)].number_format = "@"
        for (cell,) in sheet.iter_rows(min_row=2, min_col=at, max_col=at) if name in plan.fixed else ():
            cell.font = Font(color="57606A", italic=True)
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
    """Drop-downs below the header; a word that is not listed is refused, but where text may stand."""
    for at, name in enumerate(plan.header, start=1):
        if name in plan.choices:
            letter = get_column_letter(at)
            cells = f"{letter}2:{letter}{len(plan.rows) + 1 + SPARE_ROWS}"
            add_rule(sheet, cells, ranges[plan.choices[name]], name, name in plan.open_choices)
    for row, cells_of_row in enumerate(plan.rows, start=2):
        if cells_of_row and cells_of_row[0] in plan.value_choices:
            key = cells_of_row[0]
            add_rule(sheet, f"B{row}", ranges[plan.value_choices[key]], key, False)


def add_rule(sheet: Worksheet, cells: str, listed: str, name: str, free: bool) -> None:
    """One drop-down."""
    rule = DataValidation(type="list", formula1=listed, allow_blank=True, showErrorMessage=not free)
    rule.errorTitle = "Not in the list"
    rule.error = f"{name}: choose one of the words in the list, or leave the cell empty."
    rule.add(cells)
    sheet.add_data_validation(rule)
