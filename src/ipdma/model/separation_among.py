"""Separation in a logistic model of many studies, looked for study by study.

A direction of the coefficients that predicts rows without error (`separation.py`) adds to any other. So the
rows that a study's own coefficients separate belong to the largest set; the rest of it is what is separated
among the rows that are left, by a direction that moves shared coefficients. In a study in which weights rule
out any direction it leaves the predictor as it is: its shared part is a combination of the study's own
columns. A few such studies leave no direction but none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ipdma.model.separation import CLEAR, independent_columns, largest_set, overlap, separated_rows

Array = np.ndarray


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

    def slices(self) -> Iterator[slice]:
        """The rows of each study."""
        starts = np.flatnonzero(np.diff(self.study, prepend=-1)).tolist()
        for start, stop in pairwise([*starts, len(self.study)]):
            yield slice(start, stop)

    def side_by_side(self) -> sparse.csr_array:
        """The shared columns and each study's own, shape (n, p + K q)."""
        names, place = np.unique(self.study, return_inverse=True)
        q, (row, j) = self.own.shape[1], np.nonzero(self.own)
        shape = (len(place), max(len(names) * q, 1))
        own = sparse.csr_array((self.own[row, j], (row, place[row] * q + j)), shape=shape)
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
        found[at] = separated_rows(present(columns.own[at]), y[at])
    left = np.flatnonzero(~found)
    if len(left) and not shared_held(columns.at(left), y[left]):
        found[left] = largest_set(columns.at(left).side_by_side(), y[left])
    return found


def present(columns: Array) -> Array:
    """Those that are not zero in all of these rows."""
    return columns[:, columns.any(axis=0)]


def shared_held(columns: Columns, y: Array) -> bool:
    """Whether studies in which weights rule out any direction leave no shared coefficient to move."""
    size = np.linalg.norm(columns.shared, axis=0)
    if not size.all():
        return False
    scaled, total = columns.shared / size, np.zeros((len(size), len(size)))
    for at in columns.slices():
        own = present(columns.own[at])
        both = np.column_stack([columns.shared[at], own])
        if overlap(both[:, independent_columns(both)], y[at]):  # a trial's own level is all or nothing of it
            rest = scaled[at] - own @ np.linalg.lstsq(own, scaled[at])[0]
            total += rest.T @ rest
            if np.linalg.eigvalsh(total).min(initial=np.inf) > CLEAR:
                return True
    return False
