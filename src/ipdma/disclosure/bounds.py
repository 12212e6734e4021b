"""What an outsider can work out of the counts that are withheld: the least and the most that each can be.

All ties between the counts of a run are equations and inequalities in whole numbers. Where nothing links two
withheld counts they are solved apart. The least and the most of a count are found by integer programming
(HiGHS, Huangfu and Hall 2018, Math Program Comput 10:119, through `scipy.optimize.milp`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy  # its parts are loaded where they are first used

from ipdma.disclosure.cells import Cell
from ipdma.disclosure.ties import Tie
from ipdma.provenance import digest_text

UnknownRow = tuple[dict[Cell, float], float, float]  # weights, and the limits of the sum
ENOUGH = 3  # possible values that a withheld count must have
MOST = 1e6  # of a count of which nothing is said
DIRECTIONS = 20
FEW = 2  # counts that are better sought one by one
SWEEPS = 100
WHOLE = 1e-6  # how far from a whole number a count of HiGHS may be
PATIENCE = 5.0  # seconds for one question in whole numbers
TIMED_OUT = 1  # scipy.optimize.milp's status
STARTED: set[str] = (
    set()
)  # HiGHS, once this process has solved: its threads stay, and a forked process lacks them


class Range(NamedTuple):
    """The least and the most that a count can be, as far as it was looked for."""

    low: float
    high: float

    @property
    def values(self) -> int:
        """How many whole numbers lie in it."""
        return int(self.high - self.low) + 1


class Contradiction(Exception):
    """No numbers of people fit all that is published."""


@dataclass
class Part:
    """Unknown counts that are tied to each other and to no other.

    Attributes
    ----------
    cells : list of Cell
    matrix : sparse array of shape (ties, cells)
    low, high : ndarray of shape (ties,)
        `low <= matrix @ counts <= high`.
    bounds : ndarray of shape (2, cells)
        The least and the most of each count, by what is said of it alone.
    """

    cells: list[Cell]
    matrix: scipy.sparse.csr_array
    low: np.ndarray
    high: np.ndarray
    bounds: np.ndarray

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells it from another part."""
        numbers = (self.low, self.high, self.bounds, self.matrix.data, self.matrix.indices)
        return (*self.cells, *(values.tobytes() for values in numbers))

    def digest(self, places: Sequence[int]) -> str:
        """SHA-256 of the numbers that the ranges of the counts at some places follow from."""
        rows = (self.matrix.data, self.matrix.indices, self.matrix.indptr)
        words = [
            list(places),
            *([*map(float, values)] for values in (*rows, self.low, self.high, *self.bounds)),
        ]
        return digest_text(json.dumps(words))

    def contradiction(self) -> Contradiction:
        """That nothing fits it."""
        return Contradiction(f"no whole numbers fit what is said of {self.cells[0].people}")

    def ranges(
        self, wanted: Sequence[Cell], together: bool = True, enough: int = ENOUGH
    ) -> dict[Cell, Range]:
        """The range of each wanted count.

        Parameters
        ----------
        wanted : sequence of Cell
        together : bool
            Whether ties are solved together; else each is followed alone, and the ranges are too wide.
        enough : int
            A count that is seen to have so many possible values is not followed further: its range is then
            too narrow, and still holds so many.

        Returns
        -------
        dict of Cell to Range

        Raises
        ------
        Contradiction
            Where no whole numbers fit all ties.
        """
        at = {cell: i for i, cell in enumerate(self.cells)}
        size = len(self.cells)
        least, most = np.full(size, np.inf), np.full(size, -np.inf)
        close = self.tighten()
        sought = [cell for cell in wanted if together and close[0, at[cell]] < close[1, at[cell]]]
        found = {cell: Range(*map(float, close[:, at[cell]])) for cell in wanted}
        left = np.array([at[cell] for cell in sought], dtype=int)
        for signs in self.directions():
            if len(left) > FEW:  # only those not yet settled are pushed
                widen(least, most, self.solve(np.bincount(left, signs[left], size)))
                left = left[most[left] - least[left] < enough - 1]
        for cell in sought:
            i = at[cell]
            for sign in (1.0, -1.0):
                if most[i] - least[i] < enough - 1:
                    widen(least, most, self.solve(sign * (np.arange(size) == i)))
            # what was sought and not found in time counts as told, since it may be
            low = least[i] if np.isfinite(least[i]) else close[0, i]
            found[cell] = Range(float(low), float(max(low, most[i])))
        return found

    def tighten(self) -> np.ndarray:
        """Bounds after each tie alone has been followed until none moves one further: wider than the truth.

        Raises
        ------
        Contradiction
            Where a count's least would be above its most.
        """
        low, high = self.bounds[0].copy(), self.bounds[1].copy()
        line, at = self.matrix.tocoo().coords
        weight = self.matrix.tocoo().data
        rising = weight > 0
        for _ in range(SWEEPS):
            before = (low.sum(), high.sum())
            least, most = (
                np.where(rising, low[at], -high[at]),
                np.where(rising, high[at], -low[at]),
            )
            up = self.high[line] - (np.bincount(line, least, len(self.high))[line] - least)
            down = self.low[line] - (np.bincount(line, most, len(self.low))[line] - most)
            np.minimum.at(high, at, np.where(rising, up, -down))
            np.maximum.at(low, at, np.where(rising, down, -up))
            if (low > high).any():
                raise self.contradiction()
            if (low.sum(), high.sum()) == before:
                break
        return np.array([low, high])

    def directions(self) -> list[np.ndarray]:
        """Signs with which counts are pushed at once, so that few are left to be sought alone."""
        size = len(self.cells)
        signs = np.random.default_rng(size).choice([-1.0, 1.0], (DIRECTIONS, size))
        return [np.ones(size), -np.ones(size), *signs]

    def solve(self, aim: np.ndarray) -> np.ndarray:
        """The counts that fit everything and have the least `aim @ counts`.

        Fractions are allowed first; where the answer has some, whole numbers are sought.

        Returns
        -------
        ndarray of shape (cells,)
            Whole numbers; NaN where none were found within `PATIENCE` seconds.

        Raises
        ------
        Contradiction
            Where no numbers fit.
        """
        rules = [scipy.optimize.LinearConstraint(self.matrix, self.low, self.high)]
        bounds = scipy.optimize.Bounds(*self.bounds)
        STARTED.add("HiGHS")
        answer = scipy.optimize.milp(aim, constraints=rules, bounds=bounds)
        if answer.x is not None and np.abs(answer.x - np.round(answer.x)).max() > WHOLE:
            whole = np.ones(len(self.cells))
            answer = scipy.optimize.milp(
                aim, constraints=rules, bounds=bounds, integrality=whole, options={"time_limit": PATIENCE}
            )
        if answer.x is None:
            if answer.status == TIMED_OUT:
                return np.full(len(self.cells), np.nan)
            raise self.contradiction()
        return np.round(answer.x)


