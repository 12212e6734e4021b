"""Two blocks of almost the same people: what the one has more than the other is a sum over few.

The totals of one set minus those of another are, where the one lies in the other, the totals of the people
between: their number, sums and squares. Who lies in whom is not in a bundle, so that every difference which
could be people (a moment matrix, inside the ranges) counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ipdma.bundle.records import INDICATORS, Block, Column
from ipdma.release.attacks.find import KEEP_ONE, MERGE, Find, column_key, few, is_semidefinite

DIFFERENCES, RELEASES = "differences", "releases"


def attack_differences(
    block: Block, others: Sequence[Block], minimum: int, attack: str = DIFFERENCES
) -> Iterator[Find]:
    """People told apart by a block and any one of the others, arm by arm."""
    ours = {column_key(block, column): i for i, column in enumerate(block.columns)}
    for other in others:
        theirs = {column_key(other, column): i for i, column in enumerate(other.columns)}
        shared = [key for key in ours if key in theirs]
        if not shared:
            continue
        here, there = [ours[key] for key in shared], [theirs[key] for key in shared]
        columns = [block.columns[i] for i in here]
        for arm, moments in block.arms.items():
            if arm in other.arms:
                gap = moments.of(here).totals - other.arms[arm].of(there).totals
                yield from judge_gap(gap, columns, arm, minimum, attack)


def judge_gap(
    gap: np.ndarray, columns: Sequence[Column], arm: str, minimum: int, attack: str
) -> Iterator[Find]:
    """What a difference of totals (1 and the shared columns) gives away."""
    gap = -gap if gap[0, 0] < 0 else gap
    people = float(gap[0, 0])
    if people < 0.5 or not could_be_people(gap, columns):
        return
    if few(people, minimum):
        reason = f"two sets of people of arm {arm} differ by fewer than {minimum}"
        yield Find(attack, arm, (), reason, KEEP_ONE)
        return
    for i, column in enumerate(columns, 1):
        sides = (float(gap[0, i]), people - float(gap[0, i]))
        if column.coding in INDICATORS and any(few(count, minimum) for count in sides):
            reason = (
                f"two sets of people of arm {arm} differ by fewer than {minimum} with or without "
                f"{column.label}"
            )
            yield Find(attack, arm, (column.name,), reason, MERGE)


def could_be_people(gap: np.ndarray, columns: Sequence[Column]) -> bool:
    """Whether a difference of totals is that of people: positive, inside the ranges, whole where they are."""
    people = gap[0, 0]
    for i, column in enumerate(columns, 1):
        low, high = (0.0, 1.0) if column.coding in INDICATORS else column.range or (-np.inf, np.inf)
        slack = 1e-6 * (1.0 + abs(gap[0, i]))
        if not people * low - slack <= gap[0, i] <= people * high + slack:
            return False
        if column.whole and abs(gap[0, i] - round(gap[0, i])) > 1e-3:
            return False
    return is_semidefinite(gap)
