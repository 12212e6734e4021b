"""Logistic regression with fixed effects only, by Newton steps to convergence."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

Array = np.ndarray


def log_likelihood(eta: Array, y: Array) -> float:
    """Sum of y eta - log(1 + exp(eta))."""
    return float(y @ eta - np.logaddexp(0.0, eta).sum())


def fit_logistic(
    A: Array, y: Array, offset: Array | float = 0.0, steps: int = 100
) -> tuple[Array, Array, float, bool]:
    """Maximise the likelihood of a logistic regression.

    Parameters
    ----------
    A : ndarray of shape (n, p)
        Columns, linearly independent.
    y : ndarray of shape (n,)
        0 and 1, not separated by A.
    offset : ndarray of shape (n,) or float
        Added to the linear predictor.
    steps : int
        At most so many Newton steps.

    Returns
    -------
    beta : ndarray of shape (p,)
        Log odds per unit of each column.
    information : ndarray of shape (p, p)
        A'WA at the maximum.
    loglik : float
    converged : bool
    """
    size = np.linalg.norm(A, axis=0)
    size = np.where(size > 0, size, 1.0)
    Q, R = np.linalg.qr(A / size)
    gamma = np.zeros(A.shape[1])
    value = log_likelihood(Q @ gamma + offset, y)
    converged = False
    for _ in range(steps):
        mu = expit(Q @ gamma + offset)
        gradient = Q.T @ (y - mu)
        information = (Q * (mu * (1 - mu))[:, None]).T @ Q
        step = np.linalg.lstsq(information, gradient, rcond=None)[0]
        decrement = float(gradient @ step)
        if decrement < 1e-24 * max(1.0, abs(value)) or decrement < 1e-26:
            converged = True
            break
        gamma, new = half_steps(Q, y, offset, gamma, step, value)
        converged = decrement < 1e-16 or new == value
        if new == value:
            break
        value = new
    mu = expit(Q @ gamma + offset)
    inner = (Q * (mu * (1 - mu))[:, None]).T @ Q
    R = R * size
    return np.linalg.solve(R, gamma), R.T @ inner @ R, value, bool(converged)


def half_steps(
    Q: Array, y: Array, offset: Array | float, gamma: Array, step: Array, value: float
) -> tuple[Array, float]:
    """Take the step, halved until the likelihood does not fall; where it always does, stay."""
    factor = 1.0
    for _ in range(40):
        trial = gamma + factor * step
        new = log_likelihood(Q @ trial + offset, y)
        if new >= value:
            return trial, new
        factor /= 2
    return gamma, value


def fit_firth(A: Array, y: Array, steps: int = 200) -> tuple[Array, Array, float, bool]:
    """Maximise Firth's penalised likelihood of a logistic regression: finite whatever the columns predict.

    The score is A'(y - mu + h (1/2 - mu)), h the leverages of the weighted columns (Firth 1993, Biometrika
    80:27; Heinze and Schemper 2002, Stat Med 21:2409).

    Parameters
    ----------
    A : ndarray of shape (n, p)
        Columns, linearly independent.
    y : ndarray of shape (n,)
        0 and 1.
    steps : int
        At most so many steps.

    Returns
    -------
    beta : ndarray of shape (p,)
        Log odds per unit of each column.
    information : ndarray of shape (p, p)
        A'WA at the maximum.
    loglik : float
        The likelihood there, without its penalty.
    converged : bool
    """
    size = np.linalg.norm(A, axis=0)
    size = np.where(size > 0, size, 1.0)
    Q, R = np.linalg.qr(A / size)
    gamma = np.zeros(A.shape[1])
    value, converged = penalised(Q, y, gamma), False
    for _ in range(steps):
        mu = expit(Q @ gamma)
        w = mu * (1 - mu)
        information = (Q * w[:, None]).T @ Q
        leverage = w * np.einsum("ni,ni->n", Q, np.linalg.solve(information, Q.T).T)
        score = Q.T @ (y - mu + leverage * (0.5 - mu))
        step = np.linalg.solve(information, score)
        if float(score @ step) < 1e-22:
            converged = True
            break
        gamma, new = shortened(Q, y, gamma, step, value)
        converged = float(score @ step) < 1e-12
        if new == value:
            break
        value = new
    mu = expit(Q @ gamma)
    inner = (Q * (mu * (1 - mu))[:, None]).T @ Q
    R = R * size
    return np.linalg.solve(R, gamma), R.T @ inner @ R, log_likelihood(Q @ gamma, y), bool(converged)


def penalised(Q: Array, y: Array, gamma: Array) -> float:
    """The log likelihood and half the log determinant of the information."""
    mu = expit(Q @ gamma)
    sign, log_determinant = np.linalg.slogdet((Q * (mu * (1 - mu))[:, None]).T @ Q)
    return log_likelihood(Q @ gamma, y) + 0.5 * float(log_determinant) if sign > 0 else -np.inf


def shortened(Q: Array, y: Array, gamma: Array, step: Array, value: float) -> tuple[Array, float]:
    """Take the step, no longer than 5 and halved until the penalised likelihood does not fall."""
    factor = min(1.0, 5.0 / max(float(np.abs(Q @ step).max()), 1e-300))
    for _ in range(40):
        trial = gamma + factor * step
        new = penalised(Q, y, trial)
        if new >= value:
            return trial, new
        factor /= 2
    return gamma, value
