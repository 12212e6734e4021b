"""Hartung and Knapp's scale inside one stage."""

from __future__ import annotations

import numpy as np

from ipdma.model.own_estimates import OwnEstimates


def hksj_std_error(own: OwnEstimates, estimate: float) -> tuple[float, int]:
    """SE^2 = sum_k w_k (est_k - est)^2 / ((K - 1) sum_k w_k), and K - 1.

    Parameters
    ----------
    own : OwnEstimates
        w_k = 1 / (v_k + tau2) and est_k of the studies that inform the term.
    estimate : float
        The one-stage estimate.
    """
    w, k = own.weight, int(own.informed.sum())
    if k < 2:
        return float("nan"), k - 1
    deviation = np.where(own.informed, own.estimate - estimate, 0.0)
    return float(np.sqrt((w * deviation**2).sum() / ((k - 1) * w.sum()))), k - 1
