"""Dates that programs left as numbers: which of Excel, SPSS, Stata, SAS, Unix can have meant them, and
when."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from ipdma.site.codes import parse_number
from ipdma.site.formats import FORMATS

DAY = 86_400.0
FIRST, LAST = date(1900, 1, 1), date(2035, 12, 31)
EARLIEST_END = date(1970, 1, 1)
SPSS_ZERO, STATA_ZERO, UNIX_ZERO = date(1582, 10, 14), date(1960, 1, 1), date(1970, 1, 1)
FIRST_YEAR, LAST_YEAR = 1880, 2035
MOST = 0.8


def of_days(zero: date, per_day: float = 1.0) -> Callable[[float], date | None]:
    """Turns a number of days, seconds or milliseconds since a day into a date."""

    def turn(number: float) -> date | None:
        try:
            return zero + timedelta(days=math.floor(number / per_day))
        except OverflowError:
            return None

    return turn


def of_year_parts(parts: int) -> Callable[[float], date | None]:
    """Turns a number of months, quarters, half-years since 1960 into the first day of that one."""

    def turn(number: float) -> date | None:
        year, part = divmod(math.floor(number), parts)
        year += STATA_ZERO.year
        return date(year, 1 + part * 12 // parts, 1) if 1 <= year <= 9999 else None

    return turn


def of_weeks(number: float) -> date | None:
    """Turns a Stata week (52 a year) into its first day."""
    year, week = divmod(math.floor(number), 52)
    year += STATA_ZERO.year
    return date(year, 1, 1) + timedelta(days=7 * week) if 1 <= year <= 9999 else None


EXCEL, EXCEL_1904 = "Excel days (since 1900)", "Excel days of an old Mac workbook (since 1904)"
KINDS: dict[str, Callable[[float], date | None]] = {
    EXCEL: of_days(date(1899, 12, 30)),
    EXCEL_1904: of_days(date(1904, 1, 1)),
    "Stata or SAS days (%td, since 1960)": of_days(STATA_ZERO),
    "R days (since 1970)": of_days(UNIX_ZERO),
    "Stata months (%tm, since 1960)": of_year_parts(12),
    "Stata quarters (%tq, since 1960)": of_year_parts(4),
    "Stata half-years (%th, since 1960)": of_year_parts(2),
    "Stata weeks (%tw, since 1960)": of_weeks,
    "SPSS seconds (since 1582)": of_days(SPSS_ZERO, DAY),
    "SAS seconds (since 1960)": of_days(STATA_ZERO, DAY),
    "Unix seconds (since 1970)": of_days(UNIX_ZERO, DAY),
    "Stata milliseconds (%tc, since 1960)": of_days(STATA_ZERO, 1000 * DAY),
    "Unix milliseconds (since 1970)": of_days(UNIX_ZERO, 1000 * DAY),
}


def spss_date(cell: str) -> date | None:
    """The date of SPSS seconds at midnight, a number that nothing else can mean; else None."""
    number = parse_number(cell)
    if number is None or number % DAY or not 1e10 <= number < 1.65e10:
        return None
    return KINDS["SPSS seconds (since 1582)"](number)


def possible_kinds(columns: Sequence[Sequence[float]], suffix: str) -> list[str]:
    """The kinds that give dates of people and trials for the first column and, where there is one, the last.

    Parameters
    ----------
    columns : sequence of sequences of float
        Numbers of the columns of one span, from its start to its end.
    suffix : str
        The file's ending; a kind of its own program wins over others.
    """
    filled = [numbers for numbers in columns if numbers]
    found = []
    for kind, turn in KINDS.items():
        dates = [[turn(number) for number in (min(numbers), max(numbers))] for numbers in filled]
        inside = all(day is not None and FIRST <= day <= LAST for pair in dates for day in pair)
        if inside and dates and (len(columns) < 2 or not columns[-1] or dates[-1][0] >= EARLIEST_END):  # type: ignore[operator]
            found.append(kind)
    program = FORMATS[suffix].program if suffix in FORMATS else ""
    own = [kind for kind in found if program and program in kind]
    return own or found


def are_years(numbers: Sequence[float]) -> bool:
    """Whether numbers are calendar years rather than days since some day."""
    years = sum(FIRST_YEAR <= number <= LAST_YEAR and number == int(number) for number in numbers)
    return years >= MOST * len(numbers)
