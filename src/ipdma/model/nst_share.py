"""The null-standardised statistic at many candidate effects of many sets of trials at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray
NEWTON_STEPS = 100
BLOCK = 32_768  # trials times candidates of which all that is worked out stays in the processor's cache
CLOSE = 1e-8  # a step of Newton's after which the next would be below rounding


@dataclass(frozen=True)
class TrialSets:
    """Estimates and sampling variances of B sets of K trials, each of shape (K, B)."""

    y: Array
    v: Array

    @property
    def k(self) -> int:
        """Trials of a set."""
        return len(self.y)

    def of(self, sets: Array) -> TrialSets:
        """Some of the sets, in the order of their numbers."""
        return TrialSets(self.y[:, sets], self.v[:, sets])


def null_variance(deviation: Array, v: Array) -> Array:
    """lambda: the variance between trials under which the squared standardised deviations sum to K.

    Newton's steps on 1 / Q, which is concave in lambda, rise to the root from the left; they begin where the
    variances are all their mean weighted by the squares, which by convexity is not past it.

    Parameters
    ----------
    deviation : ndarray of shape (K, ...)
        y_k - theta.
    v : ndarray, broadcast against `deviation`

    Returns
    -------
    ndarray of shape (...)
    """
    k, squared = len(deviation), deviation**2
    total, least = squared.sum(axis=0), v.min(axis=0)
    lam: Array = np.maximum(total / k - (squared * v).sum(axis=0) / np.maximum(total, 1e-300), 0.0)
    for _ in range(NEWTON_STEPS):
        w = 1 / (v + lam)
        terms = squared * w
        q = terms.sum(axis=0)
        terms *= w
        step = (q - k) * q / (k * np.maximum(terms.sum(axis=0), 1e-300))
        step[(q <= k) & (lam == 0)] = 0.0
        lam = np.maximum(lam + step, 0.0)
        if (np.abs(step) <= CLOSE * (lam + least)).all():
            break
    return lam


def standardised(trials: TrialSets, theta: Array) -> tuple[Array, Array, Array]:
    """z of shape (K, B, ...) at candidates of shape (B, ...), with the deviations and total variances."""
    extra = (1,) * (theta.ndim - 1)
    v = trials.v.reshape(trials.v.shape + extra)
    deviation = trials.y.reshape(trials.y.shape + extra) - theta
    variance = v + null_variance(deviation, v)
    return deviation / np.sqrt(variance), deviation, variance


def signed_share(trials: TrialSets, theta: Array) -> Array:
    """sum z / sqrt(K sum z^2), between -1 and 1: the same order as T without its poles; 0 where z is 0."""
    pieces = min(-(-trials.k * theta.size // BLOCK), theta.shape[-1]) if theta.ndim > 1 else 1
    parts = np.array_split(theta, max(pieces, 1), axis=-1)
    return np.concatenate([share_of(standardised(trials, part)[0]) for part in parts], axis=-1)


def share_of(z: Array) -> Array:
    """The share of standardised deviations of shape (K, ...)."""
    size = np.sqrt(len(z) * (z**2).sum(axis=0))
    found: Array = z.sum(axis=0) / np.where(size > 0, size, 1.0)
    return found


def share_and_slope(trials: TrialSets, theta: Array) -> tuple[Array, Array]:
    """The share and its derivative by theta, one-sided where lambda leaves 0; theta of shape (B,)."""
    z, deviation, variance = standardised(trials, theta)
    scaled = deviation / variance
    # lambda moves with theta so that Q stays K; where it is 0 it stays there
    moves = -2 * scaled.sum(axis=0) / np.maximum((scaled**2).sum(axis=0), 1e-300)
    moves = np.where((variance > trials.v).any(axis=0), moves, 0.0)
    change = -(1 + 0.5 * scaled * moves) / np.sqrt(variance)
    squares = np.maximum((z**2).sum(axis=0), 1e-300)
    share = z.sum(axis=0) / np.sqrt(trials.k * squares)
    turned = share * np.sqrt(trials.k / squares) * (z * change).sum(axis=0)
    return share, (change.sum(axis=0) - turned) / np.sqrt(trials.k * squares)
