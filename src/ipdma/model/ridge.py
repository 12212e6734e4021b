"""One model of all trials with penalised interactions, from each trial's cross-products alone.

    y = (intercept and prognostic slopes of the trial) + t (theta + u_i) + t (x - xbar_i)' gamma + e

u_i ~ N(0, tau2), e ~ N(0, sigma2 of the trial or of all) and gamma ~ N(0, omega2 I): a ridge whose strength
is an empirical-Bayes variance, estimated by REML like the other two. Swept of its own intercept and slopes a
trial says nothing but three products, so that gamma rests on differences inside trials. omega2 = 0 is an
ordinary answer: the effect is then the same for everyone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Array = NDArray[Any]
NEGLIGIBLE = 1e-10
START = 0.05  # of the residual variance: where the search for tau2 and omega2 begins
TIGHT = {"ftol": 1e-15, "gtol": 1e-9, "maxiter": 500, "maxfun": 5000}


@dataclass(frozen=True)
class TrialProducts:
    """What a trial says: products of Z = [t, t (x - xbar)] and y, swept of its intercept and slopes.

    Attributes
    ----------
    study : str
    n, free : int
        Rows, and rows less the rank of what was swept out.
    gram, zy : ndarray of shape (1 + p, 1 + p) and (1 + p,)
    yy : float
    mean : ndarray of shape (p,)
        xbar.
    level : float
        Mean outcome.
    xx, xz, xy : ndarray of shape (1 + p, 1 + p), (1 + p, 1 + p) and (1 + p,)
        Products of the nuisance [1, x - xbar] with itself, with Z and with the centred outcome.
    """

    study: str
    n: int
    free: int
    gram: Array
    zy: Array
    yy: float
    mean: Array
    level: float
    xx: Array
    xz: Array
    xy: Array

    @cached_property
    def within(self) -> tuple[Array, Array]:
        """Information about gamma and its score with the trial's own effect swept out too, times sigma2."""
        g, tt = self.gram[0], self.gram[0, 0]
        if tt <= NEGLIGIBLE:
            return self.gram[1:, 1:], self.zy[1:]
        return self.gram[1:, 1:] - np.outer(g[1:], g[1:]) / tt, self.zy[1:] - g[1:] * self.zy[0] / tt

    @cached_property
    def about_own_fit(self) -> tuple[float, int]:
        """Residual sum of squares about the trial's own fit, and the rows left for it."""
        inverse = np.linalg.pinv(self.gram, rcond=NEGLIGIBLE, hermitian=True)
        rank = int(np.linalg.matrix_rank(self.gram, rtol=NEGLIGIBLE, hermitian=True))
        return self.yy - float(self.zy @ inverse @ self.zy), self.free - rank


def trial_products(study: str, x: Array, treat: Array, y: Array) -> TrialProducts:
    """Sweep one trial.

    Parameters
    ----------
    study : str
    x : ndarray of shape (n, p)
        Baseline variables, in the units in which the interactions are penalised alike.
    treat, y : ndarray of shape (n,)
    """
    n, p = x.shape
    mean = x.mean(axis=0)
    centred = x - mean
    whole = np.column_stack([np.ones(n), centred, treat, treat[:, None] * centred, y - y.mean()])
    products, a = whole.T @ whole, 1 + p
    z, end = slice(a, 2 * a), 2 * a
    inverse = np.linalg.pinv(products[:a, :a], rcond=NEGLIGIBLE, hermitian=True)
    swept = products[a:, a:] - products[a:, :a] @ inverse @ products[:a, a:]
    rank = int(np.linalg.matrix_rank(products[:a, :a], rtol=NEGLIGIBLE, hermitian=True))
    tiny = np.diag(swept)[:a] <= NEGLIGIBLE * np.maximum(np.diag(products)[z], 1.0)
    swept[:a][tiny] = swept[:, :a][:, tiny] = 0.0
    return TrialProducts(
        study, n, n - rank, swept[:a, :a], swept[:a, a], float(swept[a, a]), mean, float(y.mean()),
        products[:a, :a], products[:a, z], products[:a, end],
    )  # fmt: skip


