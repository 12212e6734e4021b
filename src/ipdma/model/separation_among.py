"""Separation in a logistic model of many studies, whose own coefficients are looked at study by study.

A direction of the coefficients that predicts rows without error (`separation.py`) adds to any other. So the
rows that a study's own coefficients separate belong to the largest set; the rest of it is what is separated
among the rows that are left: there the direction must move a shared coefficient. Weights that rule such a
direction out are found in coordinates in which the columns are orthonormal, the own ones in each study by
itself, so that nothing is as wide as all coefficients.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit

from ipdma.model.arrow import Arrow
from ipdma.model.separation import largest_set, separated_rows

Array = np.ndarray
DEPENDENT = 1e-10  # of the largest singular value: below it a direction is a combination of others
FLOOR = 1e-14  # of the curvature's largest eigenvalue
STEPS = 20
SURE = 1e-12  # of balancing weights: in orthonormal columns, projected twice, rounding leaves 1e-15 of them


@dataclass(frozen=True)
class Columns:
    """Columns of a linear predictor, rows ordered by study.

    Attributes
    ----------
    shared : ndarray of shape (n, p)
    own : ndarray of shape (n, q)
        Each study has coefficients of its own for these; zero in a study that lacks the column.
    study : ndarray of int, shape (n,)
        Never decreasing.
    """

    shared: Array
    own: Array
    study: Array

    def at(self, keep: Array) -> Columns:
        """Some of the rows."""
        return Columns(self.shared[keep], self.own[keep], self.study[keep])

    @property
    def starts(self) -> Array:
        """First row of each study that has rows, shape (K,)."""
        return np.flatnonzero(np.diff(self.study, prepend=-1))

    def slices(self) -> Iterator[slice]:
        """The rows of each study."""
        for start, stop in pairwise([*self.starts.tolist(), len(self.study)]):
            yield slice(start, stop)

    def side_by_side(self) -> sparse.csr_array:
        """The shared columns and each study's own, shape (n, p + K q)."""
        place = np.unique(self.study, return_inverse=True)[1]
        row, j = np.nonzero(self.own)
        q, k = self.own.shape[1], len(self.starts)
        own = sparse.csr_array(
            (self.own[row, j], (row, place[row] * q + j)), shape=(len(place), max(k * q, 1))
        )
        return sparse.csr_array(sparse.hstack([sparse.csr_array(self.shared), own], format="csr"))


def separated_among(columns: Columns, y: Array) -> NDArray[np.bool_]:
    """The rows of `separated_rows`, of a model with columns of each study's own.

    Parameters
    ----------
    columns : Columns
    y : ndarray of shape (n,)
        0 and 1.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    found = np.zeros(len(y), dtype=bool)
    for at in columns.slices():
        own = columns.own[at]
        found[at] = separated_rows(own[:, own.any(axis=0)], y[at])
    left = np.flatnonzero(~found)
    if len(left) and not overlap_among(columns.at(left), y[left]):
        found[left] = largest_set(columns.at(left).side_by_side(), y[left])
    return found


def overlap_among(columns: Columns, y: Array) -> bool:
    """Whether no direction separates a row, shown by weights as in `separation.overlap`."""
    shared, own = orthonormal(columns)
    form = Form(shared, own, columns.starts)
    s, gamma = 2 * y - 1, np.zeros(form.size)
    for _ in range(STEPS):
        mu = expit(form.predict(gamma))
        gradient = form.gather(y - mu)
        weights = y - mu - form.predict(gradient)
        if (s * (weights - form.predict(form.gather(weights)))).min() > SURE:
            return True
        step = form.curvature(mu * (1 - mu)).newton(-gradient, FLOOR, np.zeros(form.size, dtype=bool))
        if step is None:
            return False
        gamma = gamma + step[0]
    return False


def orthonormal(columns: Columns) -> tuple[Array, Array]:
    """Orthonormal columns with the same combinations: shared ones (n, p), and each study's own (n, q)."""
    size = np.linalg.norm(columns.shared, axis=0)
    shared, own = columns.shared / np.where(size > 0, size, 1.0), np.zeros_like(columns.own)
    for at in columns.slices():
        basis = basis_of(columns.own[at])
        own[at, : basis.shape[1]] = basis
        shared[at] -= basis @ (basis.T @ shared[at])
    return basis_of(shared), own


def basis_of(columns: Array) -> Array:
    """Orthonormal columns that span some columns."""
    if not columns.any():
        return columns[:, :0]
    size = np.linalg.norm(columns, axis=0)
    left, singular, _ = np.linalg.svd(columns / np.where(size > 0, size, 1.0), full_matrices=False)
    return np.asarray(left[:, singular > DEPENDENT * singular[0]])


@dataclass(frozen=True)
class Form:
    """Orthonormal columns of K studies, their coefficients one after the other: shared, then own ones."""

    shared: Array
    own: Array
    starts: Array

    @cached_property
    def index(self) -> NDArray[np.int_]:
        """Where each study's own coefficients stand, shape (K, q); -1 for one that it lacks."""
        have = np.logical_or.reduceat(self.own != 0, self.starts, axis=0)
        places = self.shared.shape[1] - 1 + have.cumsum().reshape(have.shape)
        return np.where(have, places, -1)

    @property
    def size(self) -> int:
        """All coefficients."""
        return int(self.shared.shape[1] + (self.index >= 0).sum())

    def predict(self, gamma: Array) -> Array:
        """The linear predictor, shape (n,)."""
        own = np.where(self.index >= 0, gamma[self.index], 0.0)
        sizes = np.diff(self.starts, append=len(self.own))
        beside = (self.own * np.repeat(own, sizes, axis=0)).sum(axis=1)
        return np.asarray(beside + self.shared @ gamma[: self.shared.shape[1]])

    def gather(self, rows: Array) -> Array:
        """The columns' products with a vector of rows, shape (size,)."""
        total = np.zeros(self.size)
        total[: self.shared.shape[1]] = rows @ self.shared
        have = self.index >= 0
        total[self.index[have]] = np.add.reduceat(self.own * rows[:, None], self.starts, axis=0)[have]
        return total

    def curvature(self, w: Array) -> Arrow:
        """The columns' products with each other, weighted by row."""
        p = self.shared.shape[1]
        both = np.concatenate([self.shared, self.own], axis=1)
        heavy = self.own * w[:, None]
        products = np.add.reduceat(heavy[:, :, None] * both[:, None, :], self.starts, axis=0)
        corner = (self.shared * w[:, None]).T @ self.shared
        return Arrow(corner, products[..., :p], products[..., p:], np.arange(p), self.index, self.size)
