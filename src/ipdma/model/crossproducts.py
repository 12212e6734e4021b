"""What a Gaussian fit knows of the data: per study the number of rows, means and centred products.

Raw products lose (shift / spread)^2 digits for a column such as a year; products about the study mean do
not. After these no row is read again.

With a participant random intercept the rows of a study split into strata that an orthogonal turn of the rows
makes independent: within participants (variance sigma2) and, for each number m of rows a participant has,
between participants (variance sigma2 + m phi). Without one there is a single stratum, m = 0. Participants
nested in therapists in some of the arms (partial nesting) are the same: therapists split the rows, and rows
without a therapist join the stratum m = 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import blas

SMALL = 16384  # rows that are taken all at once
CHUNK = 8192  # rows taken at a time, so that the working copy stays in the processor's cache


@dataclass(frozen=True)
class CrossProducts:
    """Cross-products of K studies, S strata and c columns; column 0 is the constant 1.

    Attributes
    ----------
    n : ndarray of shape (K, S)
        Dimensions of each stratum; they add up to the study's rows.
    mean : ndarray of shape (K, c)
        Study means; 0 for the constant, which is never shifted.
    products : ndarray of shape (K, S, c, c)
        Products of the columns about their study mean.
    visits : ndarray of shape (S,)
        m of each stratum.
    """

    n: np.ndarray
    mean: np.ndarray
    products: np.ndarray
    visits: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """Rows of each study, shape (K,)."""
        found: np.ndarray = self.n.sum(axis=1)
        return found

    def about(self, origin: np.ndarray) -> np.ndarray:
        """Products about another origin, shape (K, S, c, c).

        Parameters
        ----------
        origin : ndarray of shape (K, c)
            U - 1 o' = (U - 1 m') + 1 (m - o)': a congruence with the constant's column.
        """
        return self.moved(self.mean - origin, np.arange(self.mean.shape[1]))

    def moved(self, shift: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Products of some columns (c',) after `shift` (K, c) times the constant is added: (K, S, c', c')."""
        some = shift[:, None, columns]
        products = self.products[..., columns[:, None], columns]
        if not some.any():
            return products
        constant = self.products[:, :, 0]
        once = products + constant[..., columns, None] * some[:, :, None]
        edge = constant[..., columns] + constant[..., :1] * some
        found: np.ndarray = once + some[..., None] * edge[:, :, None]
        return found


def cross_products(
    columns: Sequence[np.ndarray], study: np.ndarray, k: int, participant: np.ndarray | None = None
) -> CrossProducts:
    """Cross-products per study.

    Parameters
    ----------
    columns : sequence of ndarray of shape (n,)
        Without the constant, which is added in front.
    study : ndarray of int, shape (n,)
        0 to k - 1, never decreasing.
    k : int
        Number of studies, each with a row.
    participant : ndarray of int, shape (n,), optional
        Participants (or therapists) get a random intercept; -1: a row of its own.

    Returns
    -------
    CrossProducts
        One pass over the rows; memory beyond the data does not depend on n.
    """
    bounds = np.searchsorted(study, np.arange(k + 1))
    if participant is not None:
        return by_strata(columns, bounds, participant)
    c = len(columns) + 1
    if bounds[-1] <= SMALL:
        return at_once(columns, bounds)
    mean, products = np.zeros((k, c)), np.empty((k, 1, c, c))
    for first, last in blocks(bounds):
        start, stop = int(bounds[first]), int(bounds[last])
        if last - first == 1:
            mean[first], products[first, 0] = study_products(columns, start, stop)
        else:
            part = at_once([column[start:stop] for column in columns], bounds[first : last + 1] - start)
            mean[first:last], products[first:last] = part.mean, part.products
    return CrossProducts(np.diff(bounds)[:, None], mean, products, np.zeros(1))


def blocks(bounds: np.ndarray) -> list[tuple[int, int]]:
    """Runs of studies, the first and one past the last, of `SMALL` rows at most or of one study."""
    found, first = [], 0
    while first < len(bounds) - 1:
        last = int(np.searchsorted(bounds, bounds[first] + SMALL, side="right")) - 1
        last = max(last, first + 1)
        found.append((first, last))
        first = last
    return found


