"""Coded answers that are shifted, labels that state another score, totals of nought from a failed look-up."""

from __future__ import annotations

import random

import pytest
from tests.builders.labelled import write_labelled
from tests.builders.small_study import names

from ipdma.site.check import check_study


def answers(small, instrument="phq9", n=9, low=0, high=3, seed=5, weights=None):
    """The small study with random answers to items q1..qn."""
    draw = random.Random(seed)
    for i in range(1, n + 1):
        small.column(f"q{i}", [str(a) for a in draw.choices(range(low, high + 1), weights, k=12)])
    small.map["assessments"] = [
        {"instrument": instrument, "timepoint": "baseline", "items": f"q1..q{n}"},
        {"instrument": "hamd17", "timepoint": "post", "weeks": 16, "total": "post"},
    ]
    return small


@pytest.mark.parametrize(
    ("instrument", "n", "low", "high", "weights"),
    [
        ("phq9", 9, 0, 3, None),
        ("phq9", 9, 0, 3, [1, 30, 30, 30]),  # severe: hardly a nought
        ("zung", 20, 1, 4, None),  # its lowest answer is 1
        ("gds15", 15, 1, 1, None),  # everyone says yes: one answer is no pattern
        ("bdi2", 21, 0, 2, None),
    ],
)
def test_answers_that_reach_the_lowest_have_no_finding(small, instrument, n, low, high, weights):
    result = answers(small, instrument, n, low, high, weights=weights).check()
    assert "items_shifted" not in names(result)


def test_few_answers_are_no_pattern(small):
    answers(small, low=1)
    small.rows = small.rows[:4]
    assert "items_shifted" not in names(small.check())


@pytest.mark.parametrize(
    ("instrument", "n", "low", "high"),
    [("phq9", 9, 1, 3), ("bdi2", 21, 1, 4), ("cesd", 20, 1, 4), ("zung", 20, 2, 5), ("madrs", 10, 1, 6)],
)
def test_answers_that_never_reach_the_lowest_are_asked_about(small, instrument, n, low, high):
    result = answers(small, instrument, n, low, high).check()
    finding = next(f for f in result.findings if f.name == "items_shifted")
    assert (finding.variable, finding.grade, finding.count) == (instrument, "please_confirm", 12)


RIGHT = {0.0: "0 = never", 1.0: "1 = some days", 2.0: "2 = most days", 3.0: "3 = every day"}


@pytest.mark.parametrize(
    "labels",
    [
        RIGHT,
        {0.0: "never", 1.0: "1-2 times", 2.0: "3-4 times", 3.0: "5 or more"},
        {0.0: "not at all", 1.0: "several days", 2.0: "most days", 3.0: "every day"},
        {0.0: "0", 1.0: "1", 2.0: "2", 3.0: "3", 9.0: "unknown"},
        {0.0: "0 days", 1.0: "2 days", 2.0: "10 days", 3.0: "14 days"},
        {0.0: "never", 3.0: "3 (always)"},
    ],
)
def test_labels_that_agree_with_their_codes_have_no_finding(small, labels):
    answers(small)
    result = check_study(write_labelled(small, {f"q{i}": labels for i in range(1, 10)}))
    assert "label_score" not in names(result)


@pytest.mark.parametrize(
    ("labels", "ending"),
    [
        ({1.0: "0 = never", 2.0: "1 = some days", 3.0: "2 = most days", 4.0: "3 = every day"}, ".sav"),
        ({0.0: "3 - never", 1.0: "2 - some days", 2.0: "1 - most days", 3.0: "0 - every day"}, ".sav"),
        ({0.0: "1", 1.0: "2", 2.0: "3", 3.0: "4"}, ".dta"),
        ({0.0: "(1) nie", 1.0: "(2) selten", 2.0: "(3) oft", 3.0: "(4) immer"}, ".sav"),
        ({0.0: "0: geen", 1.0: "2: licht", 2.0: "4: matig", 3.0: "6: ernstig"}, ".dta"),
    ],
)
def test_labels_that_state_another_score_are_one_question(small, labels, ending):
    answers(small)
    result = check_study(write_labelled(small, {f"q{i}": labels for i in range(1, 10)}, ending))
    finding = [f for f in result.findings if f.name == "label_score"]
    assert [(f.variable, f.grade) for f in finding] == [("phq9", "please_confirm")]


POSTS = {
    "remission": ["0", "0", "0", "0", "1", "2", "4", "7", "9", "11", "14", "20"],
    "one nought": ["0", "9", "8", "7", "11", "5", "6", "14", "13", "10", "12", "20"],
    "three noughts": ["0", "0", "0", "3", "4", "5", "6", "14", "13", "10", "12", "20"],
    "few others": ["0", "0", "0", "0", "0", "0", "9", "14", "13", "10", "12", "20"],
    "no nought": ["9", "8", "7", "11", "5", "6", "14", "13", "10", "12", "20", "4"],
}


@pytest.mark.parametrize("name", sorted(POSTS))
def test_noughts_that_can_be_scores_have_no_finding(small, name):
    for row, cell in enumerate(POSTS[name], start=2):
        small.put(row, "post", cell)
    assert names(small.check()) == []


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("post", ["0", "0", "0", "0", "5", "6", "14", "13", "10", "12", "20", "4"]),
        ("post", ["0", "9", "0", "7", "0", "6", "0", "13", "10", "12", "20", "4"]),
        ("pre", ["0", "0", "22", "19", "25", "16", "24", "23", "20", "22", "20", "24"]),
        ("pre", ["0", "19", "22", "19", "25", "16", "24", "23", "20", "22", "20", "0"]),
        ("post", ["0.0", "0.0", "0", "0", "5", "6", "14", "13", "10", "12", "20", "4"]),
    ],
)
def test_a_heap_of_noughts_far_below_all_others_is_asked_about(small, column, cells):
    for row, cell in enumerate(cells, start=2):
        small.put(row, column, cell)
    result = small.check()
    assert names(result) == ["many_lowest"]
    finding = next(f for f in result.findings if f.name == "many_lowest")
    assert finding.rows == [row for row, cell in enumerate(cells, start=2) if float(cell) == 0]
    assert (finding.column, finding.grade) == (column, "please_confirm")
