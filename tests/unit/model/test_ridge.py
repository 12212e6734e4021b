"""The penalised model from cross-products against dense matrices."""

import numpy as np
import pytest

from ipdma.model.ridge import Criterion, fit_ridge, trial_products


def draw(seed=0, trials=5, p=3, gamma=0.2):
    """(x, treat, y) of each trial."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(trials):
        n = int(rng.integers(25, 70))
        x, treat = rng.normal(size=(n, p)) + rng.normal(size=p), (np.arange(n) % 2).astype(float)
        effect = -0.4 + 0.3 * rng.normal() + (x - x.mean(axis=0)) @ np.full(p, gamma)
        found.append((x, treat, rng.normal() + x @ np.full(p, 0.3) + treat * effect + rng.normal(size=n)))
    return found


def products(drawn):
    return [trial_products(f"S{i}", *own) for i, own in enumerate(drawn)]


def dense(drawn, s, tau2, omega2):
    """-2 restricted log likelihood, generalised least squares and predictions by whole matrices."""
    n, p, k = sum(len(y) for _, _, y in drawn), drawn[0][0].shape[1], len(drawn)
    X, Z, T, at = np.zeros((n, k * (1 + p) + 1)), np.zeros((n, p)), np.zeros((n, k)), 0
    variance = np.zeros(n)
    for i, (x, treat, y) in enumerate(drawn):
        rows, centred = slice(at, at + len(y)), x - x.mean(axis=0)
        X[rows, i * (1 + p) : (i + 1) * (1 + p)] = np.column_stack([np.ones(len(y)), centred])
        X[rows, -1], T[rows, i] = treat, treat
        Z[rows], variance[rows], at = treat[:, None] * centred, s[i], at + len(y)
    y = np.concatenate([own[2] for own in drawn])
    V = np.diag(variance) + tau2 * T @ T.T + omega2 * Z @ Z.T
    W = np.linalg.inv(V)
    beta = np.linalg.solve(X.T @ W @ X, X.T @ W @ y)
    r = y - X @ beta
    value = np.linalg.slogdet(V)[1] + np.linalg.slogdet(X.T @ W @ X)[1] + r @ W @ r
    return value, beta[-1], omega2 * Z.T @ W @ r


@pytest.mark.parametrize(("tau2", "omega2"), [(0.1, 0.05), (0.0, 0.2), (0.3, 0.0), (0.0, 0.0)])
def test_criterion_and_estimates_are_those_of_whole_matrices(tau2, omega2):
    drawn, group = draw(), np.arange(5)
    criterion = Criterion(products(drawn), group, True, True)
    s, other = np.array([0.8, 1.1, 0.9, 1.3, 1.0]), np.array([1.0, 1.0, 1.2, 0.7, 0.9])
    own = [criterion(np.r_[np.log(v), tau2, omega2])[0] for v in (s, other)]
    whole = [dense(drawn, v, tau2, omega2) for v in (s, other)]
    nearby = criterion(np.r_[np.log(s), tau2 + 0.1, omega2 + 0.1])[0]
    assert own[0] - own[1] == pytest.approx(whole[0][0] - whole[1][0], abs=1e-8)
    assert nearby - own[0] == pytest.approx(
        dense(drawn, s, tau2 + 0.1, omega2 + 0.1)[0] - whole[0][0], abs=1e-8
    )
    _, A, B, _ = criterion.sums(s, tau2)
    _, zeta, _ = criterion.solve(A, B, omega2)
    assert zeta[0] == pytest.approx(whole[0][1], abs=1e-9)
    assert zeta[1:] == pytest.approx(whole[0][2], abs=1e-9)


@pytest.mark.parametrize("penalised", [True, False])
def test_the_gradient_is_the_criterion_s(penalised):
    criterion = Criterion(products(draw(3)), np.array([0, 1, 2, 2, 1]), True, penalised)
    at, step = np.array([0.1, -0.2, 0.05, 0.08, 0.04]), 1e-6
    found = [(criterion(at + h)[0] - criterion(at - h)[0]) / (2 * step) for h in np.eye(5) * step]
    assert criterion(at)[1] == pytest.approx(found, abs=1e-5)


@pytest.mark.parametrize("seed", range(12))
def test_no_other_variances_are_more_likely(seed):
    trials = products(draw(seed, trials=3 + seed % 4, gamma=[0.0, 0.1, 0.4][seed % 3]))
    group = np.arange(len(trials))
    fit, rng = fit_ridge(trials, group), np.random.default_rng(seed)
    criterion = Criterion(trials, group, True, True)
    for _ in range(150):
        s = np.log(fit.sigma2) + 0.2 * rng.normal(size=len(trials)) * (rng.random() < 0.7)
        tried = np.r_[s, [v * rng.choice([0, 1]) for v in 10 ** rng.uniform(-4, 1, 2)]]
        assert criterion(tried)[0] >= fit.criterion - 1e-9


def test_without_interactions_everybody_is_alike():
    zero = [fit_ridge(products(draw(seed, gamma=0.0)), np.arange(5)) for seed in range(30)]
    alike = [fit for fit in zero if fit.omega2 == 0]
    assert len(alike) >= 10
    for fit in alike:
        assert (fit.gamma == 0).all()
        assert fit.effect(np.ones((4, 3))) == pytest.approx(np.full(4, fit.theta))


def test_a_trial_in_which_a_variable_does_not_vary_says_nothing_of_it():
    drawn = draw(1)
    drawn[0][0][:, 1] = 2.0
    first = products(drawn)[0]
    assert first.gram[2].tolist() == [0, 0, 0, 0]
    assert first.free == first.n - 3
    assert np.isfinite(fit_ridge(products(drawn), np.arange(5)).gamma).all()


def test_units_and_origins_of_the_variables_change_nothing_but_their_coefficients():
    drawn = draw(5)
    far = [(1e6 + x, treat, y - 500) for x, treat, y in drawn]
    one, two = (fit_ridge(products(rows), np.arange(5)) for rows in (drawn, far))
    assert two.gamma == pytest.approx(one.gamma, rel=1e-5)
    assert two.level == pytest.approx(one.level - 500, rel=1e-7)


def test_what_cannot_be_told_apart_is_refused():
    drawn = [(np.column_stack([x, x[:, 0]]), treat, y) for x, treat, y in draw()]
    with pytest.raises(ValueError, match="told apart"):
        fit_ridge(products(drawn), np.arange(5))
    with pytest.raises(ValueError, match="too few participants"):
        fit_ridge(products([(x[:8], t[:8], y[:8]) for x, t, y in draw(trials=2)]), np.zeros(2, dtype=int))
