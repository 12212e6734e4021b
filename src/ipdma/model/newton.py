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

from ipdma.model.bordered import MANY, Bordered

Array = NDArray[Any]
P = TypeVar("P")
Q = TypeVar("Q", covariant=True)


@dataclass(frozen=True)
class Optimum(Generic[Q]):
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

    point: Q
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
    gradient: Array, hessian: Array | Bordered, floor: float, least: float, scaled: bool = False
) -> tuple[Array, float, float]:
    """The descent step with the eigenvalues' absolute values.

    Parameters
    ----------
    gradient, hessian : ndarray of shape (p,) and (p, p)
        A `Bordered` Hessian is scaled, and has the signs turned of what its corner adds.
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
    if isinstance(hessian, Bordered):
        form, size = hessian.scaled()
        found = form.newton(gradient / size, floor)
        if found is not None:
            return found[0] / size, found[1], found[2]
        return newton_step(gradient, hessian.matrix, floor, least, scaled=True)
    matrix: Array = hessian
    if scaled:
        size = np.sqrt(np.maximum(np.abs(matrix.diagonal()), 1e-12))
        matrix, gradient = matrix / (size[:, None] * size), gradient / size
    sure = definite_step(gradient, matrix, floor, least) if len(gradient) > MANY else None
    if sure is not None:
        step, lowest = sure
        return step / size if scaled else step, -float(gradient @ step), lowest
    values, vectors = eigen(matrix)
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


def lowest_direction(hessian: Array | Bordered) -> Array:
    """The direction of most negative curvature of the Hessian scaled to a unit diagonal, shape (p,)."""
    if isinstance(hessian, Bordered):
        form, size = hessian.scaled()
        if form.within is not None:
            return form.lowest_direction() / size
        hessian = hessian.matrix
    size = np.sqrt(np.maximum(np.abs(np.diag(hessian)), 1e-12))
    _, vectors = np.linalg.eigh(hessian / np.outer(size, size))
    found: Array = vectors[:, 0] / size
    return found


def solve_definite(matrix: Array | Bordered, right: Array) -> Array | None:
    """matrix^-1 right, shape (p,); None where the matrix is not positive definite."""
    if isinstance(matrix, Bordered):
        form, size = matrix.scaled()
        found = form.newton(right / size, 0.0)
        return None if found is None or found[2] <= 0 else -found[0] / size
    _, solved, failed = lapack.dposv(matrix, right)
    return None if failed else solved


def eigen(matrix: Array) -> tuple[Array, Array]:
    """Eigenvalues in rising order and eigenvectors of a symmetric matrix.

    LAPACK's own call, which costs a quarter of numpy's at the size of a Hessian. Raises LinAlgError.
    """
    values, vectors, failed = (lapack.dsyevd if len(matrix) > MANY else lapack.dsyev)(matrix)
    if failed:
        raise np.linalg.LinAlgError("the eigenvalues did not converge")
    return values, vectors
