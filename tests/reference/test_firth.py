"""Firth's penalty by brglm2, on trials whose likelihood has no maximum."""

import json
from pathlib import Path

import pandas as pd
import pytest

from ipdma.errors import FitError, SpecError
from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec
from ipdma.plan import Plan

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "firth.json").read_text())
KEYS = {"family": "binomial", "covariates": ["base"], "treatment_effect": "common", "estimator": "firth"}


@pytest.fixture(scope="module")
def rows():
    return pd.read_csv(HERE / "data" / "firth.csv", dtype={"study": str})


def fit(rows, **keys):
    return fit_model(rows, ModelSpec.from_mapping({**KEYS, "df": "normal", **keys}))


def assert_same(found, expected, tolerance=1e-7):
    assert found.estimate == pytest.approx(expected["estimate"], rel=tolerance)
    assert found.std_error == pytest.approx(expected["std_error"], rel=tolerance)


def test_one_stage_by_fixed_effects(rows):
    found = fit(rows)
    assert_same(found.estimate("treatment"), EXPECTED["one"])
    assert found.converged
    assert (found.n_studies, found.n_rows) == (5, len(rows))
    assert any("Firth's penalty" in warning for warning in found.warnings)


def test_an_interaction_that_separation_would_refuse(rows):
    by_arm = rows[rows.study == "F4"].assign(m=lambda d: (d.base > 0) * 1.0)
    keys = {"moderator": "m", "treatment_effect": "common", "intercept": "stratified", "covariates": []}
    with pytest.raises(FitError, match="separation"):
        fit(by_arm, estimator="ml", **keys)
    assert abs(fit(by_arm, **keys).estimate("treatment:within:m").estimate) < 10
    found = fit(rows, moderator="base")
    assert_same(found.estimate("treatment"), EXPECTED["treat"])
    assert_same(found.estimate("treatment:within:base"), EXPECTED["within"])


def test_each_trial_by_itself_in_two_stages(rows):
    pool = {"tau2": "reml", "ci": "wald"}
    found = fit(rows, stages="two", treatment_effect="random", df=None, pool=pool)
    for study in found.study_estimates:
        assert_same(study, EXPECTED["own"][study.study])
    assert_same(found.estimate("treatment"), EXPECTED["two"], 1e-6)
    assert found.variance.treatment == pytest.approx(EXPECTED["two"]["tau2"], rel=1e-5)
    assert found.estimate("treatment").extra["k"] == 5


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"treatment_effect": "random"}, "has no random effects in one stage"),
        ({"intercept": "random"}, "has no random effects in one stage"),
        ({"family": "gaussian"}, "needs family: binomial"),
        ({"family": "gaussian", "stages": "two"}, "needs family: binomial"),
    ],
)
def test_where_there_is_no_such_penalty_it_is_refused(keys, said):
    with pytest.raises(SpecError, match=said):
        ModelSpec.from_mapping({**KEYS, **keys})


def test_a_plans_model_has_it_for_events_alone():
    keys = {"covariates": ["baseline"], "treatment_effect": "common", "estimator": "firth"}
    contrast = {"c": {"active": ["stpp"], "reference": ["tau"]}}
    plan = Plan.from_mapping({"studies": "data", "contrasts": contrast, "models": {"f": keys}})
    assert plan.model("f", "binomial").estimator == "firth"
    assert plan.model("f", "gaussian").estimator is None
    assert plan.as_mapping()["models"]["f"]["estimator"] == "firth"
