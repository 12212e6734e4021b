"""Predicted benefit: expected outcomes of kinds of people under either treatment, and whether that is worth
more than the average effect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc, stdtrit

from ipdma.analysis.cell import Cell
from ipdma.analysis.context import Context
from ipdma.analysis.guest_notes import note_left_out
from ipdma.analysis.moderator_frame import Refused
from ipdma.analysis.prediction_data import PredictionData, prediction_data
from ipdma.analysis.prediction_path import write_path
from ipdma.analysis.prediction_profiles import (
    Benefit,
    Profile,
    Scale,
    benefit_at,
    curve_points,
    points_of,
    profiles_of,
)
from ipdma.analysis.prediction_tested import (
    FEWEST,
    FOLDS,
    Performance,
    leave_out,
    measure,
    predict_trial,
    write_decisions,
    write_performance,
    write_thirds,
)
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Settings
from ipdma.model.ridge import Ridge, fit_ridge
from ipdma.model.term import TREATMENT, Term
from ipdma.plan import Plan

MODEL = "prediction"
BETTER, NO_BETTER, UNTESTED = "better", "no better", "untested"
TOGETHER = "{k} trials were left out in {folds} groups, each predicted by the trials of the others"
ALL, PROFILE = "(all)", "(profile)"


@dataclass(frozen=True)
class Fits:
    """The two fits of a cell, with and without the penalty.

    Attributes
    ----------
    p_value : float
        Of all interactions together, without the penalty.
    df : float
        Of the average effect.
    """

    ridge: Ridge
    plain: Ridge
    p_value: float
    df: float


def analyse_prediction(cell: Cell, context: Context) -> Ledger:
    """Fit, predict and test where the plan asks for it in this cell."""
    ledger, settings = Ledger(), context.settings
    if cell.key not in asked_cells(settings.plan) or not cell.studies:
        return ledger
    ident = cell.ident(MODEL, "one")
    note_left_out(ledger, ident, [cell], "predicting benefit")
    cell = cell.without_guests()
    try:
        data = prediction_data(ledger, ident, cell, settings)
        groups, notes = data.groups(settings.primary(cell.family).residual)
        fits = fit_both(data, groups, settings.primary(cell.family).treatment_effect == "random")
    except Refused as error:
        ledger.note(ident, "refused", str(error))
        return ledger
    except (ValueError, np.linalg.LinAlgError) as error:
        ledger.note(ident, "not_fitted", str(error))
        return ledger
    for note in notes:
        ledger.note(ident, "warning", note)
    write_model(ledger, ident, data, fits, settings)
    scale = Scale(data, points_of(cell, settings)[0], settings.plan["minimum_cell"])
    write_profiles(ledger, ident, scale, fits, cell, settings)
    verdict = test_predictions(ledger, ident, scale, fits, groups, settings)
    write_path(ledger, ident, data, fits.ridge, verdict, scale.points is not None)
    return ledger


def asked_cells(plan: Plan) -> list[tuple[str, str, str]]:
    """The cells of which a plan wants predictions: of the first outcome at the first time point, unless it
    names others."""
    own = plan["prediction"]
    if not own["variables"]:
        return []
    outcomes = own["outcomes"] or [plan.first_outcome]
    points = own["time_points"] or [next(iter(plan["time_points"]))]
    return [
        (contrast, outcome, timepoint)
        for contrast in own["contrasts"] or plan["contrasts"]
        for outcome, timepoint in plan.cells(contrast)
        if outcome in outcomes and timepoint in points
    ]


def fit_both(data: PredictionData, groups: np.ndarray, random: bool) -> Fits:
    """The penalised fit, and the one without a penalty with its test."""
    ridge, plain = (fit_ridge(data.products, groups, random, penalised) for penalised in (True, False))
    p = float(fdtrc(len(plain.gamma), plain.df, plain.joint()))
    several = random and len(data.products) > 1
    return Fits(ridge, plain, p, float(len(data.products) - 1) if several else plain.df)


def write_model(ledger: Ledger, ident: Ident, data: PredictionData, fits: Fits, settings: Settings) -> None:
    """Write the coefficients by both fits, the test of all of them, variances and sizes."""
    shared = {"k": len(data.studies), "n": len(data.rows), "converged": True}
    mean = benefit_at(fits.ridge, fits.plain, np.zeros(len(data.columns)), fits.df, settings.level)
    own = {**ident.columns, **shared, "singular": fits.ridge.tau2 == 0 or fits.ridge.omega2 == 0}
    ledger.estimates.append({**own, **numbers(mean), "term": TREATMENT, "level": "", "tau2": fits.ridge.tau2})
    plain = {**own, **ident.but(variant="unpenalised").columns, "singular": fits.plain.tau2 == 0}
    for i, column in enumerate(data.columns):
        term, size = Term("within", column.moderator.name, column.level), data.scale[i]
        named = {"term": term, "level": column.level}
        ledger.estimates.append({**own, **named, "estimate": fits.ridge.gamma[i] / size})
        at = np.zeros(len(data.columns) + 1)
        at[i + 1] = 1 / size
        ledger.estimates.append({**plain, **named, **wald(fits.plain, at, settings.level)})
    test = {"df": fits.plain.df, "statistic": fits.plain.joint(), "p_value": fits.p_value}
    ledger.estimates.append(
        {**plain, **test, "term": Term("within", ALL), "level": "", "df_method": "residual"}
    )
    ledger.count(
        ident.but(variant="unpenalised"), "df_num", variable=Term("within", ALL), value=len(data.columns)
    )
    for name, value in (("treatment", fits.ridge.tau2), ("ridge", fits.ridge.omega2)):
        ledger.count(ident, "variance", variable=name, value=value)
    for study, value in zip(data.studies, fits.ridge.sigma2, strict=True):
        ledger.count(ident, "variance", variable="residual", study=study, value=float(value))
    ledger.count(ident, "excluded_rows", n=data.of - len(data.rows))
    spread = np.std(data.centred @ fits.ridge.gamma)
    ledger.count(ident, "prediction_spread", value=float(spread))


def numbers(found: Benefit) -> dict[str, object]:
    """An effect as columns of estimates.csv."""
    return {
        "estimate": found.estimate, "std_error": found.std_error, "df": found.df,
        "ci_low": found.low, "ci_high": found.high, "df_method": "k_minus_1",
    }  # fmt: skip


def wald(fit: Ridge, weights: np.ndarray, level: float) -> dict[str, object]:
    """A combination of unpenalised coefficients on the rows' degrees of freedom."""
    value = float(weights @ np.r_[fit.theta, fit.gamma])
    se = math.sqrt(float(weights @ fit.covariance @ weights))
    half = t_half(fit, se, level)
    return {
        "estimate": value, "std_error": se, "df": fit.df, "statistic": value / se,
        "p_value": float(fdtrc(1, fit.df, (value / se) ** 2)),
        "ci_low": value - half, "ci_high": value + half,
        "df_method": "residual",
    }  # fmt: skip


