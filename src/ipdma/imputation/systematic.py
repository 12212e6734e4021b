"""A moderator that some trials never measured: two-stage two-level imputation, heteroscedastic.

Resche-Rigon and White (2018): a regression in each trial that measured it, a multivariate random-effects
model of their coefficients (and log residual SDs), a draw of its parameters, a draw of each other trial's
own coefficients, and a draw of the values. With few trials the between-trial part is barely informed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipdma.imputation.draws import logistic_mode
from ipdma.model.multivariate import StudyVector, pool_multivariate

Array = NDArray[Any]
FEW_TRIALS = 7


@dataclass(frozen=True)
class TrialData:
    """Predictors and the moderator of one trial.

    Attributes
    ----------
    predictors : ndarray, shape (n, p)
        Complete, intercept first.
    moderator : ndarray, shape (n,)
        NaN throughout in a trial that never measured it.
    """

    predictors: Array
    moderator: Array

    @property
    def measured(self) -> bool:
        """Whether the trial has any value of the moderator."""
        return bool((~np.isnan(self.moderator)).any())


def impute_unmeasured(
    trials: Mapping[str, TrialData], binary: bool, rng: np.random.Generator
) -> tuple[dict[str, Array], list[str]]:
    """One draw of the moderator for each trial that never measured it.

    Parameters
    ----------
    trials : mapping of str to TrialData
        One completed data set's trials.
    binary : bool
        0/1 moderator (logistic) instead of a continuous one.

    Returns
    -------
    dict of str to ndarray
        Values for each trial that lacks them.
    list of str
        What a reader should know.

    Raises
    ------
    ValueError
        Fewer than two trials measured the moderator.
    """
    vectors = [trial_vector(t, binary) for t in trials.values() if t.measured]
    informed = [v for v in vectors if v is not None]
    if len(informed) < 2:
        raise ValueError("two-level imputation needs at least two trials that measured the moderator")
    mean, spread = draw_hyperparameters(informed, rng)
    drawn = {}
    for name, trial in trials.items():
        if not trial.measured:
            drawn[name] = draw_values(trial.predictors, rng.multivariate_normal(mean, spread), binary, rng)
    notes = []
    if len(informed) <= FEW_TRIALS:
        notes.append(
            f"two-level imputation rests on {len(informed)} trials that measured the moderator: "
            "the variation between trials is barely informed, so read this as a sensitivity analysis only"
        )
    return drawn, notes


def trial_vector(trial: TrialData, binary: bool) -> StudyVector | None:
    """A trial's coefficients (and log residual SD) with their covariance; None when it is too small."""
    seen = ~np.isnan(trial.moderator)
    x, y = trial.predictors[seen], trial.moderator[seen]
    n, p = x.shape
    if n < p + 3:
        return None
    if binary:
        precision = np.diag([0.01] + [0.16] * (p - 1))
        mode, information = logistic_mode(x[None], y, precision)
        return StudyVector(np.arange(p), mode[0], np.linalg.inv(information[0]))
    a = x.T @ x + 1e-6 * n * np.eye(p)
    beta = np.linalg.solve(a, x.T @ y)
    sigma2 = max(float(np.sum((y - x @ beta) ** 2)) / (n - p), 1e-12)
    covariance = np.zeros((p + 1, p + 1))
    covariance[:p, :p] = sigma2 * np.linalg.inv(a)
    covariance[p, p] = 1 / (2 * (n - p))
    return StudyVector(np.arange(p + 1), np.append(beta, 0.5 * np.log(sigma2)), covariance)


def draw_hyperparameters(vectors: Sequence[StudyVector], rng: np.random.Generator) -> tuple[Array, Array]:
    """A draw of the mean and of the between-trial covariance (inverse Wishart around its REML estimate)."""
    q, k = len(vectors[0].y), len(vectors)
    pooled = pool_multivariate(vectors, q)
    psi = pooled.psi + 1e-10 * np.diag(np.diag(pooled.covariance))
    root = np.linalg.cholesky(psi)
    df = max(k - 1, q + 2)
    z = rng.standard_normal((q, df))
    drawn = root @ (df * np.linalg.inv(z @ z.T)) @ root.T
    return rng.multivariate_normal(pooled.mu, pooled.covariance), drawn


def draw_values(predictors: Array, coefficients: Array, binary: bool, rng: np.random.Generator) -> Array:
    """Values of the moderator from a trial's drawn regression."""
    n, p = predictors.shape
    eta = predictors @ coefficients[:p]
    if binary:
        return (rng.random(n) < 1 / (1 + np.exp(-np.clip(eta, -30, 30)))).astype(float)
    return eta + np.exp(min(float(coefficients[p]), 20.0)) * rng.standard_normal(n)
