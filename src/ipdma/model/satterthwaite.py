"""Satterthwaite's degrees of freedom with the observed information, as lmerTest has them."""

from __future__ import annotations

import numpy as np

from ipdma.model.fixed_effects import FixedEffects

FLAT = 1e-8  # share of the largest eigenvalue below which a direction is dropped


def parameter_covariance(hessian: np.ndarray, jacobian: np.ndarray) -> np.ndarray:
    """Covariance of gamma from the observed Hessian in the search parameters, shape (G, G).

    The covariance of the search parameters is 2 H^-1 without flat or falling directions; a variance of zero
    has gradient zero there and drops out.
    """
    size = np.sqrt(np.maximum(np.abs(np.diag(hessian)), 1e-300))
    values, vectors = np.linalg.eigh(hessian / np.outer(size, size))
    good = values > FLAT * max(float(values.max()), 0.0)
    inverse = (vectors[:, good] / values[good]) @ vectors[:, good].T / np.outer(size, size)
    return jacobian @ (2 * inverse) @ jacobian.T


def single_df(effects: FixedEffects, w: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """2 v^2 / g'W g for each row, shape (rows,)."""
    v, g = effects.variance(rows), effects.each_gradient(rows)
    return 2 * v**2 / np.maximum(np.einsum("rg,gh,rh->r", g, w, g), 1e-300)


def joint_f(
    effects: FixedEffects, w: np.ndarray, rows: np.ndarray, estimate: np.ndarray
) -> tuple[float, float]:
    """F of several rows and its denominator degrees of freedom, from those of its principal contrasts."""
    covariance = rows @ effects.covariance @ rows.T
    values, vectors = np.linalg.eigh(covariance)
    f = float(((vectors.T @ estimate) ** 2 / values).mean())
    return f, combine_df(single_df(effects, w, vectors.T @ rows))


def combine_df(df: np.ndarray) -> float:
    """Denominator df of F from those of its independent squared t's (Fai and Cornelius 1996)."""
    if np.ptp(df) < 1e-8:
        return float(df.mean())
    if (df <= 2).any():
        return 2.0
    expectation = float((df / (df - 2)).sum())
    return 2 * expectation / (expectation - len(df))
