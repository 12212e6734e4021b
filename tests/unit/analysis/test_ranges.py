"""Bins and ranges end at no one person's value."""

from __future__ import annotations

import numpy as np
import pytest

from ipdma.analysis.ranges import bin_edges, inner_range


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
