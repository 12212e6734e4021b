"""The interval for the treatment effect in a new study."""

from __future__ import annotations

import math

from ipdma.model.interval import quantile
from ipdma.model.records import Estimate, Prediction


def predict_new_study(
    estimate: Estimate, tau2: float | None, studies: int, level: float
) -> tuple[Prediction | None, str | None]:
    """est +- t_{K-2} sqrt(tau2 + SE^2) (Higgins, Thompson and Spiegelhalter 2009), or why there is none.

    Parameters
    ----------
    estimate : Estimate
    tau2 : float or None
        Variance between studies; None where the effect is common to them: no interval, and nothing to say.
    studies : int
        K, the studies that inform the effect.
    """
    if tau2 is None:
        return None, None
    if studies < 3:
        return (
            None,
            f"no prediction interval: it needs three studies that inform the effect, there are {studies}",
        )
    df = float(studies - 2)
    reach = quantile(df, level) * math.sqrt(tau2 + estimate.std_error**2)
    return Prediction(estimate.term, estimate.estimate - reach, estimate.estimate + reach, df), None
