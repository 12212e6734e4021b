"""One worksheet as rows of text: only cells with content take memory, wherever they stand."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass, field

from ipdma.site.codes import shortest
from ipdma.site.formats.package import DATE, SPAN, Damaged, Enough, Package, Sheet, unescape
from ipdma.site.table import NumberText

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})\Z")
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?\Z")
DAY = 86_400_000


@dataclass
class Grid:
    """What stands on a sheet.

    Attributes
    ----------
    cells : dict of int to dict of int to str
        Text by row (from 1) and column (from 0); cells without any sign are left out.
    valueless : list of (row, column)
        Formulas without a stored value, and error values.
    hidden : set of int
        Rows that are hidden or filtered away.
    merged : list of (first row, first column, last row, last column)
    """

    cells: dict[int, dict[int, str]] = field(default_factory=dict)
    valueless: list[tuple[int, int]] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)


class Walker:
    """Takes the tags of a sheet and fills a grid; stops after `most` rows with content, if asked to."""

    def __init__(self, package: Package, most: int | None) -> None:
        self.package, self.most, self.grid = package, most, Grid()
        self.row = self.column = 0
        self.type = self.style = ""
        self.formula = self.value = self.aside = self.open = False
        self.parts: list[str] = []
        self.known: dict[tuple[str, str, str], str] = {}
        self.columns: dict[str, int] = {}

    def walk(self, part: str) -> Grid:
        """Walk through the sheet."""
        starts = {
            "c": self.start_cell,
            "v": self.start_text,
            "t": self.start_text,
            "f": self.start_formula,
            "row": self.start_row,
            "rPh": self.start_aside,
            "mergeCell": self.add_merged,
        }
        ends = {"c": self.end_cell, "v": self.end_text, "t": self.end_text, "rPh": self.end_aside}
        self.package.walk(part, starts, ends, self.text)
        return self.grid

    def start_text(self, given: dict[str, str]) -> None:
        """A value or text begins, unless it is a reading beside Asian letters."""
        self.open = not self.aside
        self.value = self.value or self.open

    def end_text(self) -> None:
        """A value or text ends."""
        self.open = False

    def start_formula(self, given: dict[str, str]) -> None:
        """The cell holds a formula."""
        self.formula = True

    def start_aside(self, given: dict[str, str]) -> None:
        """A reading beside Asian letters begins."""
        self.aside = True

    def end_aside(self) -> None:
        """It ends."""
        self.aside = False

    def start_row(self, given: dict[str, str]) -> None:
        """The next row, or the one that is named."""
        self.row = int(given.get("r", self.row + 1))
        self.column = -1
        if not 1 <= self.row <= LAST_ROW:
            raise Damaged
        if self.most is not None and len(self.grid.cells) >= self.most:
            raise Enough
        if given.get("hidden", "0") in ("1", "true") or is_flat(given):
            self.grid.hidden.add(self.row)

    def start_cell(self, given: dict[str, str]) -> None:
        """The next cell, or the one that is named."""
        reference = given.get("r")
        if reference is None:
            self.column += 1
        else:
            letters = reference.rstrip("0123456789")
            found = self.columns.get(letters)
            if found is None:
                found = self.columns[letters] = column_number(letters)
            self.column = found
        self.type, self.style = given.get("t", "n"), given.get("s", "0")
        self.formula = self.value = self.open = False
        self.parts = []

    def text(self, text: str) -> None:
        """Letters between tags."""
        if self.open:
            self.parts.append(text)

    def end_cell(self) -> None:
        """Keep what the cell holds."""
        raw = "".join(self.parts)
        if not raw and not self.formula and self.type != "e":
            return
        empty_text = self.type == "str" and self.value
        if self.type == "e" or (self.formula and not raw and not empty_text):
            self.grid.valueless.append((self.row, self.column))
        elif raw:
            key = (self.type, self.style, raw)
            made = self.known.get(key)
            if made is None:
                made = self.known[key] = self.make(*key)
            if made and not made.isspace():
                self.grid.cells.setdefault(self.row, {})[self.column] = made

    def make(self, type_: str, style: str, raw: str) -> str:
        """The text of a cell's stored value."""
        if type_ == "s":
            return self.package.strings[int(raw)]
        if type_ in ("str", "inlineStr"):
            return unescape(raw, self.package.name)
        if type_ == "b":
            return "TRUE" if raw.strip() in ("1", "true") else "FALSE"
        if type_ == "d":
            return iso_text(raw.strip())
        at = int(style)
        kind = self.package.kinds[at] if at < len(self.package.kinds) else ""
        return number_text(raw.strip(), kind, self.package.from_1904)

    def add_merged(self, given: dict[str, str]) -> None:
        """A block of cells shown as one."""
        ends = [REFERENCE.match(end) for end in given.get("ref", "").split(":")]
        if len(ends) == 2 and ends[0] and ends[1]:
            (a, b), (c, d) = (end.groups() for end in ends if end)
            self.grid.merged.append((int(b), column_number(a), int(d), column_number(c)))


def read_grid(package: Package, sheet: Sheet, most: int | None = None) -> Grid:
    """The cells of a sheet, all or those of its first rows."""
    return Walker(package, most).walk(sheet.part)


def is_flat(given: dict[str, str]) -> bool:
    """Whether a row's height was drawn down to nothing, which hides it as well."""
    return given.get("customHeight", "0") in ("1", "true") and given.get("ht", "").strip("0") in (".", "")


def column_number(letters: str) -> int:
    """Position from 0 of a column called A, B, ..., AA."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    if not letters.isascii() or not letters.isalpha() or not 1 <= number <= LAST_COLUMN:
        raise Damaged
    return number - 1


def number_text(raw: str, kind: str, from_1904: bool) -> str:
    """A stored number as text: at its shortest, or as the date that its format shows."""
    if not NUMBER.match(raw) or not math.isfinite(number := float(raw)):
        return raw
    if kind == SPAN:
        return (
            str(dt.timedelta(milliseconds=round(number * DAY)))
            if abs(number) < 1e6
            else NumberText(shortest(number))
        )
    if kind == DATE and (shown := date_text(number, from_1904)):
        return shown
    return NumberText(shortest(number))


def date_text(serial: float, from_1904: bool) -> str:
    """A day number as year-month-day, with the time where there is one; empty where there is no such day.

    Days count from 1899-12-31, with a 29th of February 1900 that never was, or from 1904-01-01.
    """
    moment = round(serial * DAY)
    if moment < 0:
        return ""
    if moment < DAY and not from_1904:
        return (dt.datetime.min + dt.timedelta(milliseconds=moment)).time().isoformat()
    epoch = dt.datetime(1904, 1, 1) if from_1904 else dt.datetime(1899, 12, 30 if serial >= 60 else 31)
    try:
        return stamp_text(epoch + dt.timedelta(milliseconds=moment))
    except OverflowError:
        return ""


def iso_text(raw: str) -> str:
    """A date that is stored as ISO 8601."""
    try:
        return stamp_text(dt.datetime.fromisoformat(raw.removesuffix("Z")))
    except ValueError:
        return raw


def stamp_text(stamp: dt.datetime) -> str:
    """Year-month-day, with the time where it is not midnight."""
    return stamp.date().isoformat() if stamp.time() == dt.time() else stamp.isoformat(sep=" ")
