"""Two stages against lm, glm and metafor (pinned by regenerate/two_stage.R)."""

import json
from pathlib import Path

import pandas as pd
import pytest

from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec

HERE = Path(__file__).parent
PINS = json.loads((HERE / "two_stage.json").read_text())
BASE = {"covariates": ["base"]}
CONTINUOUS = {**BASE, "moderator": "z"}
LEVELS = {"moderator": "lev", "moderator_type": "categorical"}
WALD = {"pool": {"ci": "wald"}}
CASES = {
    "gaussian": BASE,
    "within": CONTINUOUS,
    "naive_random": {**CONTINUOUS, "interaction": "naive", "interaction_effect": "random"},
    "levels_common": LEVELS,
    "levels_random": {**LEVELS, **WALD, "interaction_effect": "random"},
    "binomial_within": {**CONTINUOUS, "outcome": "resp", "family": "binomial"},
    "binomial_levels": {
        **LEVELS,
        "outcome": "resp",
        "family": "binomial",
        "pool": {"tau2": "dl", "ci": "modified_hksj"},
    },
}
NAMES = {
    "treat": "treatment",
    "within": "treatment:within:z",
    "naive": "treatment:z",
    "b": "treatment:within:lev[b]",
    "c": "treatment:within:lev[c]",
}


def fitted(name):
    """Our two-stage fit of a pinned case."""
    rows = pd.read_csv(HERE / "data" / "two_stage.csv")
    return fit_model(rows, ModelSpec.from_mapping({**CASES[name], "stages": "two"}))


TERMS = [(case, term) for case, pin in PINS.items() for term in pin if term != "joint"]
SKIP = {("binomial_levels", "b")}  # its spec pools by DL there, R by the common effect


@pytest.mark.parametrize(("case", "term"), [t for t in TERMS if t not in SKIP])
def test_a_pooled_term_is_metafors(case, term):
    ours, theirs = fitted(case).estimate(NAMES[term]), PINS[case][term]
    assert ours.estimate == pytest.approx(theirs["estimate"], rel=1e-7)
    assert ours.std_error == pytest.approx(theirs["std_error"], rel=1e-7)
    assert ours.ci_low == pytest.approx(theirs["ci_low"], abs=1e-6)
    assert ours.ci_high == pytest.approx(theirs["ci_high"], abs=1e-6)
    assert ours.p_value == pytest.approx(theirs["p_value"], rel=1e-5)
    assert ours.extra["tau2"] == pytest.approx(theirs["tau2"], rel=1e-6, abs=1e-9)
    assert ours.extra["k"] == theirs["k"]


@pytest.mark.parametrize("case", ["levels_common", "levels_random"])
def test_the_joint_test_is_multivariate_pooling(case):
    (test,) = fitted(case).tests
    theirs = PINS[case]["joint"]
    assert test.name == "treatment:within:lev"
    assert test.df_num == 2
    assert 2 * test.f == pytest.approx(theirs["chi2"], rel=2e-5)
    assert test.p_value == pytest.approx(theirs["p_value"], rel=1e-4)


def test_a_study_without_a_level_is_named_and_informs_the_rest():
    fit = fitted("levels_common")
    assert fit.studies_by_term["treatment:within:lev[c]"] == 6
    assert fit.studies_by_term["treatment:within:lev[b]"] == 7
    assert any("lev[c]" in w and "T04" in w for w in fit.warnings)
