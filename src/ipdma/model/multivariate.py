"""Multivariate random-effects meta-analysis of several estimates per study.

    y_k = X_k mu + u_k + e_k,   u_k ~ N(0, X_k Psi X_k'),   e_k ~ N(0, S_k)

X_k picks the terms that study k estimates, so that a study may lack some. Psi is unstructured and found by
REML on its unbounded Cholesky factor, or zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from ipdma.errors import FitError
from ipdma.model.df import second_stage
from ipdma.model.interval import f_upper_p

Array = np.ndarray


@dataclass(frozen=True)
class StudyVector:
    """What one study says of several terms together.

    Attributes
    ----------
    terms : ndarray of int, shape (r,)
        Positions of its terms among the q that are pooled.
    y : ndarray of shape (r,)
    S : ndarray of shape (r, r)
        Within-study covariance, positive definite.
    """

    terms: Array
    y: Array
    S: Array


@dataclass(frozen=True)
class MultivariateFit:
    """The pooled vector and what lies between the studies.

    Attributes
    ----------
    mu : ndarray of shape (q,)
    covariance : ndarray of shape (q, q)
        Wald's, not multiplied by `scale`.
    psi : ndarray of shape (q, q)
        Covariance of the effects between studies.
    criterion : float
        Minus twice the restricted log likelihood.
    scale : float
        The weighted residual mean square, the multivariate Hartung-Knapp factor (Jackson and Riley 2014); 1
        without degrees of freedom.
    df : int
        Number of estimates less q.
    """

    mu: Array
    covariance: Array
    psi: Array
    criterion: float
    scale: float
    df: int


def pool_multivariate(studies: Sequence[StudyVector], q: int, common: bool = False) -> MultivariateFit:
    """Pool vectors of q estimates.

    Parameters
    ----------
    studies : sequence of StudyVector
    q : int
        Number of terms; every one must be estimated in some study.
    common : bool
        Psi = 0 (common effects) instead of REML.

    Raises
    ------
    FitError
        Where some term is estimated in no study.
    """
    total = sum(len(s.y) for s in studies)
    if not set(range(q)) <= {int(j) for s in studies for j in s.terms} or total < q:
        raise FitError("multivariate pooling: some term is estimated in no study")
    if common or total == q:
        return summarise(studies, q, np.zeros((q, q)))
    return summarise(studies, q, reml_psi(studies, q))


def normal_equations(studies: Sequence[StudyVector], q: int, psi: Array) -> tuple[Array, Array, list[Array]]:
    """A = sum X'V^-1 X, c = sum X'V^-1 y, and each study's V^-1."""
    A, c, inverses = np.zeros((q, q)), np.zeros(q), []
    for s in studies:
        at = np.ix_(s.terms, s.terms)
        W = np.linalg.inv(s.S + psi[at])
        A[at] += W
        c[s.terms] += W @ s.y
        inverses.append(W)
    return A, c, inverses


def summarise(studies: Sequence[StudyVector], q: int, psi: Array) -> MultivariateFit:
    """The pooled vector at a given Psi."""
    A, c, inverses = normal_equations(studies, q, psi)
    covariance = np.linalg.inv(A)
    mu = covariance @ c
    rss, logdet, total = 0.0, 0.0, 0
    for s, W in zip(studies, inverses, strict=True):
        residual = s.y - mu[s.terms]
        rss += float(residual @ W @ residual)
        logdet -= float(np.linalg.slogdet(W)[1])
        total += len(s.y)
    df = total - q
    criterion = logdet + float(np.linalg.slogdet(A)[1]) + rss + df * np.log(2 * np.pi)
    return MultivariateFit(mu, covariance, psi, criterion, rss / df if df else 1.0, df)


def criterion_and_gradient(theta: Array, studies: Sequence[StudyVector], q: int) -> tuple[float, Array]:
    """-2 REML log likelihood (no constants) and its gradient in the lower triangle of L, Psi = L L'."""
    L = np.zeros((q, q))
    lower = np.tril_indices(q)
    L[lower] = theta
    A, c, inverses = normal_equations(studies, q, L @ L.T)
    C = np.linalg.inv(A)
    mu = C @ c
    value = float(np.linalg.slogdet(A)[1])
    G = np.zeros((q, q))
    for s, W in zip(studies, inverses, strict=True):
        at = np.ix_(s.terms, s.terms)
        z = W @ (s.y - mu[s.terms])
        value += float((s.y - mu[s.terms]) @ z) - float(np.linalg.slogdet(W)[1])
        G[at] += W - np.outer(z, z) - W @ C[at] @ W
    return value, (2 * G @ L)[lower]


def reml_psi(studies: Sequence[StudyVector], q: int) -> Array:
    """The REML Psi: the best of several starts; a term of one study cannot vary, its row is zero."""
    scale = np.sqrt(np.mean([np.diag(s.S).mean() for s in studies]))
    spread = np.array([spread_of_term(studies, j) for j in range(q)])
    lower = free_entries(studies, q)
    small = rescale(studies, scale)

    def criterion(theta: Array) -> tuple[float, Array]:
        L = np.zeros((q, q))
        L[lower] = theta
        value, slope = criterion_and_gradient(L[np.tril_indices(q)], small, q)
        full = np.zeros((q, q))
        full[np.tril_indices(q)] = slope
        return value, full[lower]

    best_value, best = criterion(np.zeros(len(lower[0])))[0], np.zeros((q, q))
    for start in (0.1 * np.eye(q), np.eye(q), np.diag(spread / scale + 0.01)):
        result = minimize(
            criterion, start[lower], jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 2000}
        )
        if result.fun < best_value - 1e-12:
            L = np.zeros((q, q))
            L[lower] = result.x * scale
            best_value, best = result.fun, L @ L.T
    return best


def free_entries(studies: Sequence[StudyVector], q: int) -> tuple[Array, Array]:
    """Entries of the lower triangle of L whose terms are both estimated in two studies at least."""
    counts = np.bincount(np.concatenate([s.terms for s in studies]), minlength=q)
    rows, columns = np.tril_indices(q)
    free = (counts[rows] > 1) & (counts[columns] > 1)
    return rows[free], columns[free]


def rescale(studies: Sequence[StudyVector], scale: float) -> list[StudyVector]:
    """Estimates in units of their typical standard error, so that the search is free of units."""
    return [StudyVector(s.terms, s.y / scale, s.S / scale**2) for s in studies]


def spread_of_term(studies: Sequence[StudyVector], j: int) -> float:
    """Standard deviation of the studies' estimates of term j, 0 for fewer than two."""
    values = [s.y[list(s.terms).index(j)] for s in studies if j in s.terms]
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def wald_test(fit: MultivariateFit, ci: str) -> tuple[float, float | None, float]:
    """F, its denominator df and its p-value, that all of mu is zero.

    `wald` refers q F to chi-squared, and its df is None; `hksj` divides by the scale and refers to F on the
    residual df (Jackson and Riley 2014), `modified_hksj` with a scale of at least 1. Without residual df
    each is `wald`.
    """
    q = len(fit.mu)
    f = float(fit.mu @ np.linalg.solve(fit.covariance, fit.mu)) / q
    scale = second_stage(ci).scale(fit.scale)
    if scale is None or fit.df < 1:
        return f, None, f_upper_p(f, q, None)
    return f / scale, float(fit.df), f_upper_p(f / scale, q, fit.df)
