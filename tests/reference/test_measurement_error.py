"""R's answers for a moderator measured with error: closed forms, nlme, and SIMEX, which knows no formula."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.builders.analysis_rows import KEY, small_plan

from ipdma.analysis.cell import cell_of
from ipdma.analysis.measurement_error import correct_baseline, error_variances
from ipdma.analysis.records import Ledger
from ipdma.analysis.run import analyse

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "measurement_error.json").read_text())
TERM = "treatment:within:severity"


@pytest.fixture(scope="module")
def rows():
    return pd.read_csv(HERE / "data" / "measurement_error.csv", dtype={"study": str})


def answers(rows, covariates):
    plan = small_plan(
        models={"primary": {"covariates": covariates, "residual": "by_study"}},
        moderators={"severity": {"column": "baseline"}},
        subgroups={},
        risk_of_bias=[],
        sensitivity={"error": {"reliability": EXPECTED["reliability"]}},
    )
    got = analyse({KEY: rows}, plan, parts=["sensitivity"])
    found = got.estimates[(got.estimates.model == "error") & (got.estimates.term == TERM)]
    return found.set_index("stage")


def test_the_error_is_what_the_reliability_leaves_of_the_spread_within_arms(rows):
    found = error_variances(rows, EXPECTED["reliability"])
    assert found == pytest.approx(EXPECTED["error"], rel=1e-12)


@pytest.mark.parametrize("answer", EXPECTED["answers"], ids=["alone", "beside a covariate"])
def test_expected_true_scores_and_interactions_are_those_of_r(rows, answer):
    covariates = ["baseline", "age"] if answer["covariate"] else ["baseline"]
    cell = cell_of(KEY, rows, "gaussian")
    got = correct_baseline(Ledger(), cell, "error", EXPECTED["reliability"], covariates)
    assert got.analysed.baseline.tolist() == pytest.approx(answer["score"], rel=1e-9, abs=1e-9)
    found = answers(rows, covariates)
    assert found.estimate["two"] == pytest.approx(answer["two"], rel=1e-9)
    assert found.estimate["one"] == pytest.approx(answer["one"], rel=1e-4)  # nlme stops there


@pytest.mark.parametrize("answer", EXPECTED["answers"], ids=["alone", "beside a covariate"])
def test_adding_more_error_and_extrapolating_back_leads_to_the_same_place(answer):
    """SIMEX takes the spread of each arm by itself, the correction that of both arms: nearly the same."""
    gaps = np.array(answer["estimate"]) - np.array(answer["simex"])
    assert np.abs(gaps / np.array(answer["std_error"])).max() < 0.5
    assert abs(gaps.mean()) < 0.02
    naive = np.array(answer["estimate"]) - np.array(answer["naive"])
    assert abs(naive.mean()) > 0.05
