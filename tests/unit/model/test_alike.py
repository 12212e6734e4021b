"""Models on unlike rows that are fitted together, against the same fits made one by one."""

from __future__ import annotations

from itertools import product

import pytest
from tests.builders.gaussian_rows import draw_rows
from tests.builders.hard_rows import hard_rows, hard_spec

from ipdma.model.alike import batch_of, fit_alike, form_of, optima
from ipdma.model.design import build_design
from ipdma.model.gaussian import fit_gaussian, prepare_design
from ipdma.model.search import minimise
from ipdma.model.spec import ModelSpec

MODELS = [
    {"covariates": ["base"]},
    {},
    {"covariates": ["base", "z"], "covariate_slopes": "common"},
    {"covariates": ["base"], "covariate_slopes": "common", "intercept": "random"},
    {"intercept": "random", "random_correlation": False},
    {"covariates": ["base"], "treatment_effect": "common"},
    {"covariates": ["base"], "estimator": "ml", "df": "satterthwaite"},
]  # fmt: skip
SUBSETS = [(), ("S0",), ("S1", "S4"), ("S5",)]


def test_models_of_any_rows_and_forms() -> None:
    """Estimate, error, df, interval, variance and flags to the ninth digit, in the order that was asked."""
    rows, asked = draw_rows(), []
    for keys, residual, gone in product(MODELS, ("common", "by_study"), SUBSETS):
        spec = ModelSpec.from_mapping({**keys, "outcome": "y", "residual": residual})
        asked.append((rows[~rows["study"].isin(gone)], spec))
    found = fit_alike([prepare_design(build_design(*one)) for one in asked])
    for one, effect in zip(asked, found, strict=True):
        fit = fit_gaussian(*one, profile=False)
        own = fit.estimate("treatment")
        assert effect is not None
        for name in ("estimate", "std_error", "df", "p_value", "ci_low", "ci_high"):
            assert getattr(effect.estimate, name) == pytest.approx(getattr(own, name), rel=1e-8), name
        tau2 = fit.variance.treatment
        assert effect.tau2 == (None if tau2 is None else pytest.approx(tau2, rel=1e-7, abs=1e-12))
        assert (effect.converged, effect.singular) == (fit.converged, fit.singular)


def test_models_without_a_form_are_fitted_by_themselves() -> None:
    """Maximum likelihood, a common effect, clusters: none of them is among the others."""
    rows = draw_rows()
    for keys in MODELS[-2:]:
        spec = ModelSpec.from_mapping({**keys, "outcome": "y"})
        assert form_of(prepare_design(build_design(rows, spec))) is None


@pytest.mark.parametrize("residual", ["common", "by_study"])
def test_no_search_by_itself_goes_lower(residual: str) -> None:
    """Sets with several optima; those of seeds 32, 62 and 85 have one that the usual two starts miss."""
    asked = [(seed, "") for seed in range(12)] + [(32, "S0"), (62, "S1"), (85, "S2")]
    models = []
    for seed, gone in asked:
        rows = hard_rows(seed)
        models.append(prepare_design(build_design(rows[rows["study"] != gone], hard_spec(residual))))
    state, _, converged = optima(batch_of(models))
    assert converged.all()
    for prepared, deviance in zip(models, state.deviance, strict=True):
        for most in (2, 99):
            assert deviance <= minimise(prepared.swept, most=most).point.value.deviance + 1e-8
