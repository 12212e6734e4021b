"""Two stages over visits against nlme and metafor (pinned by regenerate/visits_two_stage.R)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec

HERE = Path(__file__).parent
PINS = json.loads((HERE / "visits_two_stage.json").read_text())


def fitted(effect):
    """Trials of which two lack a visit, each by its own unstructured model, then pooled."""
    keys = {"participant": "pid", "visit": "visit", "baseline_visit": "w0", "covariance": "unstructured"}
    spec = ModelSpec.from_mapping({**keys, "stages": "two", "treatment_effect": effect})
    return fit_model(pd.read_csv(HERE / "data" / "visits_clda.csv"), spec)


@pytest.mark.parametrize("effect", PINS)
def test_multivariate_pooling_is_metafor_rma_mv(effect):
    fit = fitted(effect)
    for visit, expected in PINS[effect]["visits"].items():
        extra = fit.estimate(f"treatment[{visit}]").extra
        assert extra["multivariate_estimate"] == pytest.approx(
            expected["estimate"], abs=1e-4 * expected["std_error"]
        )
        assert extra["multivariate_std_error"] == pytest.approx(expected["std_error"], rel=1e-4)


def test_the_covariance_between_trials_is_that_of_metafor():
    visits = fitted("random").variance.visits
    expected = np.array(PINS["random"]["psi"]).reshape(3, 3)
    assert visits["between_visits"] == ["w8", "w16", "w40"]
    assert np.array(visits["between"]) == pytest.approx(expected, rel=1e-3)


def test_section_three_stays_the_headline():
    """The estimate itself is each visit's own pooled answer, which has no use for the other visits."""
    estimate = fitted("random").estimate("treatment[w40]")
    assert estimate.extra["k"] == 4
    assert estimate.estimate != pytest.approx(estimate.extra["multivariate_estimate"], rel=1e-3)
