"""What the analyses read of the plan, as records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from ipdma.model.spec import ModelSpec, PoolSpec
from ipdma.plan import Plan


@dataclass(frozen=True)
class Moderator:
    """One moderator of the plan.

    Attributes
    ----------
    name, column : str
        The plan's name, and the column of the rows (`baseline` or a codebook variable).
    type : str
        `continuous` or `categorical`.
    cuts, labels, levels : tuple
        Cuts turn numbers into levels, each level beginning at its cut; `levels` orders text.
    per : float
        Unit of a continuous moderator: the interaction is per this many of the column's units.
    transform : str
        `none` or `log` (natural; values not above zero become missing).
    exploratory : bool
        Left out of the family over which p values are corrected.
    at : tuple of float
        Values, in the column's unit, at which the effect is predicted, beside the quantiles.
    spline : bool
        Also fit a restricted cubic spline (continuous moderators).
    knots, knots_on : tuple of float, str
        The spline's knots in the column's unit, or in points of an instrument; empty for quantiles.
    power : float or None
        The interaction per unit whose power is reported; None takes the plan's.
    form_of : str or None
        Another moderator of which this is the same variable in another form.
    """

    name: str
    column: str
    type: str
    cuts: tuple[float, ...]
    labels: tuple[str, ...]
    levels: tuple[str, ...]
    per: float
    transform: str
    exploratory: bool
    at: tuple[float, ...]
    spline: bool
    power: float | None
    form_of: str | None = None
    knots: tuple[float, ...] = ()
    knots_on: str = ""

    @classmethod
    def from_mapping(cls, name: str, keys: Mapping[str, Any]) -> Moderator:
        """Build from one entry of a complete plan's `moderators`."""
        on, knots = (
            next(iter(keys["spline"].items()))
            if isinstance(keys["spline"], Mapping)
            else ("", keys["spline"])
        )
        return cls(
            name=name,
            column=keys["column"],
            type=keys["type"],
            cuts=tuple(float(c) for c in keys["cuts"] or ()),
            labels=tuple(keys["labels"] or ()),
            levels=tuple(keys["levels"] or ()),
            per=float(keys["per"]),
            transform=keys["transform"],
            exploratory=keys["exploratory"],
            at=tuple(float(v) for v in keys["at"]),
            spline=bool(keys["spline"]),
            power=None if keys["power"] is None else float(keys["power"]),
            form_of=keys["form_of"],
            knots=() if isinstance(knots, bool) else tuple(float(knot) for knot in knots),
            knots_on=on,
        )


@dataclass(frozen=True)
class Settings:
    """The plan, and what the analyses read of it as records. Build with `read_settings`.

    Attributes
    ----------
    plan : Plan
    moderators : tuple of Moderator
    family : tuple of str
        Moderators whose p values are corrected together.
    leaders : mapping of str to str
        By moderator the form of its variable that leads: its first in the family, else its first.
    correction : str
        `holm` or `none`.
    minimum_studies : int
        A moderator measured in, or varying within, fewer studies is refused.
    quantiles, knots : tuple of float
        Quantiles of a moderator at which effects are shown, and at which splines have their knots.
    naive : bool
        Whether the interaction that mixes within and across trials is fitted beside.
    power_interaction : float
        The interaction whose power is reported, per SD of the moderator within trials or between levels.
    moderator_models : tuple of str
        Models that moderators are fitted in, the primary one first.
    explanations : mapping of str to str
        The plan's words on a difference between the stages, by the id of the one-stage fit.
    """

    plan: Plan
    moderators: tuple[Moderator, ...]
    family: tuple[str, ...]
    leaders: Mapping[str, str]
    correction: str
    minimum_studies: int
    quantiles: tuple[float, ...]
    knots: tuple[float, ...]
    naive: bool
    power_interaction: float
    moderator_models: tuple[str, ...]
    explanations: Mapping[str, str]

    @property
    def primary_model(self) -> str:
        """The name of the primary model."""
        return str(self.plan["primary_model"])

    @property
    def level(self) -> float:
        """The confidence level of every interval."""
        return float(self.plan["level"])

    @property
    def pool(self) -> PoolSpec:
        """The plan's second stage."""
        return self.plan.pool

    def primary(self, family: str) -> ModelSpec:
        """The primary model for outcomes of a family, on the scale on which results are compared.

        Another measure (`pool.measure`) is that of the headline's second stage alone.
        """
        spec = self.plan.primary(family)
        return spec.replace(pool=replace(spec.pool, measure="or"))

    def family_of(self, outcome: str) -> str:
        """`gaussian` or `binomial`."""
        return str(self.plan["outcomes"][outcome]["family"])

    def models_of(self, outcome: str) -> list[str]:
        """Models fitted to an outcome: those that it names, else all."""
        named = self.plan["outcomes"][outcome]["models"]
        return [name for name in self.plan.models if named is None or name in named]

    def moderators_of(self, outcome: str) -> list[Moderator]:
        """Moderators examined for an outcome: those that it names, else all."""
        named = self.plan["outcomes"][outcome]["moderators"]
        return [m for m in self.moderators if named is None or m.name in named]


def cut_labels(moderator: Moderator) -> tuple[str, ...]:
    """The plan's labels, or words made from the cuts."""
    if len(moderator.labels) == len(moderator.cuts) + 1:
        return moderator.labels
    cuts = [f"{c:g}" for c in moderator.cuts]
    middle = [f"{a} to under {b}" for a, b in pairwise(cuts)]
    return (f"under {cuts[0]}", *middle, f"{cuts[-1]} or more")


def read_settings(plan: Plan) -> Settings:
    """Read what the analyses need from a plan."""
    moderators = tuple(Moderator.from_mapping(name, keys) for name, keys in plan["moderators"].items())
    keys = plan["moderator_analysis"]
    confirmed = tuple(m.name for m in moderators if not m.exploratory)
    family = confirmed if keys["family"] is None else tuple(keys["family"])
    return Settings(
        plan=plan,
        moderators=moderators,
        family=family,
        leaders=leading_forms(moderators, family),
        correction=keys["correction"],
        minimum_studies=keys["minimum_studies"],
        quantiles=tuple(keys["quantiles"]),
        knots=tuple(keys["knots"]),
        naive=keys["naive"],
        power_interaction=float(keys["power_interaction"]),
        moderator_models=tuple(dict.fromkeys((plan["primary_model"], *keys["models"]))),
        explanations={entry["analysis"]: entry["why"] for entry in plan["explanations"]},
    )


def leading_forms(moderators: Sequence[Moderator], family: Sequence[str]) -> dict[str, str]:
    """By moderator the one that stands for its variable: moderators of one column, or named as a form of
    another, are one variable."""
    variable = variables_of(moderators)
    order = sorted(moderators, key=lambda m: m.name not in family)
    first: dict[str, str] = {}
    for moderator in order:
        first.setdefault(variable[moderator.name], moderator.name)
    return {name: first[own] for name, own in variable.items()}


def variables_of(moderators: Sequence[Moderator]) -> dict[str, str]:
    """By moderator the column of its variable: its own, or that of the moderator of which it is a form."""
    by_name = {m.name: m for m in moderators}

    def column(moderator: Moderator) -> str:
        return moderator.column if moderator.form_of is None else column(by_name[moderator.form_of])

    return {m.name: column(m) for m in moderators}
