"""Profiles of people for whom outcomes and benefit are told, in the units that a plan's readers think in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from scipy.special import stdtrit

from ipdma.analysis.absolute import reference_sd
from ipdma.analysis.cell import Cell
from ipdma.analysis.moderator_values import GRID, to_column_unit, to_model_unit
from ipdma.analysis.prediction_data import Column, PredictionData
from ipdma.analysis.ranges import inner_range, is_inside, shown_quantile
from ipdma.analysis.settings import Moderator, Settings
from ipdma.model.ridge import Ridge

OUTSIDE = 0.02  # share of the participants beyond a value, on either side, for it to be inside the data
QUANTILES = (0.1, 0.5, 0.9)
Value = float | str


@dataclass(frozen=True)
class Profile:
    """One kind of person; variables that it does not name are at their average.

    Attributes
    ----------
    name : str
    values : mapping of str to float or str
        Plan name of a variable to its value, in the unit of its column (a baseline score in points where
        points are known), or its level.
    """

    name: str
    values: Mapping[str, Value]


@dataclass(frozen=True)
class Benefit:
    """An effect with its interval, in units of the outcome; `df` are those of the average effect."""

    estimate: float
    std_error: float
    df: float
    low: float
    high: float


@dataclass(frozen=True)
class Scale:
    """From the values of a profile to the model's columns.

    Attributes
    ----------
    data : PredictionData
    points : float or None
        Points of the plan's instrument to a unit of the outcome; None where no such number is known.
    minimum : int
        Fewest people that a value stands for.
    """

    data: PredictionData
    points: float | None
    minimum: int

    @property
    def fewest(self) -> int:
        """Fewest people at or beyond a value, on either side, for it to be inside the data."""
        return max(self.minimum, math.ceil(OUTSIDE * len(self.data.rows)))

    @property
    def mix(self) -> np.ndarray:
        """Mean of the trials' means, in SDs inside trials, shape (p,)."""
        found: np.ndarray = np.mean([t.mean for t in self.data.products], axis=0)
        return found

    def unit(self, moderator: Moderator) -> float:
        """What a profile's value is in units of the column: points to a standardised score, else 1."""
        return self.points or 1.0 if moderator.column == "baseline" else 1.0

    def own(self, column: Column, value: Value) -> float:
        """A profile's value as the model's column."""
        if column.level:
            return float(str(value) == column.level)
        return to_model_unit(float(value) / self.unit(column.moderator), column.moderator)

    def away(self, profile: Profile) -> np.ndarray:
        """How far a profile lies from the average case mix, in SDs inside trials, shape (p,)."""
        found = np.zeros(len(self.data.columns))
        for i, column in enumerate(self.data.columns):
            if column.moderator.name in profile.values:
                value = self.own(column, profile.values[column.moderator.name])
                found[i] = value / self.data.scale[i] - self.mix[i]
        return found

    def shown(self, moderator: Moderator) -> np.ndarray:
        """Everyone's values in the unit of profiles, shape (n,)."""
        values = self.data.rows[moderator.name].to_numpy(float)
        return np.array([to_column_unit(v, moderator) for v in values]) * self.unit(moderator)

    def outside(self, profile: Profile) -> list[str]:
        """Why a profile lies outside the data: its variables, or how it joins them."""
        found = [name for name, value in profile.values.items() if self.is_beyond(name, value)]
        return found or (["the combination"] if self.is_rare(profile) else [])

    def is_beyond(self, name: str, value: Value) -> bool:
        """Whether too few people have a level, or lie at or beyond a value."""
        columns = [c for c in self.data.columns if c.moderator.name == name]
        if name in self.data.levels:
            dummies = self.data.rows[[c.name for c in columns]].to_numpy(float)
            own = np.array([self.own(c, value) for c in columns])
            return int((dummies == own).all(axis=1).sum()) < self.minimum
        return not is_inside(self.shown(columns[0].moderator), float(value), self.fewest)

    def is_rare(self, profile: Profile) -> bool:
        """Whether hardly anyone lies as far from the middle over all variables together (Mahalanobis)."""
        inside = self.data.x / self.data.scale - self.mix
        inverse = np.linalg.pinv(np.cov(inside, rowvar=False).reshape(inside.shape[1], -1))
        far = np.einsum("ni,ij,nj->n", inside, inverse, inside)
        at = self.away(profile)
        return int((far >= at @ inverse @ at).sum()) < self.fewest


