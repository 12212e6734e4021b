"""Small-sample inference of batched fits: Satterthwaite and Kenward-Roger of every coefficient at once."""

from __future__ import annotations

import numpy as np

from ipdma.model.batch_kernel import Moments, State, Terms, chain, derive, directions


def invert_lower(chol: np.ndarray) -> np.ndarray:
    """Inverse of lower triangular matrices, shape (p, p, B)."""
    p = chol.shape[0]
    inverse = np.zeros_like(chol)
    for j in range(p):
        inverse[j, j] = 1 / chol[j, j]
        for i in range(j + 1, p):
            inverse[i, j] = -(chol[i, j:i] * inverse[j:i, j]).sum(axis=0) / chol[i, i]
    return inverse


def small_sample(
    problem: Moments, state: State, covariance: np.ndarray, between: np.ndarray, sigma2: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Satterthwaite's and Kenward-Roger's df and Kenward-Roger's variance of each coefficient, (p, B).

    sigma2's terms follow from those of D: v is of degree one in the variances, and
    sum_j gamma_j (Q_ij - P_i C P_j) = 0.

    Parameters
    ----------
    problem, state : Moments, State
    covariance : ndarray of shape (p, p, B)
        (X'V^-1 X)^-1.
    between : ndarray of shape (r, r, B)
        D.
    sigma2 : ndarray of shape (B,)
    """
    p, e = problem.p, directions(problem)
    terms = derive(problem, state)
    n = problem.dimensions - p
    gamma = np.array([between[i, j] for i, j in problem.pairs])
    variance = np.einsum("aan->an", covariance)
    hx = state.h[:, :p] / sigma2
    hc = np.einsum("aikn,ijn->ajkn", hx, covariance)
    hz = state.hz / sigma2
    g = np.einsum("dab,ajkn,bjkn->djn", e, hc, hc)
    g_all = np.concatenate([g, ((variance - np.einsum("dn,djn->jn", gamma, g)) / sigma2)[None]])
    expected, observed = joint_information(terms, gamma, sigma2, n, state.r2)
    w_expected = invert_small(expected)
    kr_df = 2 * variance**2 / np.einsum("gjn,ghn,hjn->jn", g_all, w_expected, g_all)
    w_observed = observed_covariance(problem, state, terms, sigma2, expected, observed)
    satterthwaite = 2 * variance**2 / np.einsum("gjn,ghn,hjn->jn", g_all, w_observed, g_all)
    delta = pair_terms(e, hc, hz, hx, covariance)
    edge = -np.einsum("dn,dgjn->gjn", gamma, delta) / sigma2
    corner = -np.einsum("gn,gjn->jn", gamma, edge) / sigma2
    d = len(e)
    total = np.einsum("ghn,ghjn->jn", w_expected[:d, :d], delta)
    total += 2 * np.einsum("gn,gjn->jn", w_expected[:d, d], edge) + w_expected[d, d] * corner
    return satterthwaite, kr_df, variance + 2 * total


def pair_terms(
    e: np.ndarray, hc: np.ndarray, hz: np.ndarray, hx: np.ndarray, covariance: np.ndarray
) -> np.ndarray:
    """c'(Q_ij - P_i C P_j)c for c = C l of each coefficient l, shape (d, d, p, B)."""
    moved = np.einsum("dab,bjkn->dajkn", e, hc)
    inner = np.einsum("iajkn,abkn->ibjkn", moved, hz)
    q = np.einsum("ibjkn,hbjkn->ihjn", inner, moved)
    pc = np.einsum("amkn,dajkn->dmjn", hx, moved)
    cpc = np.einsum("mln,dljn->dmjn", covariance, pc)
    found: np.ndarray = q - np.einsum("imjn,hmjn->ihjn", pc, cpc)
    return found


def joint_information(
    terms: Terms, gamma: np.ndarray, sigma2: np.ndarray, n: np.ndarray, r2: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Twice the expected information and the observed Hessian in (D, sigma2), shape (d + 1, d + 1, B)."""
    first, quadratic = terms.first / sigma2, terms.quadratic / sigma2**2
    expected, observed = terms.expected / sigma2**2, terms.observed / sigma2**3
    first_all = np.concatenate([first, ((n - (gamma * first).sum(axis=0)) / sigma2)[None]])
    quadratic_all = np.concatenate(
        [quadratic, ((r2 / sigma2 - (gamma * quadratic).sum(axis=0)) / sigma2)[None]]
    )
    whole = border(expected, first_all, gamma, sigma2)
    return whole, 2 * border(observed, quadratic_all, gamma, sigma2) - whole


def border(square: np.ndarray, edge: np.ndarray, gamma: np.ndarray, sigma2: np.ndarray) -> np.ndarray:
    """Append sigma2's row and column, from sigma2 t_i + sum_j gamma_j t_ij = edge_i."""
    d = len(square)
    whole = np.empty((d + 1, d + 1, square.shape[-1]))
    whole[:d, :d] = square
    whole[:d, d] = whole[d, :d] = (edge[:-1] - np.einsum("ijn,jn->in", square, gamma)) / sigma2
    whole[d, d] = (edge[-1] - (gamma * whole[:d, d]).sum(axis=0)) / sigma2
    return whole


def invert_small(matrix: np.ndarray) -> np.ndarray:
    """Twice the inverse of (d, d, B) matrices, by the pseudo-inverse where one is singular."""
    size = np.sqrt(np.maximum(np.einsum("iin->in", matrix), 1e-300))
    scaled = np.moveaxis(matrix / (size[:, None] * size[None]), -1, 0)
    inverse = np.moveaxis(np.linalg.pinv(scaled, rcond=1e-10, hermitian=True), 0, -1)
    found: np.ndarray = 2 * inverse / (size[:, None] * size[None])
    return found


def observed_covariance(
    problem: Moments,
    state: State,
    terms: Terms,
    sigma2: np.ndarray,
    expected: np.ndarray,
    observed: np.ndarray,
) -> np.ndarray:
    """Covariance of (D, sigma2) from the observed Hessian in (L, log sigma2), flat directions dropped."""
    d, n = len(problem.pairs), problem.dimensions - problem.p
    lam = state.lam * np.sqrt(sigma2)
    jac = np.zeros_like(expected)
    jac[:d, :d] = chain(problem, lam)
    jac[d, d] = sigma2
    hessian = np.einsum("gtn,ghn,hun->tun", jac, observed, jac)
    score = terms.first / sigma2 - terms.quadratic * n / state.r2 / sigma2
    for a, (i, j) in enumerate(problem.pairs):
        for b, (k, l) in enumerate(problem.pairs):
            pair = (max(i, k), min(i, k))
            if j == l and pair in problem.pairs:
                hessian[a, b] += (2.0 if i == k else 1.0) * score[problem.pairs.index(pair)]
    size = np.sqrt(np.maximum(np.abs(np.einsum("iin->in", hessian)), 1e-300))
    values, vectors = np.linalg.eigh(np.moveaxis(hessian / (size[:, None] * size[None]), -1, 0))
    good = values > 1e-8 * values[:, -1:]
    inverse = (vectors * np.where(good, 1 / np.where(good, values, 1.0), 0.0)[:, None]) @ np.swapaxes(
        vectors, 1, 2
    )
    inverse = np.moveaxis(inverse, 0, -1) / (size[:, None] * size[None])
    found: np.ndarray = 2 * np.einsum("gtn,tun,hun->ghn", jac, inverse, jac)
    return found
