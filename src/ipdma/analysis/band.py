"""The interval of a combination of terms from the terms' own intervals.

Degrees of freedom of a combination's own change along a line: few where the treatment effect decides, many
where the interaction does, so that a band of such intervals is wavy and jumps. Here each term keeps its
interval; the distances d from the estimate to the ends add up as standard errors do,

    lower = estimate - sqrt(sum_ij r_ij d_i d_j),

r the correlation of the terms: variance estimates recovered from intervals (Zou and Donner 2008, Stat Med
27:1693; with a correlation Zou 2007, Psychol Methods 12:399), here of several terms. The band is smooth,
need not be symmetric, and is the term's own interval where a single term is left.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy import special

from ipdma.model.df import fewest
from ipdma.model.records import Estimate, Fit
from ipdma.model.term import Term

Array = np.ndarray
STEPS = 60  # bisections of a p value
SMALLEST_P = 1e-300
LARGEST = 1e50  # where few df make a quantile or an end infinite, so that a weight of 0 stays 0


def with_effects(fit: Fit, wanted: Mapping[str, Mapping[str, float]], level: float) -> Fit:
    """The fit with these combinations (name to term to weight) as its contrasts.

    A combination of a term that the fit does not estimate is left out.
    """
    if fit.covariance is None:
        return fit
    terms = [e.term for e in fit.estimates[: len(fit.covariance)]]
    named = {name: weights for name, weights in wanted.items() if set(weights) <= set(terms)}
    if not named:
        return fit
    c = np.array([[weights.get(term, 0.0) for term in terms] for weights in named.values()])
    used = np.flatnonzero((c != 0).any(axis=0))
    covariance = np.asarray(fit.covariance)[np.ix_(used, used)]
    parts = [fit.estimates[i] for i in used]
    rows = combine(parts, covariance, c[:, used], list(named), level)
    methods = " + ".join(dict.fromkeys(e.df_method or fit.df_method for e in parts))
    return replace(fit, contrasts=tuple(replace(row, df_method=methods) for row in rows))


def combine(
    parts: list[Estimate], covariance: Array, weights: Array, names: list[str], level: float
) -> list[Estimate]:
    """Combinations of some estimates, an interval each.

    Parameters
    ----------
    parts : list of Estimate, length P
    covariance : ndarray of shape (P, P)
        Theirs; correlations are taken from it.
    weights : ndarray of shape (C, P)
    names : list of str, length C
    level : float
        Of the estimates' intervals, and so of the combinations'.

    Returns
    -------
    list of Estimate
        `df` are the fewest of the terms with a weight; p is 1 less the level at which an end of the interval
        is 0, with each term's distances in proportion to its t quantile.
    """
    error = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(error, error)
    value = weights @ np.array([e.estimate for e in parts])
    down, up = distances(parts, weights)
    low, high = value - joined(down, correlation), value + joined(up, correlation)
    p = p_values(parts, value, np.where(value[:, None] > 0, down, up), correlation, level)
    own = np.array([e.std_error for e in parts]) * weights
    se = joined(own, correlation)
    dfs = [fewest([parts[i].df for i in np.flatnonzero(row)]) for row in weights]
    return [
        Estimate(
            Term("contrast", column=name),
            float(v),
            float(s),
            df,
            float(v / s),
            float(pv),
            float(lo),
            float(hi),
        )
        for name, v, s, df, pv, lo, hi in zip(names, value, se, dfs, p, low, high, strict=True)
    ]


def distances(parts: list[Estimate], weights: Array) -> tuple[Array, Array]:
    """Signed distances from each weighted term to its lower and upper end, of shape (C, P)."""
    below = np.array([min(e.estimate - e.ci_low, LARGEST) for e in parts])
    above = np.array([min(e.ci_high - e.estimate, LARGEST) for e in parts])
    positive = weights > 0
    return weights * np.where(positive, below, above), weights * np.where(positive, above, below)


def joined(d: Array, correlation: Array) -> Array:
    """sqrt(sum_ij r_ij d_i d_j) of each row."""
    total: Array = np.sqrt(np.maximum(np.einsum("ci,ij,cj->c", d, correlation, d), 0.0))
    return total


def p_values(
    parts: list[Estimate], value: Array, toward_zero: Array, correlation: Array, level: float
) -> Array:
    """By bisection of log p: the distances toward 0 grow with each term's t quantile."""
    df = np.array([math.inf if e.df is None else e.df for e in parts])
    per_quantile = toward_zero / quantiles(df, np.array([1 - level]))
    low, high = np.full(len(value), math.log(SMALLEST_P)), np.zeros(len(value))
    for _ in range(STEPS):
        middle = (low + high) / 2
        reaches = joined(per_quantile * quantiles(df, np.exp(middle)), correlation) >= np.abs(value)
        low, high = np.where(reaches, middle, low), np.where(reaches, high, middle)
    found: Array = np.exp((low + high) / 2)
    return found


def quantiles(df: Array, p: Array) -> Array:
    """Two-sided critical values of shape (len(p), len(df)); normal where df is infinite."""
    tail = p[:, None] / 2
    finite = np.where(np.isinf(df), 1.0, df)
    found: Array = np.where(np.isinf(df), -special.ndtri(tail), -special.stdtrit(finite, tail))
    found[~(np.abs(found) <= LARGEST)] = LARGEST  # scipy's stdtrit gives minus infinity at p of 1e-300
    return found
