"""Small-cell suppression for a table of counts with its totals, so that the totals do not give a cell back.

A table with totals is a circulation: what flows into a row (its total) leaves it through its cells, what
flows into a column leaves it as the column's total, and both sets of totals meet in the grand total. A
hidden count may be moved up by one wherever a closed walk through hidden counts leads back to it, so how far
an outsider can narrow it down is a maximum flow. These bounds are exact for whole numbers (the network
matrix is totally unimodular; see Fischetti and Salazar 1999, Math Program 84:283, doi:10.1007/s10107980019a,
for the cell suppression problem).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ipdma.privacy.flow import Arc, Network, cheapest_walk, slack

HIDDEN = None


@dataclass(frozen=True)
class Suppressed:
    """A table that may be printed.

    Attributes
    ----------
    cells : tuple of tuples
        The counts, None where hidden.
    row_totals, column_totals : tuple
        The totals, None where hidden.
    total : int or None
    primary : frozenset of (row, column)
        Positions that were hidden for being small; a total's row or column is `total`'s index (one past the
        last).
    secondary : frozenset of (row, column)
        Positions that were hidden to protect those.
    exposed : frozenset of (row, column)
        Small cells that stay recoverable because exempt cells give them away; such a table may not be
        printed.
    """

    cells: tuple[tuple[int | None, ...], ...]
    row_totals: tuple[int | None, ...]
    column_totals: tuple[int | None, ...]
    total: int | None
    primary: frozenset[tuple[int, int]]
    secondary: frozenset[tuple[int, int]]
    exposed: frozenset[tuple[int, int]]


def suppress_table(
    counts: Sequence[Sequence[int]],
    minimum: int = 10,
    exempt: Collection[tuple[int, int]] = (),
    spread: int | None = None,
) -> Suppressed:
    """Hide small counts, and as few others as it takes that no hidden small count can be worked out.

    Parameters
    ----------
    counts : (rows, columns) whole numbers
        The table without totals; the totals are added here.
    minimum : int
        Counts from 1 to `minimum` - 1 are hidden. Zero stays.
    exempt : positions (row, column)
        Counts that are public already (arm sizes of a published trial) and are shown whatever they are. Index
        `rows` means the row of column totals, index `columns` the column of row totals.
    spread : int, optional
        How many counts wide an outsider's best bounds of a hidden small count must be; default half the
        minimum.

    Returns
    -------
    Suppressed
    """
    arcs = circulation(counts)
    open_to_all = set(exempt)
    spread = max(1, minimum // 2) if spread is None else spread
    primary = {at for at, arc in arcs.items() if 0 < arc.value < minimum and at not in open_to_all}
    hidden = set(primary)
    exposed = set()
    for at in sorted(primary):
        if not protect(at, arcs, hidden, open_to_all, spread):
            exposed.add(at)
    return as_table(counts, arcs, hidden, frozenset(primary), frozenset(exposed))


def circulation(counts: Sequence[Sequence[int]]) -> Network:
    """Every count and total as an arc of one circulation, by its position in the table with totals."""
    rows, columns = len(counts), len(counts[0]) if counts else 0
    arcs = Network()
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            arcs[i, j] = Arc(("row", i), ("column", j), count)
        arcs[i, columns] = Arc(("in", 0), ("row", i), sum(row))
    for j in range(columns):
        arcs[rows, j] = Arc(("column", j), ("out", 0), sum(row[j] for row in counts))
    arcs[rows, columns] = Arc(("out", 0), ("in", 0), sum(map(sum, counts)))
    return arcs


def protect(
    at: tuple[int, int],
    arcs: Network,
    hidden: set[tuple[int, int]],
    open_to_all: set[tuple[int, int]],
    spread: int,
) -> bool:
    """Hide further counts until the bounds of `at` are `spread` wide; False where exempt counts forbid it.

    Each round hides the cheapest closed walk (the fewest people hidden) that lets the count move; walks that
    allow the whole spread are tried before narrower ones, since counts of one or two would otherwise be
    hidden in vain.
    """
    while width(at, arcs, hidden, spread) < spread:
        walk = None
        for room in sorted({spread, 1}, reverse=True):
            walk = walk or cheapest_walk(at, arcs, hidden, open_to_all, room)
        if walk is None or walk <= hidden:
            return width(at, arcs, hidden, 1) >= 1 and hide_rest(at, arcs, hidden, open_to_all, spread)
        hidden |= walk
    return True


def hide_rest(
    at: tuple[int, int],
    arcs: Network,
    hidden: set[tuple[int, int]],
    open_to_all: set[tuple[int, int]],
    spread: int,
) -> bool:
    """Hide whatever may be hidden, smallest first, until the bounds are wide enough or nothing is left."""
    rest = sorted((arc.value, place) for place, arc in arcs.items() if place not in hidden | open_to_all)
    for _, place in rest:
        if width(at, arcs, hidden, spread) >= spread:
            break
        hidden.add(place)
    return width(at, arcs, hidden, 1) >= 1


def width(at: tuple[int, int], arcs: Network, hidden: set[tuple[int, int]], enough: int) -> int:
    """How far apart an outsider's bounds of a hidden count are, counted no further than `enough`."""
    up = slack(at, arcs, hidden, enough, up=True)
    return up + (slack(at, arcs, hidden, enough - up, up=False) if up < enough else 0)


def as_table(
    counts: Sequence[Sequence[int]],
    arcs: Network,
    hidden: set[tuple[int, int]],
    primary: frozenset[tuple[int, int]],
    exposed: frozenset[tuple[int, int]],
) -> Suppressed:
    """The table with its hidden counts taken out."""
    rows, columns = len(counts), len(counts[0]) if counts else 0

    def shown(i: int, j: int) -> int | None:
        return HIDDEN if (i, j) in hidden else arcs[i, j].value

    return Suppressed(
        cells=tuple(tuple(shown(i, j) for j in range(columns)) for i in range(rows)),
        row_totals=tuple(shown(i, columns) for i in range(rows)),
        column_totals=tuple(shown(rows, j) for j in range(columns)),
        total=shown(rows, columns),
        primary=primary,
        secondary=frozenset(hidden - primary),
        exposed=exposed,
    )
