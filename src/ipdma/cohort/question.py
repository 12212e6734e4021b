"""What is asked of the cohort: a contrast, an outcome and a time point of the plan, resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ipdma.cohort.guests import GuestKey
from ipdma.cohort.standardise import Standard


@dataclass(frozen=True)
class Question:
    """One contrast, outcome and time point, as rows are built for it.

    Attributes
    ----------
    active, reference : tuple of str
        Conditions; an empty reference asks for the arms of the active side alone.
    outcome, point : mapping
        The plan's entries, resolved.
    plan : Plan
    key : tuple of str
        The plan's names: contrast, outcome, time point, and the sensitivity analysis or an empty text.
    """

    active: tuple[str, ...]
    reference: tuple[str, ...]
    outcome: Mapping[str, Any]
    point: Mapping[str, Any]
    plan: Any
    key: GuestKey

    def standard(self) -> Standard:
        """How its scores are standardised."""
        own = self.outcome
        return Standard(
            own["standardise"], self.point, self.plan["external"], own["hedges"], self.key[0], self.key[2]
        )

    def sides(self) -> dict[str, tuple[str, ...]]:
        """The sides that a study must have."""
        sides = {"active": self.active}
        return {**sides, "reference": self.reference} if self.reference else sides
