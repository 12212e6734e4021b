"""Somebody who could be told from a bundle, and the way out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ipdma.bundle.records import BASELINE, BEND, EVENT, OUTCOME, POINTS, Block, Column

MERGE = "merge two levels, or drop the column"
DROP = "drop the column"
TOO_SMALL = "the arm is too small to be told of; take it out of the contrast"
KEEP_ONE = "release one of the two sets of people"
SCORE = "score."


@dataclass(frozen=True)
class Find:
    """What an attack found.

    Attributes
    ----------
    attack : str
    arm : str
        Empty where it concerns all arms.
    names : tuple of str
        Names of the columns without which it would not succeed; empty where the whole block gives it away.
    reason, way_out : str
        For people: without a number that the gate withholds.
    """

    attack: str
    arm: str
    names: tuple[str, ...]
    reason: str
    way_out: str


def few(count: float, minimum: int) -> bool:
    """Whether a number of people is 1 up to but not including the minimum."""
    return 0.5 < count < minimum - 0.5


def column_key(block: Block, column: Column) -> tuple[object, ...]:
    """What a column measures: two columns of two blocks are one where their keys agree."""
    if column.coding == EVENT:
        first = block.serves[0]
        return (EVENT, first.outcome, first.timepoint)
    if column.coding == BEND and (block.scale is None or column.of != BASELINE):
        return (BEND, column.name)
    if column.coding not in (POINTS, BEND) or block.scale is None:
        return (column.coding, column.of, column.level)
    scale = (block.scale.instrument, block.scale.rating, block.scale.scoring, block.scale.converted_from)
    if column.coding == BEND:
        return (BEND, column.name, *scale)
    if column.name == BASELINE:
        return (BASELINE, *scale)
    point = block.serves[0].timepoint if column.name == OUTCOME else column.name.removeprefix(SCORE)
    return (OUTCOME, point, *scale)


def whole_columns(block: Block) -> list[int]:
    """Places of columns with whole numbers in a known range."""
    return [i for i, c in enumerate(block.columns) if c.coding in (POINTS, "number") and c.whole and c.range]


def is_semidefinite(matrix: np.ndarray) -> bool:
    """Whether a matrix of totals can be that of people, up to rounding."""
    scale = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    if (np.diag(matrix) < -1e-6 * (1.0 + np.abs(matrix).max())).any():
        return False
    at = scale > 1e-6
    if not at.any():
        return True
    standard = matrix[np.ix_(at, at)] / np.outer(scale[at], scale[at])
    return float(np.linalg.eigvalsh(standard)[0]) > -1e-7
