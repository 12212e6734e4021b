"""Numbers as a terminal and a notebook show them: two or three decimals, plain minus signs."""

from __future__ import annotations

import pandas as pd


def number(value: float | None) -> str:
    """`-0.423`, `12.30`, `0.00041`: three decimals below 10, else two, and three digits of what is
    below 0.001 or a million and more; a dash for nothing."""
    if value is None or pd.isna(value):
        return "-"
    if value == 0:
        return "0"
    size = abs(value)
    return f"{value:.3g}" if size < 0.001 or size >= 1e6 else f"{value:.{3 if size < 10 else 2}f}"


def degrees(value: float | None) -> str:
    """Degrees of freedom; none is a normal reference."""
    return "normal" if value is None or pd.isna(value) else f"{value:.1f}"


def probability(value: float | None) -> str:
    """A p value to three places."""
    if value is None or pd.isna(value):
        return "-"
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def interval(low: float | None, high: float | None) -> str:
    """`-0.65 to -0.18`, or a dash."""
    return "-" if low is None or high is None else f"{number(low)} to {number(high)}"
