"""The power of a consortium before its data, and whose data would add most to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from ipdma.analysis.planned_questions import Contribution, PlannedTrial, Question, contribution
from ipdma.model.planned_tests import TESTS, Scenarios

ENUMERATED = 10  # trials of doubtful arrival that are gone through in every combination; more are drawn
DRAWS = 4000
Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Chances:
    """What may arrive: scenarios of trials with their weights.

    Attributes
    ----------
    present : ndarray of shape (S, K)
        1 where a trial comes in a scenario, else 0.
    weights : ndarray of shape (S,)
        Probabilities of the scenarios, 1 together.
    """

    present: Array
    weights: Array

    def given(self, trial: int, comes: bool) -> Chances:
        """The same scenarios where one trial surely comes, or surely does not."""
        changed = self.present.copy()
        changed[:, trial] = float(comes)
        return Chances(changed, self.weights)


@dataclass(frozen=True)
class Power:
    """Power and width of an interval.

    Attributes
    ----------
    k : float
        Expected number of trials that inform the question.
    power, width : float, float or None
        Of the test that the plan does, and the expected width of its interval where there is one.
    power_wald, width_wald : float, float or None
        Of the Wald test with known variances, as the planning papers have it.
    """

    k: float
    power: float
    width: float | None
    power_wald: float
    width_wald: float | None


@dataclass(frozen=True)
class Answer:
    """What is expected for a question.

    Attributes
    ----------
    question : Question
    expected, everybody : Power
        With the trials that are expected, and if every trial of the registry came.
    gains : tuple of (str, float)
        Trials not sure to come, by what the coming of each adds to the power, most first.
    """

    question: Question
    expected: Power
    everybody: Power
    gains: tuple[tuple[str, float], ...]


def plan_power(
    questions: Sequence[Question], trials: Sequence[PlannedTrial], level: float, seed: int
) -> list[Answer]:
    """The power for each question, with each trial as likely to come as it is said to be.

    Parameters
    ----------
    level : float
        Confidence level of the intervals, as 0.95; tests are two-sided at 1 - level.
    seed : int
        For the draws of who comes, where more than `ENUMERATED` trials are doubtful.
    """
    chances = likely(np.array([trial.chance for trial in trials]), seed)
    return [answer(question, trials, chances, level) for question in questions]


def likely(chance: Array, seed: int) -> Chances:
    """Scenarios of who comes: every combination of the doubtful trials, or seeded draws of them."""
    doubtful = np.flatnonzero((chance > 0) & (chance < 1))
    if len(doubtful) <= ENUMERATED:
        combinations = np.array(list(product((0.0, 1.0), repeat=len(doubtful)))).reshape(
            2 ** len(doubtful), len(doubtful)
        )
        present = np.tile(chance, (len(combinations), 1))
        present[:, doubtful] = combinations
        each = np.where(combinations > 0, chance[doubtful], 1 - chance[doubtful])
        return Chances(present, each.prod(axis=1))
    drawn = np.random.default_rng(seed).random((DRAWS, len(chance))) < chance
    return Chances(drawn.astype(float), np.full(DRAWS, 1 / DRAWS))


def answer(question: Question, trials: Sequence[PlannedTrial], chances: Chances, level: float) -> Answer:
    """One question: what is expected, what could be, and whose coming matters."""
    told = [contribution(question, trial) for trial in trials]
    expected = power_of(question, told, chances, level)
    everybody = power_of(question, told, Chances(np.ones((1, len(trials))), np.ones(1)), level)
    gains = []
    for n, trial in enumerate(trials):
        if trial.chance < 1 and np.isfinite(told[n].expected):
            with_it, without = (mean_power(question, told, chances.given(n, c), level) for c in (True, False))
            gains.append((trial.study, with_it - without))
    return Answer(question, expected, everybody, tuple(sorted(gains, key=lambda g: (-g[1], g[0]))))


def power_of(question: Question, told: Sequence[Contribution], chances: Chances, level: float) -> Power:
    """Power and width over the scenarios."""
    who, wald, weights = (
        scenarios(question, told, chances),
        published(question, told, chances),
        chances.weights,
    )
    test, known = TESTS[question.test], TESTS["normal"]
    return Power(
        k=float(weights @ who.k),
        power=float(weights @ test.power(who, question.assumed, level)),
        width=mean_width(test.width(who, level), weights),
        power_wald=float(weights @ known.power(wald, question.assumed, level)),
        width_wald=mean_width(known.width(wald, level), weights),
    )


def mean_power(question: Question, told: Sequence[Contribution], chances: Chances, level: float) -> float:
    """Power of the plan's test over the scenarios."""
    found = TESTS[question.test].power(scenarios(question, told, chances), question.assumed, level)
    return float(chances.weights @ found)


def scenarios(question: Question, told: Sequence[Contribution], chances: Chances) -> Scenarios:
    """The scenarios of a question, with the variances that are expected."""
    variance, df = np.array([one.expected for one in told]), np.array([one.df for one in told])
    crowded = np.array([one.crowded for one in told])
    return Scenarios(chances.present, variance, df, question.tau**2, crowded)


def published(question: Question, told: Sequence[Contribution], chances: Chances) -> Scenarios:
    """The same with known variances."""
    variance = np.array([one.published for one in told])
    return Scenarios(chances.present, variance, np.full(len(told), np.inf), question.tau**2)


def mean_width(width: Array, weights: Array) -> float | None:
    """The mean of the widths that there are."""
    finite = np.isfinite(width) & (weights > 0)
    return float(np.average(width[finite], weights=weights[finite])) if finite.any() else None


def most_wanted(answers: Sequence[Answer]) -> list[tuple[str, float]]:
    """Trials not sure to come, by what each adds on average over all questions, most first."""
    added: dict[str, list[float]] = {}
    for own in answers:
        for study, gain in own.gains:
            added.setdefault(study, []).append(gain)
    means = {study: sum(gains) / len(answers) for study, gains in added.items()}
    return sorted(means.items(), key=lambda pair: (-pair[1], pair[0]))
