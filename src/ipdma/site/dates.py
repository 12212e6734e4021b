"""Dates as text: one declared or shown order per file, never a guess per cell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

ORDERS = ("DMY", "MDY", "YMD")
ISO = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[T ][0-9:.]*(?:Z|[+-][0-9:]{2,5})?)?\Z")
PARTS = re.compile(r"([0-9]{1,2})([-/. ])([0-9]{1,2})\2([0-9]{4})(?:[T ][0-9:.]*)?\Z")
SERIAL = re.compile(r"[0-9]{4,5}(?:\.[0-9]+)?\Z")
COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})\Z")
NO_DAY = re.compile(
    r"[0-9]{4}[-/. ]?[0-9]{1,2}\Z|[0-9]{1,2}[-/. ][0-9]{4}\Z|[0-9]{4}[mqwh][0-9]{1,2}\Z|"
    r"(?P<month>[^\W\d_]{3,10})\.?[-/ ]?[0-9]{4}\Z",
    re.IGNORECASE,
)
NAMED = re.compile(r"([0-9]{1,2})[-./ ]{0,2}([^\W\d_]{3,10})[-./ ]{0,2}([0-9]{4})\Z")
# English, Dutch and German names of months by their first three letters
MONTHS = {
    "jan": 1,
    "feb": 2,
    "mar": 3,
    "mrt": 3,
    "mrz": 3,
    "maa": 3,
    "mär": 3,
    "apr": 4,
    "may": 5,
    "mei": 5,
    "mai": 5,
    "jun": 6,
    "jul": 7,
    "aug": 8,
    "sep": 9,
    "oct": 10,
    "okt": 10,
    "nov": 11,
    "dec": 12,
    "dez": 12,
}
DAYS_PER_MONTH = 30.4375
DAYS_PER_YEAR = 365.25
EXCEL_DAY_ZERO = date(1899, 12, 30)


def parse_date(text: str, order: str | None) -> date | None:
    """The date that a cell writes in this order, else None.

    A year first and a month by its name leave no doubt and are always read; eight digits are read where the
    order is declared as YMD.
    """
    text = text.strip()
    if year_first := ISO.match(text):
        return make_date(*map(int, year_first.groups()))
    if named := NAMED.match(text):
        month = MONTHS.get(named[2].lower()[:3])
        return make_date(int(named[3]), month, int(named[1])) if month else None
    if order == "YMD" and (compact := COMPACT.match(text)):
        return make_date(*map(int, compact.groups()))
    parts = PARTS.match(text)
    if parts is None or order not in ("DMY", "MDY"):
        return None
    first, second, year = int(parts[1]), int(parts[3]), int(parts[4])
    return make_date(year, second, first) if order == "DMY" else make_date(year, first, second)


def make_date(year: int, month: int, day: int) -> date | None:
    """A date that exists between 1800 and 2199, else None."""
    try:
        made = date(year, month, day)
    except ValueError:
        return None
    return made if 1800 <= year < 2200 else None


def lacks_day(text: str) -> bool:
    """Whether a cell names a month or quarter of a year, and no day."""
    found = NO_DAY.match(text.strip())
    return found is not None and (found["month"] is None or found["month"].lower()[:3] in MONTHS)


def is_serial(text: str) -> date | None:
    """The date behind an Excel day number, else None."""
    if not SERIAL.match(text.strip()):
        return None
    days = int(float(text))
    return EXCEL_DAY_ZERO + timedelta(days=days) if days < 110_000 else None


def needs_order(cells: Iterable[str]) -> bool:
    """Whether some cell can only be read once the order is known."""
    return any(PARTS.match(cell.strip()) for cell in cells)


def completed_years(first: date, last: date) -> int:
    """Age in completed years: one less before the birthday, the first of March standing for a 29 February."""
    return last.year - first.year - ((last.month, last.day) < (first.month, first.day))


def span(first: date, last: date, unit: str) -> float:
    """Time between two dates in days, weeks, months of 30.4375 or years of 365.25 days."""
    days = (last - first).days
    return days / {"days": 1, "weeks": 7, "months": DAYS_PER_MONTH, "years": DAYS_PER_YEAR}[unit]
