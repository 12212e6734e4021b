"""Logistic modes of many chains at once: the posterior's mode of each, wherever the others are."""

import numpy as np
import pytest
from scipy.optimize import minimize

from ipdma.imputation.logistic import inverse_root, logistic_modes, solve_back


def draw_chains(chains=7, n=40, p=5, seed=3):
    """Predictors that differ between chains, one of them separated, and events."""
    rng = np.random.default_rng(seed)
    x = np.concatenate([np.ones((chains, n, 1)), rng.standard_normal((chains, n, p - 1))], axis=2)
    y = (rng.random(n) < 0.4).astype(float)
    x[0, :, 1] = 4 * y - 2  # separates the events of the first chain: it takes more steps than the others
    return x, y


def negative_posterior(beta, x, y, precision):
    """Minus the log posterior of one chain."""
    eta = x @ beta
    return np.logaddexp(0, eta).sum() - y @ eta + 0.5 * np.sum(precision * beta**2)


@pytest.mark.parametrize("weak", [0.16, 1e-3])
def test_each_chain_ends_at_its_own_mode(weak):
    x, y = draw_chains()
    precision = np.array([0.01] + [weak] * (x.shape[2] - 1))
    mode, root = logistic_modes(x, y, precision)
    for chain, own, found in zip(x, mode, root, strict=True):
        sought = minimize(
            negative_posterior, np.zeros(len(own)), (chain, y, precision), method="BFGS", tol=1e-10
        )
        assert negative_posterior(own, chain, y, precision) <= sought.fun + 1e-10
        np.testing.assert_allclose(own, sought.x, atol=1e-3)
        chance = 1 / (1 + np.exp(-chain @ own))
        np.testing.assert_allclose(chain.T @ (y - chance), precision * own, atol=1e-8)
        information = (chain.T * chance * (1 - chance)) @ chain + np.diag(precision)
        np.testing.assert_allclose(found @ found.T, information, rtol=1e-5, atol=1e-7)
        assert np.array_equal(found, np.tril(found))


def test_a_chain_alone_and_among_others_gives_the_same():
    x, y = draw_chains()
    precision = np.full(x.shape[2], 0.16)
    together, _ = logistic_modes(x, y, precision)
    alone = np.concatenate([logistic_modes(x[i : i + 1], y, precision)[0] for i in range(len(x))])
    np.testing.assert_allclose(together, alone, rtol=1e-9, atol=1e-12)


def test_a_start_far_away_changes_nothing():
    x, y = draw_chains()
    precision = np.full(x.shape[2], 0.16)
    mode, root = logistic_modes(x, y, precision)
    for start in (mode, mode + 0.3, np.where(np.arange(len(mode))[:, None] % 3, mode, -40.0), -9 * mode):
        again, factor = logistic_modes(x, y, precision, start)
        np.testing.assert_allclose(again, mode, atol=1e-9)
        np.testing.assert_allclose(factor, root, rtol=1e-5, atol=1e-6)


def test_triangles_are_solved_and_inverted():
    rng = np.random.default_rng(8)
    lower = np.tril(rng.standard_normal((4, 6, 6))) + 3 * np.eye(6)
    right = rng.standard_normal((4, 6))
    sought = np.linalg.solve(np.swapaxes(lower, 1, 2), right[..., None])[..., 0]
    np.testing.assert_allclose(solve_back(lower, right), sought, rtol=1e-12)
    np.testing.assert_allclose(inverse_root(lower), np.linalg.inv(lower), rtol=1e-12, atol=1e-14)
