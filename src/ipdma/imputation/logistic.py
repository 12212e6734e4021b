"""Modes of many logistic regressions at once, each with a normal prior."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
NEWTON_STEPS = 25
FEW_STEPS = 8  # from a start that was given
LONGEST_STEP = 4.0
SETTLED = 1e-6
ETA = 30.0  # a linear predictor below -ETA is no event as good as certainly


def logistic_modes(x: Array, y: Array, precision: Array, start: Array | None = None) -> tuple[Array, Array]:
    """Mode and root of the information of logistic regressions with a normal prior, by Newton's method.

    Parameters
    ----------
    x : ndarray, shape (B, n, p)
    y : ndarray, shape (n,)
        0 or 1.
    precision : ndarray, shape (p,)
        Of the prior about zero, a number for each coefficient.
    start : ndarray, shape (B, p), optional
        Where the search begins; default zero, from where it also begins again where it does not settle.

    Returns
    -------
    ndarray, shape (B, p)
        The modes.
    ndarray, shape (B, p, p)
        Lower Cholesky factors of the information there, the prior's included.
    """
    b, n, p = x.shape
    rows = np.zeros((p + 1, b, n))
    rows[:p] = x.transpose(2, 0, 1)
    beta, weighted = np.zeros((b, p)) if start is None else start, np.empty_like(rows)
    for _ in range(NEWTON_STEPS if start is None else FEW_STEPS):
        factor = bordered_factor(rows, y, beta, precision, weighted)
        step = solve_back(factor[:, :p, :p], factor[:, p, :p])
        longest = np.abs(step).max(axis=1, keepdims=True)
        beta = beta + step * np.minimum(1.0, LONGEST_STEP / np.maximum(longest, 1e-12))
        slow = longest[:, 0] > SETTLED
        few = np.count_nonzero(slow) <= b // 2
        if few:
            break
    root = factor[:, :p, :p]  # the slower half goes on by itself
    if slow.any() and (few or start is not None):
        beta[slow], root[slow] = logistic_modes(x[slow], y, precision, beta[slow] if few else None)
    return beta, root


def bordered_factor(rows: Array, y: Array, beta: Array, precision: Array, weighted: Array) -> Array:
    """Cholesky factors, (B, p + 1, p + 1), of the information with the gradient as one more row below it.

    Its row of the factor is the factor's inverse by the gradient, so that of a Newton step only the way back
    remains. The corner keeps the matrix positive: the information is no less than the prior's precision.

    Parameters
    ----------
    rows : ndarray, shape (p + 1, B, n)
        Predictors, and zeros.
    weighted : ndarray, shape (p + 1, B, n)
        A place for what they are multiplied with.
    """
    p = beta.shape[1]
    chance = probability(np.vecmat(beta, rows[:p].transpose(1, 0, 2)))
    np.multiply(rows[:p], chance - chance**2, out=weighted[:p])
    np.subtract(y, chance, out=weighted[p])
    bordered = weighted.transpose(1, 0, 2) @ rows.transpose(1, 2, 0)
    bordered.reshape(len(beta), -1)[:, : p * (p + 2) : p + 2] += precision  # the diagonal, but for the corner
    gradient = bordered[:, p, :p]
    gradient -= beta * precision
    bordered[:, p, p] = 1 + gradient**2 @ (2 / precision)
    factor: Array = np.linalg.cholesky(bordered)
    return factor


def solve_back(lower: Array, right: Array) -> Array:
    """Solve lower' z = right, shapes (B, p, p) and (B, p), all members of the batch in each of p steps.

    The steps find z times the diagonal, for which they need no quotient. LAPACK is called once for each
    member instead, which takes longer than the arithmetic where p is small.
    """
    diagonal = np.einsum("bii->ib", lower)
    factor = np.divide(lower.transpose(1, 2, 0), diagonal[:, None], order="C")
    z, part = np.array(right.T, order="C"), np.empty_like(factor[0])
    for i in range(len(z) - 1, 0, -1):
        z[:i] -= np.multiply(factor[i, :i], z[i], out=part[:i])
    return (z / diagonal).T


def inverse_root(lower: Array) -> Array:
    """Inverse of lower triangular matrices, shape (B, p, p), a row of all of them in each of p steps."""
    inverse, p = np.zeros_like(lower), lower.shape[1]
    for i in range(p):
        inverse[:, i, i] = 1 / lower[:, i, i]
        inverse[:, i, :i] = np.vecmat(lower[:, i, :i], inverse[:, :i, :i]) * -inverse[:, i, i, None]
    return inverse


def probability(eta: Array) -> Array:
    """The chance at a linear predictor."""
    chance: Array = 1 / (1 + np.exp(-np.maximum(eta, -ETA)))
    return chance


def times(x: Array, beta: Array) -> Array:
    """Each chain's matrix by its vector: (M, n, p) and (M, p) to (M, n)."""
    product: Array = (x @ beta[..., None])[..., 0]
    return product
