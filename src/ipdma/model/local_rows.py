"""Combinations of coefficients most of which are one study's own: no row is as long as all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class LocalRows:
    """n combinations of p shared coefficients and of up to q own ones of each study.

    `rows[at]` picks some, and `weights @ rows` combines them, as of an array with a column per coefficient.

    Attributes
    ----------
    shared : ndarray of shape (n, p)
    row, study : ndarray of int, shape (N,)
        Where a combination takes own coefficients of a study; no pair of the two stands twice.
    own : ndarray of shape (N, q)
        What it takes there.
    """

    shared: Array
    row: Array
    study: Array
    own: Array

    __array_ufunc__ = None  # so that numpy leaves `weights @ rows` to __rmatmul__

    def __len__(self) -> int:
        """The number of combinations."""
        return len(self.shared)

    def __getitem__(self, at: Array) -> LocalRows:
        """Some of the combinations, in the order given; no position twice."""
        place = np.full(len(self), -1)
        place[at] = np.arange(len(self.shared[at]))
        kept = place[self.row] >= 0
        return LocalRows(self.shared[at], place[self.row[kept]], self.study[kept], self.own[kept])

    def __rmatmul__(self, weights: Array) -> LocalRows:
        """Combinations of the combinations, weights of shape (r, n)."""
        shared = weights @ self.shared
        taken = weights[:, self.row]
        row, pair = np.nonzero(taken)
        studies = int(self.study.max(initial=0)) + 1
        keys, place = np.unique(row * studies + self.study[pair], return_inverse=True)
        own = np.zeros((len(keys), self.own.shape[1]))
        np.add.at(own, place, taken[row, pair, None] * self.own[pair])
        return LocalRows(shared, keys // studies, keys % studies, own)
