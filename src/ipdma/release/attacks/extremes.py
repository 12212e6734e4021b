"""Everybody at one value, or all but few of them: a mean at a scale's end, a variance of 0."""

from __future__ import annotations

from collections.abc import Iterator

from ipdma.bundle.records import EVENT, LEVEL, Block, Column, Moments
from ipdma.release.attacks.find import DROP, Find

EXTREMES = "extremes"


def attack_extremes(block: Block, minimum: int) -> Iterator[Find]:
    """Columns that say what value everybody, or all but few, of an arm have.

    A level that nobody or everybody has stays: it is what the trial admitted, or points at no one.
    """
    if minimum <= 1:
        return
    for arm, moments in block.arms.items():
        for place, column in enumerate(block.columns):
            if column.coding != LEVEL and (why := extreme(column, moments, place, minimum)):
                yield Find(EXTREMES, arm, (column.name,), f"{column.label} in arm {arm}: {why}", DROP)


def extreme(column: Column, moments: Moments, place: int, minimum: int) -> str:
    """What a column's mean and variance say of everybody; empty where they say nothing of the kind."""
    mean, squares = float(moments.means[place]), float(moments.products[place, place])
    if column.coding == EVENT:
        return "everybody has the event" if mean > 1 - 1e-9 else ""
    if squares <= 1e-9 * (1.0 + mean**2):
        return "everybody has the same value"
    if column.range is None:
        return ""
    if not column.whole:
        spread = column.range[1] - column.range[0]
        at_end = min(mean - column.range[0], column.range[1] - mean) < 1e-9 * spread
        return "everybody is at an end of the range" if at_end else ""
    away = min(mean - column.range[0], column.range[1] - mean) * moments.n
    if away < minimum - 0.5:
        return f"all but fewer than {minimum} people are at an end of the range"
    return ""
