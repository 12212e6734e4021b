"""Parameters of the covariance: unbounded theta, the linear gamma that V is made of, and their derivatives.

Every covariance here is linear in gamma (entries of a matrix, or variances), so Kenward-Roger has no
second-derivative term; the search moves theta, whose Cholesky factors are free of bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Block:
    """One symmetric matrix, the studies that share it, and how it depends on its parameters.

    Attributes
    ----------
    basis : ndarray, shape (r, J, J)
        The matrix is ``sum_i gamma_i basis[i]``.
    pairs : tuple of (int, int)
        For `cholesky` gamma_i is entry (a, b) of ``L L'``; for `square`
        gamma_i = theta_i^2, whatever the pair.
    kind : str
        `cholesky` or `square`.
    studies : tuple of int or None
        Indices of the studies whose covariance the block enters; None is all.
    """

    basis: Array
    pairs: tuple[tuple[int, int], ...]
    kind: str
    studies: tuple[int, ...] | None = None

    @property
    def count(self) -> int:
        """Number of parameters."""
        return len(self.basis)

    def gamma(self, theta: Array) -> Array:
        """Linear parameters at theta."""
        if self.kind == "square":
            return theta**2
        lower = self.lower(theta)
        product = lower @ lower.T
        return np.array([product[a, b] for a, b in self.pairs])

    def lower(self, theta: Array) -> Array:
        """The Cholesky factor that theta spells, row by row."""
        size = 1 + max(a for a, _ in self.pairs)
        lower = np.zeros((size, size))
        for value, (a, b) in zip(theta, self.pairs, strict=True):
            lower[a, b] = value
        return lower

    def jacobian(self, theta: Array) -> Array:
        """d gamma / d theta, shape (r, r)."""
        if self.kind == "square":
            return np.diag(2.0 * theta)
        lower = self.lower(theta)
        jacobian = np.zeros((self.count, self.count))
        for i, (a, b) in enumerate(self.pairs):
            for t, (r, s) in enumerate(self.pairs):
                jacobian[i, t] = (a == r) * lower[b, s] + (b == r) * lower[a, s]
        return jacobian

    def curvature(self, gradient: Array) -> Array:
        """sum_i gradient_i d2 gamma_i / d theta d theta', shape (r, r)."""
        if self.kind == "square":
            return np.diag(2.0 * gradient)
        size = 1 + max(a for a, _ in self.pairs)
        weights = np.zeros((size, size))
        for value, (a, b) in zip(gradient, self.pairs, strict=True):
            weights[a, b] += value
            weights[b, a] += value
        second = np.zeros((self.count, self.count))
        for t, (r, s) in enumerate(self.pairs):
            for v, (u, w) in enumerate(self.pairs):
                second[t, v] = weights[r, u] * (s == w)
        return second

    def theta_of(self, matrix: Array) -> Array:
        """Theta at which the block is `matrix`, or the nearest with a Cholesky factor."""
        flat = self.basis.reshape(self.count, -1)
        gamma = np.linalg.lstsq(flat.T, matrix.ravel(), rcond=None)[0]
        if self.kind == "square":
            return np.sqrt(np.maximum(gamma, 1e-6))
        size = 1 + max(a for a, _ in self.pairs)
        local = np.zeros((size, size))
        for value, (a, b) in zip(gamma, self.pairs, strict=True):
            local[a, b] = local[b, a] = value
        values, vectors = np.linalg.eigh(local)
        floor = max(values.max(), 1e-6) * 1e-3
        lower = np.linalg.cholesky((vectors * np.maximum(values, floor)) @ vectors.T)
        return np.array([lower[a, b] for a, b in self.pairs])


def full_block(positions: Sequence[int], total: int, studies: tuple[int, ...] | None = None) -> Block:
    """An unstructured symmetric matrix over `positions` of `total` rows."""
    size = len(positions)
    pairs = tuple((a, b) for a in range(size) for b in range(a + 1))
    basis = np.zeros((len(pairs), total, total))
    for i, (a, b) in enumerate(pairs):
        basis[i, positions[a], positions[b]] = basis[i, positions[b], positions[a]] = 1.0
    return Block(basis, pairs, "cholesky", studies)


def diagonal_block(positions: Sequence[int], total: int) -> Block:
    """Independent variances at `positions` of `total` rows."""
    basis = np.zeros((len(positions), total, total))
    for i, a in enumerate(positions):
        basis[i, a, a] = 1.0
    return Block(basis, tuple((a, a) for a in range(len(positions))), "square")


def scalar_block(matrix: Array, studies: tuple[int, ...] | None = None) -> Block:
    """One variance times a fixed matrix."""
    return Block(matrix[None], ((0, 0),), "square", studies)


@dataclass(frozen=True)
class Covariance:
    """All parameters of V: blocks within participants, then blocks between studies.

    Attributes
    ----------
    within : tuple of Block
        Matrices over the J visits.
    between : tuple of Block
        Matrices over the random-effect columns.
    """

    within: tuple[Block, ...]
    between: tuple[Block, ...]

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Every block, in the order of theta."""
        return (*self.within, *self.between)

    @property
    def participant(self) -> bool:
        """Whether the first parameter is the variance of a participant intercept."""
        return self.within[0].kind == "square"

    @property
    def count(self) -> int:
        """Number of parameters."""
        return sum(block.count for block in self.blocks)

    def split(self, theta: Array) -> list[Array]:
        """Theta cut into its blocks' parts."""
        ends = np.cumsum([block.count for block in self.blocks])
        return np.split(theta, ends[:-1])

    def gamma(self, theta: Array) -> Array:
        """Linear parameters at theta."""
        return np.concatenate([b.gamma(t) for b, t in zip(self.blocks, self.split(theta), strict=True)])

    def jacobian(self, theta: Array) -> Array:
        """d gamma / d theta, block diagonal."""
        jacobian = np.zeros((self.count, self.count))
        start = 0
        for block, part in zip(self.blocks, self.split(theta), strict=True):
            end = start + block.count
            jacobian[start:end, start:end] = block.jacobian(part)
            start = end
        return jacobian

    def curvature(self, theta: Array, gradient: Array) -> Array:
        """What the curvature of gamma adds to the Hessian in theta."""
        del theta
        second = np.zeros((self.count, self.count))
        start = 0
        for block in self.blocks:
            end = start + block.count
            second[start:end, start:end] = block.curvature(gradient[start:end])
            start = end
        return second

    def within_parameters(self, study: int) -> list[tuple[int, Array]]:
        """(index in gamma, basis) of the parameters of one study's participants."""
        found, start = [], 0
        for block in self.within:
            if block.studies is None or study in block.studies:
                found += [(start + i, block.basis[i]) for i in range(block.count)]
            start += block.count
        return found

    def between_parameters(self) -> list[tuple[int, Array]]:
        """(index in gamma, basis) of the parameters between studies."""
        found, start = [], sum(block.count for block in self.within)
        for block in self.between:
            found += [(start + i, block.basis[i]) for i in range(block.count)]
            start += block.count
        return found
