"""A trial's own variance against the inverse of its whole information."""

import math

import numpy as np
import pytest
from scipy.special import expit

from ipdma.analysis.planned_questions import PlannedTrial, Question, trial_variance

TRIAL = PlannedTrial(
    "A", 1.0, {"main": (40.0, 25.0)}, 1.3, 0.6, 0.35, {"age": 11.0, "sex": (0.5, 0.2, 0.3), "none": None}
)


def question(family="gaussian", moderator="", position=0, per=1.0, assumed=0.3):
    return Question("main", "y", family, moderator, "", position, per, assumed, -0.4, 0.0, "")


def information(rows, family):
    """X'WX of rows of (people, x, z) under the assumed coefficients."""
    total = np.zeros((4, 4))
    for people, x, z in rows:
        row = np.array([1.0, x, z, x * z])
        p = expit(math.log(0.35 / 0.65) - 0.4 * x + 0.3 * x * z)
        weight = p * (1 - p) if family == "binomial" else 1 / (1.3**2 * (1 - 0.6**2))
        total += people * weight * np.outer(row, row)
    return np.linalg.inv(total)[3, 3]


@pytest.mark.parametrize("family", ["gaussian", "binomial"])
@pytest.mark.parametrize(("position", "share"), [(1, 0.2), (2, 0.3)])
def test_a_level_of_a_categorical_moderator(family, position, share):
    rows = [(n * s, x, z) for n, x in ((40, 1), (25, 0)) for s, z in ((0.5, 0), (share, 1))]
    own = question(family, "sex", position)
    assert trial_variance(own, TRIAL) == pytest.approx(information(rows, family), rel=1e-10)


@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_a_continuous_moderator_is_per_its_unit(family):
    points = np.linspace(-8, 8, 4001)
    density = np.exp(-(points**2) / 2) / np.exp(-(points**2) / 2).sum()
    rows = [(n * w, x, 1.1 * z) for n, x in ((40, 1), (25, 0)) for z, w in zip(points, density, strict=True)]
    own = question(family, "age", per=10.0)
    assert trial_variance(own, TRIAL) == pytest.approx(information(rows, family), rel=1e-8)


def test_the_headline_of_a_score_and_of_an_event():
    residual = 1.3**2 * (1 - 0.6**2)
    assert trial_variance(question(), TRIAL) == pytest.approx(residual * (1 / 40 + 1 / 25))
    cells = [40 * expit(math.log(0.35 / 0.65) + 0.3), 25 * 0.35]
    cells += [40 - cells[0], 25 - cells[1]]
    assert trial_variance(question("binomial"), TRIAL) == pytest.approx(sum(1 / c for c in cells))


def test_who_does_not_take_part_or_did_not_measure_it_tells_nothing():
    assert trial_variance(question(moderator="none"), TRIAL) == math.inf
    one_armed = PlannedTrial("B", 1.0, {"main": (40.0, 0.0)}, 1.0, 0.5, 0.4, {})
    assert trial_variance(question(), one_armed) == math.inf
