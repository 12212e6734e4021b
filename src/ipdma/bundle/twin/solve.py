"""Numbers of nobody inside their ranges whose means and covariances over several sets of rows are given.

The unknowns are the numbers themselves, pushed into their intervals by a smooth curve; the conditions are
smooth in them, and there are fewer of them. Gauss-Newton with the shortest step, damped while far off
(Levenberg), converges quadratically: the moments of sets that overlap are met together, to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ipdma.bundle.records import Moments
from ipdma.bundle.twin.intervals import Interval, free_from, numbers_from

ENOUGH = 1e-12  # of a column's spread: closer than this, moments are met
STEPS = 200
LONGEST = 2.0  # step of a free number
PATIENCE = 12  # steps over which the squared distance must fall
STUCK = 0.5  # to this share
SINGULAR = 1e-13  # of the largest eigenvalue: conditions that follow from others


@dataclass(frozen=True)
class Seen:
    """A column of a set of rows: a known indicator, or an unknown number as it stands or as its logarithm.

    Attributes
    ----------
    place : int
        Which unknown column, or -1 for a known one.
    known : ndarray of shape (n,) or None
        The indicator's values, 0 and 1.
    log : bool
        Whether the unknown number is seen by its natural logarithm.
    """

    place: int = -1
    known: np.ndarray | None = None
    log: bool = False

    def values(self, x: np.ndarray) -> np.ndarray:
        """The column over all rows, shape (n,)."""
        if self.known is not None:
            return self.known
        own: np.ndarray = x[:, self.place]
        return np.log(own) if self.log else own

    def slope(self, x: np.ndarray) -> np.ndarray:
        """Its derivative by the unknown number, shape (n,)."""
        own: np.ndarray = x[:, self.place]
        return 1 / own if self.log else np.ones(len(own))


@dataclass(frozen=True)
class Wanted:
    """The moments that one set of rows shall have.

    Attributes
    ----------
    rows : ndarray of int
        Positions of its people among the n of the arm.
    columns : tuple of Seen, length p
    means : ndarray of shape (p,)
    covariance : ndarray of shape (p, p)
        Divisor n - 1.
    """

    rows: np.ndarray
    columns: tuple[Seen, ...]
    means: np.ndarray
    covariance: np.ndarray

    @classmethod
    def of_number(cls, rows: np.ndarray, place: int, moments: Moments) -> Wanted:
        """The mean and variance of one column."""
        return cls(rows, (Seen(place),), moments.means, moments.covariance)

    @property
    def scale(self) -> np.ndarray:
        """Standard deviations, 1 where a column does not vary, shape (p,)."""
        sd = np.sqrt(np.maximum(np.diag(self.covariance), 0.0))
        return np.where(sd > 0, sd, 1.0)

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Pairs of columns of which one is unknown at least."""
        p = range(len(self.columns))
        return [(i, j) for i in p for j in range(i + 1) if self.unknown(i) or self.unknown(j)]

    def unknown(self, i: int) -> bool:
        """Whether a column is to be found."""
        return self.columns[i].known is None

    def misses(self, x: np.ndarray) -> np.ndarray:
        """How far means, then pairs, are from those wanted, in standard deviations."""
        centred = self.centred(x)
        n, pairs = len(self.rows), self.pairs
        means = [centred[:, i].mean() for i in range(len(self.columns)) if self.unknown(i)]
        found = centred.T @ centred / max(n - 1, 1)
        wanted = self.covariance / np.outer(self.scale, self.scale)
        return np.array([*means, *((found - wanted)[i, j] for i, j in pairs)])

    def centred(self, x: np.ndarray) -> np.ndarray:
        """The rows' columns about the wanted means, in standard deviations, shape (rows, p)."""
        values = np.column_stack([column.values(x)[self.rows] for column in self.columns])
        return (values - self.means) / self.scale

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Derivatives of `misses` by the numbers, shape (conditions, n, A)."""
        centred, n = self.centred(x), len(self.rows)
        slopes = {
            i: self.columns[i].slope(x)[self.rows] / self.scale[i]
            for i in range(len(self.columns))
            if self.unknown(i)
        }
        found = np.zeros((len(slopes) + len(self.pairs), *x.shape))
        for at, (i, slope) in enumerate(slopes.items()):
            found[at, self.rows, self.columns[i].place] = slope / n
        for at, (i, j) in enumerate(self.pairs, len(slopes)):
            for a, b in ((i, j), (j, i)):
                if a in slopes:
                    found[at, self.rows, self.columns[a].place] += slopes[a] * centred[:, b] / max(n - 1, 1)
        return found


def find_numbers(
    start: np.ndarray, intervals: Sequence[Interval], wanted: Sequence[Wanted]
) -> tuple[np.ndarray, float]:
    """Numbers with the wanted moments.

    Parameters
    ----------
    start : ndarray of shape (n, A)
        Where to begin.
    intervals : sequence of Interval, one for each column
    wanted : sequence of Wanted

    Returns
    -------
    x : ndarray of shape (n, A)
        Inside the intervals.
    miss : float
        The largest distance of a mean or covariance from the wanted one, in standard deviations; at most
        `ENOUGH` where there are such numbers and they were found.
    """
    u, _ = free_from(start, intervals)
    x, slopes = numbers_from(u, intervals)
    misses = all_misses(x, wanted)
    damping, sizes = 1.0, [float(misses @ misses)]
    for _ in range(STEPS):
        if np.abs(misses).max(initial=0.0) <= ENOUGH or damping > 1e12 or is_stuck(sizes):
            break
        step = shortest_step(x, slopes, intervals, wanted, misses, damping)
        trial = u + step * min(1.0, LONGEST / max(np.abs(step).max(), 1e-300))
        x_trial, slopes_trial = numbers_from(trial, intervals)
        found = all_misses(x_trial, wanted)
        if found @ found < misses @ misses:
            u, x, slopes, misses, damping = trial, x_trial, slopes_trial, found, damping / 10
        else:
            damping = max(damping, 1e-14) * 10
        sizes.append(float(misses @ misses))
    return x, float(np.abs(misses).max(initial=0.0))


def is_stuck(sizes: Sequence[float]) -> bool:
    """Whether the search came into a valley without an end: another start is worth more than its next
    steps."""
    return len(sizes) > PATIENCE and sizes[-1] > STUCK * sizes[-1 - PATIENCE]


def all_misses(x: np.ndarray, wanted: Sequence[Wanted]) -> np.ndarray:
    """The distances of every set of rows, one after the other."""
    return np.concatenate([np.zeros(0), *(one.misses(x) for one in wanted)])


def shortest_step(
    x: np.ndarray,
    slopes: Sequence[np.ndarray],
    intervals: Sequence[Interval],
    wanted: Sequence[Wanted],
    misses: np.ndarray,
    damping: float,
) -> np.ndarray:
    """The shortest change of the free numbers that removes the distances to first order, damped."""
    by_number = np.concatenate([one.jacobian(x) for one in wanted])
    for j in reversed(range(x.shape[1])):  # what moves with another column, moves that column's free number
        other = intervals[j].ties[0].other if intervals[j].ties else -1
        if other >= 0:
            by_number[:, :, other] += by_number[:, :, j] * slopes[j][1]
        by_number[:, :, j] *= slopes[j][0]
    J = by_number.reshape(len(misses), -1)
    values, vectors = np.linalg.eigh(J @ J.T)
    kept = values > SINGULAR * values[-1]
    turned = (vectors.T @ misses)[kept] / (values[kept] + damping * 1e-6 * values[-1])
    found: np.ndarray = -(J.T @ (vectors[:, kept] @ turned)).reshape(x.shape)
    return found
