"""The null-standardised t interval for the mean of trials' effects, from their own estimates and variances.

At a candidate effect theta the estimates are standardised as that hypothesis would have them,

    z_k(theta) = (y_k - theta) / sqrt(v_k + lambda(theta)),   sum_k (y_k - theta)^2 / (v_k + lambda) = K,

lambda zero where the sum at 0 is below K. The interval holds every theta whose one-sample t statistic of
the z is within the t quantile on K - 1. At the true variances the z are independent and alike, so that T is
exactly t; wrong ones make them unequal, where the t test is conservative at usual levels (Bakirov and
Szekely 2005, Zap Nauchn Sem POMI 328:5, in English 2006, J Math Sci 139:6497; Ibragimov and Mueller 2010).
What an estimated lambda does is known from simulation
(docs/validation-intervals.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ipdma.errors import FitError
from ipdma.model.interval import quantile, two_sided_p
from ipdma.model.nst_search import Scan, centres, hull, least_share, scan
from ipdma.model.nst_share import TrialSets, standardised
from ipdma.model.remembered import remembered

Array = np.ndarray


class NoWidth(FitError):
    """All estimates are equal, so that nothing but their own value is accepted."""


@dataclass(frozen=True)
class NullStandardised:
    """The interval of `null_standardised`.

    Attributes
    ----------
    low, high : float
        Ends of the accepted set's hull.
    df : int
        K - 1.
    statistic : float
        T(0).
    p_value : float
        Of T(0); where 0 lies in a gap of the accepted set, the largest p(theta) at or beyond 0.
    zero_in_gap : bool
        Whether 0 is rejected although it lies between the ends.
    """

    low: float
    high: float
    df: int
    statistic: float
    p_value: float
    zero_in_gap: bool


def critical_share(k: int, level: float) -> float:
    """The share at which |T| is the t quantile on K - 1."""
    t = quantile(k - 1, level)
    return t / math.sqrt(t**2 + k - 1)


@remembered
def null_standardised(y: Array, v: Array, level: float = 0.95) -> NullStandardised:
    """The interval and its test of no effect.

    Parameters
    ----------
    y, v : ndarray of shape (K,)
        The trials' own estimates and sampling variances (v > 0), K at least 2.
    level : float

    Raises
    ------
    NoWidth
        Where all estimates are equal.
    """
    trials = one_set(y, v)
    critical = critical_share(trials.k, level)
    found = scan(trials, critical)
    low, high = (float(end[0]) for end in hull(trials, found, critical))
    if not high - low > 1e-10 * math.sqrt(float(trials.v.min())):
        raise NoWidth("the null-standardised interval has no width because all study estimates are equal")
    statistic = t_statistic(trials, 0.0)
    p_value = two_sided_p(statistic, trials.k - 1)
    in_gap = p_value < 1 - level and low <= 0 <= high
    if in_gap:
        p_value = largest_p_beyond(trials, found)
    return NullStandardised(low, high, trials.k - 1, statistic, p_value, in_gap)


def one_set(y: Array, v: Array) -> TrialSets:
    """The trials of one analysis."""
    return TrialSets(np.asarray(y, dtype=float)[:, None], np.asarray(v, dtype=float)[:, None])


def t_statistic(trials: TrialSets, theta: float) -> float:
    """T(theta) = sqrt(K) mean(z) / sd(z) of one set of trials; infinite where the z agree and are not 0."""
    z = standardised(trials, np.array([theta]))[0][:, 0]
    mean, spread = float(z.mean()), float(z.std(ddof=1))
    if spread <= 1e-14 * abs(mean):
        return math.copysign(math.inf, mean) if mean else 0.0
    return math.sqrt(len(z)) * mean / spread


def largest_p_beyond(trials: TrialSets, found: Scan) -> float:
    """The largest p(theta) from 0 outward, away from the centre: where T is 0, the middle such place."""
    roots = centres(trials, found)
    above = roots[len(roots) // 2] > 0
    grid, share = found.theta[0], found.share[0]
    beyond = grid <= 0 if above else grid >= 0
    at = np.flatnonzero(beyond)[np.argmin(np.abs(share[beyond]))]
    low, high = grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)]
    low, high = (low, min(high, 0.0)) if above else (max(low, 0.0), high)
    inside = least_share(trials, np.array([low]), np.array([high]))[0]
    closest = min((float(grid[at]), float(inside)), key=lambda point: abs(t_statistic(trials, point)))
    return two_sided_p(t_statistic(trials, closest), trials.k - 1)


def nst_notes(found: NullStandardised) -> list[str]:
    """What the reader of such an interval must know."""
    notes = []
    if found.df == 1:
        notes.append(
            "two studies: the null-standardised interval rests on 1 degree of freedom and is wide; in "
            "simulations it covered 95 to 100 %"
        )
    if found.zero_in_gap:
        notes.append(
            f"0 lies in a gap of the accepted effects, between those of [{found.low:.6g}, {found.high:.6g}]; "
            "the p-value is the largest at or beyond 0, so that it agrees with the interval"
        )
    return notes
