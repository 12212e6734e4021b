"""Covariance of a model's variance parameters: a diagonal beside a few columns where there are many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class ParameterCovariance:
    """W = diag(own) + loadings @ inner @ loadings'.

    Attributes
    ----------
    own : ndarray of shape (G,)
    loadings : ndarray of shape (G, r)
    inner : ndarray of shape (r, r), symmetric
    """

    own: Array
    loadings: Array
    inner: Array

    @classmethod
    def of(cls, matrix: Array) -> ParameterCovariance:
        """W as it stands, shape (G, G)."""
        return cls(np.zeros(len(matrix)), np.eye(len(matrix)), matrix)

    def scaled(self, corner: Array, own: Array) -> ParameterCovariance:
        """J W J' for J of a block (d, d), of the first parameters, and a diagonal (G - d,)."""
        d = len(corner)
        loadings = np.concatenate([corner @ self.loadings[:d], own[:, None] * self.loadings[d:]])
        return ParameterCovariance(
            np.concatenate([self.own[:d], self.own[d:] * own**2]), loadings, self.inner
        )

    @property
    def matrix(self) -> Array:
        """W, shape (G, G)."""
        found: Array = np.diag(self.own) + self.loadings @ self.inner @ self.loadings.T
        return found

    def times(self, columns: Array) -> Array:
        """W @ columns, shape (G, c)."""
        found: Array = self.own[:, None] * columns
        found += self.loadings @ (self.inner @ (self.loadings.T @ columns))
        return found

    def among(self, index: Array) -> Array:
        """W among the parameters of each study, index of shape (K, m): shape (K, m, m)."""
        loadings = self.loadings[index]
        found: Array = loadings @ self.inner @ np.swapaxes(loadings, 1, 2)
        return found + self.own[index][:, :, None] * np.eye(index.shape[1])

    def quadratic(self, row: Array, index: Array, values: Array, n: int) -> Array:
        """x'W x of n vectors x that are zero in most of the G places, shape (n,).

        Parameters
        ----------
        row : ndarray of int, shape (N,)
        index : ndarray of int, shape (N, m)
        values : ndarray of shape (N, m)
            What is added to x of `row` in the places `index`.
        """
        turned = np.zeros((n, len(self.inner)))
        np.add.at(turned, row, (values[:, None, :] @ self.loadings[index])[:, 0])
        found: Array = ((turned @ self.inner) * turned).sum(axis=1)
        if self.own.any():
            keys, place = np.unique(row[:, None] * len(self.own) + index, return_inverse=True)
            x = np.bincount(place.ravel(), weights=values.ravel())
            found += np.bincount(keys // len(self.own), self.own[keys % len(self.own)] * x**2, minlength=n)
        return found
