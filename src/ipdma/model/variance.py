"""The variance components of a fit, found by the term that they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ipdma.model.term import INTERCEPT, TREATMENT, Term


@dataclass(frozen=True)
class VarianceComponents:
    """The variances of one fit in the outcome's units squared; None for one that the model does not have.

    Attributes
    ----------
    effects : mapping of Term to float
        The variance between studies (tau2) of each term whose effect varies.
    intercept_treatment_cov : float or None
        Covariance of a study's intercept and treatment effect.
    participant, residual : float or None
        The participants' random intercept; the residual variance common to all studies.
    nesting : float or None
        The variance between clusters (therapists) within studies.
    residual_by_study : mapping of str to float, or None
    exchangeable : bool
        The levels of a categorical moderator share one tau2, that of a difference between two of them.
    visits : mapping or None
        Covariances over visits: `visits`, `within`, `between`, `between_visits`.
    """

    effects: Mapping[Term, float] = field(default_factory=dict)
    intercept_treatment_cov: float | None = None
    participant: float | None = None
    residual: float | None = None
    residual_by_study: Mapping[str, float] | None = None
    visits: Mapping[str, Any] | None = None
    exchangeable: bool = False
    nesting: float | None = None

    def of(self, term: Term) -> float | None:
        """The variance between studies of a term's effect, None where it is common to them."""
        return self.effects.get(term)

    @property
    def intercept(self) -> float | None:
        """Variance of the random intercept."""
        return self.of(INTERCEPT)

    @property
    def treatment(self) -> float | None:
        """Variance of the treatment effect between studies."""
        return self.of(TREATMENT)

    @property
    def interactions(self) -> dict[str, float]:
        """Variance of the interaction at each level; the level of a continuous moderator is empty."""
        return {t.level: v for t, v in self.effects.items() if is_interaction(t) and not t.visit}

    @property
    def numbers(self) -> dict[str, float | None]:
        """Every component that is one number, by name; `interaction[L]` where several levels vary."""
        found: dict[str, float | None] = {}
        for name, value in self.as_json().items():
            if name == "interaction" and isinstance(value, Mapping):
                found |= {f"{name}[{level}]": float(v) for level, v in value.items()}
            elif not isinstance(value, Mapping):
                found[name] = value
        return found

    def as_json(self) -> dict[str, Any]:
        """The components as OUT.json writes them; an interaction with several levels is a mapping of them."""
        levels = self.interactions
        found = {
            "intercept": self.intercept,
            "treatment": self.treatment,
            "intercept_treatment_cov": self.intercept_treatment_cov,
            "interaction": levels
            if len(levels) > 1 and not self.exchangeable
            else next(iter(levels.values()), None),
            "participant": self.participant,
            "residual": self.residual,
            "residual_by_study": self.residual_by_study,
        }
        rare = {"nesting": self.nesting, "visits": self.visits}
        return {**found, **{name: value for name, value in rare.items() if value is not None}}

    @property
    def names(self) -> dict[Term, str]:
        """The name in OUT.json of each varying term's variance."""
        terms = tuple(self.effects)
        if self.exchangeable:
            return {t: shared_name(t) for t in terms}
        return dict(zip(terms, component_names(terms), strict=True))


def is_interaction(term: Term) -> bool:
    """Whether a varying effect is an interaction, named for OUT.json by its level."""
    return term.kind not in ("intercept", "treatment")


def shared_name(term: Term) -> str:
    """The name of the one variance that a varying effect has, alone or with others of its kind."""
    return "interaction" if is_interaction(term) else term.kind


def component_names(varying: Sequence[Term]) -> tuple[str, ...]:
    """Names of the varying effects: intercept, treatment, interaction; `interaction[L]` of several."""
    several = sum(is_interaction(t) for t in varying) > 1
    return tuple(
        f"interaction[{t.level}]" if several and is_interaction(t) else shared_name(t) for t in varying
    )


def effects_of(terms: Sequence[Term], between: np.ndarray, tied: int = 1) -> dict[str, Any]:
    """The `effects` and `exchangeable` of the components, from the diagonal of `between`, shape (r, r).

    Of `tied` levels (the last terms, the reference first) tau2 is that of a difference: twice each level's.
    """
    values = [float(v) for v in np.diag(between)]
    if tied == 1:
        return {"effects": dict(zip(terms, values, strict=True))}
    single = len(terms) - tied
    effects = dict(zip(terms[:single], values[:single], strict=True))
    effects |= dict.fromkeys(terms[single + 1 :], 2 * values[single])
    return {"effects": effects, "exchangeable": True}
