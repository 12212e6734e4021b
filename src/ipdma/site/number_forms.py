"""Numbers as spreadsheets show them: signs for thousands, and what stands where a number should be."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ipdma.site.codes import parse_number
from ipdma.site.dates import ISO, MONTHS, NAMED, PARTS
from ipdma.site.no_answer import is_sheet_error
from ipdma.site.table import NumberText

BLANKS = " \u00a0\u2007\u2009\u202f'’ʼ´`˙"
# blanks and apostrophes part thousands and nothing else; dots and commas do where they stand more than
# once, or before another sign
GROUPS = (
    re.compile(rf"([+-]?[0-9]{{1,3}}(?:[{BLANKS}][0-9]{{3}})+)(?:([.,])([0-9]+))?\Z"),
    re.compile(r"([+-]?[0-9]{1,3}(?:\.[0-9]{3}){2,})(?:(,)([0-9]+))?\Z"),
    re.compile(r"([+-]?[0-9]{1,3}(?:,[0-9]{3}){2,})(?:(\.)([0-9]+))?\Z"),
    re.compile(r"([+-]?[0-9]{1,3}(?:\.[0-9]{3})+)(,)([0-9]+)\Z"),
    re.compile(r"([+-]?[0-9]{1,3}(?:,[0-9]{3})+)(\.)([0-9]+)\Z"),
    re.compile(r"([+-]?[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3})(?:(\.)([0-9]+))?\Z"),
)
ONE_GROUP = re.compile(r"([+-]?[1-9][0-9]{0,2})([.,])([0-9]{3})\Z")
WITH_SIGN = re.compile(r"[+-]?[0-9]*([.,])[0-9]+(?:[eE][+-]?[0-9]{1,3})?\Z")
NO_YEAR = re.compile(
    r"([0-9]{1,2})[-./ ]{0,2}([^\W\d_]{3,10})\.?\Z|([^\W\d_]{3,10})\.?[-./ ]{0,2}([0-9]{1,4})\Z"
)
SHOWN_DATE = re.compile(
    r"[0-9]{1,2}(?:-|\. ?| )([^\W\d_][^\W\d_A-Z]{2,3})\.?\Z|([^\W\d_][^\W\d_A-Z]{2,3})[- .]{1,2}[0-9]{2}\Z"
)
BOUND = re.compile(r"[<>≤≥=~≈±]+ ?[0-9]|(?:ca|circa|about|approx|etwa|ongeveer|min|max)\b", re.IGNORECASE)
RANGE = re.compile(
    r"[0-9]+(?:[.,][0-9]+)?\s*(?:-|–|—|/|to|bis|tot|à|a|or|of|oder)\s*[0-9]+(?:[.,][0-9]+)?\b", re.IGNORECASE
)
BESIDE = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?\s*(?:[^\W\d_]{2,}\.?|%|\+|\?|\*)", re.IGNORECASE)
FIRST_YEAR, LAST_YEAR = 1900, 2035
FEWEST_YEARS = 5
MOST = 0.9


def read_grouped(cell: str) -> tuple[float, str] | None:
    """The number of a cell that shows signs for thousands beyond doubt, and its decimal sign if it has
    one."""
    cell = cell.strip()
    for pattern in GROUPS:
        if found := pattern.match(cell):
            whole = re.sub(r"[^0-9+-]", "", found[1])
            return float(f"{whole}.{found[3] or 0}"), found[2] or ""
    return None


def thousands(cell: str) -> float | None:
    """A number with one sign before exactly three digits, that sign taken for thousands."""
    found = ONE_GROUP.match(cell.strip())
    return float(found[1] + found[3]) if found else None


def grouping_sign(cells: Iterable[str]) -> str:
    """The one sign that every cell with a sign shows before exactly three digits; empty where there is none
    or some cell shows that it is a decimal sign."""
    signs = set()
    for cell in {cell for cell in cells if not isinstance(cell, NumberText)}:
        shown = WITH_SIGN.match(cell.strip())
        if shown:
            if not ONE_GROUP.match(cell.strip()):
                return ""
            signs.add(shown[1])
    return signs.pop() if len(signs) == 1 else ""


def shows_decimals(cells: Iterable[str], sign: str) -> bool:
    """Whether a column shows that this is a decimal sign: another number of digits after it than three."""
    filled = {cell.strip() for cell in cells if cell.strip()}
    shown = [cell for cell in filled if (m := WITH_SIGN.match(cell)) and m[1] == sign]
    numbers = sum(parse_number(cell, sign) is not None for cell in filled)
    return numbers * 2 >= len(filled) and any(not ONE_GROUP.match(cell) for cell in shown)


def what_instead(cell: str) -> str:
    """The finding for a cell that is no number: a spreadsheet's error, a date, a range or words beside a
    number, or other text."""
    cell = cell.strip()
    if is_sheet_error(cell):
        return "sheet_error"
    if ISO.match(cell) or PARTS.match(cell) or NAMED.match(cell):
        return "date_for_number"
    named = NO_YEAR.match(cell)
    if named and (named[2] or named[3]).lower()[:3] in MONTHS:
        return "date_for_number"
    if RANGE.match(cell) or BOUND.match(cell) or BESIDE.match(cell):
        return "range_for_number"
    return "not_a_number"


def is_day_and_month(text: str) -> bool:
    """Whether a text is a day and a month, or a month and a year, as a spreadsheet shows them: 5-Mar,
    05. Mrz, Mar-11; not MAR-11, which may be a site's code."""
    found = SHOWN_DATE.match(text.strip())
    return found is not None and (found[1] or found[2]).lower()[:3] in MONTHS


def are_years(cells: Iterable[str]) -> bool:
    """Whether nearly all numbers of a column are calendar years."""
    numbers = [n for cell in cells if (n := parse_number(cell)) is not None]
    years = sum(is_year(n) for n in numbers)
    return years >= max(FEWEST_YEARS, MOST * len(numbers))


def is_year(number: float) -> bool:
    """Whether a number is a calendar year that a trial may hold."""
    return FIRST_YEAR <= number <= LAST_YEAR and number == int(number)
