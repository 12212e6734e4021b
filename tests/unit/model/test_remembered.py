"""Answers that are kept are those of the same numbers, and of nothing else."""

import numpy as np
import pytest

from ipdma.model import remembered as module
from ipdma.model.remembered import remembered


@pytest.fixture
def asked():
    """A remembered function, and what it was really asked for."""
    calls = []

    @remembered
    def function(name, terms=None, numbers=None):
        calls.append((name, terms, numbers))
        if name is None:
            raise ValueError("nothing to go by")
        return len(calls)

    return function, calls


def test_the_same_numbers_are_answered_once(asked):
    function, calls = asked
    first = function("A", ["treatment"], np.arange(6.0).reshape(2, 3))
    assert function("A", ["treatment"], np.arange(12.0)[:6].reshape(2, 3)) == first
    assert len(calls) == 1


def test_a_word_for_a_place_is_the_same_question(asked):
    function, calls = asked
    assert function("A", ["treatment"]) == function(terms=["treatment"], name="A")
    assert len(calls) == 1


def test_an_array_of_objects_is_refused(asked):
    with pytest.raises(TypeError, match="objects"):
        asked[0]("A", numbers=np.array([object()]))


@pytest.mark.parametrize(
    "other",
    [
        ("B", ["treatment"], np.arange(6.0)),
        ("A", ["within"], np.arange(6.0)),
        ("A", ["treatment"], np.arange(6.0).reshape(2, 3)),
        ("A", ["treatment"], np.arange(6)),
        ("A", ["treatment"], np.nextafter(np.arange(6.0), 9.0)),
    ],
)
def test_whatever_differs_is_another_question(asked, other):
    """A name, a term, a shape, a type, the last digit of a number."""
    function, calls = asked
    assert function("A", ["treatment"], np.arange(6.0)) != function(*other)
    assert len(calls) == 2


def test_an_array_changed_in_place_is_another_question(asked):
    function, _ = asked
    numbers = np.arange(3.0)
    first = function(numbers)
    numbers[0] = 1.0
    assert function(numbers) != first


def test_what_is_raised_is_not_kept(asked):
    function, calls = asked
    for _ in range(2):
        with pytest.raises(ValueError, match="nothing"):
            function(None)
    assert len(calls) == 2


def test_the_oldest_answers_leave(asked, monkeypatch):
    function, calls = asked
    monkeypatch.setattr(module, "MOST", 2)
    for value in (1, 2, 3, 3, 2, 1):
        function(value)
    assert [values[0] for values in calls] == [1, 2, 3, 1]