@dataclass(frozen=True)
class Ridge:
    """A fitted model.

    Attributes
    ----------
    theta : float
        Average effect, at each trial's own means.
    gamma : ndarray of shape (p,)
    covariance : ndarray of shape (1 + p, 1 + p)
        Of (theta, gamma): without a penalty the estimates' own, with one the posterior's, variances given.
    tau2, omega2 : float
        omega2 is infinite without a penalty.
    sigma2 : ndarray of shape (K,)
        Each trial's.
    criterion : float
        Minus twice the restricted log likelihood, up to a constant of the design.
    df : float
        Rows less all coefficients: what F tests of gamma have.
    level : float
        Expected outcome without the treatment at a trial's own means, averaged over trials.
    slopes : ndarray of shape (p,)
        Prognostic slopes, averaged by information.
    """

    theta: float
    gamma: Array
    covariance: Array
    tau2: float
    omega2: float
    sigma2: Array
    criterion: float
    df: float
    level: float
    slopes: Array

    def effect(self, away: Array) -> Array:
        """The effect of people whose variables lie so far from a trial's average, shape (..., p)."""
        found: Array = self.theta + away @ self.gamma
        return found

    def joint(self) -> float:
        """F of all interactions together (of a fit without a penalty), on p and `df` degrees of freedom."""
        f = self.gamma @ np.linalg.solve(self.covariance[1:, 1:], self.gamma) / len(self.gamma)
        return float(f)


class Criterion:
    """Minus twice the restricted log likelihood, its gradient in (log sigma2 of each group, tau2, omega2)."""

    def __init__(self, trials: Sequence[TrialProducts], group: Array, random: bool, penalised: bool) -> None:
        self.G, self.b = np.array([t.gram for t in trials]), np.array([t.zy for t in trials])
        self.yy, self.free = np.array([t.yy for t in trials]), np.array([float(t.free) for t in trials])
        self.group, self.groups = group, int(group.max()) + 1
        self.random, self.penalised = random, penalised

    def __call__(self, at: Array) -> tuple[float, Array]:
        """Value and gradient."""
        s, tau2, omega2 = self.split(at)
        w, A, B, Y = self.sums(s, tau2)
        C, zeta, log_m = self.solve(A, B, omega2)
        value = float(self.free @ np.log(s) - np.log(w).sum() + log_m + Y - B @ zeta)
        return value, self.gradient(s, tau2, omega2, w, A, B, C, zeta)

    def split(self, at: Array) -> tuple[Array, float, float]:
        """sigma2 of each trial, tau2, omega2."""
        return np.exp(at[: self.groups])[self.group], float(at[-2]), float(at[-1])

    def sums(self, s: Array, tau2: float) -> tuple[Array, Array, Array, float]:
        """Shrinkage of each trial's effect; information, score and square of all with u_i swept out."""
        g, bt = self.G[:, :, 0], self.b[:, 0]
        w = 1 / (1 + tau2 * self.G[:, 0, 0] / s)
        c = tau2 * w / s**2
        A = np.tensordot(1 / s, self.G, 1) - (g * c[:, None]).T @ g
        B = (self.b / s[:, None]).sum(axis=0) - (c * bt) @ g
        return w, A, B, float((self.yy / s - c * bt**2).sum())

    def solve(self, A: Array, B: Array, omega2: float) -> tuple[Array, Array, float]:
        """Covariance and estimate of (theta, gamma), and the log determinant; also where omega2 is 0."""
        d = np.sqrt(np.r_[1.0, np.full(len(B) - 1, omega2 if self.penalised else 1.0)])
        M = A * np.outer(d, d) + np.diag(np.r_[0.0, np.full(len(B) - 1, float(self.penalised))])
        C = np.linalg.inv(M) * np.outer(d, d)
        return C, C @ B, float(np.linalg.slogdet(M)[1])

    def gradient(
        self, s: Array, tau2: float, omega2: float, w: Array, A: Array, B: Array, C: Array, zeta: Array
    ) -> Array:
        """tr(P dV) - y'P dV P y for each parameter."""
        g, tt = self.G[:, :, 0], self.G[:, 0, 0]
        te = self.b[:, 0] - g @ zeta
        q = g * (w / s)[:, None]
        of_tau2 = w * tt / s - ((q @ C) * q).sum(axis=1) - (w * te / s) ** 2
        c = tau2 * w / s
        twice = 2 * c - c**2 * tt
        inside = np.tensordot(self.G, C, 2) - twice * ((g @ C) * g).sum(axis=1)
        ee = self.yy - 2 * self.b @ zeta + self.G @ zeta @ zeta
        of_s = self.free - c * tt - inside / s - (ee - twice * te**2) / s
        slopes = of_tau2.sum() * self.random, self.of_omega2(A, B, omega2) if self.penalised else 0.0
        found: Array = np.r_[np.bincount(self.group, of_s, self.groups), slopes]
        return found

    def of_omega2(self, A: Array, B: Array, omega2: float) -> float:
        """The derivative in omega2, finite at 0."""
        N = A[1:, 1:] - np.outer(A[1:, 0], A[0, 1:]) / A[0, 0]
        r = B[1:] - A[1:, 0] * B[0] / A[0, 0]
        T = np.linalg.inv(np.eye(len(r)) + omega2 * N)
        return float(np.trace(T @ N) - ((T @ r) ** 2).sum())


