"""The intervals of a second stage: the key `ci` of a pooling and of a model's `pool`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipdma.errors import FitError
from ipdma.model.df.hksj import spread
from ipdma.model.df.own import OwnEstimates
from ipdma.model.interval import make_estimate
from ipdma.model.nst import NullStandardised, nst_notes, null_standardised
from ipdma.model.records import Estimate

Array = NDArray[Any]
ADVICE = "; ci: modified_hksj is never narrower than a Wald interval"


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

    def weights(self, own: OwnEstimates) -> Array:
        """What each study counts, shape (K,)."""
        return own.weight

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
        return found, [] if self.floor else narrower(self.label, found, common_effect(own, level), ADVICE)


class EqualWeightsStage(SecondStage):
    """The plain mean of the studies' estimates, with the t interval of a sample: each study weighs the same.

    Nothing of the studies' own errors or of tau2 is in it, so that it holds whatever those are; it is wide.
    A joint test of several terms has the modified scale.
    """

    def weights(self, own: OwnEstimates) -> Array:
        """What each study counts, shape (K,)."""
        return np.where(own.informed, 1.0, 0.0)

    def estimate(self, own: OwnEstimates, pooled: float, level: float) -> tuple[Estimate, list[str]]:
        """The mean of the informative studies' estimates with its t interval on K - 1; `pooled` is not used.

        Raises
        ------
        FitError
            Where the interval has no width because all estimates are equal.
        """
        y = own.estimate[own.informed]
        error = float(y.std(ddof=1)) / math.sqrt(len(y))
        if error <= 1e-10 * max(1.0, float(np.abs(y).max())):
            raise FitError(
                "the equal-weight interval has no width because all study estimates are equal; "
                "use ci: modified_hksj or ci: wald"
            )
        return make_estimate(own.term, float(y.mean()), error, len(y) - 1, level), []


class NullStandardisedStage(SecondStage):
    """The null-standardised t interval beside the weighted estimate and its own standard error.

    There is no such test of several terms together: their joint test has the modified scale.
    """

    def estimate(self, own: OwnEstimates, pooled: float, level: float) -> tuple[Estimate, list[str]]:
        """The pooled estimate, with T(0) as its statistic and an interval that need not be symmetric.

        Raises
        ------
        FitError
            Where the interval has no width because all estimates are equal.
        """
        at = own.informed
        found = null_standardised(own.estimate[at], own.variance[at], level)
        wald = make_estimate(own.term, pooled, 1 / math.sqrt(float(own.weight.sum())), None, level)
        estimate, common = with_interval(wald, found), common_effect(own, level)
        known = hartung_knapp(own.variance[at])
        beside = {known.name: known.estimate(own, pooled, level)[0]} | if_narrower(estimate, common)
        said = narrower(self.label, estimate, common)
        return replace(estimate, beside=beside), [*nst_notes(found), *said]


def with_interval(estimate: Estimate, found: NullStandardised) -> Estimate:
    """An estimate and its standard error with the null-standardised test and interval."""
    return replace(
        estimate,
        df=float(found.df),
        statistic=found.statistic,
        p_value=found.p_value,
        ci_low=found.low,
        ci_high=found.high,
    )


def common_effect(own: OwnEstimates, level: float) -> Estimate:
    """The estimate of an effect that is common to all studies."""
    at = own.informed
    w = 1 / own.variance[at]
    return make_estimate(own.term, float(w @ own.estimate[at] / w.sum()), w.sum() ** -0.5, None, level)


def if_narrower(found: Estimate, common: Estimate) -> dict[str, Estimate]:
    """The common effect, where an interval for varying effects is narrower than its own."""
    return {"common": common} if found.ci_high - found.ci_low < common.ci_high - common.ci_low else {}


def narrower(label: str, found: Estimate, common: Estimate, advice: str = "") -> list[str]:
    """Say when an interval for varying effects is narrower than that of a common one, with both."""
    if not if_narrower(found, common):
        return []
    return [
        f"the {label} interval [{found.ci_low:.6g}, {found.ci_high:.6g}] is narrower than that of a common "
        f"effect [{common.ci_low:.6g}, {common.ci_high:.6g}]{advice}"
    ]


HKSJ = SecondStage("hksj", "Hartung-Knapp-Sidik-Jonkman", 0.0)
MODIFIED_HKSJ = SecondStage("modified_hksj", "modified Hartung-Knapp-Sidik-Jonkman", 1.0)
EQUAL_WEIGHTS = EqualWeightsStage("equal_weights", "equal-weight t", 1.0)
NST = NullStandardisedStage("nst", "null-standardised t", 1.0)
WALD = SecondStage("wald", "normal (Wald)", None)
ALIKE = 1e-8  # relative: variances nearer to each other are equal


def precision_differs(variance: Array) -> bool:
    """Whether the studies' sampling variances differ: then Hartung-Knapp's scale needs its floor."""
    return float(variance.max() - variance.min()) > ALIKE * float(variance.max())


def hartung_knapp(variance: Array) -> SecondStage:
    """The form of Hartung and Knapp's interval that holds: modified wherever precision differs.

    Roever, Knapp and Friede (2015) tie the correction to unequal precision; the number of studies does not
    decide.
    """
    return MODIFIED_HKSJ if precision_differs(variance) else HKSJ
