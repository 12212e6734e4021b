"""What a plan asks, trial by trial, before there are data: the variance of each trial's own answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ipdma.model.planning import (
    logit_slope_variance,
    logit_variance,
    mean_variance,
    slope_variance,
    small_sample,
)

Spread = float | tuple[float, ...] | None  # SD of a number, shares of levels, or not measured


@dataclass(frozen=True)
class PlannedTrial:
    """A trial as the registry knows it.

    Attributes
    ----------
    study : str
    chance : float
        How likely its participant data are to come, 0 to 1.
    arms : mapping of str to (float, float)
        By contrast the participants with an outcome in the active and the reference arms.
    sd, correlation : float
        SD of the outcome inside an arm, in the units analysed, and its correlation with baseline.
    risk : float
        Probability of an event in the reference arm.
    spreads : mapping of str to Spread
        By moderator what its values vary inside the trial; None where it was not measured.
    """

    study: str
    chance: float
    arms: Mapping[str, tuple[float, float]]
    sd: float
    correlation: float
    risk: float
    spreads: Mapping[str, Spread] = field(default_factory=dict)

    @property
    def residual(self) -> float:
        """Residual variance of the outcome given baseline: sd2 (1 - rho2)."""
        return self.sd**2 * (1 - self.correlation**2)


@dataclass(frozen=True)
class Question:
    """One effect or interaction whose power is asked.

    Attributes
    ----------
    contrast, outcome, family, moderator, level : str
        `moderator` is empty for the headline; `level` that of a categorical moderator.
    position : int
        Of the level among the moderator's levels, the reference being 0.
    per : float
        Unit of a continuous moderator, in the unit of its spread.
    assumed : float
        The effect or interaction that is taken to be true (log odds ratio for events).
    effect : float
        The treatment's own effect, beside which an interaction stands.
    tau : float
        SD between trials of the effect or interaction that is asked.
    words : str
        What is assumed, to print.
    test : str
        Of `ipdma.model.planned_tests.TESTS`: what the plan will do.
    covariates : int
        That the model adjusts for, the moderator not among them.
    """

    contrast: str
    outcome: str
    family: str
    moderator: str
    level: str
    position: int
    per: float
    assumed: float
    effect: float
    tau: float
    words: str
    test: str = "nst"
    covariates: int = 0


@dataclass(frozen=True)
class Contribution:
    """What a trial is expected to tell of a question.

    Attributes
    ----------
    published : float
        Variance of its own estimate by the formulas of Riley and others (2020, 2022), which take squares of
        the moderator and residual variances as known; infinite where it does not take part.
    expected : float
        The same with what its own regression costs: means, slopes and covariates that are estimated.
    df : float
        Degrees of freedom of its residual variance; infinite of events.
    crowded : float
        Of events the columns of its regression to its rows.
    """

    published: float
    expected: float
    df: float
    crowded: float = 0.0


def contribution(question: Question, trial: PlannedTrial) -> Contribution:
    """What a trial tells of a question."""
    published = trial_variance(question, trial)
    if not math.isfinite(published):
        return Contribution(published, math.inf, 1.0)
    spread = trial.spreads.get(question.moderator) if question.moderator else None
    levels, columns = None, 4 if question.moderator else 2
    if isinstance(spread, tuple):
        levels, columns = (spread[0], spread[question.position]), 2 * len(spread)
    active, reference = trial.arms[question.contrast]
    each = question.test == "nst"
    costs = small_sample(active, reference, columns, question.covariates, levels, each)
    free = active + reference - columns - question.covariates
    if question.family == "binomial":
        return Contribution(published, published * costs, math.inf, 1 - free / (active + reference))
    return Contribution(published, published * costs, max(free, 1.0))


def trial_variance(question: Question, trial: PlannedTrial) -> float:
    """Variance of a trial's own estimate; infinite where it does not take part.

    By the formulas of Riley and others (2020, 2022) in `ipdma.model.planning`.
    """
    active, reference = trial.arms.get(question.contrast, (0.0, 0.0))
    if min(active, reference) <= 0:
        return math.inf
    if not question.moderator:
        return headline_variance(question, trial, active, reference)
    spread = trial.spreads.get(question.moderator)
    if spread is None:
        return math.inf
    if isinstance(spread, tuple):
        return level_variance(question, trial, (active, reference), spread)
    sd = spread / question.per
    if question.family == "binomial":
        base = log_odds(trial.risk)
        return logit_slope_variance(active, base + question.effect, question.assumed, sd) + (
            logit_slope_variance(reference, base, 0.0, sd)
        )
    return slope_variance(active, trial.residual, sd) + slope_variance(reference, trial.residual, sd)


def headline_variance(question: Question, trial: PlannedTrial, active: float, reference: float) -> float:
    """Variance of the difference of two means, or of the log odds ratio."""
    if question.family == "binomial":
        base = log_odds(trial.risk)
        return logit_variance(active, base + question.assumed) + logit_variance(reference, base)
    return mean_variance(active, trial.residual) + mean_variance(reference, trial.residual)


def level_variance(
    question: Question, trial: PlannedTrial, arms: tuple[float, float], shares: tuple[float, ...]
) -> float:
    """Variance of a level's interaction against the first level: a mean, or a log odds, of four cells."""
    base = log_odds(trial.risk)
    total = 0.0
    for n, effect, interaction in zip(arms, (question.effect, 0.0), (question.assumed, 0.0), strict=True):
        for position, extra in ((0, 0.0), (question.position, interaction)):
            people = n * shares[position]
            if people <= 0:
                return math.inf
            total += (
                logit_variance(people, base + effect + extra)
                if question.family == "binomial"
                else mean_variance(people, trial.residual)
            )
    return total


def log_odds(probability: float) -> float:
    """The logit."""
    return math.log(probability / (1 - probability))
