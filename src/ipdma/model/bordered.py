"""Second derivatives by very many variance parameters, kept as what they are made of.

Residual variances of different studies meet in the shared coefficients alone, so that their block is a
diagonal beside a few columns. Solving, Newton's step and the inverse take time in proportion to their number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipdma.model.parameter_covariance import ParameterCovariance

Array = NDArray[Any]

MANY = 100  # residual variances above which matrices are kept in this form
SURE = 1e-7  # of a scaled matrix: eigenvalues below it are for those who hold the whole matrix


@dataclass(frozen=True)
class Bordered:
    """The symmetric matrix [[corner, edge], [edge', diag(own) + sign * columns @ columns']].

    Attributes
    ----------
    corner : ndarray of shape (d, d)
    edge : ndarray of shape (d, R)
    own : ndarray of shape (R,)
    columns : ndarray of shape (R, c)
    sign : float
        1 or -1.
    """

    corner: Array
    edge: Array
    own: Array
    columns: Array
    sign: float

    def __len__(self) -> int:
        """The number of parameters."""
        return len(self.corner) + len(self.own)

    @property
    def matrix(self) -> Array:
        """The matrix itself, shape (..., d + R, d + R), of one model or several."""
        d, size = self.corner.shape[-1], self.corner.shape[-1] + self.own.shape[-1]
        whole = np.empty((*self.corner.shape[:-2], size, size))
        whole[..., :d, :d], whole[..., :d, d:] = self.corner, self.edge
        whole[..., d:, :d] = self.edge.mT
        whole[..., d:, d:] = self.sign * (self.columns @ self.columns.mT)
        np.einsum("...ii->...i", whole)[..., d:] += self.own
        return whole

    def diagonal(self) -> Array:
        """Its diagonal, shape (d + R,)."""
        rest = self.own + self.sign * (self.columns**2).sum(axis=1)
        return np.concatenate([self.corner.diagonal(), rest])

    def turned(self, corner: Array, own: Array) -> Bordered:
        """J'HJ for J of a block (d, d) and a diagonal (R,)."""
        return replace(
            self,
            corner=corner.T @ self.corner @ corner,
            edge=corner.T @ self.edge * own,
            own=self.own * own**2,
            columns=self.columns * own[:, None],
        )

    def picked(self, at: NDArray[np.bool_]) -> Bordered:
        """Some of the parameters, of shape (d + R,)."""
        first, rest = at[: len(self.corner)], at[len(self.corner) :]
        return Bordered(
            self.corner[np.ix_(first, first)],
            self.edge[np.ix_(first, rest)],
            self.own[rest],
            self.columns[rest],
            self.sign,
        )

    def scaled(self) -> tuple[Bordered, Array]:
        """The matrix of a unit diagonal, and the roots of the diagonal's sizes, shape (d + R,)."""
        size = np.sqrt(np.maximum(np.abs(self.diagonal()), 1e-300))
        d = len(self.corner)
        return self.turned(np.diag(1 / size[:d]), 1 / size[d:]), size

    @cached_property
    def within(self) -> Array | None:
        """The inverse of 1 + sign V'diag(own)^-1 V; None where the R x R block is not surely positive."""
        if not (self.own > 0).all():
            return None
        middle: Array = np.eye(self.columns.shape[1])
        middle += self.sign * self.columns.T @ (self.columns / self.own[:, None])
        values, vectors = np.linalg.eigh(middle)
        if values.min(initial=1.0) < SURE:
            return None
        found: Array = (vectors / values) @ vectors.T
        return found

    def across(self, right: Array) -> Array:
        """The inverse of the R x R block times columns (R, ...), where `within` is found."""
        first: Array = (right.T / self.own).T
        turned = np.asarray(self.within) @ (self.columns.T @ first)
        first -= self.sign * (self.columns.T / self.own).T @ turned
        return first

    @cached_property
    def reached(self) -> Array:
        """The inverse of the R x R block times edge', shape (R, d)."""
        return self.across(self.edge.T)

    @cached_property
    def rest(self) -> tuple[Array, Array]:
        """Eigenvalues and vectors of what the corner has beside the R x R block (its Schur complement)."""
        values, vectors = np.linalg.eigh(self.corner - self.edge @ self.reached)
        return values, vectors

    @property
    def is_positive(self) -> bool:
        """Whether it is surely positive definite."""
        return self.within is not None and bool(self.rest[0].min(initial=1.0) > SURE)

    def newton(self, gradient: Array, floor: float) -> tuple[Array, float, float] | None:
        """-H^-1 g, g'H^-1 g and the rest's lowest eigenvalue, whose signs are turned where they are negative.

        None where the R x R block is not positive definite. The lowest eigenvalue has the sign of that of H.
        """
        if self.within is None:
            return None
        d = len(self.corner)
        own = self.across(gradient[d:])
        values, vectors = self.rest
        inner = (gradient[:d] - self.edge @ own) @ vectors
        lengths = np.maximum(np.abs(values), floor)
        first = vectors @ (inner / lengths)
        decrease = float(gradient[d:] @ own + inner @ (inner / lengths))
        return -np.concatenate([first, own - self.reached @ first]), decrease, float(values.min(initial=1.0))

    def lowest_direction(self) -> Array:
        """A direction of negative curvature, shape (d + R,), where `newton` found a lowest value below 0."""
        first = self.rest[1][:, 0]
        return np.concatenate([first, -self.reached @ first])

    def inverse(self) -> ParameterCovariance:
        """The inverse of a matrix that is positive definite."""
        values, vectors = self.rest
        d, c = len(self.corner), self.columns.shape[1]
        corner = (vectors / values) @ vectors.T
        loadings = np.zeros((len(self), d + c))
        loadings[:d, :d], loadings[d:, :d] = np.eye(d), -self.reached
        loadings[d:, d:] = self.columns / self.own[:, None]
        inner = np.zeros((d + c, d + c))
        inner[:d, :d], inner[d:, d:] = corner, -self.sign * np.asarray(self.within)
        return ParameterCovariance(np.concatenate([np.zeros(d), 1 / self.own]), loadings, inner)
