"""How well predicted benefits hold in people who had no part in the prediction.

Everything compares participants of one trial with each other: a trial's randomisation is never broken. A
benefit is the outcome without the treatment less the outcome with it, so that more is better.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Array = NDArray[Any]
SAME = 1e-9  # predictions of a trial nearer than this do not differ


@dataclass(frozen=True)
class Measure:
    """A number with the limits of its interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float, error: float, level: float) -> Measure:
        """The normal interval."""
        half = -float(ndtri((1 - level) / 2)) * error
        return cls(value, value - half, value + half)

    def times(self, factor: float) -> Measure:
        """In other units."""
        return Measure(self.value * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True)
class HeldOut:
    """One trial and what was predicted for its participants.

    Attributes
    ----------
    treat : ndarray of shape (n,)
        1 with the treatment, 0 without.
    outcome : ndarray of shape (n,)
        Less is better.
    expected : ndarray of shape (n,)
        The prognostic part of the outcome, up to a constant: it only makes comparisons sharper.
    predicted : ndarray of shape (n,)
        Benefit, in units of the outcome.
    average : float
        The benefit that everybody alike would have.
    """

    treat: Array
    outcome: Array
    expected: Array
    predicted: Array
    average: float

    @property
    def differs(self) -> bool:
        """Whether its participants are predicted different benefits."""
        return bool(np.ptp(self.predicted) > SAME)

    @cached_property
    def told(self) -> Array:
        """A number for each participant whose mean in any group estimates the benefit there.

        The adjusted outcome over the share of the participant's arm, with the arm's sign: augmented inverse
        probability weighting.
        """
        rest, share = self.outcome - self.expected, float(self.treat.mean())
        arms = [rest[self.treat == side].mean() for side in (0, 1)]
        rest = rest - (share * arms[0] + (1 - share) * arms[1])
        found: Array = np.where(self.treat == 1, -rest / share, rest / (1 - share))
        return found


@dataclass(frozen=True)
class Third:
    """The third of every trial's participants with the lowest, middle or highest predictions, put together.

    Attributes
    ----------
    active, reference : int
        Participants with and without the treatment.
    predicted : float
        Mean predicted benefit, in units of the outcome.
    observed : Measure
        Their benefit as the trials show it, in the same units.
    """

    active: int
    reference: int
    predicted: float
    observed: Measure


def thirds_of(trials: Sequence[HeldOut], level: float) -> list[Third]:
    """Predicted and observed benefit by thirds, the lowest first, cut inside each trial.

    Trials in which all predictions are equal take no part; without another the list is empty.
    """
    own = [t for t in trials if t.differs]
    if not own:
        return []
    parts = [np.array_split(np.argsort(t.predicted, kind="stable"), 3) for t in own]
    found = []
    for number in range(3):
        rows = [part[number] for part in parts]
        treat = np.concatenate([t.treat[r] for t, r in zip(own, rows, strict=True)])
        predicted = np.concatenate([t.predicted[r] for t, r in zip(own, rows, strict=True)])
        observed = mean_over_trials([t.told[r] for t, r in zip(own, rows, strict=True)], level)
        active = int(treat.sum())
        found.append(Third(active, len(treat) - active, float(predicted.mean()), observed))
    return found


def mean_over_trials(values: Sequence[Array], level: float) -> Measure:
    """The mean over all participants, with the error that they have inside trials."""
    n = sum(len(v) for v in values)
    squares = sum(float(((v - v.mean()) ** 2).sum()) for v in values)
    free = max(n - len(values), 1)
    return Measure.of(float(np.concatenate(values).mean()), math.sqrt(squares / free / n), level)


def net_benefit(
    trials: Sequence[HeldOut], treats: Callable[[HeldOut], Array], threshold: float, level: float
) -> Measure:
    """What a rule gains over treating nobody, per person: the benefit of those it treats less the threshold
    that each of them must be worth.

    Parameters
    ----------
    trials : sequence of HeldOut
    treats : function of HeldOut
        1 for those treated, 0 for others, -1 and 1 for the difference of two rules; shape (n,).
    threshold : float
        In units of the outcome.
    level : float
        Of the interval, between 0 and 1.
    """
    return mean_over_trials([treats(t) * (t.told - threshold) for t in trials], level)


def by_model(threshold: float) -> Callable[[HeldOut], Array]:
    """Treat whose predicted benefit exceeds the threshold."""
    return lambda trial: (trial.predicted > threshold).astype(float)


def alike(threshold: float) -> Callable[[HeldOut], Array]:
    """Treat everyone where the average benefit exceeds the threshold, else nobody."""
    return lambda trial: np.full(len(trial.treat), float(trial.average > threshold))


def model_over_alike(threshold: float) -> Callable[[HeldOut], Array]:
    """The one rule less the other."""
    return lambda trial: by_model(threshold)(trial) - alike(threshold)(trial)


def concordance_for_benefit(trials: Sequence[HeldOut], level: float) -> Measure | None:
    """The c statistic for benefit; 0.5 says that the order of predictions tells nothing.

    A pair is one participant of each arm, matched in the order of their predictions inside a trial; of the
    larger arm those at evenly spaced places take part. Of two pairs, the one with the larger predicted
    benefit should show the larger observed one (van Klaveren and others 2018, J Clin Epidemiol 94:59).
    Trials with fewer than three pairs, or equal predictions, take no part; None where no trial is left.
    """
    sums, pairs, squares = 0.0, 0, 0.0
    for trial in trials:
        own = pair_concordance(*matched_pairs(trial)) if trial.differs else np.empty(0)
        if len(own) >= 3:
            sums, pairs = sums + float(own.sum()), pairs + len(own)
            squares += float(((own - own.mean()) ** 2).sum() * len(own) / (len(own) - 1))
    if not pairs:
        return None
    return Measure.of(sums / pairs, 2 * math.sqrt(squares) / pairs, level)


def matched_pairs(trial: HeldOut) -> tuple[Array, Array]:
    """Predicted and observed benefit of each pair, shape (pairs,): as many as the smaller arm has people."""
    sides = [np.flatnonzero(trial.treat == side) for side in (0, 1)]
    ordered = [side[np.argsort(trial.predicted[side], kind="stable")] for side in sides]
    m = min(len(side) for side in ordered)
    places = [side[((np.arange(m) + 0.5) * len(side) / m).astype(int)] for side in ordered]
    predicted = (trial.predicted[places[0]] + trial.predicted[places[1]]) / 2
    return predicted, trial.outcome[places[0]] - trial.outcome[places[1]]


def pair_concordance(predicted: Array, observed: Array) -> Array:
    """For each pair the share of other pairs of which the order is foretold; ties count half."""
    order = np.sign(predicted[:, None] - predicted) * np.sign(observed[:, None] - observed)
    np.fill_diagonal(order, 0.0)
    found: Array = 0.5 + order.sum(axis=1) / (2 * (len(predicted) - 1))
    return found
