"""How well predicted benefits hold, on cases that can be worked out by hand."""

import numpy as np
import pytest

from ipdma.model.benefit import (
    HeldOut,
    alike,
    by_model,
    concordance_for_benefit,
    matched_pairs,
    model_over_alike,
    net_benefit,
    thirds_of,
)


def trial(n=60, seed=0, error=0.0, slope=1.0, average=2.0):
    """Benefit 2 + x, predicted 2 + slope x; outcomes without error unless asked for."""
    rng = np.random.default_rng(seed)
    treat, x = (np.arange(n) % 2).astype(float), rng.normal(size=n)
    outcome = 10 + 3 * x - treat * (2 + x) + error * rng.normal(size=n)
    return HeldOut(treat, outcome, 3 * x, 2 + slope * x, average)


def test_the_mean_of_the_numbers_told_is_the_difference_of_the_arms():
    own = trial(error=1.0)
    rest = own.outcome - own.expected
    difference = rest[own.treat == 0].mean() - rest[own.treat == 1].mean()
    assert own.told.mean() == pytest.approx(difference)


def test_treating_everybody_gains_the_effect_less_the_threshold():
    trials = [trial(seed=i, error=1.0) for i in range(4)]
    told = np.concatenate([t.told for t in trials]).mean()
    found = net_benefit(trials, alike(0.5), 0.5, 0.95)
    assert found.value == pytest.approx(told - 0.5)
    assert net_benefit(trials, alike(2.5), 2.5, 0.95).value == 0
    by, over = (net_benefit(trials, rule(2.5), 2.5, 0.95).value for rule in (by_model, model_over_alike))
    assert by == pytest.approx(over)
    assert by > 0


def test_a_rule_that_treats_the_same_people_gains_nothing():
    flat = [HeldOut(t.treat, t.outcome, t.expected, np.full(60, 2.0), 2.0) for t in (trial(), trial(seed=1))]
    assert net_benefit(flat, model_over_alike(1.0), 1.0, 0.95).value == 0
    assert thirds_of(flat, 0.95) == []
    assert concordance_for_benefit(flat, 0.95) is None


def test_thirds_rise_as_predicted():
    thirds = thirds_of([trial(n=600, seed=i) for i in range(3)], 0.95)
    assert [t.active + t.reference for t in thirds] == [600, 600, 600]
    for third in thirds:
        assert third.observed.low < third.predicted < third.observed.high


def test_pairs_are_matched_in_order_and_the_larger_arm_is_thinned():
    treat = np.array([1, 1, 0, 0, 0, 0.0])
    predicted = np.array([1.0, 3.0, 0.9, 1.1, 2.9, 3.3])
    outcome = np.array([5.0, 2.0, 6.0, 7.0, 8.0, 9.0])
    pairs = matched_pairs(HeldOut(treat, outcome, np.zeros(6), predicted, 0.0))
    assert pairs[0].tolist() == pytest.approx([1.05, 3.15])
    assert pairs[1].tolist() == [2.0, 7.0]


def test_concordance_is_one_where_order_is_foretold_and_half_by_chance():
    right = [HeldOut(t.treat, -t.treat * t.predicted, t.expected, t.predicted, 2.0) for t in [trial(seed=3)]]
    assert concordance_for_benefit(right, 0.95).value == 1
    noise = [trial(n=200, seed=i, error=200.0) for i in range(20)]
    found = concordance_for_benefit(noise, 0.99)
    assert found.low < 0.5 < found.high
    assert found.high - found.low < 0.12


def test_the_interval_of_c_holds_its_expectation_as_often_as_it_says():
    wide = concordance_for_benefit([trial(n=200, seed=10**6 + i, error=4.0) for i in range(400)], 0.95).value
    inside = 0
    for i in range(200):
        found = concordance_for_benefit([trial(n=80, seed=1000 * i + j, error=4.0) for j in range(5)], 0.95)
        inside += found.low <= wide <= found.high
    assert 0.90 <= inside / 200 <= 0.99
