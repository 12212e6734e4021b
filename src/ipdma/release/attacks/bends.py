"""Bends of a curve, put together so that they tell of the few people between two knots alone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from ipdma.bundle.records import BEND, Block
from ipdma.release.attacks.cells import LEVERAGE
from ipdma.release.attacks.find import DROP, Find, few

APART = 4  # knots between the ends of the shortest spline that is 0 outside them


def attack_bends(
    block: Block, arm: str, values: np.ndarray, knots: tuple[float, ...], minimum: int
) -> Iterator[Find]:
    """Combinations of a curve's columns that are 0 for all but few people.

    A natural cubic spline can be 0 up to each knot but the last two, beyond each but the first two, and
    outside two knots that are four apart (a B-spline): its totals are those of the people inside.

    Parameters
    ----------
    values : ndarray of shape (n, p)
        The rows of the arm.
    knots : tuple of float
        In the unit of the column before the first bend.
    """
    bends = [place for place, column in enumerate(block.columns) if column.coding == BEND]
    if not bends or minimum <= 1:
        return
    x, last = values[:, bends[0] - 1], len(knots)
    inside = [x > knot for knot in knots[: last - 2]] + [x < knot for knot in knots[2:]]
    inside += [(x > knots[i]) & (x < knots[j]) for i, j in combinations(range(last), 2) if j - i >= APART]
    if any(few(float(np.sum(own)), minimum) for own in inside):
        reason = f"a combination of the curve's columns is of fewer than {minimum} people of arm {arm}"
        yield Find(LEVERAGE, arm, (block.columns[bends[0]].name,), reason, DROP)