def at_once(columns: Sequence[np.ndarray], bounds: np.ndarray) -> CrossProducts:
    """Cross-products of so few rows that a copy of all of them stays in the processor's cache."""
    rows, c = np.diff(bounds), len(columns) + 1
    block = np.empty((c, int(bounds[-1])))
    block[0] = 1.0
    for j, column in enumerate(columns, 1):
        block[j] = column
    mean = np.add.reduceat(block, bounds[:-1], axis=1) / rows
    mean[0] = 0.0
    block -= np.repeat(mean, rows, axis=1)
    products = np.empty((len(rows), 1, c, c))
    for i in range(len(rows)):
        part = block[:, bounds[i] : bounds[i + 1]]
        np.matmul(part, part.T, out=products[i, 0])
    products[:, 0, 0, 1:] = products[:, 0, 1:, 0] = 0.0
    return CrossProducts(rows[:, None], mean.T, products, np.zeros(1))


def study_products(columns: Sequence[np.ndarray], start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
    """Means (c,) and products about them (c, c) of one study, in chunks about a provisional origin."""
    c, n = len(columns) + 1, stop - start
    origin, total = np.zeros(c), np.zeros((c, c))
    chunk = np.ones((c, min(CHUNK, max(n, 1))))
    for at in range(start, stop, CHUNK):
        end = min(at + CHUNK, stop)
        part = chunk[:, : end - at]
        for j, column in enumerate(columns, 1):
            if at == start:
                origin[j] = column[at:end].mean()
            np.subtract(column[at:end], origin[j], out=part[j])
        total += blas.dgemm(
            1.0, part.T, part.T, trans_a=1
        )  # numpy's syrk takes twice as long with few columns
    shift = total[0] / max(n, 1)
    shift[0] = 0.0
    products = (total + total.T) / 2 - n * np.outer(shift, shift)
    products[0, 1:] = products[1:, 0] = 0.0
    return origin + shift, products


def by_strata(columns: Sequence[np.ndarray], bounds: np.ndarray, participant: np.ndarray) -> CrossProducts:
    """Cross-products of participants with a random intercept, by number of rows per participant."""
    k, c = len(bounds) - 1, len(columns) + 1
    visits = np.bincount(participant[participant >= 0])
    kinds = np.unique(visits[visits > 0])
    n, mean = np.zeros((k, len(kinds) + 1)), np.zeros((k, c))
    products = np.zeros((k, len(kinds) + 1, c, c))
    for i in range(k):
        rows = slice(int(bounds[i]), int(bounds[i + 1]))
        block = np.vstack([np.ones(rows.stop - rows.start), *(column[rows] for column in columns)])
        mean[i, 1:] = block[1:].mean(axis=1)
        block[1:] -= mean[i, 1:, None]
        n[i], products[i] = study_strata(block, participant[rows], kinds)
    return CrossProducts(n, mean, products, np.concatenate([[0.0], kinds]))


def study_strata(
    block: np.ndarray, participant: np.ndarray, kinds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Dimensions and products of one study's strata: within first, then between for each of `kinds`."""
    alone, block = block[:, participant < 0], block[:, participant >= 0]
    _, who, m = np.unique(participant[participant >= 0], return_inverse=True, return_counts=True)
    sums = np.vstack([np.bincount(who, weights=row) for row in block])
    means = sums / m
    within = block - means[:, who]
    within[np.abs(within) < 1e-14 * np.abs(block).max(axis=1, keepdims=True, initial=0.0)] = 0.0
    products = [within @ within.T + alone @ alone.T]
    dimensions = [block.shape[1] - len(m) + alone.shape[1]]
    for kind in kinds:
        between = means[:, m == kind] * np.sqrt(kind)
        products.append(between @ between.T)
        dimensions.append(int((m == kind).sum()))
    return np.array(dimensions, dtype=float), np.array(products)
