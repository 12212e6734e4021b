"""The engine against lme4, lmerTest and pbkrtest on unbalanced, few-trial and tau2 = 0 data.

The answers and the data are written by `regenerate/gaussian.R`.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ipdma.model.gaussian import fit_gaussian
from ipdma.model.spec import ModelSpec

HERE = Path(__file__).parent
ANSWERS = json.loads((HERE / "gaussian.json").read_text())
SETS = ["unbalanced", "few", "tau2_zero"]
SPECS = {
    "stratified": {},
    "within": {"moderator": "z"},
    "random": {"intercept": "random", "covariate_slopes": "common"},
}
NAMES = {"treatment": "treatment", "within": "treatment:within:z", "across": "treatment:across:z"}


def rows_of(name: str) -> pd.DataFrame:
    """One of the data sets."""
    return pd.read_csv(HERE / "data" / f"gaussian_{name}.csv")


def spec_of(model: str, **keys: object) -> ModelSpec:
    """The spec of one model."""
    return ModelSpec.from_mapping({"covariates": ["base"], **SPECS[model], **keys})


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("model", list(SPECS))
def test_estimates_standard_errors_and_df(name: str, model: str) -> None:
    """Both df methods, every treatment term, the criterion and the variances."""
    answer = ANSWERS[name][model]
    kr = fit_gaussian(rows_of(name), spec_of(model), profile=False)
    satterthwaite = fit_gaussian(rows_of(name), spec_of(model, df="satterthwaite"), profile=False)
    assert kr.criterion == pytest.approx(answer["criterion"], abs=2e-7)
    assert kr.variance.residual == pytest.approx(answer["sigma2"], rel=1e-5)
    assert kr.variance.treatment == pytest.approx(answer["tau2"], rel=1e-3, abs=1e-6)
    assert answer["terms"]
    for key, expected in answer["terms"].items():
        first, second = kr.estimate(NAMES[key]), satterthwaite.estimate(NAMES[key])
        assert first.estimate == pytest.approx(expected["estimate"], rel=1e-5)
        assert second.std_error == pytest.approx(expected["se"], rel=1e-5)
        if not kr.singular:
            assert first.std_error == pytest.approx(expected["kr_se"], rel=1e-4)
            assert first.df == pytest.approx(expected["kr_df"], rel=1e-3)
            assert second.df == pytest.approx(expected["satterthwaite_df"], rel=2e-3)


def test_the_boundary_is_reached_and_said() -> None:
    """tau2 = 0: a result with a flag, a warning, and Kenward-Roger as pbkrtest has it at theta = 0."""
    answer = ANSWERS["tau2_zero"]["stratified"]
    fit = fit_gaussian(rows_of("tau2_zero"), spec_of("stratified"), profile=False)
    assert fit.singular
    assert fit.converged
    assert fit.variance.treatment == 0
    assert answer["tau2"] < 1e-8
    assert any("singular" in w and "Kenward-Roger" in w for w in fit.warnings)
    expected = answer["terms"]["treatment"]
    assert fit.estimate("treatment").std_error == pytest.approx(expected["kr_se"], rel=1e-4)
    assert fit.estimate("treatment").df == pytest.approx(expected["kr_df"], rel=1e-3)


@pytest.mark.parametrize("name", SETS)
def test_profile_intervals(name: str) -> None:
    """Profile-likelihood intervals of the variances, by maximum likelihood."""
    spec = spec_of("random", random_correlation=False, estimator="ml", df="normal")
    answer = ANSWERS[name]["ml"]
    fit = fit_gaussian(rows_of(name), spec)
    assert fit.criterion == pytest.approx(answer["criterion"], abs=2e-7)
    assert np.sqrt(fit.variance_ci["residual"]) == pytest.approx(answer["ci_sigma"], rel=1e-3)
    assert np.sqrt(fit.variance_ci["treatment"]) == pytest.approx(answer["ci_sd_treat"], rel=5e-3, abs=1e-3)
