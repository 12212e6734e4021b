"""Bins and ranges end at no one person's value."""

from __future__ import annotations

import numpy as np
import pytest

from ipdma.analysis.ranges import bin_edges, inner_range, is_inside, shown_quantile


@pytest.mark.parametrize("seed", range(5))
def test_bins_hold_enough_and_end_at_round_numbers(seed):
    draw = np.random.default_rng(seed)
    values = np.round(draw.gamma(2.0, 12.0, 300), 1)
    values[0] = 611.0
    edges = bin_edges(values, 12, 10)
    assert len(edges) > 3
    counts = np.histogram(values, [-np.inf, *edges, np.inf])[0]
    assert counts.min() >= 10
    assert max(edges) < 100


def test_few_values_are_one_bin():
    assert bin_edges(np.arange(15.0), 12, 10) == []


def test_a_range_ignores_an_extreme():
    values = np.append(np.linspace(20, 60, 200), 97.0)
    assert inner_range(values) == pytest.approx((22, 58), abs=2)


def test_a_quantile_stays_where_enough_people_share_it_and_is_rounded_where_it_is_one_persons():
    shared = np.repeat([20.0, 23.0, 41.0, 57.0], 25)
    assert shown_quantile(shared, 0.5, 10) in (23.0, 32.0)
    assert shown_quantile(shared, 0.3, 10) == 23.0
    own = np.linspace(20, 60, 201) + 0.0137
    for share in (0.1, 0.5, 0.9):
        value = shown_quantile(own, share, 10)
        assert value not in own
        assert value == pytest.approx(np.quantile(own, share), abs=1)


def test_a_value_is_inside_where_enough_people_lie_on_either_side():
    values = np.arange(100.0)
    assert is_inside(values, 50.0, 10)
    assert is_inside(values, 9.0, 10)
    assert not is_inside(values, 8.0, 10)
    assert not is_inside(values, 91.0, 10)
