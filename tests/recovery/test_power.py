"""Planned power against consortia that are drawn and analysed, within Monte Carlo error.

The table that this prints is kept in docs/validation-power.md:

    python -m tests.recovery.test_power
"""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from ipdma.analysis.planned_questions import PlannedTrial, Question
from ipdma.analysis.planning import plan_power
from ipdma.errors import FitError
from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec

DRAWS = 600
SIZES = ((60, 40), (35, 35), (80, 90), (50, 45), (100, 60), (30, 60), (45, 45), (70, 70))
SPREADS = (1.2, 0.8, 1.0, 1.1, 0.9, 1.3, 1.0, 0.7)
SD, RHO, RISK, EFFECT = 1.1, 0.5, 0.4, -0.35


def planned(family, moderator, assumed, tau=0.0):
    """Wald and t power of one question."""
    trials = [
        PlannedTrial(str(n), 1.0, {"main": pair}, SD, RHO, RISK, {"z": sd})
        for n, (pair, sd) in enumerate(zip(SIZES, SPREADS, strict=True))
    ]
    asked = Question("main", "y", family, moderator, "", 0, 1.0, assumed, EFFECT, tau, "")
    (found,) = plan_power([asked], trials, 0.95, 1)
    return found.expected


def draw(rng, family, interaction, effect, tau):
    """One consortium with the planned numbers."""
    parts = []
    for n, ((active, reference), sd) in enumerate(zip(SIZES, SPREADS, strict=True)):
        treat = np.repeat([1.0, 0.0], [active, reference])
        z, x = rng.normal(0, sd, len(treat)), rng.normal(0, SD, len(treat))
        mean = treat * (effect + tau * rng.normal() + interaction * z)
        if family == "binomial":
            y = (rng.random(len(treat)) < expit(math.log(RISK / (1 - RISK)) + mean)).astype(float)
        else:
            y = mean + RHO * x + rng.normal(0, SD * math.sqrt(1 - RHO**2), len(treat))
        parts.append(pd.DataFrame({"study": str(n), "treat": treat, "z": z, "x": x, "y": y}))
    return pd.concat(parts, ignore_index=True)


def found_share(family, keys, term, interaction=0.0, effect=EFFECT, tau=0.0):
    """Share of drawn consortia in which the term is found."""
    rng, hits = np.random.default_rng(20260101), 0
    spec = ModelSpec.from_mapping({"outcome": "y", "treatment": "treat", "family": family, **keys}, "power")
    for _ in range(DRAWS):
        try:
            fit = fit_model(draw(rng, family, interaction, effect, tau), spec)
        except FitError:
            continue
        hits += next(e for e in fit.estimates if str(e.term) == term).p_value < 0.05
    return hits / DRAWS


def assert_agrees(share, power):
    """Within three Monte Carlo standard errors, and a small-sample loss of at most four points.

    The formulas know the spread and the residual variance of each trial, and a model has to estimate them.
    """
    error = 3 * math.sqrt(power * (1 - power) / DRAWS)
    assert power - error - 0.04 < share < power + error


@pytest.mark.slow
def test_a_score_and_an_interaction():
    expected = planned("gaussian", "z", 0.15).power
    keys = {"covariates": ["x"], "moderator": "z", "residual": "by_study", "treatment_effect": "common"}
    share = found_share("gaussian", keys, "treatment:within:z", interaction=0.15)
    assert_agrees(share, expected)


@pytest.mark.slow
def test_an_event_and_an_interaction():
    expected = planned("binomial", "z", 0.35).power
    keys = {"moderator": "z", "treatment_effect": "common", "stages": "two", "pool": {"tau2": "common"}}
    share = found_share("binomial", keys, "treatment:within:z", interaction=0.35)
    assert_agrees(share, expected)


@pytest.mark.slow
def test_a_headline_that_varies_between_trials():
    expected = planned("gaussian", "", EFFECT, tau=0.25).power_t
    keys = {"covariates": ["x"], "residual": "by_study", "df": "kenward_roger"}
    share = found_share("gaussian", keys, "treatment", tau=0.25)
    assert_agrees(share, expected)


def main():
    """Print the table of docs/validation-power.md."""
    common = {"covariates": ["x"], "moderator": "z", "residual": "by_study", "treatment_effect": "common"}
    events = {"moderator": "z", "treatment_effect": "common", "stages": "two", "pool": {"tau2": "common"}}
    varying = {"covariates": ["x"], "residual": "by_study", "df": "kenward_roger"}
    for size in (0.1, 0.15, 0.2):
        share = found_share("gaussian", common, "treatment:within:z", interaction=size)
        print(f"score, interaction {size}: {planned('gaussian', 'z', size).power:.3f} {share:.3f}")
    for size in (0.25, 0.35, 0.45):
        share = found_share("binomial", events, "treatment:within:z", interaction=size)
        print(f"event, interaction {size}: {planned('binomial', 'z', size).power:.3f} {share:.3f}")
    for tau in (0.1, 0.25, 0.4):
        share = found_share("gaussian", varying, "treatment", tau=tau)
        own = planned("gaussian", "", EFFECT, tau)
        print(f"headline, tau {tau}: {own.power:.3f} {own.power_t:.3f} {share:.3f}")


if __name__ == "__main__":
    main()
