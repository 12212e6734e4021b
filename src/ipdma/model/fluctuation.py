"""Parameter-instability tests of a treatment model along a partitioning variable (M-fluctuation).

Zeileis and Hornik (2007). The scores of a least-squares fit are cumulated in the order of the variable;
for numbers the statistic is Andrews' supLM, for categories the LM statistic of their sums.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[Any]
TRIM = 0.1  # share of rows at each end at which no break is looked for


@dataclass(frozen=True)
class Instability:
    """A test statistic and its p-value for one variable."""

    variable: str
    statistic: float
    p_value: float


def decorrelated_scores(x: Array, residual: Array) -> Array:
    """Scores of a least-squares fit, turned so that their sum of products is the identity.

    Parameters
    ----------
    x : ndarray of shape (n, p)
    residual : ndarray of shape (n,)

    Returns
    -------
    ndarray of shape (n, q)
        q is the rank of the scores' covariance, p unless columns are aliased.
    """
    scores = x * residual[:, None]
    scores = scores - scores.mean(axis=0)
    covariance = scores.T @ scores / len(scores)
    values, vectors = np.linalg.eigh(covariance)
    keep = values > 1e-10 * values.max()
    found: Array = scores @ (vectors[:, keep] / np.sqrt(values[keep])) / math.sqrt(len(scores))
    return found


def numeric_instability(scores: Array, order_by: Array) -> tuple[float, float]:
    """supLM and its p-value along a numeric variable; breaks only between different values.

    Statistic 0 and p-value 1 where no break is to be looked for.

    Parameters
    ----------
    scores : ndarray of shape (n, p)
        Of `decorrelated_scores`.
    order_by : ndarray of shape (n,)
    """
    n, p = scores.shape
    order = np.argsort(order_by, kind="stable")
    process = np.cumsum(scores[order], axis=0)
    sorted_values = order_by[order]
    breaks = np.flatnonzero(np.diff(sorted_values) > 0)
    share = (breaks + 1) / n
    inside = (share >= TRIM) & (share <= 1 - TRIM)
    if not inside.any():
        return 0.0, 1.0
    at, t = breaks[inside], share[inside]
    statistic = float(np.max(np.sum(process[at] ** 2, axis=1) / (t * (1 - t))))
    return statistic, sup_lm_p(statistic, p, float(t[0]), float(t[-1]))


def sup_lm_p(statistic: float, p: int, first: float, last: float) -> float:
    """P(sup of a squared Bessel bridge > statistic) over the shares looked at.

    DeLong (1981), Estrella (2003, equation 4), accurate in the tail; for one share it is chi-squared.
    """
    if statistic <= p:
        return 1.0
    single = float(special.chdtrc(p, statistic))
    log_lambda = math.log(last * (1 - first) / (first * (1 - last)))
    if log_lambda <= 0:
        return single
    density = math.exp(p / 2 * math.log(statistic / 2) - statistic / 2 - special.gammaln(p / 2))
    tail = density * ((1 - p / statistic) * log_lambda + 2 / statistic)
    return float(min(1.0, max(tail, single)))


def categorical_instability(scores: Array, codes: Array) -> tuple[float, float]:
    """LM statistic of the scores (n, p) summed by category (n,), and its chi-squared p-value.

    Statistic 0 and p-value 1 where there is one category.
    """
    n, p = scores.shape
    levels, counts = np.unique(codes, return_counts=True)
    if len(levels) < 2:
        return 0.0, 1.0
    sums = np.array([scores[codes == level].sum(axis=0) for level in levels])
    statistic = float(np.sum(np.sum(sums**2, axis=1) / (counts / n)))
    return statistic, float(special.chdtrc(p * (len(levels) - 1), statistic))
