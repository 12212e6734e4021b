"""The worked example of Riley et al (2022): deaths in four trials by sex and by age; a linear model."""

import json
import math
from pathlib import Path

import pytest

from ipdma.model.planning import (
    logit_slope_variance,
    logit_variance,
    planned_power,
    planned_variance,
)

EXPECTED = json.loads((Path(__file__).parent / "power.json").read_text())


def log_odds(trial, arm):
    return math.log(trial[f"e{arm}"] / (trial[f"n{arm}"] - trial[f"e{arm}"]))


def by_sex(trial, interaction):
    """The variances of the log odds of the four cells, the interaction in the treated men's."""
    return sum(
        logit_variance(trial[f"n{arm}"] * share, log_odds(trial, arm) + extra)
        for arm, own in (("C", 0.0), ("T", interaction))
        for share, extra in ((1 - trial[f"p{arm}"], 0.0), (trial[f"p{arm}"], own))
    )


def by_age(trial, interaction):
    """The variances of the slopes of both arms about the trial's mean age."""
    total = trial["nC"] + trial["nT"]
    origin = (trial["nC"] * trial["mC"] + trial["nT"] * trial["mT"]) / total
    return sum(
        logit_slope_variance(
            trial[f"n{arm}"], log_odds(trial, arm), slope, trial[f"s{arm}"], trial[f"m{arm}"], origin
        )
        for arm, slope in (("C", 0.0), ("T", interaction))
    )


@pytest.mark.parametrize(("name", "variance"), [("sex", by_sex), ("age", by_age)])
@pytest.mark.parametrize("which", [0, 1])
def test_the_worked_example(name, variance, which):
    expected = EXPECTED[name][which]
    found = [variance(trial, expected["interaction"]) for trial in EXPECTED["trials"]]
    assert found == pytest.approx(expected["variances"], rel=1e-9)
    assert planned_power(found, expected["interaction"]) == pytest.approx(
        (expected["se"], expected["power"]), rel=1e-9
    )


@pytest.mark.parametrize("own", EXPECTED["linear"], ids=lambda own: str(own["n"]))
def test_a_linear_interaction_is_that_of_its_design(own):
    found = planned_variance(own["n"], own["active"] / own["n"], own["residual"], own["spread"] ** 2)
    assert found == pytest.approx(own["variance"], rel=1e-9)
