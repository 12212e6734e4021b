"""Numbers and codes as text: when two cells mean the same, and when a cell is a number."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from functools import lru_cache

from ipdma.site.letters import tidy

POINT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?\Z")
COMMA = re.compile(r"[+-]?(?:[0-9]+(?:,[0-9]+)?|,[0-9]+)(?:[eE][+-]?[0-9]{1,3})?\Z")
LARGEST_WHOLE = 2.0**53
PLAIN = {".": POINT, ",": COMMA}


def parse_number(text: str, decimal: str = ".") -> float | None:
    """The number that a cell writes with this decimal sign, else None; never infinite."""
    text = text.strip() if text.isascii() else tidy(text)
    if not PLAIN[decimal].match(text):
        return None
    number = float(text.replace(",", "."))
    return number if math.isfinite(number) else None


@lru_cache(maxsize=65536)
def code_key(text: str, decimal: str = ".") -> Decimal | str:
    """What two codes are compared by: numbers as numbers, text trimmed and without regard to case."""
    text = text.strip() if text.isascii() else tidy(text)
    if PLAIN[decimal].match(text):
        return Decimal(text.replace(",", "."))
    return text.casefold()


def shortest(number: float) -> str:
    """Shortest text of a number: `1`, `0.5`, never `1.0`."""
    if abs(number) <= LARGEST_WHOLE and number == int(number):
        return str(int(number))
    return repr(float(number))


def shows_sign(text: str) -> str:
    """The decimal sign that this cell shows, or an empty text."""
    text = text.strip()
    for sign, pattern in PLAIN.items():
        if sign in text and pattern.match(text):
            return sign
    return ""


def last_digit(text: str) -> float:
    """Half a unit of the last digit that a printed number shows."""
    digits = text.strip().replace(",", ".").partition(".")[2]
    return 0.5 * 10.0 ** -len(digits)
