"""The interval for the treatment effect in a new study, as a second stage gives it."""

from __future__ import annotations

from ipdma.model.pool import Pooled
from ipdma.model.records import Prediction
from ipdma.model.spec import PoolSpec
from ipdma.model.term import TREATMENT


def prediction_of(result: Pooled | None, spec: PoolSpec) -> Prediction | None:
    """The treatment effect in a new study as pooling has it; None where it gave no interval.

    `df` is None by the pivot and for a normal interval.
    """
    if result is None or result.pi_low is None or result.pi_high is None:
        return None
    t_df = {"k_minus_2": result.k - 2, "k_minus_1": result.k - 1, "normal": None}[spec.prediction_df]
    return Prediction(TREATMENT, result.pi_low, result.pi_high, None if spec.by_pivot else t_df)
