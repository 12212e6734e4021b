"""Whole numbers of people with given counts: found without a clock, or refused."""

from __future__ import annotations

import numpy as np
import pytest

from ipdma.bundle.rows import NoRows
from ipdma.bundle.twin import people
from ipdma.bundle.twin.people import Set, settle_scores, whole_numbers


def test_the_cheapest_whole_numbers_have_the_sums():
    rows = np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    found = whole_numbers(rows, np.array([30.0, 12.0]), 30, "scores", np.array([0.0, 2.0, 1.0]))
    assert found.tolist() == [18, 0, 12]


def test_counts_that_no_people_have_are_refused():
    rows = np.array([[1.0, 1.0], [1.0, 0.0]])
    with pytest.raises(NoRows, match="no whole numbers of people have the counts of sex"):
        whole_numbers(rows, np.array([10.0, 11.0]), 10, "sex")


def test_the_search_is_limited_by_steps_and_by_no_clock(monkeypatch):
    asked = []
    search = people.milp
    monkeypatch.setattr(
        people, "milp", lambda *a, **k: (asked.append(dict(k["options"])), search(*a, **k))[1]
    )
    settle_scores(40, ["before", "after"], [Set(("before", "after"), 33)])
    assert asked == [{"node_limit": people.NODES}]


def test_who_lacks_one_score_lacks_another_where_the_sets_leave_it_open():
    found = settle_scores(40, ["before", "post", "later"], [Set(("before", "post"), 33), Set(("later",), 30)])
    assert (found.has["before"] & found.has["post"]).sum() == 33
    assert found.has["later"].sum() == 30
