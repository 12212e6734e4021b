"""Therapists in one arm against lme4 with pbkrtest and nlme (regenerate/nested.R)."""

import json
from pathlib import Path

import pandas as pd
import pytest

from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "nested.json").read_text())
SPEC = ModelSpec(covariates=("base",), nesting="therapist")


@pytest.fixture(scope="module")
def rows():
    return pd.read_csv(HERE / "data" / "nested.csv", dtype={"study": str, "therapist": str})


@pytest.mark.parametrize("which", ["S0", "S1", "S2", "S3", "S4", "all"])
def test_lme4_and_pbkrtest(rows, which):
    """Single trials, one of them with a variance of zero, and all together."""
    expected = EXPECTED[which]
    fit = fit_model(rows if which == "all" else rows[rows["study"] == which], SPEC)
    found = fit.estimate("treatment")
    assert fit.criterion == pytest.approx(expected["criterion"], abs=1e-6)
    assert fit.variance.nesting == pytest.approx(expected["nesting"], rel=1e-5)
    assert fit.variance.residual == pytest.approx(expected["residual"], rel=1e-5)
    assert found.estimate == pytest.approx(expected["estimate"], rel=1e-6)
    assert found.std_error == pytest.approx(expected["std_error"], rel=1e-5)
    assert found.df == pytest.approx(expected["df"], rel=1e-5)


def test_nlme_with_a_residual_variance_by_study(rows):
    expected = EXPECTED["by_study"]
    fit = fit_model(rows, SPEC.replace(residual="by_study"))
    assert fit.criterion == pytest.approx(expected["criterion"], abs=1e-6)
    assert fit.estimate("treatment").estimate == pytest.approx(expected["estimate"], rel=1e-5)
    assert fit.variance.nesting == pytest.approx(expected["nesting"], rel=1e-4)
    assert fit.variance.treatment == pytest.approx(expected["treatment"], rel=1e-4)


def test_two_stages_pool_each_trial_with_its_own_therapists(rows):
    """Each trial's adjusted standard error is lme4's with pbkrtest."""
    fit = fit_model(rows, SPEC.replace(stages="two"))
    for found in fit.study_estimates:
        expected = EXPECTED[found.study]
        assert found.estimate == pytest.approx(expected["estimate"], rel=1e-6)
        assert found.std_error == pytest.approx(expected["std_error"], rel=1e-5)
