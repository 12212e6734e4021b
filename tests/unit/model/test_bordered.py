"""Matrices of very many residual variances against the same matrices written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ipdma.model import bordered, newton, problem, swept
from ipdma.model.bordered import Bordered
from ipdma.model.df.kenward_roger import parameter_covariance as expected_covariance
from ipdma.model.df.satterthwaite import parameter_covariance as observed_covariance
from ipdma.model.gaussian import fit_gaussian
from ipdma.model.newton import lowest_direction, newton_step, solve_definite
from ipdma.model.spec import ModelSpec


def draw(seed: int, d: int, sign: float, r: int = 40) -> Bordered:
    """A positive definite matrix of d parameters and r others, of very different sizes."""
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(d, d + 2))
    columns = rng.normal(size=(r, 3)) * 0.1
    made = Bordered(half @ half.T + np.eye(d), rng.normal(size=(d, r)) * 0.05, np.ones(r), columns, sign)
    return made.turned(np.diag(10.0 ** rng.uniform(-2, 2, d)), 10.0 ** rng.uniform(-2, 2, r))


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("d", [0, 1, 3])
@pytest.mark.parametrize("seed", range(5))
def test_steps_and_inverses_are_those_of_the_whole_matrix(seed, d, sign):
    """Newton's step, its promise, a solution, the inverse and the same in some of the parameters."""
    form = draw(seed, d, sign)
    gradient = np.random.default_rng(seed).normal(size=len(form))
    assert form.diagonal() == pytest.approx(form.matrix.diagonal())
    step, decrease, lowest = newton_step(gradient, form, 1e-7, 1e-7, scaled=True)
    assert step == pytest.approx(-np.linalg.solve(form.matrix, gradient), rel=1e-8)
    assert decrease == pytest.approx(-gradient @ step)
    assert lowest > 0
    assert solve_definite(form, gradient) == pytest.approx(-step, rel=1e-9)
    assert expected_covariance(form).matrix == pytest.approx(2 * np.linalg.inv(form.matrix), rel=1e-7)
    jac = np.diag(np.linspace(1, 2, len(form)))
    jac[:d, :d] += 0.1
    whole = observed_covariance(form.matrix, jac).matrix
    assert observed_covariance(form, jac).matrix == pytest.approx(whole, rel=1e-7)
    some = np.arange(len(form)) % 3 != 1
    assert form.picked(some).matrix == pytest.approx(form.matrix[np.ix_(some, some)])


def test_negative_curvature_is_seen_and_left():
    """A step goes down all the same; the direction is one of negative curvature."""
    form = draw(1, 2, -1.0)
    form = replace(form, corner=form.corner - np.diag([0.0, 3 * form.corner[1, 1]]))
    gradient = np.random.default_rng(3).normal(size=len(form))
    step, decrease, lowest = newton_step(gradient, form, 1e-7, 1e-7, scaled=True)
    assert lowest < 0
    assert gradient @ step == pytest.approx(-decrease)
    assert decrease > 0
    direction = lowest_direction(form)
    assert direction @ form.matrix @ direction < 0


def test_a_block_that_is_not_positive_is_taken_as_a_whole():
    """Where a residual variance has no curvature of its own, the whole matrix decides."""
    form = draw(2, 2, -1.0)
    form = replace(form, own=np.where(np.arange(40) == 7, -form.own, form.own))
    gradient = np.random.default_rng(4).normal(size=len(form))
    found = newton_step(gradient, form, 1e-7, 1e-7, scaled=True)
    for one, other in zip(found, newton_step(gradient, form.matrix, 1e-7, 1e-7, scaled=True), strict=True):
        assert one == pytest.approx(other)
    assert solve_definite(form, gradient) is None


def draw_rows(k: int, seed: int, tau: float) -> pd.DataFrame:
    """Trials of 12 to 20 people with a spread of their own."""
    rng = np.random.default_rng(seed)
    study = np.repeat(np.arange(k), rng.integers(12, 21, k))
    treat, base = rng.integers(0, 2, len(study)).astype(float), rng.normal(size=len(study))
    effect = (0.5 + tau * rng.normal(size=k))[study]
    noise = rng.normal(size=len(study)) * (1 + study % 3)
    names = np.char.add("S", study.astype(str))
    return pd.DataFrame({"study": names, "treat": treat, "x": base, "y": effect * treat + base + noise})


@pytest.mark.parametrize("tau", [0.0, 0.6])
@pytest.mark.parametrize("df", ["kenward_roger", "satterthwaite"])
@pytest.mark.parametrize("moderator", [None, "x"])
def test_a_fit_does_not_hang_on_the_form_of_its_matrices(tau, df, moderator, monkeypatch):
    """Sixty trials as very many, and as a matrix: the same numbers to 1e-9, at a boundary too."""
    rows = draw_rows(60, 5, tau)
    keys = {"moderator": "x", "interaction": "within"} if moderator else {"covariates": ["x"]}
    spec = ModelSpec.from_mapping({**keys, "residual": "by_study", "df": df})
    whole = fit_gaussian(rows, spec)
    for module in (bordered, newton, problem, swept):
        monkeypatch.setattr(module, "MANY", 10)
    parts = fit_gaussian(rows, spec)
    assert parts.criterion == pytest.approx(whole.criterion, abs=1e-9)
    assert parts.singular == whole.singular
    for one, other in zip(parts.estimates, whole.estimates, strict=True):
        assert one.estimate == pytest.approx(other.estimate, rel=1e-9, abs=1e-10)
        assert one.std_error == pytest.approx(other.std_error, rel=1e-9)
        assert one.df == pytest.approx(other.df, rel=1e-7)
    for name, ends in whole.variance_ci.items():
        assert parts.variance_ci[name] == pytest.approx(ends, rel=1e-6, abs=1e-9)
