"""What the analyses read of the plan, with the defaults of the plan's schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

RISK_OF_BIAS = ("rob_d1", "rob_d2", "rob_d3", "rob_d4", "rob_d5", "rob_overall", "quality")


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
    power : float or None
        The interaction per unit whose power is reported; None takes the plan's.
    """

    name: str
    column: str
    type: str = "continuous"
    cuts: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    per: float = 1.0
    transform: str = "none"
    exploratory: bool = False
    at: tuple[float, ...] = ()
    spline: bool = False
    power: float | None = None

    @classmethod
    def from_mapping(cls, name: str, keys: Mapping[str, Any]) -> Moderator:
        """Build from one entry of the plan's `moderators`."""
        kind = keys.get("type") or ("categorical" if keys.get("cuts") or keys.get("levels") else "continuous")
        return cls(
            name=name,
            column=str(keys.get("column") or name),
            type=kind,
            cuts=tuple(float(c) for c in keys.get("cuts") or ()),
            labels=tuple(str(text) for text in keys.get("labels") or ()),
            levels=tuple(str(text) for text in keys.get("levels") or ()),
            per=float(keys.get("per") or 1.0),
            transform=str(keys.get("transform") or "none"),
            exploratory=bool(keys.get("exploratory", False)),
            at=tuple(float(v) for v in keys.get("at") or ()),
            spline=bool(keys.get("spline", False)),
            power=None if keys.get("power") is None else float(keys["power"]),
        )


@dataclass(frozen=True)
class Settings:
    """The plan as the analyses see it. Build with `read_settings`."""

    contrasts: Mapping[str, Mapping[str, Any]]
    outcomes: Mapping[str, Mapping[str, Any]]
    time_points: Mapping[str, Any]
    models: Mapping[str, Mapping[str, Any]]
    primary_model: str
    moderators: tuple[Moderator, ...]
    family: tuple[str, ...]
    correction: str
    minimum_studies: int
    quantiles: tuple[float, ...]
    knots: tuple[float, ...]
    naive: bool
    power_interaction: float
    moderator_models: tuple[str, ...]
    pool: Mapping[str, Any]
    subgroups: Mapping[str, str]
    risk_of_bias: tuple[str, ...]
    absolute: Mapping[str, Any]
    prognosis: Mapping[str, Any]
    sensitivity: Mapping[str, Mapping[str, Any]]
    multiverse: Mapping[str, Any]
    explanations: Mapping[str, str]
    engines: tuple[str, ...]
    aggregate_trials: bool = True
    level: float = 0.95
    plan: Mapping[str, Any] = field(default_factory=dict)

    def family_of(self, outcome: str) -> str:
        """`gaussian` or `binomial`."""
        return str((self.outcomes.get(outcome) or {}).get("family") or "gaussian")

    def models_of(self, outcome: str) -> list[str]:
        """Models fitted to an outcome: those that it names, else all."""
        named = (self.outcomes.get(outcome) or {}).get("models")
        return [name for name in self.models if named is None or name in named]

    def moderators_of(self, outcome: str) -> list[Moderator]:
        """Moderators examined for an outcome: those that it names, else all."""
        named = (self.outcomes.get(outcome) or {}).get("moderators")
        return [m for m in self.moderators if named is None or m.name in named]

    def minimum_studies_of(self, outcome: str) -> int:
        """An outcome that fewer studies measured is not analysed."""
        return int((self.outcomes.get(outcome) or {}).get("minimum_studies") or 1)

    def standardise_of(self, outcome: str) -> str:
        """The word for the standard deviation that an outcome is divided by."""
        own = (self.outcomes.get(outcome) or {}).get("standardise")
        return str(own or self.plan.get("standardise") or "instrument_baseline_sd")

    def analyses(self, contrast: str, outcome: str, timepoint: str, keys: Mapping[str, Any]) -> bool:
        """Whether a sensitivity analysis is meant for a cell.

        Without `outcomes` it is for the plan's first.
        """
        outcomes = keys.get("outcomes") or [next(iter(self.outcomes), outcome)]
        wanted = (
            (outcome, outcomes),
            (contrast, keys.get("contrasts")),
            (timepoint, keys.get("time_points")),
        )
        return all(names is None or name in names for name, names in wanted)


