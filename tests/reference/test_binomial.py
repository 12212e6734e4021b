"""Logistic mixed models against lme4::glmer with converged modes (pinned by regenerate/binomial.R)."""

import json
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from ipdma.model.binomial import fit_binomial
from ipdma.model.spec import ModelSpec

HERE = Path(__file__).parent
PINS = json.loads((HERE / "binomial.json").read_text())
COMMON = {"covariate_slopes": "common", "moderator_slopes": "common"}
Z = {"moderator": "z", **COMMON}
LEVELS = {"moderator": "lev", "moderator_type": "categorical", **COMMON}
CASES = {
    "stratified_slopes": {"covariates": ["base"]},
    "within": {**Z, "covariates": ["base"]},
    "within_random_intercept": {**Z, "covariates": ["base"], "intercept": "random"},
    "three_effects": {
        **Z,
        "intercept": "random",
        "random_correlation": False,
        "interaction_effect": "random",
    },
    "levels": LEVELS,
    "levels_naive": {**LEVELS, "interaction": "naive", "intercept": "common"},
    "quadrature": {
        **COMMON,
        "covariates": ["base"],
        "centre_covariates": "none",
        "intercept": "random",
        "treatment_effect": "common",
        "quadrature": 9,
    },
    "common": {**COMMON, "covariates": ["base"], "intercept": "common"},
}
NAMES = {
    "t": "treatment",
    "tzc": "treatment:within:z",
    "tza": "treatment:across:z",
    "zm": "z:study_mean",
    "zc": "z",
    "b": "base",
    "base": "base",
    "(Intercept)": "intercept",
    "wb": "treatment:within:lev[b]",
    "wc": "treatment:within:lev[c]",
    "xb": "treatment:across:lev[b]",
    "xc": "treatment:across:lev[c]",
    "ob": "lev[b]",
    "oc": "lev[c]",
    "t:lb": "treatment:lev[b]",
    "t:lc": "treatment:lev[c]",
    "lb": "lev[b]",
    "lc": "lev[c]",
}
VARIANCES = {"(Intercept)": "intercept", "tc": "treatment", "t": "treatment", "tzc": "interaction"}


@cache
def fitted(name):
    """Our fit of a pinned case."""
    rows = pd.read_csv(HERE / "data" / "binomial.csv")
    spec = ModelSpec.from_mapping({"outcome": "resp", "family": "binomial", "df": "normal", **CASES[name]})
    return fit_binomial(rows, spec, profile=False)


def ours(term):
    """Our name of R's term."""
    if term.startswith("study"):
        study, _, slope = term.removeprefix("study").partition(":")
        return f"{'base' if slope else 'intercept'}[{study}]"
    return NAMES[term]


@pytest.mark.parametrize("case", CASES)
def test_no_search_ends_above_glmers(case):
    assert fitted(case).criterion <= PINS[case]["criterion"] + 1e-8
    assert fitted(case).criterion == pytest.approx(PINS[case]["criterion"], abs=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_estimates_and_joint_hessian_errors_are_glmers(case):
    fit, pin = fitted(case), PINS[case]
    for term, value in pin["estimate"].items():
        row = fit.estimate(ours(term))
        assert row.estimate == pytest.approx(value, abs=1e-4 * row.std_error), term
        assert row.std_error == pytest.approx(pin["std_error"][term], rel=2e-3), (
            term
        )  # numDeriv on a noisy deviance


@pytest.mark.parametrize("case", CASES)
def test_variances_are_glmers(case):
    fit, pin = fitted(case), PINS[case]
    for name, value in pin["variance"].items():
        if name == "(Intercept)t":
            assert fit.variance.intercept_treatment_cov == pytest.approx(value, abs=1e-3 * abs(value) + 1e-5)
        else:
            assert fit.variance.numbers[VARIANCES[name]] == pytest.approx(value, rel=1e-3, abs=1e-5), name
