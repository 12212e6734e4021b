"""Rows that nobody ever was, with exactly the moments that arms have.

Whole categories come first, by their counts: rows with the same levels stand together, as a cell. A numeric
column is then its regression on the categories, which the moments give, and a residual: waves that add up to
nothing in each cell and are orthogonal to one another (those of the discrete cosine transform), given the
residual products by a root of them. Where the cells are too small for waves they are random numbers, turned
orthogonal (QR). The moments are met to rounding; nothing of a person is in the rows but what the moments say.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import scipy  # its parts are loaded where they are first used

from ipdma.errors import DataError

WHOLE = 1e-6  # how far from a whole number a count may lie that was stored as a share
SMALL = 1e-9  # of a column's own products: below it a residual is none
NO_NUMBERS = "no whole numbers of participants have these counts of categories"


class NoRows(DataError):
    """No rows have these moments; the message says which of them."""


def rows_of_moments(
    n: int, mean: np.ndarray, products: np.ndarray, categories: Sequence[Sequence[int]] = ()
) -> np.ndarray:
    """Rows of one arm, shape (n, c); see `rows_of_arms`."""
    return rows_of_arms([n], np.asarray(mean)[None], np.asarray(products)[None], categories)[0]


def rows_of_arms(
    n: Sequence[int], mean: np.ndarray, products: np.ndarray, categories: Sequence[Sequence[int]] = ()
) -> list[np.ndarray]:
    """Rows whose means and centred cross-products are those given, arm by arm.

    Parameters
    ----------
    n : sequence of int, A arms
        Rows of each.
    mean : ndarray of shape (A, c)
    products : ndarray of shape (A, c, c)
        Sums of squares and products about the mean.
    categories : sequence of sequence of int
        For each categorical column the places of its dummies (one for a yes/no column). They come out as 0
        and 1.

    Returns
    -------
    list of ndarray of shape (n, c)
        The same moments give the same rows.

    Raises
    ------
    NoRows
        When a share of a category is no whole count, the products are no products of real numbers, or n
        rows are too few for them.
    """
    count, mean, products = np.asarray(n, int), np.asarray(mean, float), np.asarray(products, float)
    places = [place for group in categories for place in group]
    numeric = [j for j in range(mean.shape[1]) if j not in set(places)]
    shown = combinations(categories)
    sizes = cell_sizes(count, mean[:, places], products[:, places][:, :, places], categories, shown)
    slopes = slopes_on(products, places, numeric)
    level = mean[:, None, numeric] + (shown - mean[:, None, places]) @ slopes
    cell = np.repeat(np.tile(np.arange(len(shown)), len(count)), sizes.ravel())
    arm = np.repeat(np.arange(len(count)), count)
    rows = np.empty((len(arm), mean.shape[1]))
    rows[:, places] = shown[cell]
    rows[:, numeric] = level[arm, cell] + residuals(sizes, roots_of(products, slopes, places, numeric), arm)
    return np.split(rows, np.cumsum(count)[:-1])


def combinations(categories: Sequence[Sequence[int]]) -> np.ndarray:
    """The dummies of every combination of levels, no level first, shape (kinds, dummies)."""
    kinds = np.array(list(product(*(range(len(group) + 1) for group in categories))), dtype=int)
    shown = [kinds[:, g] == level for g, group in enumerate(categories) for level in range(1, len(group) + 1)]
    return np.column_stack(shown).astype(float) if shown else np.empty((1, 0))


def cell_sizes(
    n: np.ndarray,
    mean: np.ndarray,
    products: np.ndarray,
    categories: Sequence[Sequence[int]],
    shown: np.ndarray,
) -> np.ndarray:
    """How many rows each arm has of each combination of levels, shape (A, kinds).

    `mean` and `products` are of the dummies alone.
    """
    if not categories:
        return n[:, None]
    together = products + n[:, None, None] * mean[:, :, None] * mean[:, None, :]
    counts = np.rint(together)
    if (np.abs(together - counts).max(axis=(1, 2)) > WHOLE * np.maximum(n, 1)).any():
        raise NoRows("the count of a category, or of two together, is not a whole number")
    if len(categories) > 1:
        return np.array([numbers_of_kinds(int(m), shown, own) for m, own in zip(n, counts, strict=True)])
    own = np.diagonal(counts, axis1=1, axis2=2)
    sizes = np.column_stack([n - own.sum(axis=1), own]).astype(int)
    if (sizes < 0).any() or (counts.sum(axis=(1, 2)) != own.sum(axis=1)).any():
        raise NoRows(NO_NUMBERS)
    return sizes


def numbers_of_kinds(n: int, shown: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """How many rows each combination of levels has, so that levels and pairs of levels have their counts."""
    at = np.triu_indices(len(counts))
    conditions = np.vstack(
        [np.ones(len(shown)), *(shown[:, i] * shown[:, j] for i, j in zip(*at, strict=True))]
    )
    wanted = np.array([n, *counts[at]])
    found = scipy.optimize.milp(
        np.zeros(len(shown)),
        integrality=np.ones(len(shown)),
        bounds=scipy.optimize.Bounds(0, n),
        constraints=scipy.optimize.LinearConstraint(conditions, wanted, wanted),
    )
    if found.x is None:
        raise NoRows(NO_NUMBERS)
    return np.rint(found.x).astype(int)


def slopes_on(products: np.ndarray, places: Sequence[int], numeric: Sequence[int]) -> np.ndarray:
    """The regression of the numeric columns on the categories, shape (A, dummies, p)."""
    inner, cross = products[:, places][:, :, places], products[:, places][:, :, numeric]
    if not inner.size:
        return cross
    slopes = np.linalg.pinv(inner, rcond=SMALL, hermitian=True) @ cross
    size = np.maximum(1.0, np.abs(cross).max(axis=(1, 2), initial=0.0))
    if (np.abs(inner @ slopes - cross).max(axis=(1, 2), initial=0.0) > SMALL * size).any():
        raise NoRows("a column goes with a category that nobody or everybody has")
    return np.asarray(slopes)


def roots_of(
    products: np.ndarray, slopes: np.ndarray, places: Sequence[int], numeric: Sequence[int]
) -> np.ndarray:
    """Roots R of the residual products, R R', shape (A, p, p); columns beyond their rank are zero."""
    own = np.diagonal(products, axis1=1, axis2=2)[:, numeric]
    size = np.sqrt(np.where(own > 0, own, 1.0))
    left = products[:, numeric][:, :, numeric]
    left = left - products[:, numeric][:, :, places] @ slopes
    values, vectors = np.linalg.eigh(left / (size[:, :, None] * size[:, None, :]))
    if (values < -np.sqrt(SMALL) * SMALL**0.25).any():
        raise NoRows("the covariances are not those of any numbers: one direction has a negative variance")
    values, vectors = values[:, ::-1], vectors[:, :, ::-1]  # the largest first
    scale = np.sqrt(np.where(values > SMALL**1.5, values, 0.0))
    return np.asarray(size[:, :, None] * vectors * scale[:, None, :])


