"""Numbers, ranges and yes/no words of a codebook file, bare or as {value, source, verified}."""

from __future__ import annotations

import math
from typing import Any

from ipdma.codebook.faults import Faults
from ipdma.codebook.records import Number, Range

SOURCED = ("value", "source", "verified")
YES = {"yes", "true", "ja", "y"}
NO = {"no", "false", "nee", "n"}
RANGE_ENDS = {
    **dict.fromkeys(("low", "min", "minimum", "from", "lowest"), "low"),
    **dict.fromkeys(("high", "max", "maximum", "to", "highest"), "high"),
}


def read_flag(value: Any, where: str, faults: Faults, default: bool = False) -> bool:
    """A yes/no word; `default` where nothing stands."""
    if value is None:
        return default
    if isinstance(value, dict):
        value, _, _ = read_sourced(value, where, faults)
    word = str(value).strip().lower()
    if word not in YES | NO:
        faults.note(where, f"got '{value}', expected true or false")
    return word in YES


def read_sourced(
    value: Any, where: str, faults: Faults, extra: tuple[str, ...] = ()
) -> tuple[Any, str, bool]:
    """Value, source and whether verified, of a bare value or a {value, source, verified}."""
    if not isinstance(value, dict):
        return value, "", False
    faults.keys(where, value, (*SOURCED, *extra), ["value"])
    verified = read_flag(value.get("verified"), f"{where}.verified", faults)
    source = value.get("source")
    if verified and not source:
        faults.note(where, "verified: true needs a source")
    return value.get("value"), str(source or ""), verified


def read_number(value: Any, where: str, faults: Faults, extra: tuple[str, ...] = ()) -> Number | None:
    """A finite number; a fault and None for anything else, None alone where nothing stands."""
    if value is None:
        return None
    bare, source, verified = read_sourced(value, where, faults, extra)
    number = to_float(bare)
    if number is None:
        if bare is not None:
            faults.note(where, f"got '{bare}', expected a number")
        return None
    return Number(number, source, verified)


def to_float(text: Any) -> float | None:
    """Text as a finite number, integers kept as int; None where it is not one."""
    try:
        number = float(text)
    except (TypeError, ValueError):
        return None
    if not math.isfinite(number) or "_" in str(text):
        return None
    return int(number) if number == int(number) else number


def read_count(value: Any, where: str, faults: Faults, least: int = 0) -> Number | None:
    """A whole number of at least `least`."""
    number = read_number(value, where, faults)
    if number is not None and (number.value != int(number.value) or number.value < least):
        faults.note(where, f"got {number.value:g}, expected a whole number of at least {least}")
        return None
    return number


def read_range(value: Any, where: str, faults: Faults) -> Range | None:
    """A range as [low, high], {low, high}, or {value: [low, high], source, verified}; low is below high."""
    if value is None:
        return None
    source, verified = "", False
    if isinstance(value, dict) and "value" in value:
        value, source, verified = read_sourced(value, where, faults)
    if isinstance(value, dict):
        value = range_ends(value, where, faults)
    if not isinstance(value, list) or len(value) != 2:
        faults.note(where, "expected two numbers, as [0, 27]")
        return None
    low, high = (read_number(end, where, faults) for end in value)
    if low is None or high is None:
        return None
    if not low.value < high.value:
        faults.note(where, f"the lowest value {low.value:g} is not below the highest {high.value:g}")
        return None
    return Range(*(end if end.source else Number(end.value, source, verified) for end in (low, high)))


def range_ends(value: dict[str, Any], where: str, faults: Faults) -> list[Any]:
    """The two ends of a range that is written as a mapping."""
    faults.keys(where, value, RANGE_ENDS)
    ends = {RANGE_ENDS[key]: end for key, end in value.items() if key in RANGE_ENDS}
    return [ends.get("low"), ends.get("high")]


def read_numbers(value: Any, where: str, faults: Faults) -> list[int]:
    """A list of item numbers, bare or under {value, source, verified}."""
    bare, _, _ = read_sourced(value, where, faults)
    numbers = [read_count(item, where, faults, least=1) for item in faults.listing(where, bare)]
    return [int(number.value) for number in numbers if number is not None]
