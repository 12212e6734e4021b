"""Standardised risks with delta-method errors: R's glm and glmer, predictions and a numerical gradient."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest
from scipy.special import ndtri

from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec
from ipdma.model.standardised import baselines_of

HERE = Path(__file__).parent
NEAR = 1e-4  # so small a level that the interval's half width is its slope, the delta method's error
TOLERANCE = {"common": 1e-6, "random": 2e-3}  # glmer's own


@pytest.mark.parametrize(
    "expected", json.loads((HERE / "standardised.json").read_text()), ids=lambda e: e["name"]
)
def test_r_finds_the_same(expected):
    rows = pd.read_csv(HERE / "data" / "binomial.csv", dtype={"study": str})
    keys = {"outcome": "resp", "covariates": ["base"], "family": "binomial", "df": "normal", "level": NEAR}
    spec = ModelSpec.from_mapping({**keys, "treatment_effect": expected["name"]}).resolved()
    fit = fit_model(rows, spec)
    found, tolerance = fit.estimate("treatment"), TOLERANCE[expected["name"]]
    effect = (found.estimate, found.ci_low, found.ci_high)
    people, z = baselines_of(rows, spec, fit), -ndtri((1 - NEAR) / 2)
    difference, ratio = people.difference(effect), people.ratio(effect)
    assert people.risk(found.estimate) == pytest.approx(expected["risk"], rel=tolerance)
    assert difference.estimate == pytest.approx(expected["rd"], rel=tolerance)
    assert (difference.high - difference.low) / (2 * z) == pytest.approx(expected["rd_se"], rel=tolerance)
    assert math.log(ratio.estimate) == pytest.approx(expected["log_rr"], rel=tolerance)
    assert math.log(ratio.high / ratio.low) / (2 * z) == pytest.approx(expected["log_rr_se"], rel=tolerance)
