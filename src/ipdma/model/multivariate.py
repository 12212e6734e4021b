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
    psi = np.zeros((q, q)) if common or total == q else reml_psi(studies, q)
    return summarise(stack(studies, q), psi)


@dataclass(frozen=True)
class Stacked:
    """K studies side by side; where a study lacks a term it is 1 in `S`'s diagonal and 0 elsewhere.

    Attributes
    ----------
    y : ndarray of shape (K, q)
    S : ndarray of shape (K, q, q)
    has : ndarray of shape (K, q, q)
        1 where the study has both terms, else 0.
    """

    y: Array
    S: Array
    has: Array

    @property
    def total(self) -> int:
        """Number of estimates."""
        return int(np.einsum("kii->", self.has))

    def inverses(self, psi: Array) -> tuple[Array, float]:
        """V^-1 of each study, (K, q, q), zero for a term that it lacks; and the sum of their log |V|."""
        V = self.S + psi * self.has
        return np.linalg.inv(V) * self.has, float(np.linalg.slogdet(V)[1].sum())


def stack(studies: Sequence[StudyVector], q: int) -> Stacked:
    """The studies' vectors as arrays."""
    y, S, has = np.zeros((len(studies), q)), np.empty((len(studies), q, q)), np.zeros((len(studies), q, q))
    S[:] = np.eye(q)
    for k, study in enumerate(studies):
        at = np.ix_(study.terms, study.terms)
        y[k, study.terms], S[k][at], has[k][at] = study.y, study.S, 1.0
    return Stacked(y, S, has)


def summarise(stacked: Stacked, psi: Array) -> MultivariateFit:
    """The pooled vector at a given Psi."""
    W, logdet = stacked.inverses(psi)
    A = W.sum(axis=0)
    covariance = np.linalg.inv(A)
    mu = covariance @ np.einsum("kij,kj->i", W, stacked.y)
    residual = stacked.y - mu
    rss, df = float(np.einsum("ki,kij,kj->", residual, W, residual)), stacked.total - len(mu)
    criterion = logdet + float(np.linalg.slogdet(A)[1]) + rss + df * np.log(2 * np.pi)
    return MultivariateFit(mu, covariance, psi, criterion, rss / df if df else 1.0, df)


def criterion_and_gradient(theta: Array, stacked: Stacked) -> tuple[float, Array]:
    """-2 REML log likelihood (no constants) and its gradient in the lower triangle of L, Psi = L L'."""
    q = stacked.y.shape[1]
    L = np.zeros((q, q))
    lower = np.tril_indices(q)
    L[lower] = theta
    W, logdet = stacked.inverses(L @ L.T)
    A = W.sum(axis=0)
    C = np.linalg.inv(A)
    residual = stacked.y - C @ (W @ stacked.y[..., None]).sum(axis=0)[:, 0]
    z = (W @ residual[..., None])[..., 0]
    value = logdet + float(np.linalg.slogdet(A)[1]) + float((residual * z).sum())
    G = A - z.T @ z - (W @ C @ W).sum(axis=0)
    return value, (2 * G @ L)[lower]


def reml_psi(studies: Sequence[StudyVector], q: int) -> Array:
    """The REML Psi: the best of several starts; a term of one study cannot vary, its row is zero."""
    scale = np.sqrt(np.mean([np.diag(s.S).mean() for s in studies]))
    spread = np.array([spread_of_term(studies, j) for j in range(q)])
    lower = free_entries(studies, q)
    small = stack(rescale(studies, scale), q)

    def criterion(theta: Array) -> tuple[float, Array]:
        L = np.zeros((q, q))
        L[lower] = theta
        value, slope = criterion_and_gradient(L[np.tril_indices(q)], small)
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
