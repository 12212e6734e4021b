"""Predicted benefit against nlme and R's own arithmetic: regenerate/prediction.R."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.builders.analysis_rows import KEY

from ipdma.analysis.run import analyse
from ipdma.plan import Plan

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "prediction.json").read_text())
Z = 1.959963984540054
PLAN = {
    "studies": "here",
    "standardise": "none",
    "contrasts": {"stpp_control": {"active": ["stpp"], "reference": ["tau"]}},
    "outcomes": {"depression": {"family": "gaussian", "instruments": ["hamd17"]}},
    "models": {"primary": {"covariates": ["baseline"], "residual": "by_study"}},
    "moderators": {
        "severity": {"column": "baseline"},
        "duration": {"column": "episode_duration_months"},
        "sex": {"column": "sex", "levels": ["female", "male"]},
    },
    "prediction": {"variables": ["severity", "duration", "sex"], "thresholds": [0.2, 0.4, 0.6]},
}


@pytest.fixture(scope="module")
def records():
    drawn = pd.read_csv(HERE / "data" / "prediction.csv")
    rows = drawn.rename(columns={"severity": "baseline", "duration": "episode_duration_months"})
    rows["sex"] = np.where(rows.pop("male") == 1, "male", "female")
    return analyse({KEY: rows}, Plan.from_mapping(PLAN), parts=["prediction"])


def values(records, what, **wanted):
    found = records.counts[records.counts["what"] == what]
    for name, text in wanted.items():
        found = found[found[name] == text]
    return found["value"].to_numpy(float)


def test_the_penalised_fit_is_that_of_nlme(records):
    own = records.estimates[records.estimates["analysis_id"].str.endswith("prediction.one")]
    assert own["estimate"].iloc[0] == pytest.approx(EXPECTED["theta"][0], rel=1e-5)
    assert own["estimate"].to_numpy()[1:] == pytest.approx(EXPECTED["gamma"], rel=1e-5)
    assert values(records, "variance", variable="treatment") == pytest.approx(EXPECTED["tau2"], rel=1e-4)
    assert values(records, "variance", variable="ridge") == pytest.approx(EXPECTED["omega2"], rel=1e-4)
    assert values(records, "variance", variable="residual") == pytest.approx(EXPECTED["sigma2"], rel=1e-4)


def test_without_the_penalty_too(records):
    own = records.estimates[records.estimates["analysis_id"].str.endswith("unpenalised")]
    terms, joint = own.iloc[:-1], own.iloc[-1]
    assert terms["estimate"].to_numpy() == pytest.approx(EXPECTED["plain"][1:], rel=1e-5)
    assert terms["std_error"].to_numpy() == pytest.approx(EXPECTED["plain_se"][1:], rel=1e-5)
    assert joint["statistic"] == pytest.approx(EXPECTED["f"][0], rel=1e-5)


def test_outcomes_of_a_profile_are_those_of_the_average_trial(records):
    mix = pd.read_csv(HERE / "data" / "prediction.csv").groupby("study").mean(numeric_only=True).mean()
    scaled = within_sd()
    names = [("severity", 0), ("duration", 1)]
    for name in set(records.counts.loc[records.counts["what"] == "profile_outcome", "variable"]):
        at = {m: values(records, "profile_value", variable=f"{name}|{m}")[0] for m, _ in names}
        expected = EXPECTED["level"][0] + sum(
            (at[m] - mix[m]) / scaled[m] * EXPECTED["slopes"][i] for m, i in names
        )
        assert values(records, "profile_outcome", variable=name, arm="reference") == pytest.approx(
            [expected], rel=1e-4, abs=1e-5
        )


def within_sd():
    drawn = pd.read_csv(HERE / "data" / "prediction.csv")
    numbers = drawn[["severity", "duration", "male"]]
    away = numbers - numbers.groupby(drawn["study"]).transform("mean")
    return np.sqrt((away**2).sum() / (len(drawn) - drawn["study"].nunique()))


def test_trials_left_out(records):
    left = {"level": "left-out trials"}
    slope, error, gain = EXPECTED["slope"]
    assert values(records, "validation", variable="gain", **left) == pytest.approx([gain], rel=1e-4)
    assert values(records, "validation", variable="calibration_slope", **left) == pytest.approx(
        [slope], rel=1e-4
    )
    high = values(records, "validation_high", variable="calibration_slope", **left)
    assert high == pytest.approx([slope + Z * error], rel=1e-4)
    c, c_error = EXPECTED["c"]
    assert values(records, "validation", variable="c_for_benefit", **left) == pytest.approx([c], rel=1e-9)
    low = values(records, "validation_low", variable="c_for_benefit", **left)
    assert low == pytest.approx([c - Z * c_error], rel=1e-9)


def test_thirds(records):
    sizes = records.counts[records.counts["what"] == "third"]["n"].tolist()
    assert sizes == EXPECTED["third_n"]
    assert values(records, "third_predicted") == pytest.approx(EXPECTED["third_predicted"], rel=1e-4)
    assert values(records, "third_observed") == pytest.approx(EXPECTED["third_observed"], rel=1e-4)
    half = values(records, "third_observed_high") - values(records, "third_observed")
    assert half == pytest.approx(Z * np.array(EXPECTED["third_error"]), rel=1e-4)


def test_net_benefit(records):
    expected = np.array(EXPECTED["rules"]).reshape(3, 4)
    found = values(records, "net_benefit").reshape(3, 3)
    assert found == pytest.approx(expected[:, :3], rel=1e-4, abs=1e-9)
    high = values(records, "net_benefit_high", level="difference")
    assert high == pytest.approx(expected[:, 2] + Z * expected[:, 3], rel=1e-4)
