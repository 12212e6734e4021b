"""Answers to items, drawn to given totals."""

from __future__ import annotations

import numpy as np
import pytest

from ipdma.codebook import load_codebook
from ipdma.synthetic.items import draw_items


@pytest.mark.parametrize("name", ["hads_d", "bdi", "bdi2", "phq9", "hamd17", "epds"])
def test_items_add_up_and_stay_in_range(name):
    scoring = load_codebook().instruments[name].default
    low, high = scoring.range.bounds
    totals = np.arange(low, high + 1)
    answers = draw_items(totals, scoring, np.random.default_rng(1))
    for k, item in enumerate(scoring.item_ranges):
        assert all(item.contains(float(a)) for a in answers[:, k])
        if k + 1 in scoring.reversed_items:
            answers[:, k] = item.bounds[0] + item.bounds[1] - answers[:, k]
    for group in scoring.highest_of:
        members = [k - 1 for k in group]
        best = answers[:, members].max(axis=1)
        answers[:, members] = 0
        answers[:, members[0]] = best
    assert (answers.sum(axis=1) * scoring.multiplier == totals).all()
