"""Small-sample inference of batched fits: Satterthwaite and Kenward-Roger of every coefficient at once."""

from __future__ import annotations

from itertools import product

import numpy as np

from ipdma.model.batch_kernel import Moments, State, Terms, chain, derive, whiten

PLAIN = (
    1e-5  # determinant of a matrix of unit diagonal above which no eigenvalue is near a share of the largest
)


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
    problem: Moments, state: State, inverse: np.ndarray, between: np.ndarray, sigma2: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Satterthwaite's and Kenward-Roger's df and Kenward-Roger's variance of each coefficient, (p, B).

    sigma2's terms follow from those of D: v is of degree one in the variances, and
    sum_j gamma_j (Q_ij - P_i C P_j) = 0.

    Parameters
    ----------
    problem, state : Moments, State
    inverse : ndarray of shape (p, p, B)
        Of the Cholesky factor of X'V_r^-1 X.
    between : ndarray of shape (r, r, B)
        D.
    sigma2 : ndarray of shape (B,)
    """
    terms, d = derive(problem, state), len(problem.pairs)
    n = problem.dimensions - problem.p
    gamma = np.array([between[i, j] for i, j in problem.pairs])
    variance = np.einsum("ian,ian->an", inverse, inverse) * sigma2
    hc = np.einsum("ijn,aikn->ajkn", inverse, whiten(state.chol, state.h[:, : problem.p]))
    crossed = {(a, b): hc[a] * hc[b] for a, b in among(problem)}
    g = np.array([(1 + (i != j)) * crossed[j, i].sum(axis=1) for i, j in problem.pairs])
    g_all = np.concatenate([g, ((variance - np.einsum("dn,djn->jn", gamma, g)) / sigma2)[None]])
    expected, observed = joint_information(terms, gamma, sigma2, n, state.r2)
    w_expected = invert_small(expected)
    kr_df = 2 * variance**2 / quadratic(w_expected, g_all)
    w_observed = observed_covariance(problem, state, terms, sigma2, expected, observed)
    satterthwaite = 2 * variance**2 / quadratic(w_observed, g_all)
    delta = pair_terms(problem, crossed, state.hz, terms.whitened, inverse) / sigma2
    edge = -np.einsum("dn,dgjn->gjn", gamma, delta) / sigma2
    corner = -np.einsum("gn,gjn->jn", gamma, edge) / sigma2
    total = np.einsum("ghn,ghjn->jn", w_expected[:d, :d], delta)
    total += 2 * np.einsum("gn,gjn->jn", w_expected[:d, d], edge) + w_expected[d, d] * corner
    return satterthwaite, kr_df, variance + 2 * total


def quadratic(matrix: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """g'W g of each column, W of shape (d, d, B) and g of shape (d, p, B): shape (p, B)."""
    found: np.ndarray = np.einsum("gjn,gjn->jn", np.einsum("ghn,hjn->gjn", matrix, vectors), vectors)
    return found


def among(problem: Moments) -> list[tuple[int, int]]:
    """Pairs of random effects, the first not after the second."""
    r = len(problem.z)
    return [(a, b) for a in range(r) for b in range(a, r)]


def pair_terms(
    problem: Moments,
    crossed: dict[tuple[int, int], np.ndarray],
    hz: np.ndarray,
    whitened: list[np.ndarray],
    inverse: np.ndarray,
) -> np.ndarray:
    """c'(Q_ij - P_i C P_j)c for c = C l of each coefficient l, in V_r, shape (d, d, p, B).

    With u = Z'V^-1 X c of a study c'Q_ij c is the sum of u'E_i Hz E_j u, and the rest is made of the products
    W_i of `Terms.whitened` with the columns of L^-1.
    """
    pairs, e = among(problem), problem.form.directions
    weighed = {(ab, cd): np.einsum("jkn,kn->jn", crossed[ab], hz[cd]) for ab in pairs for cd in pairs}
    moved = [np.einsum("abn,bjn->ajn", w, inverse) for w in whitened]
    found = np.empty((len(e), len(e), *inverse.shape[1:]))
    for i, j in np.ndindex(len(e), len(e)):
        if j > i:
            continue
        total = -np.einsum("ajn,ajn->jn", moved[i], moved[j])
        for (a, b), (c, f) in product(zip(*e[i].nonzero(), strict=True), zip(*e[j].nonzero(), strict=True)):
            total += weighed[(min(a, f), max(a, f)), (min(b, c), max(b, c))]
        found[i, j] = found[j, i] = total
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
    both = size[:, None] * size[None]
    found: np.ndarray = 2 * inverse_kept(matrix / both, 1e-10) / both
    return found


def inverse_kept(matrix: np.ndarray, share: float) -> np.ndarray:
    """Inverses of symmetric (d, d, B) matrices of unit diagonal without what is flat or falling.

    An eigenvector is left out whose eigenvalue is no more than a share of the largest; eigenvalues are asked
    of those matrices alone that may have one, by the product of their pivots, the determinant.
    """
    with np.errstate(all="ignore"):
        half = invert_lower(cholesky(matrix))
        plain = np.prod(np.einsum("iin->in", half), axis=0) ** -2 > PLAIN
        found: np.ndarray = np.einsum("ian,ibn->abn", half, half)
    unsure = np.flatnonzero(~plain)
    if len(unsure):
        values, vectors = np.linalg.eigh(np.moveaxis(matrix[..., unsure], -1, 0))
        good = values > share * values[:, -1:]
        weights = np.where(good, 1 / np.where(good, values, 1.0), 0.0)
        found[..., unsure] = np.moveaxis((vectors * weights[:, None]) @ vectors.mT, 0, -1)
    return found


def cholesky(matrix: np.ndarray) -> np.ndarray:
    """Lower Cholesky factors of (d, d, B) matrices; NaN where one is not positive definite."""
    left, factor = matrix.copy(), np.zeros_like(matrix)
    for j in range(len(matrix)):
        factor[j:, j] = left[j:, j] / np.sqrt(left[j, j])
        left[j + 1 :, j + 1 :] -= factor[j + 1 :, j, None] * factor[None, j + 1 :, j]
    return factor


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
    hessian = np.einsum("thn,hun->tun", np.einsum("gtn,ghn->thn", jac, observed), jac)
    score = terms.first / sigma2 - terms.quadratic * n / state.r2 / sigma2
    hessian[:d, :d] += np.tensordot(problem.form.curvature, score, 1)
    size = np.sqrt(np.maximum(np.abs(np.einsum("iin->in", hessian)), 1e-300))
    inverse = inverse_kept(hessian / (size[:, None] * size[None]), 1e-8) / (size[:, None] * size[None])
    found: np.ndarray = 2 * np.einsum("gun,hun->ghn", np.einsum("gtn,tun->gun", jac, inverse), jac)
    return found
