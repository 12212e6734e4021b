"""The closed second derivatives of a logistic mixed model against differences of its gradient."""

import numpy as np
import pytest

from ipdma.model.glmm import GlmmData, marginal
from ipdma.model.glmm_hessian import marginal_hessian

CORRELATED = ((0, 0), (1, 0), (1, 1))


def draw(pairs, effects, tied, nodes):
    rng = np.random.default_rng(len(pairs) + 10 * effects + nodes)
    n, K, c = 120, 4, 3
    study = np.sort(np.r_[np.arange(K), rng.integers(0, K, n - K)])
    x, weights = np.polynomial.hermite.hermgauss(nodes)
    data = GlmmData(
        y=(rng.random(n) < 0.4).astype(float),
        A=rng.normal(size=(n, c)),
        Z=rng.normal(size=(n, effects)),
        study=study,
        starts=np.searchsorted(study, np.arange(K)),
        pairs=pairs,
        nodes=x,
        weights=weights,
        tied=tied,
    )
    return data, 0.5 * rng.normal(size=(K, c)), 0.5 * rng.normal(size=(K, len(pairs)))


def differences(data, coefficients, theta, h):
    local = np.column_stack([coefficients, theta])
    c, columns = coefficients.shape[1], []
    for p in range(local.shape[1]):
        step = h * (np.arange(local.shape[1]) == p)
        up, down = local + step, local - step
        columns.append(
            (marginal(data, up[:, :c], up[:, c:])[1] - marginal(data, down[:, :c], down[:, c:])[1]) / (2 * h)
        )
    return np.stack(columns, axis=1)


@pytest.mark.parametrize(
    ("pairs", "effects", "tied", "nodes"),
    [
        ((), 0, 1, 1),
        (((0, 0),), 1, 1, 1),
        (((0, 0), (1, 1)), 2, 1, 1),
        (CORRELATED, 2, 1, 1),
        ((*CORRELATED, (2, 2)), 3, 1, 1),
        (((0, 0), (1, 1)), 3, 2, 1),
        (((0, 0),), 1, 1, 2),
        (((0, 0),), 1, 1, 7),
    ],
)
def test_it_is_the_derivative_of_the_gradient(pairs, effects, tied, nodes):
    data, coefficients, theta = draw(pairs, effects, tied, nodes)
    found = marginal_hessian(data, coefficients, theta)
    h = 2e-3  # Richardson: the error of h / 2 is a quarter of that of h, of h / 4 again
    rough, finer, finest = (differences(data, coefficients, theta, h / part) for part in (1, 2, 4))
    once, twice = (4 * finer - rough) / 3, (4 * finest - finer) / 3
    expected = (16 * twice - once) / 15
    assert found == pytest.approx(expected, rel=1e-7, abs=1e-9 * np.abs(expected).max())
    assert found == pytest.approx(np.swapaxes(found, 1, 2), abs=1e-12)
