"""How numbers and names are printed: rounding happens here and nowhere else."""

from __future__ import annotations

import math
import re

MINUS = "\u2212"
NOTHING = "\u2014"
BRACKETS = re.compile(r"\[[^\]]*\]|\([^)]*\)")
LARGEST = 700.0  # exp of more overflows
ITEMS = {
    "rob_d1": "Risk of bias, randomisation",
    "rob_d2": "Risk of bias, deviations",
    "rob_d3": "Risk of bias, missing outcomes",
    "rob_d4": "Risk of bias, measurement",
    "rob_d5": "Risk of bias, selective reporting",
    "rob_overall": "Risk of bias, overall",
    "quality": "Quality of the trial",
}


def fixed(value: float | None, digits: int = 2) -> str:
    """A number with `digits` decimals and a true minus sign; minus zero is zero; missing is a dash."""
    if value is None:
        return NOTHING
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def compact(value: float | None) -> str:
    """A whole number without decimals; any other with two, from 10 on with one (df, moderator values)."""
    if value is None:
        return NOTHING
    if float(value).is_integer():
        return fixed(value, 0)
    return fixed(value, 1 if abs(value) >= 10 else 2)


def ratio(logarithm: float | None, digits: int = 2) -> str:
    """The ratio whose natural logarithm is given: an odds ratio of a log odds ratio."""
    return NOTHING if logarithm is None else fixed(math.exp(min(logarithm, LARGEST)), digits)


def percent(value: float | None, digits: int = 1) -> str:
    """A share as percent."""
    return NOTHING if value is None else f"{fixed(100 * value, digits)}%"


def hundred(value: float | None) -> str:
    """A share as so many of a hundred."""
    return NOTHING if value is None else fixed(100 * value, 0)


def p_value(value: float | None) -> str:
    """APA style: three decimals without a leading zero, `< .001` below that."""
    if value is None:
        return NOTHING
    if value < 0.001:
        return "< .001"
    text = f"{value:.3f}"
    return "> .999" if text == "1.000" else text.removeprefix("0")


def p_phrase(value: float | None) -> str:
    """`p = .043` or `p < .001`."""
    text = p_value(value)
    return f"p {text}" if text[0] in "<>" else f"p = {text}"


def heading(name: str) -> str:
    """A plan's own name as words: `episode_duration` becomes `Episode duration`."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def item(name: str) -> str:
    """A column of the registry as words."""
    return ITEMS.get(name) or heading(name)


def several(items: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`; `a, x; b; and c` where an item has a comma of its own."""
    if len(items) < 2:
        return "".join(items)
    if len(items) > 2 and any(", " in BRACKETS.sub("", item) for item in items):
        return f"{'; '.join(items[:-1])}; and {items[-1]}"
    return f"{', '.join(items[:-1])} and {items[-1]}"


def plural(count: float | None, one: str, more: str | None = None) -> str:
    """The word for so many."""
    return one if count == 1 else (more or one + "s")
