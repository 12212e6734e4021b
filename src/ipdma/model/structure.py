"""What the free entries of the random effects' Cholesky factor mean: constants of a model's form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ipdma.model.problem import Problem


@dataclass(frozen=True)
class Structure:
    """Constants for d free entries of L (D = L L') among r random effects.

    Attributes
    ----------
    directions : ndarray of shape (d, r, r)
        E_i = dD / dD_i; the last stands for all entries that are tied.
    chain : ndarray of shape (d, d, r * r)
        dD_i / dL_j = chain[i, j] @ L.ravel().
    curvature : ndarray of shape (d, d, d)
        What the second derivatives of D add to a Hessian in L: curvature @ gradient in D.
    products : ndarray of shape (d, d, r * r, r * r)
        tr(E_i A E_j B) = sum(products[i, j] * outer(A.ravel(), B.ravel())).
    entries : ndarray of int, shape (d,)
        Positions of the free entries in L.ravel().
    copies : ndarray of int
        Positions in L.ravel() of the entries that repeat the last free one.
    """

    directions: np.ndarray
    chain: np.ndarray
    curvature: np.ndarray
    products: np.ndarray
    entries: np.ndarray
    copies: np.ndarray

    def factor(self, entries: np.ndarray) -> np.ndarray:
        """L of its free entries, shape (r, r)."""
        r = self.directions.shape[1]
        flat = np.zeros(r * r)
        flat[self.entries] = entries
        if len(self.copies):
            flat[self.copies] = entries[-1]
        return flat.reshape(r, r)


def structure_of(problem: Problem) -> Structure:
    """The structure of a problem's random effects."""
    return structure(problem.pairs, len(problem.z), problem.tied)


@lru_cache(maxsize=256)
def structure(pairs: tuple[tuple[int, int], ...], r: int, tied: int = 1) -> Structure:
    """Constants for the free entries `pairs` (i >= j); the last stands for `tied` ones on the diagonal."""
    d = len(pairs)
    copies = [i * r + i for i in range(r - tied + 1, r)]
    directions, units = np.zeros((d, r, r)), np.zeros((d, r, r))
    for at, (i, j) in enumerate(pairs):
        directions[at, i, j] = directions[at, j, i] = units[at, i, j] = 1.0
    if copies:
        for matrix in (directions, units):
            matrix[-1].flat[copies] = 1.0
    chain, curvature = np.zeros((d, d, r, r)), np.zeros((d, d, d))
    share = np.array([1.0 if i == j else 0.5 for i, j in pairs])
    for a, (i, j) in enumerate(pairs):
        chain[a, :, j] += units[:, i]
        chain[a, :, i] += units[:, j]
        for b, (k, l) in enumerate(pairs):
            if j == l:
                curvature[a, b] = 2 * share * directions[:, i, k]
    products = np.einsum("iab,jcd->ijbcda", directions, directions).reshape(d, d, r * r, r * r)
    entries = np.array([i * r + j for i, j in pairs], dtype=int)
    return Structure(
        directions, chain.reshape(d, d, r * r), curvature, products, entries, np.array(copies, dtype=int)
    )
