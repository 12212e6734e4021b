"""Kenward and Roger's (1997) small-sample covariance, degrees of freedom and scaled F.

In the form of Halekoh and Hojsgaard (2014): V is linear in gamma, so the terms with second derivatives of V
vanish. W = 2 T^-1 is the covariance of gamma from the expected information.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg

from ipdma.model.fixed_effects import FixedEffects


def parameter_covariance(expected: np.ndarray) -> np.ndarray:
    """W = 2 T^-1, by the pseudo-inverse where a parameter cannot be told from another; shape (G, G)."""
    size = np.sqrt(np.maximum(np.diag(expected), 1e-300))
    scaled = expected / np.outer(size, size)
    try:
        inverse = linalg.cho_solve(linalg.cho_factor(scaled), np.eye(len(scaled)))
    except linalg.LinAlgError:
        inverse = linalg.pinvh(scaled, rtol=1e-10)
    return 2 * inverse / np.outer(size, size)


def adjusted_covariance(effects: FixedEffects, w: np.ndarray) -> np.ndarray:
    """Phi_A = C + 2 C {sum_ij W_ij (Q_ij - P_i C P_j)} C, shape (P, P), of the scaled problem."""
    c = effects.covariance
    local_w = np.einsum("kig,gh,kjh->kij", effects.to_global, w, effects.to_global, optimize=True)
    total = effects.scatter(np.einsum("kij,kijab->kab", local_w, effects.double, optimize=True))
    return c + 2 * c @ (total - products_of_pairs(effects, w)) @ c


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
    return (total + total.T) / 2


def single_df(effects: FixedEffects, w: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Degrees of freedom of single combinations: 2 v^2 / g'W g, shape (rows,)."""
    v, g = effects.variance(rows), effects.each_gradient(rows)
    with np.errstate(over="ignore"):  # a variance that no parameter moves has infinite df
        return 2 * v**2 / np.maximum(np.einsum("rg,gh,rh->r", g, w, g), 1e-300)


def scaled_f(
    effects: FixedEffects, w: np.ndarray, adjusted: np.ndarray, rows: np.ndarray, estimate: np.ndarray
) -> tuple[float, float]:
    """The scaled F statistic of `rows` and its denominator degrees of freedom.

    Parameters
    ----------
    rows : ndarray of shape (q, P)
        Independent combinations, of the scaled problem.
    estimate : ndarray of shape (q,)
        Their values.
    """
    q = len(rows)
    theta = np.linalg.inv(rows @ effects.covariance @ rows.T)
    tg = theta @ effects.variance_gradients(rows)
    trace = np.einsum("gaa->g", tg)
    a1 = float(trace @ w @ trace)
    a2 = float(np.einsum("gh,gab,hba->", w, tg, tg))
    df, scale = moments_to_df(q, a1, a2)
    f = float(estimate @ np.linalg.solve(rows @ adjusted @ rows.T, estimate)) / q
    return scale * f, df


def moments_to_df(q: int, a1: float, a2: float) -> tuple[float, float]:
    """Denominator degrees of freedom and scale of F, from A1 and A2."""
    b = (a1 + 6 * a2) / (2 * q)
    g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
    bottom = 3 * q + 2 * (1 - g)
    c1, c2, c3 = g / bottom, (q - g) / bottom, (q + 2 - g) / bottom
    v0, v1, v2 = 1 + c1 * b, 1 - c2 * b, 1 - c3 * b
    rho = ((1 - a2 / q) / v1) ** 2 * v0 / v2 / q
    df = 4 + (q + 2) / (q * rho - 1)
    scale = 1.0 if abs(df - 2) < 1e-2 else df * (1 - a2 / q) / (df - 2)
    return df, scale