def t_half(fit: Ridge, se: float, level: float) -> float:
    """Half the width of a t interval on the rows' degrees of freedom."""
    return -float(stdtrit(fit.df, (1 - level) / 2)) * se


def write_profiles(
    ledger: Ledger, ident: Ident, scale: Scale, fits: Fits, cell: Cell, settings: Settings
) -> None:
    """Write the expected outcomes and the effect of each profile, and the curve for the figure."""
    points, instrument = points_of(cell, settings)
    if points is not None:
        ledger.count(ident, "prediction_unit", level=instrument, value=points)
    rows, curve = ident.but(variant="profiles"), ident.but(variant="curve")
    for profile in profiles_of(scale, settings):
        write_profile(ledger, rows, scale, fits, profile, settings.level)
    first = scale.data.columns[0].moderator.name
    for value, other, profile in curve_points(scale, settings):
        found = benefit_at(fits.ridge, fits.plain, scale.away(profile), fits.df, settings.level)
        level = f"{value:.6g} at {other}" if other else f"{value:.6g}"
        ledger.estimates.append(
            {**effect_row(curve, scale, found), "term": Term("at", first), "level": level}
        )


def effect_row(ident: Ident, scale: Scale, found: Benefit) -> dict[str, object]:
    """A row of estimates.csv but for its term."""
    sizes = {"k": len(scale.data.studies), "n": len(scale.data.rows), "converged": True}
    return {**ident.columns, **numbers(found), **sizes}


