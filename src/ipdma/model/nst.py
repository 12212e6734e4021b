"""The null-standardised t interval for the mean of trials' effects, from their own estimates and variances.

At a candidate effect theta the estimates are standardised as that hypothesis would have them,

    z_k(theta) = (y_k - theta) / sqrt(v_k + lambda(theta)),   sum_k (y_k - theta)^2 / (v_k + lambda) = K,

lambda zero where the sum at 0 is below K. The interval holds every theta whose one-sample t statistic of
the z is within the t quantile on K - 1. At the true variances the z are independent and alike, so that T is
exactly t; wrong ones make them unequal, where the t test is conservative at usual levels (Bakirov and
Szekely 2006, Ibragimov and Mueller 2010). What an estimated lambda does is known from simulation
(docs/validation-intervals.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from ipdma.errors import FitError
from ipdma.model.interval import quantile, two_sided_p

Array = np.ndarray
NEWTON_STEPS = 100
SMALLEST_OFFSET = 1e-3  # in standard errors of a trial: nearer to its estimate nothing turns


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
    centre : float
        Where T is 0.
    zero_in_gap : bool
        Whether 0 is rejected although it lies between the ends.
    """

    low: float
    high: float
    df: int
    statistic: float
    p_value: float
    centre: float
    zero_in_gap: bool


def null_variance(deviation: Array, v: Array) -> Array:
    """lambda: the variance between trials under which the squared standardised deviations sum to K.

    Newton's steps on 1 / Q, which is concave in lambda, rise to the root from the left.

    Parameters
    ----------
    deviation : ndarray of shape (..., K)
        y_k - theta.
    v : ndarray, broadcast against `deviation`

    Returns
    -------
    ndarray of shape (...)
    """
    k, squared = deviation.shape[-1], deviation**2
    lam = np.zeros(deviation.shape[:-1])
    for _ in range(NEWTON_STEPS):
        w = 1 / (v + lam[..., None])
        terms = w * squared
        q = terms.sum(axis=-1)
        slope = np.maximum((terms * w).sum(axis=-1), 1e-300)
        step = np.where(q > k, (q - k) * q / (k * slope), 0.0)
        lam = lam + step
        if (step <= 1e-15 * lam).all():
            break
    return lam


def standardised(y: Array, v: Array, theta: Array | float) -> Array:
    """z of shape (..., K) at each theta of shape (...)."""
    deviation = y - np.asarray(theta, dtype=float)[..., None]
    found: Array = deviation / np.sqrt(v + null_variance(deviation, v)[..., None])
    return found


def t_statistic(y: Array, v: Array, theta: float) -> float:
    """T(theta) = sqrt(K) mean(z) / sd(z); infinite where the z agree and are not zero."""
    z = standardised(y, v, theta)
    mean, spread = float(z.mean()), float(z.std(ddof=1))
    if spread <= 1e-14 * abs(mean):
        return math.copysign(math.inf, mean)
    return math.sqrt(len(z)) * mean / spread if spread else 0.0


def signed_share(y: Array, v: Array, theta: Array | float) -> Array:
    """sum z / sqrt(K sum z^2), between -1 and 1: the same order as T without its poles; 0 where z is 0."""
    z = standardised(y, v, theta)
    size = np.sqrt(z.shape[-1] * (z**2).sum(axis=-1))
    found: Array = z.sum(axis=-1) / np.where(size > 0, size, 1.0)
    return found


def critical_share(k: int, level: float) -> float:
    """The share at which |T| is the t quantile on K - 1."""
    t = quantile(k - 1, level)
    return t / math.sqrt(t**2 + k - 1)


