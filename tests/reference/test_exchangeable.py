"""Interactions that vary over the levels of a moderator: nlme's answer, whatever the reference level."""

import json
from pathlib import Path

import pandas as pd
import pytest
from tests.builders.exchangeable_rows import draw_levels

from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec

HERE = Path(__file__).parent
KEYS = {
    "treatment": "treat",
    "moderator": "level",
    "moderator_type": "categorical",
    "interaction_effect": "random",
}
ORDERS = (["a", "b", "c"], ["c", "a", "b"], ["b", "c", "a"])


def fits(rows, **keys):
    return [fit_model(rows, ModelSpec.from_mapping({**KEYS, **keys, "levels": order})) for order in ORDERS]


def test_nlme_finds_the_same():
    rows = pd.read_csv(HERE / "data" / "exchangeable.csv", dtype={"study": str, "level": str})
    expected = json.loads((HERE / "exchangeable.json").read_text())
    fit = fits(rows, covariates=["base"])[0]
    assert fit.criterion == pytest.approx(expected["criterion"], abs=1e-6)
    for name in ("treatment", "interaction", "residual"):
        assert fit.variance.as_json()[name] == pytest.approx(expected[name], rel=1e-3)  # nlme stops there
    for term, value in expected["estimates"].items():
        assert fit.estimate(term).estimate == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize(
    "keys",
    [
        {"outcome": "y", "covariates": ["base"]},
        {"outcome": "y", "residual": "by_study"},
        {"outcome": "y", "covariates": ["base"], "estimator": "ml", "df": "k_minus_1"},
        {"outcome": "event", "family": "binomial"},
    ],
)
def test_no_answer_depends_on_the_reference(keys):
    first, *rest = fits(draw_levels(), **keys)
    assert first.variance.as_json()["interaction"] > 0
    low, high = first.variance_ci["interaction"]
    assert low <= first.variance.as_json()["interaction"] <= high
    for other in rest:
        assert other.criterion == pytest.approx(first.criterion, abs=1e-6)
        assert other.variance.as_json()["interaction"] == pytest.approx(
            first.variance.as_json()["interaction"], rel=1e-4
        )
        test, same = (next(t for t in f.tests if "within" in t.name) for f in (first, other))
        assert same.f == pytest.approx(test.f, rel=1e-4)
        assert same.p_value == pytest.approx(test.p_value, rel=1e-3)
    b_to_c = (
        first.estimate("treatment:within:level[c]").estimate
        - first.estimate("treatment:within:level[b]").estimate
    )
    assert rest[1].estimate("treatment:within:level[c]").estimate == pytest.approx(b_to_c, abs=1e-4)
