"""Newton's method with a modified Hessian: the search that all criteria share.

A criterion says what its points are and how a step is shortened there; the road is the same. Its parameters
are unbounded, so that a variance of zero is an ordinary point.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

Array = NDArray[Any]
P = TypeVar("P")

MANY = 100  # parameters above which eigenvalues are found only where they are needed


@dataclass(frozen=True)
class Optimum(Generic[P]):
    """Where a search ended.

    Attributes
    ----------
    point : P
        The criterion and its derivatives at the best parameters.
    converged : bool
        No step promises a lower criterion.
    singular : bool
        Some variance, or a direction of a covariance, is zero.
    """

    point: P
    converged: bool
    singular: bool


class Search(ABC, Generic[P]):
    """A search over one criterion."""

    most_steps = 100

    @abstractmethod
    def direction(self, point: P) -> tuple[Array, float]:
        """Newton's step at a point, and the decrease of the criterion that it promises."""

    @abstractmethod
    def shorten(self, point: P, step: Array, promised: float) -> P | None:
        """The point after the step, shortened until the criterion falls; None where it does not."""

    @abstractmethod
    def enough(self, point: P) -> float:
        """A promised decrease below this is the end."""

    @abstractmethod
    def nearly(self, point: P) -> float:
        """Where no step lowers the criterion any more, a promise below this is an optimum all the same."""

    @abstractmethod
    def on_boundary(self, point: P) -> bool:
        """Whether some variance, or a direction of a covariance, is zero at a point."""

    def beyond(self, point: P) -> P | None:
        """A lower point beside a stationary one that is no minimum; None where there is none."""
        return None

    def is_known(self, point: P, promised: float) -> bool:
        """Whether the road leads to an optimum that is known already, so that the search may stop."""
        return False

    def descend(self, point: P) -> Optimum[P] | None:
        """Newton steps from one start; None where they lead to a known optimum."""
        converged, steps = False, 0
        while steps < self.most_steps:
            steps += 1
            step, promised = self.direction(point)
            if self.is_known(point, promised):
                return None
            if promised < self.enough(point):
                moved = self.beyond(point)
                converged = moved is None
            else:
                moved = self.shorten(point, step, promised)
                converged = moved is None and promised < self.nearly(point)
            if moved is None:
                break
            point = moved
        return Optimum(point, converged, self.on_boundary(point))


def newton_step(
    gradient: Array, hessian: Array, floor: float, least: float, scaled: bool = False
) -> tuple[Array, float, float]:
    """The descent step with the eigenvalues' absolute values.

    Parameters
    ----------
    gradient, hessian : ndarray of shape (p,) and (p, p)
    floor, least : float
        Eigenvalues below `floor` times the largest, or below `least`, are raised to it.
    scaled : bool
        Whether the eigenvalues are those of the Hessian scaled to a unit diagonal.

    Returns
    -------
    step : ndarray of shape (p,)
    decrease : float
        g'|H|^-1 g; half of it is what the quadratic model promises.
    lowest : float
        The smallest eigenvalue.
    """
    if scaled:
        size = np.sqrt(np.maximum(np.abs(hessian.diagonal()), 1e-12))
        hessian, gradient = hessian / (size[:, None] * size), gradient / size
    sure = definite_step(gradient, hessian, floor, least) if len(gradient) > MANY else None
    if sure is not None:
        step, lowest = sure
        return step / size if scaled else step, -float(gradient @ step), lowest
    values, vectors = eigen(hessian)
    absolute = np.abs(values)
    lengths = np.maximum(absolute, max(floor * float(absolute.max()), least))
    inner = gradient @ vectors
    step = -(vectors @ (inner / lengths))
    return step / size if scaled else step, float(inner @ (inner / lengths)), float(values[0])


def definite_step(gradient: Array, hessian: Array, floor: float, least: float) -> tuple[Array, float] | None:
    """The same step, and about the smallest eigenvalue, in a fiftieth of the time; None where an
    eigenvalue might have to be raised."""
    factor, failed = lapack.dpotrf(hessian, lower=1)
    if failed:
        return None
    size = float(np.abs(hessian).sum(axis=0).max())
    condition, _ = lapack.dpocon(factor, size, uplo="L")
    lowest = condition * size  # within a factor of the number of parameters
    if lowest < 10 * max(floor * size, least):
        return None
    return -lapack.dpotrs(factor, gradient, lower=1)[0], lowest


def eigen(matrix: Array) -> tuple[Array, Array]:
    """Eigenvalues in rising order and eigenvectors of a symmetric matrix.

    LAPACK's own call, which costs a quarter of numpy's at the size of a Hessian. Raises LinAlgError.
    """
    values, vectors, failed = (lapack.dsyevd if len(matrix) > MANY else lapack.dsyev)(matrix)
    if failed:
        raise np.linalg.LinAlgError("the eigenvalues did not converge")
    return values, vectors
