"""Matrices of shared parameters and of studies' own against the same matrices written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ipdma.model import glmm_search
from ipdma.model.arrow import Arrow
from ipdma.model.binomial import fit_binomial
from ipdma.model.spec import ModelSpec
from ipdma.model.standardised import baselines_of


def draw(seed: int, k: int = 7, q: int = 2, s: int = 3) -> Arrow:
    """A positive definite matrix; the second study lacks its second parameter."""
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(k, q + s, q + s + 2))
    half[1, 1] = 0.0
    whole = half @ np.swapaxes(half, 1, 2)
    index = s - 1 + np.arange(k * q).reshape(k, q)
    index[1, 1] = -1
    index[index > index[1, 0]] -= 1
    size = index.max() + 2
    shared = np.append(np.arange(s - 1), size - 1)
    corner = whole[:, q:, q:].sum(axis=0)
    return Arrow(corner, whole[:, :q, q:], whole[:, :q, :q], shared, index, size)


@pytest.mark.parametrize("seed", range(4))
def test_steps_and_inverses_are_those_of_the_whole_matrix(seed):
    """Newton's step with nothing and with one shared parameter held, and the inverse."""
    form = draw(seed)
    matrix, gradient = form.matrix, np.random.default_rng(seed).normal(size=form.size)
    assert np.linalg.eigvalsh(matrix).min() > 0
    for held in (np.zeros(form.size, dtype=bool), np.arange(form.size) == form.size - 1):
        free = ~held
        found = form.newton(gradient, 1e-10, held)
        assert found is not None
        solved = np.linalg.solve(matrix[np.ix_(free, free)], gradient[free])
        assert found[0][free] == pytest.approx(-solved, rel=1e-8)
        assert not found[0][held].any()
        assert found[1] == pytest.approx(gradient[free] @ solved)
    inverse, expected = form.inverse(np.linalg.inv(form.rest)), np.linalg.inv(matrix)
    assert inverse.products(np.eye(form.size)) == pytest.approx(expected, rel=1e-7, abs=1e-12)
    assert inverse.variances(np.eye(form.size)) == pytest.approx(np.diag(expected))
    assert inverse.times(gradient) == pytest.approx(expected @ gradient)
    assert inverse.first(3, 2.0).times(gradient[:3]) == pytest.approx(2 * expected[:3, :3] @ gradient[:3])


def test_a_step_goes_down_where_the_rest_curves_down():
    """The signs of negative eigenvalues are turned; a study's block that is not positive is refused."""
    form = draw(9)
    form = replace(form, corner=form.corner - 5 * np.diag([0.0, 0.0, form.corner[2, 2]]))
    gradient = np.ones(form.size)
    found = form.newton(gradient, 1e-10, np.zeros(form.size, dtype=bool))
    assert found is not None
    assert gradient @ found[0] < 0
    assert replace(form, blocks=-form.blocks).newton(gradient, 1e-10, np.zeros(form.size, dtype=bool)) is None


def draw_rows(k: int, seed: int, tau: float) -> pd.DataFrame:
    """Trials of 20 to 40 people with an outcome of 0 or 1."""
    rng = np.random.default_rng(seed)
    study = np.repeat(np.arange(k), rng.integers(20, 41, k))
    treat, x = rng.integers(0, 2, len(study)).astype(float), rng.normal(size=len(study))
    eta = (0.5 + tau * rng.normal(size=k))[study] * treat + 0.4 * x + rng.normal(size=k)[study] / 2
    y = (rng.random(len(study)) < 1 / (1 + np.exp(-eta))).astype(float)
    return pd.DataFrame({"study": np.char.add("S", study.astype(str)), "treat": treat, "x": x, "y": y})


@pytest.mark.parametrize("tau", [0.0, 0.8])
@pytest.mark.parametrize(
    "keys", [{}, {"intercept": "random", "covariate_slopes": "common"}, {"quadrature": 5}]
)
def test_a_logistic_fit_does_not_hang_on_the_form_of_its_matrices(tau, keys, monkeypatch):
    """Sixteen trials as very many parameters, and as a matrix: the same numbers, at a boundary too."""
    rows = draw_rows(16, 3, tau)
    spec = ModelSpec.from_mapping({"covariates": ["x"], "family": "binomial", **keys})
    whole = fit_binomial(rows, spec)
    risks = baselines_of(rows, spec, whole)
    monkeypatch.setattr(glmm_search, "MANY", 3)
    parts = fit_binomial(rows, spec)
    assert parts.criterion == pytest.approx(whole.criterion, abs=1e-8)
    assert parts.singular == whole.singular
    for one, other in zip(parts.estimates, whole.estimates, strict=True):
        assert one.estimate == pytest.approx(other.estimate, rel=1e-6, abs=1e-8)
        assert one.std_error == pytest.approx(other.std_error, rel=1e-6)
    for name, ends in whole.variance_ci.items():
        assert parts.variance_ci[name] == pytest.approx(ends, rel=1e-5, abs=1e-8, nan_ok=True)
    again = baselines_of(rows, spec, parts)
    assert again is not None
    assert again.risk(again.theta) == pytest.approx(risks.risk(risks.theta), rel=1e-8)
