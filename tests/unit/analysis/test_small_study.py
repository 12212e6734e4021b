"""Egger's test: when it is made, and what it finds."""

from __future__ import annotations

import numpy as np
import pytest
from tests.builders.analysis_rows import count, draw_rows, pick, run


def test_egger_needs_ten_studies(rows):
    few = run(rows, ["small_studies"])
    assert few.estimates.empty
    assert count(few, what="egger_limit").level.iloc[0] == "not run: 6 studies, and the test needs 10"


def test_egger_finds_an_asymmetry_that_was_put_in():
    sizes = (20, 24, 28, 32, 40, 60, 90, 120, 160, 200, 240, 300)
    even = draw_rows(sizes=sizes, tau=0.0, within=0.0, seed=4)
    skewed = even.copy()
    size = skewed.groupby("study").outcome.transform("size")
    skewed["outcome"] -= np.where(skewed.treat == 1, 8 / np.sqrt(size), 0)
    slopes = [
        pick(run(r, ["small_studies"]).estimates, model="egger", term="egger:slope") for r in (even, skewed)
    ]
    assert slopes[1].p_value < 0.001
    # a shift of 8 / sqrt(n) is 4 for each unit of sqrt(1/n1 + 1/n0) = 2 / sqrt(n)
    assert slopes[1].estimate - slopes[0].estimate == pytest.approx(-4, abs=0.05)
    assert slopes[0].p_value > 0.05
