"""Small cells inside one block, and combinations of its columns that are an indicator of few people.

From moments alone: with whole coefficients, z = sum c_j x_j over indicators is whole for everybody, so that
sum z^2 = sum z holds only where z is 0 or 1 for each; sum z is then how many people it tells apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations, product

import numpy as np

from ipdma.bundle.records import BASELINE, EVERYONE, INDICATORS, OUTCOME, Block, Bundle, Moments
from ipdma.release.attacks.find import DROP, MERGE, TOO_SMALL, Find, few

CELLS, LEVERAGE = "cells", "leverage"
LONGEST = 3  # indicators in one combination, the constant aside


def attack_cells(block: Block, minimum: int) -> Iterator[Find]:
    """Arms, categories, complements and crossings of two categories with fewer people than the minimum."""
    places = [i for i, column in enumerate(block.columns) if column.coding in INDICATORS]
    for arm, moments in block.arms.items():
        if moments.n < minimum:
            yield Find(CELLS, arm, (), f"fewer than {minimum} people in arm {arm}", TOO_SMALL)
            continue
        totals = moments.totals
        for i in places:
            label, inside = block.columns[i].label, float(totals[0, i + 1])
            for count, side in ((inside, "with"), (moments.n - inside, "without")):
                if few(count, minimum):
                    reason = f"fewer than {minimum} people of arm {arm} {side} {label}"
                    yield Find(CELLS, arm, (block.columns[i].name,), reason, MERGE)
        for i, j in combinations(places, 2):
            yield from crossing(block, arm, totals, (i, j), minimum)


def attack_missing(block: Block, head: Bundle, minimum: int) -> Iterator[Find]:
    """People without a value of an attribute, where the people of the arm or the cell are told.

    A missing outcome is no attribute: every trial prints how many it lost.
    """
    attributes = [name for name in block.names if name not in (OUTCOME, BASELINE)]
    for arm, moments in block.arms.items() if attributes else ():
        for whole in wholes(block, head, arm):
            if few(whole - moments.n, minimum):
                reason = f"fewer than {minimum} people of arm {arm} lack {', '.join(attributes)}"
                yield Find(CELLS, arm, tuple(attributes), reason, DROP)


def wholes(block: Block, head: Bundle, arm: str) -> Iterator[int]:
    """How many people an arm has where a block takes its people from, as far as it is told."""
    for serves in block.serves:
        cell = head.cell(serves)
        counts = None if cell is None else cell.arms.get(arm)
        found = counts.observed if counts is not None else None
        if serves.rows == EVERYONE and arm in head.arms:
            found = head.arms[arm].n
        if found is not None:
            yield found


def crossing(
    block: Block, arm: str, totals: np.ndarray, pair: tuple[int, int], minimum: int
) -> Iterator[Find]:
    """The four cells of two indicators that are not levels of one category."""
    a, b = (block.columns[i] for i in pair)
    if a.name == b.name:
        return
    i, j = (place + 1 for place in pair)
    both = totals[i, j]
    first, second = totals[0, i] - both, totals[0, j] - both
    cells = (both, first, second, totals[0, 0] - both - first - second)
    if any(few(float(count), minimum) for count in cells):
        reason = f"fewer than {minimum} people of arm {arm} in a cell of {a.label} by {b.label}"
        yield Find(CELLS, arm, (b.name,), reason, MERGE)


def attack_leverage(block: Block, minimum: int) -> Iterator[Find]:
    """Combinations of up to three indicators and the constant that tell few people apart."""
    places = [i for i, column in enumerate(block.columns) if column.coding in INDICATORS]
    for arm, moments in block.arms.items():
        if moments.n < minimum:
            continue
        for used in small_groups(moments, places, minimum):
            names = tuple(dict.fromkeys(block.columns[i].name for i in used))
            labels = ", ".join(block.columns[i].label for i in used)
            reason = f"{labels} together tell fewer than {minimum} people of arm {arm} apart"
            yield Find(LEVERAGE, arm, names[-1:], reason, DROP)


def small_groups(moments: Moments, places: list[int], minimum: int) -> Iterator[tuple[int, ...]]:
    """Indicators whose combination is 1 for few people and 0 for all others."""
    totals = moments.totals
    for size in range(2, min(LONGEST, len(places)) + 1):
        coefficients = combinations_of(size)
        for used in combinations(places, size):
            at = [0, *(i + 1 for i in used)]
            gram = totals[np.ix_(at, at)]
            ones = coefficients @ gram[0]
            squares = np.einsum("ij,jk,ik->i", coefficients, gram, coefficients)
            is_group = (np.abs(squares - ones) < 1e-4) & (ones > 0.5) & (ones < minimum - 0.5)
            if is_group.any():
                yield used


@cache
def combinations_of(size: int) -> np.ndarray:
    """Coefficients of the constant (-1, 0, 1) and of `size` indicators (-1 or 1), one combination a row."""
    found = [(c, *rest) for c in (-1, 0, 1) for rest in product((-1, 1), repeat=size)]
    return np.array(found, dtype=float)


def attack_persons(values: np.ndarray, minimum: int) -> bool:
    """Whether some combination of the columns is the indicator of one person, from the rows themselves.

    Parameters
    ----------
    values : ndarray of shape (n, p)
        Rows of one arm.
    minimum : int
        With 1 nobody is protected and nothing is found.

    Returns
    -------
    bool
        True where a person's leverage is 1: the diagonal of X (X'X)^- X' with X = (1, values).
    """
    if minimum <= 1:
        return False
    centred = values - values.mean(axis=0)
    spread = np.abs(centred).max(axis=0)
    u, s, _ = np.linalg.svd(centred[:, spread > 0] / spread[spread > 0], full_matrices=False)
    basis = u[:, s > 1e-9 * max(1.0, float(s.max(initial=0.0)))]
    leverage = 1.0 / len(values) + (basis**2).sum(axis=1)
    return bool((leverage > 1 - 1e-9).any())
