"""How the covariance of a Gaussian model's coefficients hangs on its variance parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ipdma.model.fixed_effects import FixedEffects
from ipdma.model.newton import Optimum
from ipdma.model.problem import Prepared
from ipdma.model.search import State, jacobian, search_derivatives


@dataclass(frozen=True)
class GaussianUncertainty:
    """What Kenward-Roger and Satterthwaite ask of a Gaussian fit (`df.method.Uncertainty`)."""

    prepared: Prepared
    optimum: Optimum[State]
    effects: FixedEffects

    @property
    def expected(self) -> np.ndarray:
        """Twice the expected information of the variance parameters, shape (G, G)."""
        return self.optimum.point.derivatives.expected

    def observed(self) -> tuple[np.ndarray, np.ndarray]:
        """The Hessian of the deviance in the search parameters, and d gamma / d theta, shape (G, G)."""
        swept, point = self.prepared.swept, self.optimum.point
        return search_derivatives(swept, point, self.optimum.point.derivatives)[1], jacobian(swept, point)

    def each_gradient(self, rows: np.ndarray) -> np.ndarray:
        """d (l'C l) / d gamma of each row l, shape (rows, G)."""
        return self.effects.each_gradient(rows)

    def variance_gradients(self, rows: np.ndarray) -> np.ndarray:
        """d (l_a'C l_b) / d gamma for each pair of rows, shape (G, rows, rows)."""
        return self.effects.variance_gradients(rows)

    def second_order(self, w: np.ndarray) -> np.ndarray:
        """sum_ij W_ij (Q_ij - P_i C P_j), shape (P, P)."""
        effects = self.effects
        local = effects.to_global @ w @ np.swapaxes(effects.to_global, 1, 2)
        (k, m, _), f = local.shape, effects.double.shape[-1]
        blocks = local.reshape(k, 1, m * m) @ effects.double.reshape(k, m * m, f * f)
        total = effects.scatter(blocks.reshape(k, f, f))
        found: np.ndarray = total - products_of_pairs(effects, w)
        return found


def products_of_pairs(effects: FixedEffects, w: np.ndarray) -> np.ndarray:
    """sum_ij W_ij P_i C P_j, one parameter at a time so that no (G, P, P) array is needed."""
    c, total = effects.covariance, np.zeros_like(effects.covariance)
    for g in range(w.shape[0]):
        weights = effects.to_global @ w[g]
        other = effects.scatter(np.einsum("km,kmab->kab", weights, effects.single))
        has = np.flatnonzero(effects.to_global[:, :, g].any(axis=1))
        if len(has) == 1:
            i = has[0]
            at = effects.index[i][effects.own[i]]
            block = effects.single[i, int(np.argmax(effects.to_global[i, :, g]))]
            block = block[np.ix_(effects.own[i], effects.own[i])]
            total[at] += block @ (c[at] @ other)
        else:
            own = effects.scatter(np.einsum("km,kmab->kab", effects.to_global[:, :, g], effects.single))
            total += own @ c @ other
    found: np.ndarray = (total + total.T) / 2
    return found
