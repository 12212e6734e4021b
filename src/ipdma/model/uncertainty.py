"""How the covariance of a Gaussian model's coefficients hangs on its variance parameters.

For a combination l let w be C l among the shared coefficients and z what C l has beside T_k w among a study's
own (`fixed_effects.py`). Then C l is T w of every study, and z of those of which l has own coefficients; each
formula below is a p x p matrix for the first part, and sums over such studies for the second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ipdma.model.bordered import Bordered
from ipdma.model.derivatives import gather_single
from ipdma.model.fixed_effects import FixedEffects
from ipdma.model.local_rows import LocalRows
from ipdma.model.newton import Optimum
from ipdma.model.parameter_covariance import ParameterCovariance
from ipdma.model.problem import Prepared
from ipdma.model.search import State, jacobian, search_derivatives


@dataclass(frozen=True)
class GaussianUncertainty:
    """What Kenward-Roger and Satterthwaite ask of a Gaussian fit (`df.method.Uncertainty`)."""

    prepared: Prepared
    optimum: Optimum[State]
    effects: FixedEffects

    @property
    def expected(self) -> np.ndarray | Bordered:
        """Twice the expected information of the variance parameters, shape (G, G)."""
        return self.optimum.point.derivatives.expected

    def observed(self) -> tuple[np.ndarray | Bordered, np.ndarray]:
        """The Hessian of the deviance in the search parameters, and d gamma / d theta, shape (G, G)."""
        swept, point = self.prepared.swept, self.optimum.point
        return search_derivatives(swept, point, self.optimum.point.derivatives)[1], jacobian(swept, point)

    @cached_property
    def turned(self) -> np.ndarray:
        """T'P_i of each study, shape (K, m, p, f)."""
        found: np.ndarray = self.effects.turn.mT[:, None] @ self.effects.single
        return found

    @cached_property
    def shared(self) -> np.ndarray:
        """T'P_i T over all studies, shape (G, p, p)."""
        each = self.turned @ self.effects.turn[:, None]
        (k, m, p, _), g = each.shape, len(self.expected)
        return gather_single(each.reshape(k, m, p * p), self.effects.parameters, g).reshape(g, p, p)

    def gradients_of(self, rows: LocalRows) -> tuple[np.ndarray, np.ndarray]:
        """d (l'C l) / d gamma: w w' of each row, (n, p^2), to be met with `shared`; what z adds, (N, m)."""
        u, z = self.effects.reach(rows)
        w, p = u @ self.effects.covariance, u.shape[1]
        link = (self.turned[rows.study][..., p:] @ z[:, None, :, None])[..., 0]
        square = (self.effects.single[rows.study][..., p:, p:] @ z[:, None, :, None])[..., 0]
        extra = 2 * (link @ w[rows.row, :, None])[..., 0] + (square @ z[:, :, None])[..., 0]
        return (w[:, :, None] * w[:, None, :]).reshape(len(w), -1), extra

    def gradient_norms(self, rows: LocalRows, w: ParameterCovariance) -> np.ndarray:
        """g'W g with g = d (l'C l) / d gamma of each row l, shape (n,)."""
        squares, extra = self.gradients_of(rows)
        shared = self.shared.reshape(len(self.shared), -1)
        weighed, at = w.times(shared), self.effects.parameters[rows.study]
        found: np.ndarray = ((squares @ (shared.T @ weighed)) * squares).sum(axis=1)
        cross = (extra[:, None, :] @ weighed[at])[:, 0]
        np.add.at(found, rows.row, 2 * (cross * squares[rows.row]).sum(axis=1))
        found += w.quadratic(rows.row, at, extra, len(rows))
        return found

    def variance_gradients(self, rows: LocalRows) -> np.ndarray:
        """d (l_a'C l_b) / d gamma for each pair of a few rows, shape (G, n, n)."""

        def each(some: LocalRows) -> np.ndarray:
            squares, extra = self.gradients_of(some)
            found: np.ndarray = squares @ self.shared.reshape(len(self.shared), -1).T
            np.add.at(found, (some.row[:, None], self.effects.parameters[some.study]), extra)
            return found

        return np.moveaxis(of_pairs(each, rows), 2, 0)

    def adjusted(self, w: ParameterCovariance) -> Adjusted:
        """Kenward and Roger's Phi_A = C + 2 C {sum_ij W_ij (Q_ij - P_i C P_j)} C."""
        effects, p = self.effects, len(self.effects.covariance)
        double, single = effects.double, effects.single
        k, m, _, f, _ = double.shape
        among = w.among(effects.parameters)
        inner = (among.reshape(k, 1, m * m) @ double.reshape(k, m * m, f * f)).reshape(k, f, f)
        links = single[..., p:]
        weighed = (among @ links.reshape(k, m, -1)).reshape(links.shape)
        inner = inner - (weighed @ effects.own[:, None] @ links.mT).sum(axis=1)
        turned = effects.turn.mT @ inner
        each = w.times(self.shared.reshape(len(self.shared), -1)).reshape(self.shared.shape)
        middle = (turned @ effects.turn).sum(axis=0)
        middle = middle - (self.shared @ effects.covariance @ each).sum(axis=0)
        return Adjusted(self, w, inner, turned, each, (middle + middle.T) / 2)


