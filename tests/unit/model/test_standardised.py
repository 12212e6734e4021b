"""Standardised risks: the side of no effect is kept, a stated risk met, and a bootstrap finds the width."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.builders.analysis_rows import draw_rows

from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec
from ipdma.model.standardised import baselines_of

KEYS = {"outcome": "outcome", "family": "binomial", "covariates": ["baseline"]}
COMMON = {"treatment_effect": "common", "df": "normal"}
SIZES = (80, 120, 60, 160)


@pytest.fixture(scope="module")
def rows():
    return draw_rows(seed=4, sizes=SIZES, binary=True, tau=0.0)


def fitted(rows, **keys):
    spec = ModelSpec.from_mapping({**KEYS, **keys}).resolved()
    fit = fit_model(rows, spec)
    found = fit.estimate("treatment")
    return baselines_of(rows, spec, fit), (found.estimate, found.ci_low, found.ci_high)


@pytest.mark.parametrize(
    "keys", [{}, COMMON, {**COMMON, "intercept": "common", "covariate_slopes": "common"}]
)
def test_a_bootstrap_of_participants_finds_the_width_of_a_common_effect(rows, keys):
    """Of the random effect, whose interval is another, the side of no difference alone."""
    people, effect = fitted(rows, **keys)
    found = people.difference(effect)
    assert found.low < found.estimate < found.high
    if keys != COMMON:
        return
    rng, parts = np.random.default_rng(3), [part for _, part in rows.groupby(["study", "treat"])]
    drawn = []
    for _ in range(300):
        again = pd.concat([p.iloc[rng.integers(len(p), size=len(p))] for p in parts], ignore_index=True)
        at, own = fitted(again, **COMMON)
        drawn.append(at.difference(own).estimate)
    assert np.std(drawn, ddof=1) == pytest.approx((found.high - found.low) / (2 * 1.96), rel=0.15)


def test_the_interval_holds_no_difference_exactly_where_that_of_the_odds_ratio_does(rows):
    people, _ = fitted(rows)
    for low, high in ((0.0, 1.0), (-1.0, 0.0), (0.01, 2.0), (-0.3, 0.4), (-2.0, -0.01)):
        effect = ((low + high) / 2, low, high)
        for found in (people.difference(effect), people.starting_from(0.2).difference(effect)):
            assert (found.low < -1e-12, found.high > 1e-12) == (low < 0, high > 0)
        ratio = people.ratio(effect)
        assert (ratio.low < 1 - 1e-12, ratio.high > 1 + 1e-12) == (low < 0, high > 0)


def test_a_stated_risk_is_where_it_starts(rows):
    people, effect = fitted(rows)
    moved = people.starting_from(0.12)
    assert moved.risk(effect[0]) == pytest.approx(0.12)
    assert moved.risk(effect[2]) == pytest.approx(0.12)
    same = people.starting_from(people.risk(effect[0]))
    assert same.difference(effect).estimate == pytest.approx(people.difference(effect).estimate)


def test_without_covariates_and_trials_it_is_the_difference_of_two_shares():
    rows = draw_rows(seed=2, sizes=(200,), binary=True).assign(study="S")
    keys = {"covariates": [], "intercept": "common", **COMMON}
    people, effect = fitted(rows, **keys)
    share = rows.groupby("treat").outcome.mean()
    assert people.risk(effect[0]) == pytest.approx(share[0])
    assert people.difference(effect).estimate == pytest.approx(share[1] - share[0])
    assert people.ratio(effect).estimate == pytest.approx(share[1] / share[0])


def test_effects_without_end_stay_inside_what_a_share_can_be(rows):
    people, _ = fitted(rows)
    found = people.difference((1.0, -900.0, 900.0))
    assert -1 <= found.low < found.high <= 1


@pytest.mark.parametrize("estimator", ["ml", "firth"])
def test_a_trial_without_events_is_part_of_the_average(rows, estimator):
    """Its people have no risk under either treatment; with them the difference shrinks by their share."""
    none = rows[rows.study == "S01"].assign(study="S99", outcome=0.0)
    keys = {**COMMON, "estimator": estimator}
    people, effect = fitted(rows, **keys)
    more, same = fitted(pd.concat([rows, none], ignore_index=True), **keys)
    share = len(rows) / (len(rows) + len(none))
    assert effect == pytest.approx(same)
    assert more.risk(effect[0]) == pytest.approx(share * people.risk(effect[0]))
    wide, narrow = people.difference(effect), more.difference(effect)
    for end in ("estimate", "low", "high"):
        assert getattr(narrow, end) == pytest.approx(share * getattr(wide, end))
    assert more.ratio(effect).high == pytest.approx(people.ratio(effect).high)
    stated = [p.starting_from(0.2).difference(effect).estimate for p in (people, more)]
    assert stated[0] == pytest.approx(stated[1])