def null_standardised(y: Array, v: Array, level: float = 0.95) -> NullStandardised:
    """The interval, its test of no effect and its centre.

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
    y, v = np.asarray(y, dtype=float), np.asarray(v, dtype=float)
    critical = critical_share(len(y), level)
    grid, share, centre = scan(y, v, critical)
    accepted = np.flatnonzero(np.abs(share) <= critical)
    low = crossing(y, v, critical, grid, accepted[0], -1)
    high = crossing(y, v, critical, grid, accepted[-1], 1)
    if not high - low > 1e-10 * math.sqrt(float(v.min())):
        raise NoWidth(
            "the null-standardised interval has no width because all study estimates are equal; "
            "use ci: modified_hksj, or tau2: common"
        )
    statistic = t_statistic(y, v, 0.0)
    p_value = two_sided_p(statistic, len(y) - 1)
    in_gap = p_value < 1 - level and low <= 0 <= high
    if in_gap:
        p_value = largest_p_beyond(y, v, grid, share, centre)
    return NullStandardised(low, high, len(y) - 1, statistic, p_value, centre, in_gap)


def scan(y: Array, v: Array, critical: float) -> tuple[Array, Array, float]:
    """Candidates that resolve every turn of T, ascending, with their shares; and where T is 0.

    About each estimate they stand at multiples of its own standard error, out to where all is rejected; the
    points where T is 0, and where it comes nearest to 0 without being so, are among them. T is 0 between the
    lowest and the highest estimate; where it is so more than once, the middle one is the centre.
    """
    reach, nearest = rejected_beyond(y, v, critical), SMALLEST_OFFSET * np.sqrt(v)[:, None]
    outward = nearest * (reach / nearest) ** np.linspace(0, 1, int(np.clip(1000 // len(y), 12, 60)))
    grid = np.unique(np.concatenate([y, (y[:, None] - outward).ravel(), (y[:, None] + outward).ravel()]))
    share = signed_share(y, v, grid)
    roots = sorted([*zeros(y, v, grid, share), *grid[share == 0]])
    grid = np.unique(np.concatenate([grid, roots, near_misses(y, v, grid, share, critical)]))
    return grid, signed_share(y, v, grid), float(roots[len(roots) // 2])


def rejected_beyond(y: Array, v: Array, critical: float) -> float:
    """A distance from any estimate past which every theta is rejected (far out T grows with the distance)."""
    reach = float(np.ptp(y) + 2 * math.sqrt(v.max()))
    multiples = np.array([1.0, 1.5, 2.0, 3.0, 4.0, 8.0, 16.0])
    for _ in range(60):
        theta = np.concatenate([y.min() - reach * multiples, y.max() + reach * multiples])
        if (np.abs(signed_share(y, v, theta)) > critical).all():
            break
        reach *= 2
    return float(2 * reach + np.ptp(y))


def zeros(y: Array, v: Array, grid: Array, share: Array) -> list[float]:
    """Where T is 0, between neighbours of the grid with opposite signs."""
    turns = np.flatnonzero((share[:-1] > 0) & (share[1:] < 0) | (share[:-1] < 0) & (share[1:] > 0))
    return [brentq(lambda theta: float(signed_share(y, v, theta)), grid[i], grid[i + 1]) for i in turns]


def near_misses(y: Array, v: Array, grid: Array, share: Array, critical: float) -> list[float]:
    """Local minima of |share| that the grid's own points reject."""
    size = np.abs(share)
    inner = np.flatnonzero((size[1:-1] < size[:-2]) & (size[1:-1] <= size[2:]) & (size[1:-1] > critical)) + 1
    return [nearest_to_zero(y, v, grid[i - 1], grid[i + 1]) for i in inner]


def crossing(y: Array, v: Array, critical: float, grid: Array, at: int, side: int) -> float:
    """The end of the accepted set between an accepted point and its rejected neighbour."""
    found: float = brentq(
        lambda theta: abs(float(signed_share(y, v, theta))) - critical,
        *sorted((grid[at], grid[at + side])),
        xtol=1e-14 * float(np.sqrt(v.min())),
        rtol=1e-14,
    )
    return found


def largest_p_beyond(y: Array, v: Array, grid: Array, share: Array, centre: float) -> float:
    """The largest p(theta) from 0 outward, away from the centre."""
    beyond = grid <= 0 if centre > 0 else grid >= 0
    at = np.flatnonzero(beyond)[np.argmin(np.abs(share[beyond]))]
    around = grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)]
    ends = (around[0], min(around[1], 0.0)) if centre > 0 else (max(around[0], 0.0), around[1])
    found = nearest_to_zero(y, v, *ends)
    theta = min((float(grid[at]), found), key=lambda point: abs(float(signed_share(y, v, point))))
    return two_sided_p(t_statistic(y, v, theta), len(y) - 1)


def nearest_to_zero(y: Array, v: Array, low: float, high: float) -> float:
    """Where |T| is least between two points, with one minimum between them."""
    return float(
        minimize_scalar(
            lambda theta: abs(float(signed_share(y, v, theta))),
            bounds=(low, high),
            method="bounded",
            options={"xatol": 1e-10 * (high - low)},
        ).x
    )


def nst_notes(found: NullStandardised) -> list[str]:
    """What the reader of such an interval must know."""
    notes = []
    if found.df == 1:
        notes.append(
            "two studies: the null-standardised interval rests on 1 degree of freedom and is wide; in "
            "simulations it covered 95 to 98 %"
        )
    if found.zero_in_gap:
        notes.append(
            f"0 lies in a gap of the accepted effects, between those of [{found.low:.6g}, {found.high:.6g}]; "
            "the p-value is the largest at or beyond 0, so that it agrees with the interval"
        )
    return notes
