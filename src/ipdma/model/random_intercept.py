"""A random intercept per study by REML, with its predictions: the mixed half of a GLMM tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

Array = NDArray[Any]


@dataclass(frozen=True)
class RandomIntercept:
    """Fixed effects with their covariance, predicted study intercepts, variances, REML criterion.

    Attributes
    ----------
    beta, covariance : ndarray, shapes (p,), (p, p)
    intercepts : ndarray, shape (K,)
        Best linear unbiased predictions.
    tau2, sigma2 : float
        Variance of the intercepts between studies, and within studies.
    criterion : float
        Minus twice the restricted log likelihood, up to a constant of n and p.
    """

    beta: Array
    covariance: Array
    intercepts: Array
    tau2: float
    sigma2: float
    criterion: float


def fit_random_intercept(x: Array, y: Array, study: Array) -> RandomIntercept:
    """Profile REML over the ratio of the variances, which is one number.

    Parameters
    ----------
    x : ndarray, shape (n, p)
        Linearly independent columns, a constant among them.
    y : ndarray, shape (n,)
    study : ndarray of int, shape (n,)
        Codes from 0 to K - 1.
    """
    k = int(study.max()) + 1
    sizes = np.bincount(study, minlength=k).astype(float)
    sums = np.zeros((k, x.shape[1]))
    np.add.at(sums, study, x)
    y_sums = np.bincount(study, y, k)
    gram, xy, yy = x.T @ x, x.T @ y, float(y @ y)

    def solve(ratio: float) -> tuple[float, Array, Array, float]:
        weight = ratio / (1 + ratio * sizes)
        a = gram - (sums * weight[:, None]).T @ sums
        b = xy - sums.T @ (weight * y_sums)
        beta = np.linalg.solve(a, b)
        rss = yy - float(weight @ y_sums**2) - float(beta @ b)
        df = len(y) - x.shape[1]
        value = float(
            np.log1p(ratio * sizes).sum() + np.linalg.slogdet(a)[1] + df * np.log(max(rss, 1e-300) / df)
        )
        return value, beta, a, max(rss, 1e-300) / df

    found = minimize_scalar(lambda r: solve(float(np.exp(r)))[0], bounds=(-14, 6), method="bounded")
    ratio = float(np.exp(found.x))
    if solve(0.0)[0] <= found.fun:
        ratio = 0.0
    value, beta, a, sigma2 = solve(ratio)
    residual_sums = y_sums - sums @ beta
    intercepts = ratio * residual_sums / (1 + ratio * sizes)
    return RandomIntercept(beta, sigma2 * np.linalg.inv(a), intercepts, ratio * sigma2, sigma2, value)