@dataclass(frozen=True)
class Adjusted:
    """Phi_A of combinations of coefficients.

    Attributes
    ----------
    inner : ndarray of shape (K, f, f)
        What Q_ij, less P_i C P_j by way of a study's own B_k, comes to in each study.
    turned : ndarray of shape (K, p, f)
        T' inner.
    weighed : ndarray of shape (G, p, p)
        sum_j W_ij T'P_j T.
    middle : ndarray of shape (p, p)
        All of it for shared coefficients.
    """

    uncertainty: GaussianUncertainty
    w: ParameterCovariance
    inner: np.ndarray
    turned: np.ndarray
    weighed: np.ndarray
    middle: np.ndarray

    def variances(self, rows: LocalRows) -> np.ndarray:
        """l'Phi_A l of each combination l, shape (n,)."""
        found: np.ndarray = self.uncertainty.effects.variances(rows) + 2 * self.added(rows)
        return found

    def products(self, rows: LocalRows) -> np.ndarray:
        """l_a'Phi_A l_b of each pair of a few combinations, shape (n, n)."""
        effects = self.uncertainty.effects
        if len(rows.row):
            added = of_pairs(self.added, rows)
        else:
            w = rows.shared @ effects.covariance
            added = w @ self.middle @ w.T
        found: np.ndarray = effects.products(rows) + 2 * added
        return found

    def added(self, rows: LocalRows) -> np.ndarray:
        """l'C {...} C l, shape (n,)."""
        effects, row, study = self.uncertainty.effects, rows.row, rows.study
        u, z = effects.reach(rows)
        w, p = u @ effects.covariance, u.shape[1]
        found: np.ndarray = ((w @ self.middle) * w).sum(axis=1)
        if not len(row):
            return found
        column = z[:, :, None]
        within = 2 * ((self.turned[study][..., p:] @ column)[..., 0] * w[row]).sum(axis=1)
        within += ((self.inner[study][:, p:, p:] @ column)[..., 0] * z).sum(axis=1)
        links = (self.uncertainty.turned[study][..., p:] @ column[:, None])[..., 0]
        at = effects.parameters[study]
        moved = effects.covariance @ (self.weighed[at] @ w[row][:, None, :, None])
        within -= 2 * (links * moved[..., 0]).sum(axis=(1, 2))
        np.add.at(found, row, within)
        for part in np.moveaxis(links @ np.linalg.cholesky(effects.covariance), 2, 0):
            found -= self.w.quadratic(row, at, part, len(rows))
        return found


def of_pairs(quadratic: Callable[[LocalRows], np.ndarray], rows: LocalRows) -> np.ndarray:
    """The bilinear form of a quadratic one, (n, ...) of rows, for each pair of a few rows: (n, n, ...)."""
    n = len(rows)
    a, b = np.triu_indices(n)
    unit = np.eye(n)
    values = (quadratic((unit[a] + unit[b]) @ rows) - quadratic((unit[a] - unit[b]) @ rows)) / 4
    found = np.empty((n, n, *values.shape[1:]))
    found[a, b] = found[b, a] = values
    return found
