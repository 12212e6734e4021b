"""Separation study by study against one linear programme of all coefficients."""

from __future__ import annotations

import numpy as np
import pytest

from ipdma.model.separation import largest_set
from ipdma.model.separation_among import Columns, separated_among, shared_held


def draw(rng: np.random.Generator, events: float) -> tuple[Columns, np.ndarray]:
    """Two to six studies of 3 to 14 people: treatment and a covariate shared, intercept and slope own."""
    k = int(rng.integers(2, 7))
    study = np.repeat(np.arange(k), rng.integers(3, 15, k))
    n = len(study)
    treat, x = rng.integers(0, 2, n).astype(float), np.round(rng.normal(size=n), 1)
    own = np.column_stack([np.ones(n), x])
    if rng.random() < 0.4:
        own[study == rng.integers(0, k), 1] = 0.0  # a study that lacks the column
    if rng.random() < 0.2:
        own = np.column_stack([own, own[:, 1]])  # and columns that depend on each other
    shared = treat[:, None] if rng.random() < 0.5 else np.column_stack([treat, treat * x])
    y = (rng.random(n) < np.where(treat == 1, events, 0.5)).astype(float)
    return Columns(shared, own, study), y


@pytest.mark.parametrize("events", [0.02, 0.3, 0.9])
def test_the_rows_are_those_of_one_programme_of_all_coefficients(events):
    rng, inside, beyond, none, ruled = np.random.default_rng(5), 0, 0, 0, 0
    for _ in range(150):
        columns, y = draw(rng, events)
        expected = largest_set(columns.side_by_side(), y)
        assert separated_among(columns, y).tolist() == expected.tolist()
        alone = separated_among(Columns(columns.shared[:, :0], columns.own, columns.study), y)
        assert not (alone & ~expected).any()
        inside += bool(alone.any())
        beyond += bool((expected & ~alone).any())
        none += not expected.any()
        left = ~alone
        ruled += bool(left.any()) and shared_held(columns.at(left), y[left])
    assert inside > 10
    assert beyond > 10
    assert ruled > 10
    assert none + inside + beyond >= 150


def test_a_level_of_whole_trials_is_ruled_out_without_a_programme_of_all_of_them():
    rng = np.random.default_rng(3)
    study = np.repeat(np.arange(6), 20)
    treat, level = np.tile([0.0, 1.0], 60), (study % 2).astype(float)
    columns = Columns(np.column_stack([treat, treat * level]), np.ones((120, 1)), study)
    y = rng.integers(0, 2, 120).astype(float)
    assert shared_held(columns, y)
    y[(level == 1) & (treat == 1)] = 1.0  # nobody of one level's treated is without the event
    assert not shared_held(columns, y)
    expected = largest_set(columns.side_by_side(), y)
    assert expected.any()
    assert separated_among(columns, y).tolist() == expected.tolist()


def test_no_rows_and_no_own_columns():
    none = Columns(np.empty((0, 1)), np.empty((0, 1)), np.empty(0, dtype=int))
    assert not len(separated_among(none, np.empty(0)))
    one = Columns(np.column_stack([np.ones(6), np.arange(6.0)]), np.empty((6, 0)), np.zeros(6, dtype=int))
    assert separated_among(one, np.array([0.0, 0, 0, 1, 1, 1])).all()
    assert not separated_among(one, np.array([0.0, 1, 0, 1, 0, 1])).any()