def widen(least: np.ndarray, most: np.ndarray, counts: np.ndarray) -> None:
    """Widen, in place, the least and the most seen so far by counts that fit; NaN widens nothing."""
    np.fmin(least, counts, out=least)
    np.fmax(most, counts, out=most)


def split_unknown(rows: Sequence[UnknownRow], limits: Callable[[Cell], tuple[float, float]]) -> list[Part]:
    """Split what is unknown in the ties where nothing links it.

    Parameters
    ----------
    rows : sequence of UnknownRow
        Every tie in which something is unknown, all that is known put into it.
    limits : function of a Cell
        The least and the most that an unknown one can be by what is said of it alone.
    """
    groups = connect([list(weights) for weights, _, _ in rows])
    held: dict[int, list[UnknownRow]] = {}
    for row in rows:
        held.setdefault(groups[next(iter(row[0]))], []).append(row)
    return [build_part(members, limits) for _, members in sorted(held.items())]


def unknown_rows(ties: Sequence[Tie], number: Callable[[Cell], float | None]) -> list[UnknownRow]:
    """Every tie in which something is unknown."""
    return [row for row in (reduce_tie(tie, number) for tie in ties) if row is not None]


def reduce_tie(tie: Tie, number: Callable[[Cell], float | None]) -> UnknownRow | None:
    """Weights of the unknown counts of a tie and the limits of their sum; None where nothing is unknown."""
    weights: dict[Cell, float] = {}
    known = 0.0
    for cell, weight in ((tie.whole, -1.0), *((part, 1.0) for part in tie.parts)):
        value = number(cell)
        if value is None:
            weights[cell] = weights.get(cell, 0.0) + weight
        else:
            known += weight * value
    if not weights:
        return None
    return weights, (-known if tie.exact else -np.inf), -known


def connect(groups: Sequence[Sequence[Cell]]) -> dict[Cell, int]:
    """The number of the part in which each cell is (union-find)."""
    root: dict[Cell, Cell] = {}

    def find(cell: Cell) -> Cell:
        root.setdefault(cell, cell)
        while root[cell] != cell:
            root[cell] = root[root[cell]]
            cell = root[cell]
        return cell

    for group in groups:
        for cell in group:
            root[find(cell)] = find(group[0])
    numbers: dict[Cell, int] = {}
    return {cell: numbers.setdefault(find(cell), len(numbers)) for cell in root}


def build_part(rows: Sequence[UnknownRow], limits: Callable[[Cell], tuple[float, float]]) -> Part:
    """The matrix of one part."""
    cells = sorted({cell for weights, _, _ in rows for cell in weights})
    at = {cell: i for i, cell in enumerate(cells)}
    entries = [(i, at[cell], w) for i, (weights, _, _) in enumerate(rows) for cell, w in weights.items()]
    line, column, weight = np.array(entries, dtype=float).reshape(-1, 3).T
    matrix = scipy.sparse.csr_array((weight, (line.astype(int), column.astype(int))), (len(rows), len(cells)))
    bounds = np.array([limits(cell) for cell in cells], dtype=float).reshape(-1, 2).T
    return Part(cells, matrix, np.array([r[1] for r in rows]), np.array([r[2] for r in rows]), bounds)
