"""Sets of people behind two or three blocks of one arm, put together: what only the site can try.

A set, more or less one or two others, may count each of some people once and nobody else: two that are in a
third, two that hold a third between them. The totals of the blocks then add up to theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from ipdma.bundle.records import INDICATORS, Block
from ipdma.release.attacks.find import column_key, few

Key = tuple[object, ...]
Sums = Mapping[Key, float]
SIGNS = (1, -1)


def indicator_sums(block: Block, arm: str) -> dict[Key, float]:
    """How many people of an arm are at each level, by what the level's column measures."""
    moments = block.arms[arm]
    return {
        column_key(block, column): float(moments.n * moments.means[i])
        for i, column in enumerate(block.columns)
        if column.coding in INDICATORS
    }


def groups_between(
    own: frozenset[str], others: Sequence[frozenset[str]]
) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Each group of people that a set, more or less one or two others, is.

    Yields
    ------
    people : int
    signs : list of (int, int)
        The place of each set (0 is `own`, 1 the first of the others) and its sign in the sum.
    """
    people = sorted(own.union(*others))
    marks = [np.array([who in group for who in people], dtype=int) for group in (own, *others)]
    places = range(1, len(marks))
    changes = [[(i, s)] for i in places for s in SIGNS]
    changes += [[(i, s), (j, t)] for i, j in combinations(places, 2) for s in SIGNS for t in SIGNS]
    for change in changes:
        count = marks[0] + sum(sign * marks[i] for i, sign in change)
        whole = 1 if count.sum() > 0 else -1
        if (whole * count).min() >= 0 and (whole * count).max() == 1:
            yield int(whole * count.sum()), [(0, whole), *((i, whole * sign) for i, sign in change)]


def attack_unions(own: frozenset[str], others: Sequence[frozenset[str]], minimum: int) -> bool:
    """Whether a set of people, more or less one or two others, is few people, from the people themselves.

    Parameters
    ----------
    own : frozenset of str
        People of one arm behind a block.
    others : sequence of frozenset of str
        People of that arm behind blocks which share a column with it.
    """
    return any(few(people, minimum) for people, _ in groups_between(own, others))


def levels_of_few(
    own: tuple[frozenset[str], Sums], others: Mapping[frozenset[str], Sums], minimum: int
) -> set[Key]:
    """Levels that few have, or lack, of the people that a set is, more or less one or two others.

    Parameters
    ----------
    own : (people, sums)
        Behind a block, and how many of them are at each level (`indicator_sums`).
    others : mapping of people to sums
    """
    sums = [own[1], *others.values()]
    found: set[Key] = set()
    for people, signs in groups_between(own[0], list(others)):
        for key in set.intersection(*(set(sums[i]) for i, _ in signs)):
            at = sum(sign * sums[i][key] for i, sign in signs)
            if few(at, minimum) or few(people - at, minimum):
                found.add(key)
    return found
