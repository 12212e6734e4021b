"""Rows of nobody have exactly the moments that they are asked to have."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipdma.bundle.rows import NoRows, rows_of_arms, rows_of_moments


def draw(n, seed):
    """Columns of an arm: a score, three levels of four, a year, yes or no, another score."""
    rng = np.random.default_rng(seed)
    level = rng.integers(0, 4, n)
    score = rng.normal(20, 5, n).round()
    return np.column_stack(
        [
            score,
            *(level == k for k in (1, 2, 3)),
            rng.normal(2000, 4, n),
            rng.random(n) < 0.3,
            score + rng.normal(0, 3, n),
        ]
    ).astype(float)


def moments(rows):
    """Means and products about them."""
    mean = rows.mean(axis=0)
    return mean, (rows - mean).T @ (rows - mean)


@settings(deadline=None, max_examples=25)
@given(st.integers(14, 90), st.integers(0, 10**6))
def test_moments_are_met_to_rounding_and_categories_are_whole(n, seed):
    whole = draw(n, seed)
    mean, products = moments(whole)
    made = rows_of_moments(n, mean, products, [(1, 2, 3), (5,)])
    assert made.shape == whole.shape
    assert set(np.unique(made[:, [1, 2, 3, 5]])) <= {0.0, 1.0}
    assert made[:, [1, 2, 3]].sum(axis=1).max() <= 1
    found = moments(made)
    size = np.sqrt(np.maximum(np.diag(products), 1.0))
    np.testing.assert_allclose(found[0], mean, rtol=1e-12, atol=1e-12)
    assert np.abs((found[1] - products) / np.outer(size, size)).max() < 1e-11


def test_no_row_is_that_of_a_person():
    whole = draw(40, 3)
    made = rows_of_moments(40, *moments(whole), [(1, 2, 3), (5,)])
    nearest = np.abs(made[:, None, [0, 4, 6]] - whole[None, :, [0, 4, 6]]).max(axis=2).min()
    assert nearest > 1e-6


def test_the_same_moments_give_the_same_rows_alone_and_among_others():
    sizes = (30, 14, 55)
    numbers = [moments(draw(n, n)) for n in sizes]
    mean, products = (np.array(own) for own in zip(*numbers, strict=True))
    found = rows_of_arms(sizes, mean, products, [(1, 2, 3), (5,)])
    for n, own, rows in zip(sizes, numbers, found, strict=True):
        alone = rows_of_moments(n, *own, [(1, 2, 3), (5,)])
        np.testing.assert_allclose(rows, alone, rtol=0, atol=1e-9)
        assert (alone == rows_of_moments(n, *own, [(1, 2, 3), (5,)])).all()


def test_categories_that_are_crossed_leave_no_row_over():
    """Two people a cell: no wave fits, and rows are turned instead."""
    whole = np.array(
        [[a, b, 10 * a + b + (i - 0.5) * (1 + a)] for a in (0, 1) for b in (0, 1) for i in (0, 1)]
    )
    mean, products = moments(whole.astype(float))
    found = moments(rows_of_moments(8, mean, products, [(0,), (1,)]))
    np.testing.assert_allclose(found[0], mean, atol=1e-12)
    np.testing.assert_allclose(found[1], products, atol=1e-11)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda mean, products: (mean + np.eye(7)[5] * 0.01, products), "not a whole number"),
        (lambda mean, products: (mean, products - 2 * np.diag(np.diag(products) * np.eye(7)[0])), "negative"),
    ],
)
def test_moments_that_nobody_can_have_are_refused(change, words):
    mean, products = change(*moments(draw(30, 5)))
    with pytest.raises(NoRows, match=words):
        rows_of_moments(30, mean, products, [(1, 2, 3), (5,)])


def test_too_few_rows_are_said():
    mean, products = moments(np.random.default_rng(1).normal(size=(9, 4)))
    with pytest.raises(NoRows, match="4 rows cannot have"):
        rows_of_moments(4, mean, products)
