"""Separation in logistic regression: outcomes that some combination of columns predicts without error."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, hstack, identity

Array = np.ndarray
SATURATED = 12.0  # a linear predictor this large means a fitted probability beyond 1 - 6e-6


def separated_rows(A: Array, y: Array) -> Array:
    """Rows that a direction d of the coefficients predicts without error (Albert and Anderson 1984).

    With s = 2 y - 1 the direction satisfies s_i a_i'd >= 0 in every row; a row is separated where it is above
    zero. Maximising sum(min(1, s_i a_i'd)) finds the largest such set at once, since directions add up.

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
    if n == 0 or p == 0:
        return np.zeros(n, dtype=bool)
    scale = np.abs(A).max(axis=0)
    signed = csr_matrix((2 * y - 1)[:, None] * A / np.where(scale > 0, scale, 1.0))
    constraints = hstack([-signed, identity(n)], format="csr")
    cost = np.concatenate([np.zeros(p), -np.ones(n)])
    bounds = [(None, None)] * p + [(0.0, 1.0)] * n
    result = linprog(cost, A_ub=constraints, b_ub=np.zeros(n), bounds=bounds, method="highs")
    if result.x is None:
        return np.zeros(n, dtype=bool)
    return np.asarray(result.x[p:] > 0.5)


def independent_columns(A: Array, tolerance: float = 1e-9) -> list[int]:
    """Columns that are not combinations of those before them, in order (Gram-Schmidt, done twice)."""
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
    size = np.linalg.norm(A, axis=0)
    if n == 0:
        return np.zeros(p, dtype=bool)
    scaled = A / np.where(size > 0, size, 1.0)
    triangle = np.linalg.qr(scaled, mode="r")  # of the same null space, and no larger than p by p
    _, singular, Vt = np.linalg.svd(triangle, full_matrices=True)
    rank = int((singular > 1e-9 * max(1.0, singular.max(initial=0.0))).sum())
    null = Vt[rank:]
    return np.asarray((np.linalg.norm(null, axis=0) < tolerance) & (size > 0))