def residuals(sizes: np.ndarray, roots: np.ndarray, arm: np.ndarray) -> np.ndarray:
    """Rows orthogonal to the constant and the categories, with the products of the roots, shape (N, p)."""
    p = roots.shape[2]
    rank = (np.abs(roots) > 0).any(axis=1).sum(axis=1)
    number = np.arange(1, p + 1)
    m = np.repeat(sizes.ravel(), sizes.ravel())
    place = np.arange(len(m)) - np.repeat(np.cumsum(sizes.ravel()) - sizes.ravel(), sizes.ravel())
    waves = np.cos(np.pi * (place[:, None] + 0.5) * number / m[:, None]) * (m[:, None] > number)
    norm = np.where(sizes[:, :, None] > number, sizes[:, :, None], 0).sum(axis=1) / 2  # (A, p)
    short = np.flatnonzero(((norm > 0).sum(axis=1)) < rank)
    waves /= np.sqrt(np.where(norm > 0, norm, 1.0))[arm]
    found = np.einsum("nj,nij->ni", waves, roots[arm])
    for a in short:
        found[arm == a] = turned(sizes[a], int(rank[a])) @ roots[a, :, : rank[a]].T
    return found


def turned(sizes: np.ndarray, rank: int) -> np.ndarray:
    """Random columns of one arm, orthonormal and orthogonal to the dummies of its cells, shape (n, rank)."""
    n, kinds = int(sizes.sum()), np.flatnonzero(sizes)
    if len(kinds) + rank > n:
        raise NoRows(f"{n} rows cannot have {len(kinds)} categories and {rank} independent columns")
    basis = np.repeat(np.eye(len(kinds)), sizes[kinds], axis=0) / np.sqrt(sizes[kinds])
    drawn = np.random.default_rng(0).standard_normal((n, rank))
    for _ in range(2):  # twice is enough for orthogonality to rounding
        drawn -= basis @ (basis.T @ drawn)
    return np.asarray(np.linalg.qr(drawn)[0])
