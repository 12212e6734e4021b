"""Bayesian draws of missing values from a regression on completed predictors, all chains at once.

Every function works on M chains in one call: predictors differ between chains, since their own gaps were
filled differently; the observed targets do not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipdma.imputation.logistic import inverse_root, logistic_modes, probability, solve_back, times

Array = NDArray[Any]
DONORS = 5


@dataclass(frozen=True)
class Split:
    """Predictors of one target, intercept first, on a common scale.

    Attributes
    ----------
    observed, missing : ndarray, shapes (M, n_obs, p), (M, n_mis, p)
        Predictors of the rows where the target is observed and where it is missing.
    target : ndarray, shape (n_obs,)
        The observed target: numbers, or codes 0 .. L - 1.
    ridge : float
        Prior precision of each slope in units of the residual (or logit) scale; the intercept has none.
    modes : dict of float to ndarray
        Modes of the logistic regressions of the last sweep, by level, where the next search begins.
    """

    observed: Array
    missing: Array
    target: Array
    ridge: float
    modes: dict[float, Array] = field(default_factory=dict)


def penalty(split: Split) -> Array:
    """The ridge of each coefficient, shape (p,); the intercept is left free."""
    found = np.full(split.observed.shape[2], split.ridge)
    found[0] = 1e-8
    return found


@dataclass(frozen=True)
class NormalDraw:
    """Posterior mean and one draw of the coefficients, (M, p) each, and one of the residual SD, (M,)."""

    mean: Array
    beta: Array
    sigma: Array


def draw_normal_parameters(split: Split, rng: np.random.Generator) -> NormalDraw:
    """Draw from the posterior of a normal regression (Rubin 1987, section 5.3; ridge as a normal prior).

    The residual variance has n less the trace of the smoother as degrees of freedom: n - p without a ridge.
    """
    x, y = split.observed, split.target
    m, n, p = x.shape
    prior = penalty(split)
    across = np.swapaxes(x, 1, 2)
    half = inverse_root(np.linalg.cholesky(across @ x + np.diag(prior)))  # inverse = half' half
    back = np.swapaxes(half, 1, 2)
    mean = (back @ (half @ (across @ y[:, None])))[..., 0]
    rss = np.sum((y - times(x, mean)) ** 2, axis=1)
    spent = p - np.sum(half**2, axis=1) @ prior
    sigma = np.sqrt(rss / rng.chisquare(np.maximum(n - spent, 1.0)))
    noise = times(back, rng.standard_normal((m, p)))
    return NormalDraw(mean, mean + sigma[:, None] * noise, sigma)


def draw_continuous(split: Split, rng: np.random.Generator) -> Array:
    """Normal regression with drawn parameters and drawn residuals, shape (M, n_mis)."""
    drawn = draw_normal_parameters(split, rng)
    fitted = times(split.missing, drawn.beta)
    return fitted + drawn.sigma[:, None] * rng.standard_normal(fitted.shape)


def draw_matched(split: Split, rng: np.random.Generator) -> Array:
    """Predictive mean matching: the value of one of the five nearest observed rows, shape (M, n_mis).

    Type 1 of van Buuren (2018, section 3.4): drawn coefficients predict the missing rows, their posterior
    mean the observed ones.
    """
    drawn = draw_normal_parameters(split, rng)
    at_observed = times(split.observed, drawn.mean)
    at_missing = times(split.missing, drawn.beta)
    distance = np.abs(at_missing[:, :, None] - at_observed[:, None, :])
    donors = min(DONORS, distance.shape[2])
    nearest = np.argpartition(distance, donors - 1, axis=2)[:, :, :donors]
    pick = rng.integers(0, donors, nearest.shape[:2])
    chosen = np.take_along_axis(nearest, pick[..., None], axis=2)[..., 0]
    return split.target[chosen]


def draw_binary(split: Split, rng: np.random.Generator, level: float = 1.0) -> Array:
    """Logistic regression with drawn coefficients, shape (M, n_mis).

    A weak normal prior (SD 2.5 of a slope, 10 of the intercept, on the logit scale) keeps separation finite;
    the ridge comes on top of it.
    """
    precision = penalty(split) + np.array([0.01] + [0.16] * (split.observed.shape[2] - 1))
    mode, root = logistic_modes(split.observed, split.target, precision, split.modes.get(level))
    split.modes[level] = np.broadcast_to(mode.mean(axis=0), mode.shape)
    beta = mode + solve_back(root, rng.standard_normal(mode.shape))
    chance = probability(times(split.missing, beta))
    return (rng.random(chance.shape) < chance).astype(float)


def draw_levels(split: Split, rng: np.random.Generator) -> Array:
    """Several levels as a chain of logistic regressions, each level against those after it.

    For ordered levels these are continuation ratios. Slopes are free at each step; for unordered levels the
    order of their codes still decides which of the ratios are linear on the logit scale. Shape (M, n_mis).
    """
    levels = np.unique(split.target)
    m, n, _ = split.missing.shape
    value = np.full((m, n), levels[-1])
    open_rows = np.ones((m, n), dtype=bool)
    for level in levels[:-1]:
        at = split.target >= level
        step = Split(
            split.observed[:, at],
            split.missing,
            (split.target[at] == level).astype(float),
            split.ridge,
            split.modes,
        )
        stops = draw_binary(step, rng, level).astype(bool) & open_rows
        value[stops] = level
        open_rows &= ~stops
    return value


DRAW = {
    "continuous": draw_continuous,
    "bounded": draw_matched,
    "binary": draw_binary,
    "ordered": draw_levels,
    "unordered": draw_levels,
}
