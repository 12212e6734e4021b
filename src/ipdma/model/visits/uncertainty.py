"""How the covariance of the fixed effects over visits hangs on the covariance parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipdma.model.df import DenseCovariance
from ipdma.model.parameter_covariance import ParameterCovariance
from ipdma.model.visits.criterion import Evaluation, VisitsProblem
from ipdma.model.visits.derivatives import Derivatives, derivatives_in_gamma

Array = NDArray[Any]


@dataclass(frozen=True)
class VisitsUncertainty:
    """What Kenward-Roger and Satterthwaite ask of a fit over visits (`df.method.Uncertainty`)."""

    problem: VisitsProblem
    point: Evaluation

    @cached_property
    def in_gamma(self) -> Derivatives:
        """Scores and information in the linear covariance parameters."""
        return derivatives_in_gamma(self.problem, self.point)

    @property
    def expected(self) -> Array:
        """Twice the expected information of the covariance parameters, shape (r, r)."""
        return self.in_gamma.expected

    @cached_property
    def products(self) -> Array:
        """C P_i C of each covariance parameter, shape (r, p, p)."""
        c = self.point.covariance
        found: Array = np.einsum("ab,ibc,cd->iad", c, self.in_gamma.p, c, optimize=True)
        return found

    def observed(self) -> tuple[Array, Array]:
        """The Hessian of the criterion in theta, and d gamma / d theta."""
        covariance, theta = self.problem.covariance, self.point.theta
        jacobian = covariance.jacobian(theta)
        hessian = jacobian.T @ self.in_gamma.observed @ jacobian
        return hessian + covariance.curvature(theta, self.in_gamma.score), jacobian

    def gradient_norms(self, rows: Array, w: ParameterCovariance) -> Array:
        """g'W g with g = d (l'C l) / d gamma of each row l, shape (n,)."""
        g = np.einsum("ra,iab,rb->ri", rows, self.products, rows, optimize=True)
        found: Array = (w.times(g.T) * g.T).sum(axis=0)
        return found

    def variance_gradients(self, rows: Array) -> Array:
        """d (l_a'C l_b) / d gamma for each pair of rows, shape (r, rows, rows)."""
        found: Array = np.einsum("ra,iab,sb->irs", rows, self.products, rows, optimize=True)
        return found

    def adjusted(self, parameters: ParameterCovariance) -> DenseCovariance:
        """C + 2 C {sum_ij W_ij (Q_ij - P_i C P_j)} C, of a matrix of shape (p, p)."""
        c, w = self.point.covariance, parameters.matrix
        total = np.zeros_like(c)
        for own, index, q in self.in_gamma.q:
            total[np.ix_(index, index)] += np.einsum("ij,ijab->ab", w[np.ix_(own, own)], q)
        values, vectors = np.linalg.eigh(w)
        turned = np.einsum("ir,iab->rab", vectors, self.in_gamma.p)
        total -= np.einsum("r,rab,bc,rcd->ad", values, turned, c, turned, optimize=True)
        return DenseCovariance(c + c @ (total + total.T) @ c)
