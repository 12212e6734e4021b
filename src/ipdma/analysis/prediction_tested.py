"""Whether predicted benefits hold in a trial that had no part in them, against everybody alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ipdma.analysis.prediction_data import PredictionData
from ipdma.analysis.records import Ident, Ledger
from ipdma.model.benefit import (
    HeldOut,
    Measure,
    alike,
    by_model,
    concordance_for_benefit,
    model_over_alike,
    net_benefit,
    thirds_of,
)
from ipdma.model.ridge import Ridge, TrialProducts
from ipdma.privacy.few import is_few

FOLDS = (
    100  # beyond so many trials several are left out together: a fit for each would take time as their square
)
FEWEST = 3  # trials: with fewer none can be left out and a variance between the others be told
LEAST = 0.1  # information about a slope: with less its interval is wider than from -6 to 6
HELD_OUT, APPARENT, OPTIMISM = "left-out trials", "same data", "optimism"
FEW_DIFFER = "fewer than {} people are treated otherwise than by another rule"
RULES = (("model", by_model), ("everybody alike", alike), ("difference", model_over_alike))


@dataclass(frozen=True)
class Predicted:
    """A trial, what was predicted for it, and by which interactions.

    Attributes
    ----------
    held : HeldOut
    information, score : float
        Of the slope of the outcome's differences on the predicted ones, inside the trial.
    """

    held: HeldOut
    information: float
    score: float


@dataclass(frozen=True)
class Performance:
    """How predictions did.

    Attributes
    ----------
    gain : float
        Fall of the deviance inside trials against everybody alike; below zero they did worse.
    slope : Measure or None
        1: predicted differences are as large as observed ones; below 1 too large. None where predictions
        hardly differ.
    concordance : Measure or None
    """

    gain: float
    slope: Measure | None
    concordance: Measure | None


def predict_trial(
    data: PredictionData, trial: TrialProducts, fit: Ridge, mix: np.ndarray, sigma2: float
) -> Predicted:
    """Predict one trial by a fit that may know it or not.

    Parameters
    ----------
    mix : ndarray of shape (p,)
        The average case mix of the fit's trials, in SDs.
    sigma2 : float
        The trial's residual variance, as its weight.
    """
    x, treat, outcome = data.of_study(trial.study)
    held = HeldOut(treat, outcome, (x - trial.mean) @ fit.slopes, -fit.effect(x - mix), -fit.theta)
    information, score = trial.within
    return Predicted(
        held,
        float(fit.gamma @ information @ fit.gamma) / sigma2,
        float(fit.gamma @ score) / sigma2,
    )


def leave_out(
    data: PredictionData, sigma2: np.ndarray, fit: Callable[[Sequence[int]], Ridge]
) -> tuple[list[Predicted], list[tuple[str, str]]]:
    """Predict each trial by a fit to the others (internal-external validation).

    Of more than `FOLDS` trials every hundredth is left out together, and predicted by those of the others.

    Returns
    -------
    found : list of Predicted
    failed : list of (str, str)
        Trials that could not be predicted, and why.
    """
    found, failed = [], []
    fold = np.arange(len(data.products)) % FOLDS
    for out in (np.flatnonzero(fold == f) for f in range(fold.max() + 1)):
        others = np.setdiff1d(np.arange(len(fold)), out).tolist()
        try:
            own = fit(others)
        except (ValueError, np.linalg.LinAlgError) as error:
            failed += [(data.products[i].study, f"without it: {error}") for i in out]
            continue
        mix = np.mean([data.products[j].mean for j in others], axis=0)
        found += [predict_trial(data, data.products[i], own, mix, float(sigma2[i])) for i in out]
    return found, failed


def measure(trials: Sequence[Predicted], level: float) -> Performance:
    """Gain, slope and c over all trials."""
    information, score = sum(t.information for t in trials), sum(t.score for t in trials)
    slope = None
    if information >= LEAST:
        slope = Measure.of(score / information, 1 / math.sqrt(information), level)
    return Performance(
        2 * score - information, slope, concordance_for_benefit([t.held for t in trials], level)
    )


def write_performance(ledger: Ledger, ident: Ident, here: Performance, apparent: Performance) -> None:
    """Write each measure in the trials left out, on the data of the fit, and the difference: optimism.

    A slope has none: on the data of the fit that of a ridge lies above 1.
    """
    for name, own, known in (
        ("gain", as_measure(here.gain), as_measure(apparent.gain)),
        ("calibration_slope", here.slope, apparent.slope),
        ("c_for_benefit", here.concordance, apparent.concordance),
    ):
        for where, found in ((HELD_OUT, own), (APPARENT, known)):
            if found is not None:
                write_measure(ledger, ident, "validation", found, variable=name, level=where)
        if own is not None and known is not None and name != "calibration_slope":
            ledger.count(ident, "validation", variable=name, level=OPTIMISM, value=known.value - own.value)


def as_measure(value: float) -> Measure:
    """A number without an interval."""
    return Measure(value, math.nan, math.nan)


def write_measure(ledger: Ledger, ident: Ident, what: str, found: Measure, **columns: object) -> None:
    """Write a number and the limits that it has."""
    for end, value in (("", found.value), ("_low", found.low), ("_high", found.high)):
        if math.isfinite(value):
            ledger.count(ident, f"{what}{end}", value=value, **columns)


def write_thirds(
    ledger: Ledger, ident: Ident, trials: Sequence[Predicted], level: float, minimum: int, left: int
) -> None:
    """Write predicted and observed benefit by thirds, where each has people enough in either arm.

    Where few people are left out of the fit (`left`), the thirds do not say how many they have: they add up
    to the others.
    """
    thirds = thirds_of([t.held for t in trials], level)
    if not thirds:
        ledger.count(ident, "no_thirds", level="the predictions of the trials left out do not differ")
    elif min(n for t in thirds for n in (t.active, t.reference)) < minimum:
        ledger.count(ident, "no_thirds", level=f"a third has fewer than {minimum} people in an arm")
        return
    for number, third in enumerate(thirds, 1):
        own = {"variable": str(number)}
        if not is_few(left, minimum):
            ledger.count(ident, "third", arm="active", n=third.active, **own)
            ledger.count(ident, "third", arm="reference", n=third.reference, **own)
        ledger.count(ident, "third_predicted", value=third.predicted, **own)
        write_measure(ledger, ident, "third_observed", third.observed, **own)


def write_decisions(
    ledger: Ledger, ident: Ident, trials: Sequence[Predicted], thresholds: Sequence[float], unit: float,
    level: float, minimum: int,
) -> None:  # fmt: skip
    """Write the net benefit, in points per person, of treating by the model and of treating everybody alike.

    Where two rules treat few people differently their difference would be those people's outcomes.

    Parameters
    ----------
    thresholds : sequence of float
        Least benefits worth the treatment, in points.
    unit : float
        Points to a unit of the outcome.
    minimum : int
        Fewest people that may be told of.
    """
    held = [t.held for t in trials]
    told = [np.zeros(sum(len(h.treat) for h in held)), np.ones(sum(len(h.treat) for h in held))]
    for points in sorted(thresholds):
        own = {name: np.concatenate([rule(points / unit)(h) for h in held]) for name, rule in RULES}
        if any(0 < int((own["model"] != other).sum()) < minimum for other in (*told, own["everybody alike"])):
            ledger.count(ident, "no_net_benefit", variable=f"{points:g}", level=FEW_DIFFER.format(minimum))
            continue
        told.append(own["model"])
        for name, rule in RULES:
            found = net_benefit(held, rule(points / unit), points / unit, level).times(unit)
            if not found.low < found.high:  # nobody is treated otherwise
                found = as_measure(found.value)
            write_measure(ledger, ident, "net_benefit", found, variable=f"{points:g}", level=name)
