"""Newton's step: with many parameters without eigenvalues, as long as none would be raised."""

import numpy as np
import pytest

from ipdma.model import newton
from ipdma.model.newton import definite_step, newton_step

FLOOR = 1e-7


def hessian(values):
    """A symmetric matrix with these eigenvalues, and a gradient."""
    rng = np.random.default_rng(4)
    turn, _ = np.linalg.qr(rng.normal(size=(len(values), len(values))))
    return (turn * values) @ turn.T, rng.normal(size=len(values))


@pytest.mark.parametrize("scaled", [True, False])
def test_many_parameters_go_the_same_step(scaled, monkeypatch):
    matrix, gradient = hessian(np.geomspace(0.1, 50, 30))
    by_values = newton_step(gradient, matrix, FLOOR, FLOOR, scaled)
    monkeypatch.setattr(newton, "MANY", 10)
    monkeypatch.setattr(newton, "eigen", None)
    step, decrease, lowest = newton_step(gradient, matrix, FLOOR, FLOOR, scaled)
    np.testing.assert_allclose(step, by_values[0], rtol=1e-10)
    assert decrease == pytest.approx(by_values[1], rel=1e-10)
    assert by_values[2] / 30 <= lowest <= by_values[2] * 30


@pytest.mark.parametrize("least", [-1.0, 0.0, 1e-9, 1e-7])
def test_where_an_eigenvalue_may_be_raised_they_are_found(least, monkeypatch):
    matrix, gradient = hessian(np.append(np.geomspace(0.1, 50, 29), least))
    assert definite_step(gradient, matrix, FLOOR, FLOOR) is None
    by_values = newton_step(gradient, matrix, FLOOR, FLOOR)
    monkeypatch.setattr(newton, "MANY", 10)
    for one, other in zip(newton_step(gradient, matrix, FLOOR, FLOOR), by_values, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-12)
