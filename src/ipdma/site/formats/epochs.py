"""SPSS seconds and Stata days, milliseconds, weeks, months, quarters, half-years as dates in text."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

SPSS_START = dt.datetime(1582, 10, 14)
STATA_START = dt.datetime(1960, 1, 1)
SPSS_DATES = {20, 23, 24, 28, 29, 30, 38, 39}
SPSS_COARSE = {28, 29, 30}  # MOYR, QYR, WKYR
SPSS_MOMENTS = {22, 41}
SPSS_TIMES = {21, 25}
STATA_FORMAT = re.compile(r"%-?[0-9]*(?:t([cCdwmqh])|(d))")
STATA_COARSE = "wmqh"
# days after which a leap second was inserted (IERS Bulletin C); %tC counts them
LEAPS = [
    dt.datetime(year, month, day)
    for month, day, years in (
        (6, 30, (1972, 1981, 1982, 1983, 1985, 1992, 1993, 1994, 1997, 2012, 2015)),
        (
            12,
            31,
            (1972, 1973, 1974, 1975, 1976, 1977, 1978, 1979, 1987, 1989, 1990, 1995, 1998, 2005, 2008, 2016),
        ),
    )
    for year in years
]


def moment_text(moment: dt.datetime) -> str:
    """Year-month-day, with the time where it is not midnight."""
    return moment.date().isoformat() if moment.time() == dt.time() else moment.isoformat(sep=" ")


def spss_text(kind: int) -> Callable[[float], str] | None:
    """How a number of this SPSS display format reads, None where it is a plain number."""
    if kind in SPSS_DATES:
        return lambda value: (SPSS_START + dt.timedelta(days=value // 86_400)).date().isoformat()
    if kind in SPSS_MOMENTS:
        return lambda value: moment_text(SPSS_START + dt.timedelta(microseconds=round(value * 1e6)))
    if kind in SPSS_TIMES:
        return clock_text
    return None


def clock_text(value: float) -> str:
    """Hours, minutes and seconds; a duration of a day or more is no time of a day."""
    if not 0 <= value < 86_400:
        raise OverflowError("not within a day")
    return (SPSS_START + dt.timedelta(microseconds=round(value * 1e6))).time().isoformat()


def stata_unit(form: str) -> str | None:
    """The unit of a Stata date format (c, C, d, w, m, q, h), None for numbers, years and business days."""
    found = STATA_FORMAT.match(form)
    return (found[1] or found[2]) if found else None


def stata_text(unit: str) -> Callable[[float], str]:
    """How a number of this unit since 1960 reads; a period reads as its first day."""
    if unit in "cC":
        return lambda value: moment_text(since_1960(value, unit == "C"))
    if unit == "d":
        return lambda value: (STATA_START + dt.timedelta(days=value // 1)).date().isoformat()
    return lambda value: period_start(int(value // 1), unit).isoformat()


def since_1960(milliseconds: float, leaps: bool) -> dt.datetime:
    """The moment so many milliseconds after 1960 began, with leap seconds among them or not."""
    moment = STATA_START + dt.timedelta(milliseconds=round(milliseconds))
    if not leaps:
        return moment
    passed = 0
    for day in sorted(LEAPS):
        if moment - dt.timedelta(seconds=passed) >= day + dt.timedelta(days=1, seconds=1):
            passed += 1
    return moment - dt.timedelta(seconds=passed)


def period_start(number: int, unit: str) -> dt.date:
    """First day of a week (seven days from 1 January, the last one longer), month, quarter or half-year."""
    if unit == "w":
        year, week = divmod(number, 52)
        return dt.date(1960 + year, 1, 1) + dt.timedelta(days=7 * week)
    months = {"m": 1, "q": 3, "h": 6}[unit]
    year, month = divmod(number * months, 12)
    return dt.date(1960 + year, month + 1, 1)