def write_profile(
    ledger: Ledger, ident: Ident, scale: Scale, fits: Fits, profile: Profile, level: float
) -> None:
    """Write one profile."""
    away = scale.away(profile)
    found = benefit_at(fits.ridge, fits.plain, away, fits.df, level)
    ledger.estimates.append(
        {**effect_row(ident, scale, found), "term": Term("at", PROFILE), "level": profile.name}
    )
    without = fits.ridge.level + float(away @ fits.ridge.slopes)
    for arm, outcome in (("active", without + found.estimate), ("reference", without)):
        ledger.count(ident, "profile_outcome", arm=arm, variable=profile.name, value=outcome)
    for name, value in profile.values.items():
        number = {} if isinstance(value, str) else {"value": float(value)}
        level_of = value if isinstance(value, str) else ""
        ledger.count(ident, "profile_value", variable=f"{profile.name}|{name}", level=level_of, **number)
    for why in scale.outside(profile):
        ledger.count(ident, "extrapolated", variable=profile.name, level=why)


def test_predictions(
    ledger: Ledger, ident: Ident, scale: Scale, fits: Fits, groups: np.ndarray, settings: Settings
) -> str:
    """Leave each trial out in turn, write how the predictions did there, and the verdict."""
    data, level, plan = scale.data, settings.level, settings.plan
    random = settings.primary("gaussian").treatment_effect == "random"

    def fit(others: Sequence[int]) -> Ridge:
        return fit_ridge([data.products[j] for j in others], groups[list(others)], random)

    alpha = (1 - level) / len(asked_cells(plan))
    if len(data.products) < FEWEST:
        write_verdict(ledger, ident, UNTESTED, alpha)
        return UNTESTED
    held, failed = leave_out(data, fits.plain.sigma2, fit)
    for study, why in failed:
        ledger.count(ident, "not_estimable", study=study, level=why)
    if len(held) < FEWEST:
        write_verdict(ledger, ident, UNTESTED, alpha)
        return UNTESTED
    if len(data.products) > FOLDS:
        ledger.note(ident, "warning", TOGETHER.format(k=len(data.products), folds=FOLDS))
    pairs = zip(data.products, fits.plain.sigma2, strict=True)
    known = [predict_trial(data, t, fits.ridge, scale.mix, float(s)) for t, s in pairs]
    here = measure(held, level)
    write_performance(ledger, ident, here, measure(known, level))
    write_thirds(ledger, ident, held, level, plan["minimum_cell"], data.of - len(data.rows))
    if scale.points is not None:
        thresholds = plan["prediction"]["thresholds"]
        write_decisions(ledger, ident, held, thresholds, scale.points, level, plan["minimum_cell"])
    verdict = judge(fits, here, alpha)
    write_verdict(ledger, ident, verdict, alpha, len(held))
    return verdict


def judge(fits: Fits, here: Performance, alpha: float) -> str:
    """Better than the average effect only where the interactions together are more than chance and
    predictions did better than everybody alike in the trials left out.

    `alpha` is shared between all predictions of a plan, so that a page without any interaction rarely claims
    one.
    """
    return BETTER if fits.p_value < alpha and here.gain > 0 else NO_BETTER


def write_verdict(ledger: Ledger, ident: Ident, verdict: str, alpha: float, trials: int = 0) -> None:
    """Write what the page says first."""
    ledger.count(ident, "prediction_verdict", level=verdict, value=alpha)
    ledger.count(ident, "prediction_tested", value=trials)
