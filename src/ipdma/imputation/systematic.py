"""A moderator that some trials never measured: two-stage two-level imputation, heteroscedastic.

Resche-Rigon and White (2018): a regression in each trial that measured it, a random-effects model of the
trials' coefficients (and log residual SDs), a draw of its parameters, a draw of each other trial's own
coefficients, and a draw of the values. With few trials a full covariance between trials cannot be estimated:
coefficients vary independently between trials here (predictors are centred within trials, which makes the
intercept nearly independent of the slopes there), and each variance is a draw from its confidence
distribution (Q-profile), so that an estimate of zero does not count as certainty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipdma.imputation.logistic import inverse_root, logistic_modes

Array = NDArray[Any]
FEW_TRIALS = 7
BISECTIONS = 50
LARGEST = 1e3  # between-trial variance, in units of the largest spread of the coefficients


@dataclass(frozen=True)
class TrialData:
    """Predictors and the moderator of one trial.

    Attributes
    ----------
    predictors : ndarray, shape (M, n, p)
        Complete in every data set, intercept first, the others centred within the trial.
    moderator : ndarray, shape (n,)
        As observed; NaN throughout in a trial that never measured it.
    """

    predictors: Array
    moderator: Array

    @property
    def measured(self) -> bool:
        """Whether the trial has any value of the moderator."""
        return bool((~np.isnan(self.moderator)).any())


@dataclass(frozen=True)
class TrialCoefficients:
    """A trial's regression in every data set: estimates (M, q) and their covariance (M, q, q)."""

    estimate: Array
    covariance: Array


def impute_unmeasured(
    trials: Mapping[str, TrialData], binary: bool, rng: np.random.Generator
) -> tuple[dict[str, Array], list[str]]:
    """Draw the moderator of each trial that never measured it, in every data set at once.

    Parameters
    ----------
    trials : mapping of str to TrialData
    binary : bool
        0/1 moderator (logistic) instead of a continuous one.
    rng : Generator

    Returns
    -------
    dict of str to ndarray, shape (M, n)
        Values for each trial that lacks them.
    list of str
        What a reader should know.

    Raises
    ------
    ValueError
        Fewer than three trials with rows enough measured the moderator: no variation between trials.
    """
    found = [trial_coefficients(t, binary) for t in trials.values() if t.measured]
    informed = [one for one in found if one is not None]
    if len(informed) < 3:
        raise ValueError("two-level imputation needs at least three trials that measured the moderator")
    mean, spread = draw_hyperparameters(informed, rng)
    drawn = {}
    for name, trial in trials.items():
        if not trial.measured:
            own = mean + np.sqrt(spread) * rng.standard_normal(mean.shape)
            drawn[name] = draw_values(trial.predictors, own, binary, rng)
    notes = []
    if len(informed) <= FEW_TRIALS:
        notes.append(
            f"two-level imputation rests on {len(informed)} trials that measured the moderator: "
            "the variation between trials is barely informed, so read this as a sensitivity analysis only"
        )
    return drawn, notes


def trial_coefficients(trial: TrialData, binary: bool) -> TrialCoefficients | None:
    """A trial's coefficients (and log residual SD) with their covariance; None when it is too small."""
    seen = ~np.isnan(trial.moderator)
    x, y = trial.predictors[:, seen], trial.moderator[seen]
    m, n, p = x.shape
    if n < p + 3:
        return None
    if binary:
        mode, root = logistic_modes(x, y, np.array([0.01] + [0.16] * (p - 1)))
        half = inverse_root(root)
        return TrialCoefficients(mode, np.swapaxes(half, 1, 2) @ half)
    a = np.einsum("mni,mnj->mij", x, x) + 1e-6 * n * np.eye(p)
    beta = np.linalg.solve(a, np.einsum("mni,n->mi", x, y)[..., None])[..., 0]
    rss = np.sum((y - np.einsum("mni,mi->mn", x, beta)) ** 2, axis=1)
    sigma2 = np.maximum(rss / (n - p), 1e-12)
    covariance = np.zeros((m, p + 1, p + 1))
    covariance[:, :p, :p] = sigma2[:, None, None] * np.linalg.inv(a)
    covariance[:, p, p] = 1 / (2 * (n - p))
    return TrialCoefficients(np.column_stack([beta, 0.5 * np.log(sigma2)]), covariance)


def draw_hyperparameters(trials: list[TrialCoefficients], rng: np.random.Generator) -> tuple[Array, Array]:
    """A draw of the coefficients' mean and of their variances between trials, each of shape (M, q)."""
    y = np.stack([t.estimate for t in trials], axis=1)
    covariance = np.stack([t.covariance for t in trials], axis=1)
    variance = np.einsum("mkii->mki", covariance)
    spread = draw_variances(y, variance, rng)
    q = y.shape[2]
    precision = np.linalg.inv(covariance + spread[:, None, :, None] * np.eye(q))
    total = np.linalg.inv(precision.sum(axis=1))
    mean = np.einsum("mij,mj->mi", total, np.einsum("mkij,mkj->mi", precision, y))
    root = np.linalg.cholesky((total + total.transpose(0, 2, 1)) / 2)
    return mean + np.einsum("mij,mj->mi", root, rng.standard_normal(mean.shape)), spread


def draw_variances(y: Array, variance: Array, rng: np.random.Generator) -> Array:
    """Draw each tau2 from its confidence distribution: the root of Q(tau2) = chi-square draw, or zero.

    Parameters
    ----------
    y, variance : ndarray, shape (M, K, q)
        Estimates and their sampling variances.

    Notes
    -----
    Q(tau2) = sum_k (y_k - mean)^2 / (v_k + tau2) falls with tau2 and is chi-square with K - 1 degrees of
    freedom at the true one (Viechtbauer 2007 inverts it for an interval; a draw of Q inverts it to a draw).
    """
    m, k, q = y.shape
    target = rng.chisquare(k - 1, (m, q))
    low = np.zeros((m, q))
    high = np.full((m, q), 1.0) * LARGEST * np.maximum(y.var(axis=1), variance.max(axis=1))
    zero = generalised_q(y, variance, low) <= target
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        above = generalised_q(y, variance, middle) > target
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.where(zero, 0.0, high)


def generalised_q(y: Array, variance: Array, tau2: Array) -> Array:
    """Q at tau2, shape (M, q)."""
    weight = 1 / (variance + tau2[:, None])
    mean = (weight * y).sum(axis=1) / weight.sum(axis=1)
    return np.sum(weight * (y - mean[:, None]) ** 2, axis=1)


def draw_values(predictors: Array, coefficients: Array, binary: bool, rng: np.random.Generator) -> Array:
    """Values of the moderator from a trial's drawn regressions, shape (M, n)."""
    p = predictors.shape[2]
    eta = np.einsum("mni,mi->mn", predictors, coefficients[:, :p])
    if binary:
        return (rng.random(eta.shape) < 1 / (1 + np.exp(-np.clip(eta, -30, 30)))).astype(float)
    return eta + np.exp(np.minimum(coefficients[:, p], 20.0))[:, None] * rng.standard_normal(eta.shape)
