"""A block as a set of people with counts, and as the moments that these people shall have."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np

from ipdma.bundle.records import LEVEL, LOG, Moments
from ipdma.bundle.twin.columns import Attribute, Known, Use, levels_in
from ipdma.bundle.twin.people import People, Set
from ipdma.bundle.twin.solve import Seen, Wanted


def set_of(use: Use, known: Mapping[Attribute, Known], arm: str) -> Set:
    """A block as a set of people: who must have what, and how many stand at each level."""
    moments = use.block.arms[arm]
    counts: dict[Hashable, int] = {}
    groups = [
        [(place, (own, list(known[own].levels).index(level))) for place, level in levels]
        for own, levels in levels_in(use).items()
    ]
    for i, group in enumerate(groups):
        counts |= {(pair,): whole(moments, place, place) for place, pair in group}
        for other in groups[:i]:
            counts |= {(first, second): whole(moments, a, b) for a, first in group for b, second in other}
    return Set(tuple(dict.fromkeys(use.attributes)), moments.n, use.lacks, counts)


def whole(moments: Moments, a: int, b: int) -> int:
    """People at both of two levels."""
    share = moments.covariance[a, b] * (moments.n - 1) / moments.n + moments.means[a] * moments.means[b]
    return round(float(share) * moments.n)


def wanted_of(
    use: Use, people: People, places: Mapping[Attribute, int], known: Mapping[Attribute, Known], arm: str
) -> Wanted:
    """The moments that a block asks of its people; a level that it does not list is missing in it."""
    moments = use.block.arms[arm]
    inside = set_of(use, known, arm).among(people.has, people.n)
    seen = []
    for column, own in zip(use.block.columns, use.attributes, strict=True):
        if column.coding == LEVEL:
            at = people.level[own] == list(known[own].levels).index(column.level)
            seen.append(Seen(known=at.astype(float)))
        else:
            seen.append(Seen(places[own], log=column.coding == LOG))
    for own, levels in levels_in(use).items():
        listed = [list(known[own].levels).index(level) for _, level in levels]
        inside &= np.isin(people.level[own], listed)
    return Wanted(np.flatnonzero(inside), tuple(seen), moments.means, moments.covariance)