def plan_mapping(plan: Any) -> Mapping[str, Any]:
    """The plan as a mapping: itself, or what its `as_mapping()` returns."""
    return plan if isinstance(plan, Mapping) else plan.as_mapping()


def read_settings(plan: Any) -> Settings:
    """Read what the analyses need from a plan (a mapping, or a record with `as_mapping()`)."""
    keys = plan_mapping(plan)
    models = {str(n): model_entry(m) for n, m in (keys.get("models") or {"primary": {}}).items()}
    moderators = tuple(
        Moderator.from_mapping(str(n), m or {}) for n, m in (keys.get("moderators") or {}).items()
    )
    return Settings(
        contrasts=keys.get("contrasts") or {},
        outcomes=keys.get("outcomes") or {"depression": {"family": "gaussian"}},
        time_points=keys.get("time_points") or {},
        models=models,
        primary_model=str(
            keys.get("primary_model") or ("primary" if "primary" in models else next(iter(models)))
        ),
        moderators=moderators,
        pool=keys.get("pool") or {},
        subgroups=default_key(keys, "subgroups", {"comparator": "comparator"}),
        risk_of_bias=tuple(default_key(keys, "risk_of_bias", RISK_OF_BIAS)),
        absolute=keys.get("absolute") or {},
        prognosis=default_key(keys, "prognosis", {}),
        sensitivity=keys.get("sensitivity") or {},
        multiverse=keys.get("multiverse") or {},
        explanations=read_explanations(keys.get("explanations") or ()),
        engines=tuple(default_key(keys, "engines", ("statsmodels", "lme4"))),
        aggregate_trials=bool(default_key(keys, "aggregate_trials", True)),
        level=float(keys.get("level") or 0.95),
        plan=keys,
        **moderator_settings(keys.get("moderator_analysis") or {}, moderators),
    )


def model_entry(keys: Mapping[str, Any] | None) -> dict[str, Any]:
    """A model's keys of INTERFACE section 2, without its label."""
    return {k: v for k, v in (keys or {}).items() if k != "label"}


def default_key(keys: Mapping[str, Any], name: str, default: Any) -> Any:
    """The plan's value, or the default where the key is absent or null; an empty value stays empty."""
    value = keys.get(name)
    return default if value is None else value


def moderator_settings(keys: Mapping[str, Any], moderators: tuple[Moderator, ...]) -> dict[str, Any]:
    """What holds for all moderators: the family of tests, the values at which effects are shown.

    Knots, power.
    """
    declared = keys.get("family")
    family = declared if declared is not None else [m.name for m in moderators if not m.exploratory]
    return {
        "family": tuple(str(name) for name in family),
        "correction": str(keys.get("correction") or "holm"),
        "minimum_studies": int(keys.get("minimum_studies") or 2),
        "quantiles": tuple(float(q) for q in default_key(keys, "quantiles", (0.1, 0.5, 0.9))),
        "knots": tuple(float(q) for q in default_key(keys, "knots", (0.05, 0.35, 0.65, 0.95))),
        "naive": bool(default_key(keys, "naive", True)),
        "power_interaction": float(default_key(keys, "power_interaction", 0.2)),
        "moderator_models": tuple(str(n) for n in keys.get("models") or ()),
    }


def read_explanations(entries: Any) -> dict[str, str]:
    """The plan's explanations of differences between the stages: analysis_id of the one-stage fit to text."""
    if isinstance(entries, Mapping):
        return {str(k): str(v) for k, v in entries.items()}
    return {str(e["analysis"]): str(e["why"]) for e in entries}
