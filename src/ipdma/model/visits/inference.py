"""Standard errors, degrees of freedom and joint tests for the fixed effects over visits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipdma.model.interval import f_upper_p
from ipdma.model.kenward_roger import moments_to_df
from ipdma.model.satterthwaite import combine_df
from ipdma.model.visits.criterion import Evaluation, Problem
from ipdma.model.visits.derivatives import Derivatives, derivatives_in_gamma

Array = NDArray[Any]


@dataclass(frozen=True)
class Inference:
    """What every df method reads, at the optimum.

    Attributes
    ----------
    beta : ndarray, shape (p,)
    covariance : ndarray, shape (p, p)
        (X'V^-1X)^-1.
    adjusted : ndarray, shape (p, p)
        Kenward and Roger's covariance.
    p : ndarray, shape (r, p, p)
        C P_i C for each linear covariance parameter.
    expected_w : ndarray, shape (r, r)
        Inverse expected information.
    jacobian, observed : ndarray
        d gamma / d theta and the Hessian of the criterion in theta.
    """

    beta: Array
    covariance: Array
    adjusted: Array
    cpc: Array
    expected_w: Array
    jacobian: Array
    observed: Array


def infer(problem: Problem, point: Evaluation) -> Inference:
    """Assemble the pieces of inference at the optimum."""
    in_gamma = derivatives_in_gamma(problem, point)
    jacobian = problem.covariance.jacobian(point.theta)
    observed = jacobian.T @ in_gamma.observed @ jacobian
    observed += problem.covariance.curvature(point.theta, in_gamma.score)
    w = 2.0 * np.linalg.pinv(in_gamma.expected, rcond=1e-12, hermitian=True)
    c = point.covariance
    cpc = np.einsum("ab,ibc,cd->iad", c, in_gamma.p, c, optimize=True)
    return Inference(point.beta, c, adjusted_covariance(c, in_gamma, w), cpc, w, jacobian, observed)


def adjusted_covariance(c: Array, in_gamma: Derivatives, w: Array) -> Array:
    """Kenward and Roger (1997), V linear in gamma: C + 2 C {sum W_ij (Q_ij - P_i C P_j)} C."""
    u = np.zeros_like(c)
    for own, index, q in in_gamma.q:
        u[np.ix_(index, index)] += np.einsum("ij,ijab->ab", w[np.ix_(own, own)], q)
    values, vectors = np.linalg.eigh(w)
    turned = np.einsum("ir,iab->rab", vectors, in_gamma.p)
    u -= np.einsum("r,rab,bc,rcd->ad", values, turned, c, turned, optimize=True)
    return c + 2.0 * c @ ((u + u.T) / 2) @ c


def satterthwaite_df(found: Inference, weights: Array) -> float:
    """2 v^2 / var(v) with the observed information, as lmerTest."""
    variance = float(weights @ found.covariance @ weights)
    gradient = found.jacobian.T @ np.einsum("a,iab,b->i", weights, found.cpc, weights)
    values, vectors = np.linalg.eigh(found.observed)
    keep = values > 1e-8 * values.max()
    part = vectors[:, keep].T @ gradient
    return 2.0 * variance**2 / float(np.sum(part**2 * 2.0 / values[keep]))


def kenward_roger_test(found: Inference, weights: Array) -> tuple[float, float]:
    """Denominator df and scale of the F test that `weights` (rows of L) beta is zero (pbkrtest's form)."""
    rows = np.atleast_2d(weights)
    r = len(rows)
    theta = np.linalg.inv(rows @ found.covariance @ rows.T)
    inner = theta @ np.einsum("ra,iab,sb->irs", rows, found.cpc, rows)
    traces = np.einsum("irr->i", inner)
    a1 = float(traces @ found.expected_w @ traces)
    a2 = float(np.einsum("ij,irs,jsr->", found.expected_w, inner, inner, optimize=True))
    return (math.inf, 1.0) if a2 <= 1e-14 else moments_to_df(r, a1, a2)


def joint_f(
    found: Inference, rows: Array, method: str, plain_df: float | None
) -> tuple[float, int, float | None, float]:
    """F, numerator df, denominator df and p of the test that L beta is zero, under a df method."""
    rank = len(rows)
    covariance = found.adjusted if method == "kenward_roger" else found.covariance
    effect = rows @ found.beta
    f = float(effect @ np.linalg.solve(rows @ covariance @ rows.T, effect)) / rank
    if method == "kenward_roger":
        df, scale = kenward_roger_test(found, rows)
        f *= scale
    elif method == "satterthwaite":
        df = fai_cornelius(found, rows)
    else:
        return f, rank, plain_df, f_upper_p(f, rank, plain_df)
    return f, rank, df, f_upper_p(f, rank, df)


def fai_cornelius(found: Inference, rows: Array) -> float:
    """Denominator df of a joint test from those of its orthogonal contrasts (lmerTest's rule)."""
    values, vectors = np.linalg.eigh(rows @ found.covariance @ rows.T)
    keep = values > 1e-10 * values.max()
    dfs = np.array([satterthwaite_df(found, vectors[:, i] @ rows) for i in np.flatnonzero(keep)])
    return combine_df(dfs)
