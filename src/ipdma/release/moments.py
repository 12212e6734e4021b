"""Row sets to blocks: the moments of each arm, equal ones once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ipdma.bundle.records import Block, Moments
from ipdma.release.row_sets import RowSet


@dataclass(frozen=True)
class Draft:
    """A block with what no bundle holds: who stands behind it.

    Attributes
    ----------
    block : Block
    people : dict of str to frozenset of str
        By arm.
    values : dict of str to ndarray of shape (n, p)
        Rows by arm.
    knots : tuple of float
        Of its curve, in the unit of the column before the first bend; empty where there is none.
    drawn : dict of str to int
        By arm, for how many people the variable that fewest lack was drawn; 0 where all were observed.
    """

    block: Block
    people: dict[str, frozenset[str]]
    values: dict[str, np.ndarray]
    knots: tuple[float, ...] = ()
    drawn: dict[str, int] = field(default_factory=dict)


def draft_blocks(sets: Iterable[RowSet]) -> list[Draft]:
    """A block for each row set, in their order; one that equals an earlier one serves with it."""
    found: dict[object, Draft] = {}
    for own in sets:
        draft = draft_block(own)
        key = identity(draft.block)
        same = found.get(key)
        if same is None:
            found[key] = draft
        else:
            serves = tuple(dict.fromkeys((*same.block.serves, *own.serves)))
            found[key] = replace(same, block=replace(same.block, serves=serves))
    return list(found.values())


def draft_block(own: RowSet) -> Draft:
    """The moments of a row set, arm by arm."""
    arms = sorted(set(own.arm))
    block = Block(
        own.serves,
        own.scale,
        own.imputation,
        own.columns,
        {arm: moments_of_rows(own.values[own.arm == arm]) for arm in arms},
    )
    people = {arm: frozenset(own.people[own.arm == arm]) for arm in arms}
    drawn = {} if own.drawn is None else {arm: fewest(own.drawn[own.arm == arm]) for arm in arms}
    return Draft(block, people, {arm: own.values[own.arm == arm] for arm in arms}, own.knots, drawn)


def fewest(drawn: np.ndarray) -> int:
    """Of variables drawn for anybody, shape (n, q), the number of people of the one with fewest; else 0."""
    people = drawn.sum(axis=0)
    return int(min(people[people > 0], default=0))


def narrowed(draft: Draft, names: Sequence[str]) -> Draft:
    """The same people, only the columns of some names."""
    places = [i for i, column in enumerate(draft.block.columns) if column.name in names]
    block = replace(
        draft.block,
        columns=tuple(draft.block.columns[i] for i in places),
        arms={arm: own.of(places) for arm, own in draft.block.arms.items()},
    )
    values = {arm: own[:, places] for arm, own in draft.values.items()}
    return replace(draft, block=block, values=values)


def moments_of_rows(values: np.ndarray) -> Moments:
    """Number, means and covariance (divisor n - 1) of rows of shape (n, p)."""
    n = len(values)
    mean = values.mean(axis=0)
    centred = values - mean
    centred[:, np.ptp(values, axis=0) == 0] = 0.0  # a constant's mean is rounded, and it varies by nothing
    return Moments(
        n, np.where(np.ptp(values, axis=0) == 0, values[0], mean), centred.T @ centred / max(n - 1, 1)
    )


def identity(block: Block) -> object:
    """What two blocks with the same content agree in."""
    arms = tuple(
        (arm, own.n, own.means.tobytes(), own.covariance.tobytes()) for arm, own in block.arms.items()
    )
    return block.scale, block.imputation, block.columns, arms
