"""The between-study variance of study estimates: its estimators and its Q-profile interval.

y is the vector of K study estimates, v their variances, w = 1 / (v + tau2), mu = sum(w y) / sum(w).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special
from scipy.optimize import brentq

from ipdma.model.remembered import remembered

Array = np.ndarray
GRID = 60


def weighted_mean(y: Array, v: Array, tau2: float) -> tuple[Array, float]:
    """The weights 1 / (v + tau2) and the mean that they give."""
    w = 1.0 / (v + tau2)
    return w, float(w @ y / w.sum())


def generalised_q(y: Array, v: Array, tau2: float) -> float:
    """Sum of w (y - mu)^2: Cochran's Q at tau2 = 0, decreasing in tau2."""
    w, mu = weighted_mean(y, v, tau2)
    return float(w @ (y - mu) ** 2)


def typical_variance(v: Array) -> float:
    """Higgins and Thompson's typical within-study variance s^2 = (K - 1) S1 / (S1^2 - S2), S_r = sum v^-r."""
    s1, s2 = (1 / v).sum(), (1 / v**2).sum()
    return float((len(v) - 1) * s1 / (s1**2 - s2))


def tau2_dersimonian_laird(y: Array, v: Array) -> float:
    """The moment estimator of DerSimonian and Laird (1986), truncated at 0."""
    s1, s2 = (1 / v).sum(), (1 / v**2).sum()
    return max(0.0, float((generalised_q(y, v, 0.0) - (len(y) - 1)) / (s1 - s2 / s1)))


def upper_bound(y: Array, v: Array) -> float:
    """A tau2 past which every estimator's equation has its final sign."""
    return float(2 * (np.ptp(y) ** 2 + v.max()))


def solve_q(y: Array, v: Array, target: float) -> float:
    """The tau2 at which the generalised Q equals `target`, 0 where Q(0) is below it already."""
    if generalised_q(y, v, 0.0) <= target:
        return 0.0
    high = upper_bound(y, v)
    while generalised_q(y, v, high) > target:
        high *= 4
    return root(lambda tau2: generalised_q(y, v, tau2) - target, 0.0, high)


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """The root between two bounds of opposite sign, to the last digits."""
    return float(brentq(function, low, high, xtol=1e-15 * high, rtol=1e-15, maxiter=500))


def tau2_paule_mandel(y: Array, v: Array) -> float:
    """Paule and Mandel (1982): the generalised Q equals its expectation K - 1."""
    return solve_q(y, v, len(y) - 1)


def log_likelihood(y: Array, v: Array, tau2: float, restricted: bool) -> float:
    """The (restricted) log likelihood of tau2, mu profiled out, without constants."""
    w, mu = weighted_mean(y, v, tau2)
    value = 0.5 * np.log(w).sum() - 0.5 * w @ (y - mu) ** 2
    return float(value - 0.5 * np.log(w.sum()) if restricted else value)


def score(y: Array, v: Array, tau2: float, restricted: bool) -> float:
    """Twice the derivative of `log_likelihood` with respect to tau2."""
    return float(scores(y, v, np.array([tau2]), restricted)[0])


def scores(y: Array, v: Array, tau2: Array, restricted: bool) -> Array:
    """The same at several tau2."""
    w = 1.0 / (v + tau2[:, None])
    total, squared = w.sum(axis=1), w**2
    deviation = y - (w @ y / total)[:, None]
    trace = total - (squared.sum(axis=1) / total if restricted else 0.0)
    found: Array = (squared * deviation**2).sum(axis=1) - trace
    return found


def tau2_likelihood(y: Array, v: Array, restricted: bool) -> float:
    """The global maximum of the (restricted) likelihood over tau2 >= 0.

    The likelihood can have several maxima, so every sign change of the score on a grid is refined and
    the best of them and of 0 is taken (Fisher scoring would stop at the first).
    """
    high = upper_bound(y, v)
    while score(y, v, high, restricted) > 0:
        high *= 4
    small = 1e-8 * min(v.min(), high)
    grid = np.concatenate([[0.0], np.geomspace(small, high, GRID)])
    slopes = scores(y, v, grid, restricted)
    found = [0.0]
    for i in range(len(grid) - 1):
        if slopes[i] > 0 >= slopes[i + 1]:
            found.append(root(lambda tau2: score(y, v, tau2, restricted), grid[i], grid[i + 1]))
    return max(found, key=lambda tau2: log_likelihood(y, v, tau2, restricted))


@remembered
def estimate_tau2(y: Array, v: Array, method: str) -> float:
    """The between-study variance by `method` (reml, ml, dl, pm; common is 0); 0 for a single study."""
    if method == "common" or len(y) == 1:
        return 0.0
    if method in ("reml", "ml"):
        return tau2_likelihood(y, v, method == "reml")
    return {"dl": tau2_dersimonian_laird, "pm": tau2_paule_mandel}[method](y, v)


@remembered
def q_profile(y: Array, v: Array, level: float) -> tuple[float, float] | None:
    """Viechtbauer's (2007) interval of tau2: where Q(tau2) meets the chi-squared quantiles on K - 1.

    None where it is empty: Q(0) is below the lower quantile, as no tau2 makes it larger.
    """
    df = len(y) - 1
    tail = (1 - level) / 2
    upper, lower = (float(special.chdtri(df, p)) for p in (tail, 1 - tail))
    if generalised_q(y, v, 0.0) < lower:
        return None
    return solve_q(y, v, upper), solve_q(y, v, lower)
