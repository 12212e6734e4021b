"""How the covariance of a Gaussian model's coefficients hangs on its variance parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

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
        (k, m, _), f = effects.to_global.shape, effects.double.shape[-1]
        weights = (local_by_global(effects) @ w).reshape(k, m, -1)
        local = weights @ np.swapaxes(effects.to_global, 1, 2)
        blocks = local.reshape(k, 1, m * m) @ effects.double.reshape(k, m * m, f * f)
        total = effects.scatter(blocks.reshape(k, f, f))
        found: np.ndarray = total - products_of_pairs(effects, weights)
        return found


def local_by_global(effects: FixedEffects) -> sparse.csr_array:
    """Which parameters of the model each study's own ones are, shape (K m, G): hardly more than one each."""
    return sparse.csr_array(effects.to_global.reshape(-1, effects.to_global.shape[2]))


def products_of_pairs(effects: FixedEffects, weights: np.ndarray) -> np.ndarray:
    """sum_ij W_ij P_i C P_j, one parameter at a time so that no (G, P, P) array is needed.

    `weights` are W with the first of its parameters each study's own, shape (K, m, G).
    """
    c, total = effects.covariance, np.zeros_like(effects.covariance)
    studies, _, g_of = effects.to_global.nonzero()
    for g in range(weights.shape[2]):
        blocks = np.einsum("km,kmab->kab", weights[:, :, g], effects.single)
        has = np.unique(studies[g_of == g])
        if len(has) == 1:
            i = has[0]
            at = effects.index[i][effects.own[i]]
            block = effects.single[i, int(np.argmax(effects.to_global[i, :, g]))]
            block = block[np.ix_(effects.own[i], effects.own[i])]
            total[at] += block @ effects.times(c[at], blocks)
        else:
            own = effects.scatter(np.einsum("km,kmab->kab", effects.to_global[:, :, g], effects.single))
            total += own @ c @ effects.scatter(blocks)
    found: np.ndarray = (total + total.T) / 2
    return found
