"""Meta-regression of study estimates on study-level columns, by REML with Hartung-Knapp standard errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtrc, fdtrc, stdtr, stdtrit

from ipdma.errors import FitError

Array = np.ndarray


@dataclass(frozen=True)
class MetaRegression:
    """Coefficients b with their Hartung-Knapp covariance, on K - p degrees of freedom.

    Attributes
    ----------
    beta : array of shape (p,)
    covariance : array of shape (p, p)
        Knapp and Hartung (2003): the Wald covariance times the weighted residual mean square.
    tau2 : float
        Residual variance between studies (REML, not below 0).
    q, q_p : float
        Residual heterogeneity and its p on `df`.
    df : int
        K - p.
    """

    beta: Array
    covariance: Array
    tau2: float
    q: float
    q_p: float
    df: int

    def interval(self, j: int, level: float) -> tuple[float, float]:
        """t interval of coefficient j."""
        half = float(stdtrit(self.df, 0.5 + level / 2) * np.sqrt(self.covariance[j, j]))
        return float(self.beta[j]) - half, float(self.beta[j]) + half

    def p_value(self, j: int) -> float:
        """Two-sided p of coefficient j."""
        return float(2 * stdtr(self.df, -abs(self.beta[j] / np.sqrt(self.covariance[j, j]))))

    def joint(self, positions: list[int]) -> tuple[float, float]:
        """F and p that these coefficients are zero."""
        b = self.beta[positions]
        value = float(b @ np.linalg.solve(self.covariance[np.ix_(positions, positions)], b)) / len(positions)
        return value, float(fdtrc(len(positions), self.df, value))


def meta_regression(y: Array, v: Array, X: Array, modified: bool = False) -> MetaRegression:
    """Regress study estimates on study-level columns.

    Parameters
    ----------
    y, v : arrays of shape (K,)
        Estimates and their variances.
    X : array of shape (K, p)
        Columns, the intercept among them.
    modified : bool
        Never let Hartung-Knapp's factor fall below 1.

    Raises
    ------
    FitError
        When there are not more studies than columns, the columns are collinear, or the variance between
        studies has no finite estimate.
    """
    y, v, X = np.asarray(y, float), np.asarray(v, float), np.asarray(X, float)
    K, p = X.shape
    if p >= K:
        raise FitError(f"{K} studies cannot inform {p} coefficients and a variance between studies")
    if np.linalg.matrix_rank(X) < p:
        raise FitError("the study-level columns cannot be told apart in these studies")
    tau2 = reml_tau2(y, v, X)
    beta, cov = weighted_fit(y, v + tau2, X)
    scale = float(np.sum((y - X @ beta) ** 2 / (v + tau2))) / (K - p)
    common, _ = weighted_fit(y, v, X)
    q = float(np.sum((y - X @ common) ** 2 / v))
    factor = max(1.0, scale) if modified else scale
    return MetaRegression(beta, factor * cov, tau2, q, float(chdtrc(K - p, q)), K - p)


def weighted_fit(y: Array, variance: Array, X: Array) -> tuple[Array, Array]:
    """Weighted least squares: coefficients and (X'WX)^-1."""
    A = (X.T / variance) @ X
    cov = np.linalg.inv(A)
    return cov @ ((X.T / variance) @ y), cov


def reml_score(tau2: float, y: Array, v: Array, X: Array) -> float:
    """Derivative of twice the restricted log likelihood in tau2: y'PPy - tr P."""
    w = 1 / (v + tau2)
    cov = np.linalg.inv((X.T * w) @ X)
    P = np.diag(w) - (w[:, None] * X) @ cov @ (X.T * w)
    Py = P @ y
    return float(Py @ Py - np.trace(P))


def reml_tau2(y: Array, v: Array, X: Array) -> float:
    """The root of the REML score, zero where it falls from the start. Raises FitError where it has none."""
    if reml_score(0.0, y, v, X) <= 0:
        return 0.0
    high = float(np.var(y) + v.max()) + 1e-12
    for _ in range(60):
        if reml_score(high, y, v, X) < 0:
            return float(brentq(reml_score, 0.0, high, args=(y, v, X), xtol=1e-12, rtol=1e-12))
        high *= 2
    raise FitError("the variance between studies has no finite REML estimate")
