"""Separation in logistic regression: outcomes that some combination of columns predicts without error."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.linalg import lapack
from scipy.optimize import linprog
from scipy.special import expit

Array = np.ndarray
CLEAR = 1e-6  # of balancing weights, and of what is left of a column: far above what rounding leaves
BALANCING_STEPS = 12
SATURATED = 12.0  # a linear predictor this large means a fitted probability beyond 1 - 6e-6


def separated_rows(A: Array, y: Array) -> Array:
    """Rows that a direction d of the coefficients predicts without error (Albert and Anderson 1984).

    With s = 2 y - 1 the direction satisfies s_i a_i'd >= 0 in every row; a row is separated where it is above
    zero. Maximising sum(min(1, s_i a_i'd)) finds the largest such set at once, since directions add up; a set
    of weights that rules any direction out is found sooner where there is one.

    Parameters
    ----------
    A : ndarray of shape (n, p)
        All columns of the linear predictor.
    y : ndarray of shape (n,)
        0 and 1.

    Returns
    -------
    ndarray of bool, shape (n,)
        None true: the likelihood has a finite maximum (or the linear programme was not solved). Otherwise the
        true rows are fitted without error in the limit, and the likelihood of the others decides what is
        finite.
    """
    n, p = A.shape
    if n == 0 or p == 0 or overlap(A, y):
        return np.zeros(n, dtype=bool)
    return largest_set(A, y)


def largest_set(A: Array | sparse.csr_array, y: Array) -> Array:
    """The rows of `separated_rows` by the linear programme, with no look at what rules them out."""
    n, p = A.shape
    columns = sparse.csr_array(A)
    scale = abs(columns).max(axis=0).toarray().ravel()
    turned = sparse.diags_array(2 * y - 1) @ columns @ sparse.diags_array(1 / np.where(scale > 0, scale, 1.0))
    constraints = sparse.hstack([-turned, sparse.eye_array(n)], format="csr")
    cost = np.concatenate([np.zeros(p), -np.ones(n)])
    bounds = [(None, None)] * p + [(0.0, 1.0)] * n
    result = linprog(cost, A_ub=constraints, b_ub=np.zeros(n), bounds=bounds, method="highs")
    if result.x is None:
        return np.zeros(n, dtype=bool)
    return np.asarray(result.x[p:] > 0.5)


def overlap(A: Array, y: Array) -> bool:
    """Whether no direction separates a row, shown by weights; False where the weights were not found.

    Positive weights w with sum_i w_i s_i a_i = 0 rule out a direction with s_i a_i'd >= 0 that is above zero
    anywhere (Farkas). At the maximum of the likelihood w = |y - mu| are such weights; on the way there what
    is orthogonal to A of y - mu is, as soon as its signs are those of s.
    """
    size = np.linalg.norm(A, axis=0)
    Q = np.linalg.qr(A / np.where(size > 0, size, 1.0))[0]
    s, gamma = 2 * y - 1, np.zeros(Q.shape[1])
    for _ in range(BALANCING_STEPS):
        mu = expit(Q @ gamma)
        gradient = Q.T @ (y - mu)
        if (s * (y - mu - Q @ gradient)).min() > CLEAR:
            return True
        _, step, failed = lapack.dposv((Q * (mu * (1 - mu))[:, None]).T @ Q, gradient)
        if failed:
            return False
        gamma = gamma + step
    return False


def triangle_of(A: Array) -> tuple[Array, bool]:
    """R of the columns scaled to length 1, and whether they are independent beyond doubt."""
    size = np.linalg.norm(A, axis=0)
    triangle = np.asarray(np.linalg.qr(A / np.where(size > 0, size, 1.0), mode="r"))
    if len(triangle) < A.shape[1] or not size.all():
        return triangle, False
    inverse, failed = lapack.dtrtri(triangle)
    return triangle, not failed and bool(np.linalg.norm(inverse) < 1 / CLEAR)


def independent_columns(A: Array, tolerance: float = 1e-9) -> list[int]:
    """Columns that are not combinations of those before them, in order (Gram-Schmidt, done twice)."""
    if A.size and tolerance * np.sqrt(len(A)) < CLEAR and triangle_of(A)[1]:
        return list(range(A.shape[1]))
    kept: list[int] = []
    basis = np.empty((A.shape[0], 0))
    for j in range(A.shape[1]):
        column = A[:, j]
        size = float(np.linalg.norm(column))
        rest = column - basis @ (basis.T @ column)
        rest = rest - basis @ (basis.T @ rest)
        left = float(np.linalg.norm(rest))
        if size > 0 and left > tolerance * size * np.sqrt(len(column)):
            kept.append(j)
            basis = np.column_stack([basis, rest / left])
    return kept


def estimable(A: Array, tolerance: float = 1e-7) -> Array:
    """Whether the rows of A determine each coefficient by itself, shape (p,).

    A coefficient is estimable where no combination of coefficients that leaves the predictor unchanged
    moves it: its entry in the null space of A is zero.
    """
    n, p = A.shape
    if n == 0 or p == 0:
        return np.zeros(p, dtype=bool)
    triangle, independent = triangle_of(A)  # of the same null space, and no larger than p by p
    if independent:
        return np.ones(p, dtype=bool)
    size = np.linalg.norm(A, axis=0)
    _, singular, Vt = np.linalg.svd(triangle, full_matrices=True)
    rank = int((singular > 1e-9 * max(1.0, singular.max(initial=0.0))).sum())
    null = Vt[rank:]
    return np.asarray((np.linalg.norm(null, axis=0) < tolerance) & (size > 0))