def fit_ridge(
    trials: Sequence[TrialProducts], group: Array, random: bool = True, penalised: bool = True
) -> Ridge:
    """Fit by REML.

    Parameters
    ----------
    trials : sequence of TrialProducts
    group : ndarray of int, shape (K,)
        Trials of one number share a residual variance.
    random : bool
        Whether the treatment's effect varies between trials; with one trial it cannot.
    penalised : bool
        Whether gamma has variance omega2; if not, its estimates are not shrunk.

    Raises
    ------
    ValueError
        Where the interactions cannot be told apart inside the trials, participants are too few for the
        columns or for a residual variance, or the restricted likelihood has no minimum.
    """
    group = np.unique(group, return_inverse=True)[1]
    criterion = Criterion(trials, group, random and len(trials) > 1, penalised)
    check_information(trials)
    own = start_variances(trials, group, criterion.groups)
    typical = float(np.median(own))
    ends = [(float(np.log(v)) - 12, float(np.log(v)) + 6) for v in own]
    bounds = [*ends, *((0.0, 1e4 * typical if on else 0.0) for on in (criterion.random, penalised))]
    start = np.clip(np.r_[np.log(own), np.full(2, START * typical)], *np.array(bounds).T)
    found = minimize(criterion, start, jac=True, method="L-BFGS-B", bounds=bounds, options=TIGHT)
    if not np.isfinite(found.fun):
        raise ValueError("the restricted likelihood has no minimum here")
    return ridge_at(trials, criterion, found.x, float(found.fun))


def check_information(trials: Sequence[TrialProducts]) -> None:
    """Raise ValueError unless trials tell the interactions apart and leave rows for a variance."""
    whole = np.sum([t.within[0] for t in trials], axis=0)
    values = np.linalg.eigvalsh(whole)
    if values[0] <= NEGLIGIBLE * max(float(values[-1]), NEGLIGIBLE):
        raise ValueError("the variables cannot be told apart inside the trials")
    if sum(t.free for t in trials) <= len(trials) + len(whole):
        raise ValueError("there are too few participants for so many variables")


def start_variances(trials: Sequence[TrialProducts], group: Array, groups: int) -> Array:
    """The residual variance of each group, its trials about their own fits, shape (groups,).

    Raises ValueError without rows for it.
    """
    rest, free = np.array([t.about_own_fit for t in trials]).T
    squares, rows = (np.bincount(group, weights=part, minlength=groups) for part in (rest, free))
    if (squares <= 0).any() or (rows <= 0).any():
        raise ValueError("a trial has too few participants for a residual variance")
    found: Array = squares / rows
    return found


def ridge_at(trials: Sequence[TrialProducts], criterion: Criterion, at: Array, value: float) -> Ridge:
    """The fit at the best parameters."""
    s, tau2, omega2 = criterion.split(at)
    w, A, B, _ = criterion.sums(s, tau2)
    C, zeta, _ = criterion.solve(A, B, omega2)
    te = criterion.b[:, 0] - criterion.G[:, :, 0] @ zeta
    own = np.tile(zeta, (len(trials), 1))
    own[:, 0] += tau2 * w / s * te
    levels, slopes = nuisance(trials, own, s)
    df = float(criterion.free.sum()) - (len(trials) if criterion.random else 1) - (len(zeta) - 1)
    return Ridge(
        float(zeta[0]), zeta[1:], C, tau2, omega2 if criterion.penalised else float("inf"), s, value, df,
        float(np.mean(levels)), slopes,
    )  # fmt: skip


def nuisance(trials: Sequence[TrialProducts], own: Array, s: Array) -> tuple[Array, Array]:
    """Each trial's expected outcome without the treatment at its means, and average prognostic slopes."""
    rest = [t.xy - t.xz @ zeta for t, zeta in zip(trials, own, strict=True)]
    levels = np.array([t.level + r[0] / t.n for t, r in zip(trials, rest, strict=True)])
    gram = sum(t.xx[1:, 1:] / v for t, v in zip(trials, s, strict=True))
    score = sum(r[1:] / v for r, v in zip(rest, s, strict=True))
    return levels, np.linalg.pinv(np.asarray(gram), hermitian=True) @ np.asarray(score)