def points_of(cell: Cell, settings: Settings) -> tuple[float | None, str]:
    """Points to a unit of the outcome, None where that is not known, and of which instrument."""
    keys = settings.plan["absolute"]
    how = settings.plan.outcome(cell.outcome)["standardise"]
    if how == "none":
        return 1.0, ""
    sd, _, _ = reference_sd(cell.scales, keys["instrument"], keys["sd"])
    return (sd if how == "instrument_baseline_sd" else None), keys["instrument"]


def profiles_of(scale: Scale, settings: Settings) -> list[Profile]:
    """The plan's profiles, else the first two variables at a few values that people have."""
    there = {c.moderator.name: c.moderator for c in scale.data.columns}
    named = settings.plan["prediction"]["profiles"]
    if named:
        return [
            Profile(name, values)
            for name, own in named.items()
            if (values := {k: v for k, v in own.items() if k in there})
        ]
    shown = [(name, values_of(scale, m, settings)) for name, m in list(there.items())[:2]]
    names = [name for name, _ in shown]
    return [
        Profile(", ".join(f"{name} {said(value)}" for name, value in own.items()), own)
        for values in product(*(values for _, values in shown))
        for own in [dict(zip(names, values, strict=True))]
    ]  # fmt: skip


def said(value: Value) -> str:
    """A value in a profile's name."""
    return value if isinstance(value, str) else f"{value:g}"


def values_of(scale: Scale, moderator: Moderator, settings: Settings) -> list[Value]:
    """Levels that enough people have; of a number the plan's severities, or a low, middle and high one."""
    if moderator.name in scale.data.levels:
        return [
            level for level in scale.data.levels[moderator.name] if not scale.is_beyond(moderator.name, level)
        ]
    values = scale.shown(moderator)
    if moderator.column == "baseline" and scale.points:
        wanted = [float(v) for v in settings.plan["absolute"]["severity"].values()]
        if inside := [v for v in sorted(wanted) if is_inside(values, v, scale.fewest)]:
            return list(inside)
    shown = (shown_quantile(values, q, scale.minimum) for q in QUANTILES)
    return list(dict.fromkeys(float(f"{value:.10g}") for value in shown))


def curve_points(scale: Scale, settings: Settings) -> list[tuple[float, str, Profile]]:
    """A grid over the first variable for a few values of the second: value, words of the second, profile."""
    moderators = list(dict.fromkeys(c.moderator for c in scale.data.columns))
    first = moderators[0]
    if first.name in scale.data.levels:
        return []
    low, high = inner_range(scale.shown(first))
    others = values_of(scale, moderators[1], settings) if len(moderators) > 1 else []
    found = []
    for other in others or [""]:
        for value in np.linspace(low, high, GRID):
            values: dict[str, Any] = {
                first.name: float(value),
                **({moderators[1].name: other} if others else {}),
            }
            found.append((float(value), said(other), Profile("", values)))
    return found


def benefit_at(ridge: Ridge, plain: Ridge, away: np.ndarray, df: float, level: float) -> Benefit:
    """The effect by the penalised fit with the interval of the fit without a penalty.

    A penalty draws estimates together and their intervals with them, as if the drawing were knowledge; an
    interval about the drawn estimate holds the true effect of people far from the average too seldom. In the
    interval the average effect has `df` degrees of freedom, the interactions those of the rows. It
    contains the estimate.
    """
    V, weights = plain.covariance, np.r_[1.0, away]
    few, many = (-float(stdtrit(d, (1 - level) / 2)) for d in (df, plain.df))
    t = np.r_[few, np.full(len(away), many)] * weights
    half, se = math.sqrt(max(float(t @ V @ t), 0.0)), math.sqrt(float(weights @ V @ weights))
    value, centre = float(ridge.effect(away)), float(plain.effect(away))
    return Benefit(value, se, df, min(centre - half, value), max(centre + half, value))
