"""A symmetric matrix of some shared parameters and of many studies' own: no study's own meet another's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[Any]

MANY = 100  # parameters above which a matrix of shared and own ones is kept in this form


@dataclass(frozen=True)
class Arrow:
    """Blocks of s shared parameters and of up to q own ones of each of K studies, P parameters in all.

    Attributes
    ----------
    corner : ndarray of shape (s, s)
    edge : ndarray of shape (K, q, s)
    blocks : ndarray of shape (K, q, q)
    shared : ndarray of int, shape (s,)
        Where the shared ones stand among all.
    index : ndarray of int, shape (K, q)
        Where the own ones stand; -1 for one that a study does not have.
    size : int
        P.
    """

    corner: Array
    edge: Array
    blocks: Array
    shared: Array
    index: Array
    size: int

    @property
    def have(self) -> NDArray[np.bool_]:
        """Which own parameters there are, shape (K, q)."""
        return self.index >= 0

    @cached_property
    def inverses(self) -> Array | None:
        """Inverses of the blocks (K, q, q), zero where there is nothing; None unless all are positive."""
        both = self.have[:, :, None] & self.have[:, None, :]
        try:
            factor = np.linalg.cholesky(
                np.where(both, self.blocks, 0.0) + np.eye(both.shape[1]) * ~self.have[:, :, None]
            )
        except np.linalg.LinAlgError:
            return None
        half = np.linalg.inv(factor)
        return np.where(both, np.swapaxes(half, 1, 2) @ half, 0.0)

    @cached_property
    def reached(self) -> Array:
        """The blocks' inverses times the edges, shape (K, q, s)."""
        found: Array = np.asarray(self.inverses) @ self.edge
        return found

    @cached_property
    def rest(self) -> Array:
        """What the corner has beside the studies (its Schur complement), shape (s, s)."""
        links = np.where(self.have[:, :, None], self.edge, 0.0)
        found: Array = self.corner - (np.swapaxes(links, 1, 2) @ self.reached).sum(axis=0)
        return found

    def newton(self, gradient: Array, floor: float, held: NDArray[np.bool_]) -> tuple[Array, float] | None:
        """-H^-1 g and g'H^-1 g, with the signs of the rest's eigenvalues turned where they are negative.

        Shared parameters that are `held`, of shape (P,), stay. None where a study's block is not positive.
        """
        if self.inverses is None:
            return None
        moving = np.flatnonzero(~held[self.shared])
        inner = np.where(self.have, gradient[self.index], 0.0)
        own = (self.inverses @ inner[..., None])[..., 0]
        values, vectors = np.linalg.eigh(self.rest[np.ix_(moving, moving)])
        lengths = np.maximum(np.abs(values), floor * np.abs(values).max(initial=0.0))
        beside = np.einsum("kqs,kq->s", self.edge[..., moving], own)
        right = (gradient[self.shared[moving]] - beside) @ vectors
        first = vectors @ (right / lengths)
        step = np.zeros(self.size)
        step[self.shared[moving]] = -first
        step[self.index[self.have]] = -(own - self.reached[..., moving] @ first)[self.have]
        return step, float((inner * own).sum() + right @ (right / lengths))

    def inverse(self, corner: Array) -> ArrowInverse:
        """The inverse, where `corner` is that of `rest`."""
        reach = np.zeros((self.size, len(self.shared)))
        reach[self.shared] = np.eye(len(self.shared))
        reach[self.index[self.have]] = -self.reached[self.have]
        study, a, b = np.nonzero(self.have[:, :, None] & self.have[:, None, :])
        values = np.asarray(self.inverses)[study, a, b]
        places = (self.index[study, a], self.index[study, b])
        return ArrowInverse(reach, corner, sparse.csr_array((values, places), shape=(self.size, self.size)))

    @property
    def matrix(self) -> Array:
        """The matrix itself, shape (P, P)."""
        total = np.zeros((self.size + 1, self.size + 1))  # the last for what a study does not have
        total[np.ix_(self.shared, self.shared)] = self.corner
        total[self.index[:, :, None], self.shared] = self.edge
        total[self.shared[:, None], self.index[:, None, :]] = np.swapaxes(self.edge, 1, 2)
        total[self.index[:, :, None], self.index[:, None, :]] = self.blocks
        return total[:-1, :-1]


@dataclass(frozen=True)
class ArrowInverse:
    """The inverse of an `Arrow`, reach corner reach' + own, by what it says of combinations of parameters.

    Attributes
    ----------
    reach : ndarray of shape (P, s)
    corner : ndarray of shape (s, s)
    own : sparse array of shape (P, P)
        Blocks of each study's own parameters.
    """

    reach: Array
    corner: Array
    own: sparse.csr_array

    def first(self, n: int, times: float) -> ArrowInverse:
        """The block of the first n parameters, multiplied."""
        return ArrowInverse(self.reach[:n], times * self.corner, times * self.own[:n, :n])

    def times(self, vector: Array) -> Array:
        """The inverse times a vector, shape (P,)."""
        found: Array = self.reach @ (self.corner @ (vector @ self.reach)) + self.own @ vector
        return found

    def variances(self, rows: Array | sparse.csr_array) -> Array:
        """l'C l of each row l, shape (n,)."""
        some = sparse.csr_array(rows)
        reached = some @ self.reach
        own = np.asarray((some @ self.own).multiply(some).sum(axis=1)).ravel()
        found: Array = ((reached @ self.corner) * reached).sum(axis=1) + own
        return found

    def products(self, rows: Array | sparse.csr_array) -> Array:
        """l_a'C l_b of each pair of rows, shape (n, n)."""
        some = sparse.csr_array(rows)
        reached = some @ self.reach
        found: Array = reached @ self.corner @ reached.T + (some @ self.own @ some.T).toarray()
        return found
