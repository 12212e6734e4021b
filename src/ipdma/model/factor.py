"""The Cholesky factor of a covariance between studies, and when it counts as singular."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def factor_of(between: Array) -> Array:
    """A lower triangular L with L L' = D, for a D that may be singular.

    Parameters
    ----------
    between : ndarray of shape (r, r)
        D, symmetric; eigenvalues below zero are rounding and count as zero.

    Returns
    -------
    ndarray of shape (r, r)
    """
    values, vectors = np.linalg.eigh(between)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return np.linalg.qr(root.T)[1].T


def is_singular(factor: Array, least: float) -> NDArray[np.bool_]:
    """Whether some direction of D = L L' has no more than the least standard deviation.

    Parameters
    ----------
    factor : ndarray of shape (..., r, r)
        L; with r = 0 nothing is singular.
    least : float
        A standard deviation in the units of L: zero for exact zeros.

    Returns
    -------
    ndarray of bool, shape (...)
    """
    found: NDArray[np.bool_] = np.linalg.svd(factor, compute_uv=False).min(axis=-1, initial=np.inf) <= least
    return found
