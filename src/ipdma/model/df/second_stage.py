"""The intervals of a second stage: `pool.ci` and section 3's `ci`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ipdma.errors import FitError
from ipdma.model.df.hksj import spread
from ipdma.model.df.own import OwnEstimates
from ipdma.model.interval import make_estimate
from ipdma.model.records import Estimate


@dataclass(frozen=True)
class SecondStage:
    """Hartung and Knapp's scale with a floor; no scale at all is the Wald interval.

    Attributes
    ----------
    name, label : str
    floor : float or None
        The least scale: 0 is Hartung and Knapp (2001), 1 the modified form (Roever, Knapp and Friede 2015).
    """

    name: str
    label: str
    floor: float | None

    def scale(self, found: float) -> float | None:
        """The scale that is used where `found` is estimated; None is Wald, by the normal reference."""
        return None if self.floor is None else max(self.floor, found)

    def estimate(self, own: OwnEstimates, pooled: float, level: float) -> tuple[Estimate, list[str]]:
        """The pooled estimate of two studies or more with its interval, and what to warn of.

        Raises
        ------
        FitError
            Where the scale is zero because all estimates are equal.
        """
        total = float(own.weight.sum())
        wald = make_estimate(own.term, pooled, 1 / math.sqrt(total), None, level)
        scale = None if self.floor is None else self.scale(spread(own, pooled))
        if scale is None:
            return wald, []
        if scale <= 1e-20:
            raise FitError(
                "the Hartung-Knapp standard error is zero because all study estimates are equal; "
                "use ci: modified_hksj or ci: wald"
            )
        found = make_estimate(own.term, pooled, math.sqrt(scale / total), own.studies - 1, level)
        return found, self.warnings(found, wald)

    def warnings(self, found: Estimate, wald: Estimate) -> list[str]:
        """Say where the scale makes an interval narrower than that without it."""
        if self.floor or found.ci_high - found.ci_low >= wald.ci_high - wald.ci_low:
            return []
        return [
            f"the Hartung-Knapp interval [{found.ci_low:.6g}, {found.ci_high:.6g}] is narrower than the "
            f"Wald interval [{wald.ci_low:.6g}, {wald.ci_high:.6g}]; ci: modified_hksj is never narrower"
        ]


HKSJ = SecondStage("hksj", "Hartung-Knapp-Sidik-Jonkman", 0.0)
MODIFIED_HKSJ = SecondStage("modified_hksj", "modified Hartung-Knapp-Sidik-Jonkman", 1.0)
WALD = SecondStage("wald", "normal (Wald)", None)
