"""Completed data sets of the same people, side by side.

What was observed is the same in every set, so that the difference of two sets is a sum over those whose
values were drawn: of the drawn values (nobody's), and of products of these with what else is known of the
same people, which is real. Of few people the products give that away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ipdma.bundle.records import MISSING, Block
from ipdma.release.attacks.find import Find, few
from ipdma.release.attacks.rank import needed_people

SETS = "sets"
SAME = 1e-9  # relative: totals that differ by less are the same
WITHOUT = "leave the imputed analysis to the trials with rows"


def attack_drawn(block: Block, drawn: Mapping[str, int], minimum: int) -> Iterator[Find]:
    """Arms in which a variable was drawn for few people, or for fewer than three a column.

    Parameters
    ----------
    block : Block
        One of the data sets.
    drawn : mapping of str to int
        People for whom the variable that fewest lack was drawn, by arm: the site knows, and the file does
        not say.
    minimum : int
    """
    needed = max(minimum, needed_people(block)) if minimum > 1 else 1
    for arm, people in drawn.items():
        if few(people, needed):
            reason = f"a variable was drawn for fewer than {needed} people of arm {arm}"
            yield Find(SETS, arm, (), reason, WITHOUT)


def attack_sets(blocks: Sequence[Block], minimum: int) -> Iterator[Find]:
    """Data sets of different people, and differences that leave a direction out which all people have.

    Where people differ in number, one set less another is the rows of those whom the one has more.

    The products of drawn values with the columns that were observed span as many directions as these
    columns, unless the people are fewer than those. Whose outcome was drawn is no such column: it is 1 for
    all of them.
    """
    flag = [i for i, label in enumerate(blocks[0].labels, 1) if label == MISSING]
    for arm in blocks[0].arms if minimum > 1 else ():
        if len({own.arms[arm].n for own in blocks}) > 1:
            yield Find(SETS, arm, (), f"completed data sets are of different people of arm {arm}", WITHOUT)
            continue
        totals = np.array([np.delete(np.delete(own.arms[arm].totals, flag, 0), flag, 1) for own in blocks])
        if is_narrow(totals):
            reason = f"differences between completed data sets are those of few people of arm {arm}"
            yield Find(SETS, arm, (), reason, WITHOUT)


def attack_people(people: Sequence[Mapping[str, frozenset[str]]], minimum: int) -> Iterator[Find]:
    """Data sets of different people, whom only the site knows: as many need not be the same.

    Parameters
    ----------
    people : sequence of (mapping of str to frozenset of str)
        Of each data set, by arm.
    minimum : int
    """
    if any(own.keys() != people[0].keys() for own in people):
        yield Find(SETS, "", (), "a completed data set lacks an arm that another has", WITHOUT)
    elif minimum > 1 and any(own != people[0] for own in people):
        yield Find(SETS, "", (), "completed data sets are of different people", WITHOUT)


def attack_pairs(values: Sequence[Mapping[str, np.ndarray]], minimum: int) -> Iterator[Find]:
    """Two data sets that differ in a column for few people: of levels and whole scores many are drawn alike.

    Parameters
    ----------
    values : sequence of (mapping of str to ndarray of shape (n, p))
        Rows of each data set by arm, of the same people in the same order: the site alone has them.
    minimum : int
    """
    for arm in values[0]:
        rows = np.stack([own[arm] for own in values])
        changed = ((rows[place + 1 :] != rows[place]).sum(axis=1) for place in range(len(rows) - 1))
        if any(((people > 0) & (people < minimum)).any() for people in changed):
            reason = f"two completed data sets differ for fewer than {minimum} people of arm {arm}"
            yield Find(SETS, arm, (), reason, WITHOUT)


def is_narrow(totals: np.ndarray) -> bool:
    """Whether totals of sets, shape (m, p + 1, p + 1), differ in fewer directions than they could."""
    size = np.sqrt(np.maximum(np.diagonal(totals[0]), 1.0))
    scaled = totals / np.outer(size, size)
    own = np.stack([scaled[:, 0], np.diagonal(scaled, axis1=1, axis2=2)])
    moved = (np.abs(own - own[:, :1]) > SAME).any(axis=(0, 1))
    fixed = np.flatnonzero(~moved)
    most = min(rank_of(scaled[0][np.ix_(fixed, fixed)]), len(totals) - 1)
    for column in np.flatnonzero(moved):
        gaps = scaled[1:, column][:, fixed] - scaled[0, column][fixed]
        if 0 < rank_of(gaps) < most:
            return True
    return False


def rank_of(matrix: np.ndarray) -> int:
    """The rank of a matrix, relative to its largest entry; a column counts from a millionth of that."""
    largest = float(np.abs(matrix).max(initial=0.0))
    return int(np.linalg.matrix_rank(matrix / largest, tol=1e-6)) if largest > SAME else 0
