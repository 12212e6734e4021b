"""Rows that nobody ever was, with exactly the moments that an arm has.

Whole categories come first, by their counts. A numeric column is then its regression on them, which the
moments give, and a residual: random numbers turned orthogonal to the categories (QR) and given the residual
products by a root of them. The moments are met to rounding; nothing of a person is in the rows but what the
moments say.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from ipdma.errors import DataError

WHOLE = 1e-6  # how far from a whole number a count may lie that was stored as a share
SMALL = 1e-9  # of a column's own products: below it a residual is none


class NoRows(DataError):
    """No rows have these moments; the message says which of them."""


def rows_of_moments(
    n: int,
    mean: np.ndarray,
    products: np.ndarray,
    categories: Sequence[Sequence[int]] = (),
    seed: int | Sequence[int] = 0,
) -> np.ndarray:
    """Rows whose means and centred cross-products are those given.

    Parameters
    ----------
    n : int
        Rows.
    mean : ndarray of shape (c,)
    products : ndarray of shape (c, c)
        Sums of squares and products about the mean.
    categories : sequence of sequence of int
        For each categorical column the places of its dummies (one for a yes/no column). They come out as 0
        and 1.
    seed : int or sequence of int
        The same seed gives the same rows.

    Returns
    -------
    ndarray of shape (n, c)

    Raises
    ------
    NoRows
        When a share of a category is no whole count, the products are no products of real numbers, or n
        rows are too
        few for them.
    """
    mean, products = np.asarray(mean, float), np.asarray(products, float)
    rows = np.empty((n, len(mean)))
    places = [place for group in categories for place in group]
    numeric = [j for j in range(len(mean)) if j not in set(places)]
    dummies = category_rows(n, mean, products, categories)
    rows[:, places] = dummies
    rows[:, numeric] = numeric_rows(dummies, mean, products, places, numeric, np.random.default_rng(seed))
    return rows


def category_rows(
    n: int, mean: np.ndarray, products: np.ndarray, categories: Sequence[Sequence[int]]
) -> np.ndarray:
    """Whole categories with the counts of each level and of each pair of levels, shape (n, dummies)."""
    places = [place for group in categories for place in group]
    if not places:
        return np.empty((n, 0))
    together = products[np.ix_(places, places)] + n * np.outer(mean[places], mean[places])
    counts = np.rint(together)
    if np.abs(together - counts).max() > WHOLE * max(n, 1):
        raise NoRows("the count of a category, or of two together, is not a whole number")
    kinds = np.array(list(product(*(range(len(group) + 1) for group in categories))))
    shown = np.column_stack(
        [(kinds[:, g] == level) for g, group in enumerate(categories) for level in range(1, len(group) + 1)]
    ).astype(float)
    return np.repeat(shown, numbers_of_kinds(n, shown, counts), axis=0)


def numbers_of_kinds(n: int, shown: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """How many rows each combination of levels has, so that levels and pairs of levels have their counts."""
    at = np.triu_indices(len(counts))
    conditions = np.vstack(
        [np.ones(len(shown)), *(shown[:, i] * shown[:, j] for i, j in zip(*at, strict=True))]
    )
    wanted = np.array([n, *counts[at]])
    found = milp(
        np.zeros(len(shown)),
        integrality=np.ones(len(shown)),
        bounds=Bounds(0, n),
        constraints=LinearConstraint(conditions, wanted, wanted),
    )
    if found.x is None:
        raise NoRows("no whole numbers of participants have these counts of categories")
    return np.rint(found.x).astype(int)


def numeric_rows(
    dummies: np.ndarray,
    mean: np.ndarray,
    products: np.ndarray,
    places: Sequence[int],
    numeric: Sequence[int],
    rng: np.random.Generator,
) -> np.ndarray:
    """Numeric columns: their regression on the categories, and a residual orthogonal to it."""
    centred = dummies - mean[list(places)]
    inner, cross = products[np.ix_(places, places)], products[np.ix_(places, numeric)]
    slopes = np.linalg.pinv(inner, rcond=SMALL, hermitian=True) @ cross
    left = products[np.ix_(numeric, numeric)] - cross.T @ slopes
    if np.abs(inner @ slopes - cross).max(initial=0.0) > SMALL * max(1.0, np.abs(cross).max(initial=0.0)):
        raise NoRows("a column goes with a category that nobody or everybody has")
    return (
        mean[list(numeric)]
        + centred @ slopes
        + residual_rows(centred, left, np.diag(products)[list(numeric)], rng)
    )


def residual_rows(
    centred: np.ndarray, left: np.ndarray, own: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Rows orthogonal to the constant and the categories, with the products `left`, shape (n, p)."""
    root = root_of(left, own)
    nuisance = np.column_stack([np.ones(len(centred)), centred])
    basis, sizes, _ = np.linalg.svd(nuisance, full_matrices=False)
    basis = basis[:, sizes > SMALL * sizes[0]]
    if basis.shape[1] + root.shape[1] > len(centred):
        raise NoRows(
            f"{len(centred)} rows cannot have {basis.shape[1]} categories and "
            f"{root.shape[1]} independent columns"
        )
    drawn = rng.standard_normal((len(centred), root.shape[1]))
    for _ in range(2):  # twice is enough for orthogonality to rounding
        drawn -= basis @ (basis.T @ drawn)
    turned, _ = np.linalg.qr(drawn)
    return turned @ root.T


def root_of(left: np.ndarray, own: np.ndarray) -> np.ndarray:
    """A root R of residual products, left = R R', with as many columns as their rank."""
    size = np.sqrt(np.where(own > 0, own, 1.0))
    values, vectors = np.linalg.eigh(left / np.outer(size, size))
    if (values < -np.sqrt(SMALL) * SMALL**0.25).any():
        raise NoRows("the covariances are not those of any numbers: one direction has a negative variance")
    kept = values > SMALL**1.5
    return np.asarray(size[:, None] * vectors[:, kept] * np.sqrt(values[kept]))
