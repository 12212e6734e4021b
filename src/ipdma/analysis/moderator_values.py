"""The treatment effect at chosen values of a moderator, as contrasts of the fitted terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ipdma.analysis.fitting import estimate_row
from ipdma.analysis.moderator_frame import ModeratorFrame
from ipdma.analysis.ranges import inner_range, shown_quantile
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Moderator, Settings
from ipdma.model.records import Fit
from ipdma.model.term import TREATMENT, Term

GRID = 25


@dataclass(frozen=True)
class EffectPoint:
    """One value at which the effect is shown.

    Attributes
    ----------
    name : str
        Unique name of the contrast.
    value : str
        The value in the column's unit, or the level.
    labels : tuple of str
        Why it is shown (`p10`, `mean`, `plan`); empty for a point of the curve alone.
    curve : bool
        Whether it belongs to the grid of the curve.
    weights : mapping of str to float
        Weights of the terms of the fit.
    """

    name: str
    value: str
    labels: tuple[str, ...]
    curve: bool
    weights: Mapping[str, float]


def case_mix(data: ModeratorFrame) -> Any:
    """Mean of the study means, each study alike; of a categorical moderator a mean share for each level but
    the first, by level. A number is in the unit of the model."""
    rows = data.complete
    if data.kind == "continuous":
        return float(rows.groupby("study")[data.name].mean().mean())
    return {level: float(data.shares(level).mean()) for level in data.levels[1:]}


def effect_points(
    data: ModeratorFrame, moderator: Moderator, settings: Settings, interaction: str
) -> list[EffectPoint]:
    """The values of a moderator at which its effect is shown; none where nothing varies within a study."""
    if interaction == "within" and not data.varying():
        return []
    if data.kind == "categorical":
        return level_points(data, interaction)
    return value_points(data, moderator, settings, interaction)


def level_points(data: ModeratorFrame, interaction: str) -> list[EffectPoint]:
    """The effect at each level: all dummies at the level, minus their case mix unless naive."""
    mix, points = case_mix(data), []
    varying = data.varying_levels()
    for level in data.levels:
        weights: dict[str, float] = {TREATMENT: 1.0}
        for other in data.levels[1:]:
            at = float(other == level) - (mix[other] if interaction == "within" else 0.0)
            if interaction == "naive":
                weights[Term("naive", data.name, other)] = at
            elif other in varying:
                weights[Term("within", data.name, other)] = at
        points.append(EffectPoint(f"at:{level}", level, ("level",), False, weights))
    return points


def value_points(
    data: ModeratorFrame, moderator: Moderator, settings: Settings, interaction: str
) -> list[EffectPoint]:
    """The effect at quantiles, at the mean and one SD around it, at the plan's values, and over a grid.

    Quantiles and the grid are those of participants: there are none where all trials are bundles.
    """
    values = data.spread[data.name].to_numpy(float)
    named: dict[float, list[str]] = {}
    for q in settings.quantiles if len(values) else ():
        at = shown_quantile(values, q, settings.plan["minimum_cell"])
        named.setdefault(at, []).append(f"p{100 * q:g}")
    everyone = data.complete[data.name].to_numpy(float)
    mean, sd = float(everyone.mean()), float(everyone.std(ddof=1))
    for at, label in ((mean - sd, "mean-1sd"), (mean, "mean"), (mean + sd, "mean+1sd")):
        named.setdefault(at, []).append(label)
    for value in moderator.at:
        named.setdefault(to_model_unit(value, moderator), []).append("plan")
    grid = {float(v) for v in np.linspace(*inner_range(values), GRID)} if len(values) else set()
    mix = case_mix(data) if interaction == "within" else 0.0
    term = Term(interaction, data.name)
    points = []
    for at in sorted({*named, *grid}):
        text = f"{to_column_unit(at, moderator):.6g}"
        weights: dict[str, float] = {TREATMENT: 1.0, term: at - mix}
        points.append(EffectPoint(f"at:{at!r}", text, tuple(named.get(at, ())), at in grid, weights))
    return points


def points_told(points: Sequence[EffectPoint], fit: Fit) -> list[EffectPoint]:
    """The points that a fit can tell: without a within-trial interaction that no study informed.

    Where the level's own interaction is left out there is no point. Elsewhere it takes no part: those people
    are taken as alike to the reference, and what that leaves open is in no standard error.
    """
    there = {estimate.term for estimate in fit.estimates}
    found = []
    for point in points:
        lost = [term for term in point.weights if term != TREATMENT and term not in there]
        if not any(term.level in ("", point.value) for term in map(Term.parse, lost)):
            left = {term: weight for term, weight in point.weights.items() if term not in lost}
            found.append(replace(point, weights=left))
    return found


def to_model_unit(value: float, moderator: Moderator) -> float:
    """A value of the column as the model sees it."""
    if moderator.transform == "log":
        value = float(np.log(value)) if value > 0 else float("nan")
    return value / moderator.per


def to_column_unit(value: float, moderator: Moderator) -> float:
    """A value of the model back in the column's unit."""
    value = value * moderator.per
    return float(np.exp(value)) if moderator.transform == "log" else value


def write_points(
    ledger: Ledger,
    ident: Ident,
    fit: Fit,
    data: ModeratorFrame,
    points: Sequence[EffectPoint],
    at: str,
    curve: str,
) -> None:
    """Write the effects at named values under variant `at` and those of the grid under variant `curve`."""
    found = {str(c.term): c for c in fit.contrasts}
    term = Term("at", data.name)
    within = [t for t in fit.studies_by_term if t.kind in ("within", "naive")]
    widest = max(within, key=lambda t: fit.studies_by_term[t], default=None)
    k = fit.studies_by_term[widest] if widest else fit.n_studies
    seen: set[tuple[str, str]] = set()
    for point in points:
        estimate = found.get(point.name)
        if estimate is None:
            continue
        for variant in ([at] if point.labels else []) + ([curve] if point.curve else []):
            if (variant, point.value) in seen:
                continue
            seen.add((variant, point.value))
            row = estimate_row(ident.but(variant=variant), fit, estimate, term, point.value)
            n = fit.rows_by_term.get(widest, row["n"]) if widest else row["n"]
            ledger.estimates.append({**row, "k": k, "n": n, "tau2": None})
        for label in point.labels:
            write_label(ledger, ident.but(variant=at), data, point, label)


def write_label(ledger: Ledger, ident: Ident, data: ModeratorFrame, point: EffectPoint, label: str) -> None:
    """Write why a value is shown, and how many participants stand at a level."""
    if label == "level":
        n = int((data.complete[data.name] == point.value).sum())
        ledger.count(ident, "at_value", variable=data.name, level=point.value, n=n, of=len(data.complete))
    else:
        ledger.count(ident, "at_value", variable=data.name, level=label, value=float(point.value))
