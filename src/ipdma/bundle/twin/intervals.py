"""Numbers pushed into their intervals by a smooth curve, and the derivative of that curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

EDGE = 1e-3  # of an interval: how near to its ends numbers start


@dataclass(frozen=True)
class Tie:
    """A limit that moves with another column: intercept + share times it, for some rows.

    Attributes
    ----------
    upper : bool
        Whether it limits from above.
    other : int
        The column, which stands left of the limited one.
    rows : ndarray of bool, shape (n,)
    """

    upper: bool
    other: int
    intercept: float
    share: float
    rows: np.ndarray


@dataclass(frozen=True)
class Interval:
    """Where each of n numbers of one column may lie: ends of shape (n,), infinite where there is no limit."""

    low: np.ndarray
    high: np.ndarray
    ties: tuple[Tie, ...] = ()

    def limits(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, int, np.ndarray, np.ndarray]:
        """Low and high ends, the column that they move with (-1: none) and their derivatives by it."""
        low, high = self.low.copy(), self.high.copy()
        by_low, by_high = np.zeros(len(low)), np.zeros(len(low))
        for tie in self.ties:
            at = tie.intercept + tie.share * x[:, tie.other]
            ends, slopes = (high, by_high) if tie.upper else (low, by_low)
            nearer = tie.rows & ((at < ends) if tie.upper else (at > ends))
            ends[nearer], slopes[nearer] = at[nearer], tie.share
        return low, high, self.ties[0].other if self.ties else -1, by_low, by_high


def numbers_from(u: np.ndarray, intervals: Sequence[Interval]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Numbers of shape (n, A) from free ones, and for each column its derivatives.

    Returns
    -------
    x : ndarray of shape (n, A)
    slopes : list of ndarray of shape (2, n)
        By the column's own free number, and by the number of the column that its limits move with.
    """
    x, slopes = u.copy(), []
    for j, interval in enumerate(intervals):
        low, high, _, by_low, by_high = interval.limits(x)
        free = u[:, j]
        both, above = np.isfinite(low) & np.isfinite(high), np.isfinite(low) & ~np.isfinite(high)
        share = expit(free)
        own, moved = np.ones(len(free)), np.zeros(len(free))
        with np.errstate(invalid="ignore", over="ignore"):
            x[:, j] = np.where(both, low + (high - low) * share, np.where(above, low + np.exp(free), free))
            own = np.where(both, (high - low) * share * (1 - share), np.where(above, np.exp(free), own))
            moved = np.where(both, by_low * (1 - share) + by_high * share, np.where(above, by_low, 0.0))
        slopes.append(np.vstack([own, moved]))
    return x, slopes


def free_from(x: np.ndarray, intervals: Sequence[Interval]) -> tuple[np.ndarray, np.ndarray]:
    """Free numbers whose numbers lie nearest to `x` inside the intervals, and those numbers."""
    u, inside = np.zeros_like(x), x.copy()
    for j, interval in enumerate(intervals):
        low, high, *_ = interval.limits(inside)
        both, above = np.isfinite(low) & np.isfinite(high), np.isfinite(low) & ~np.isfinite(high)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.clip((x[:, j] - low) / (high - low), EDGE, 1 - EDGE)
            share = np.where(high > low, share, 0.5)
            u[:, j] = np.where(
                both, logit(share), np.where(above, np.log(np.maximum(x[:, j] - low, EDGE)), x[:, j])
            )
            inside[:, j] = np.where(
                both, low + (high - low) * share, np.where(above, low + np.exp(u[:, j]), x[:, j])
            )
    return u, inside
