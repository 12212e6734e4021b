"""Null-standardised intervals of many sets of trials at once, as a simulation needs them."""

from __future__ import annotations

import numpy as np

from ipdma.model.nst import critical_share
from ipdma.model.nst_search import hull, scan
from ipdma.model.nst_share import TrialSets

Array = np.ndarray
TRIALS_AT_ONCE = 200  # of sets that are searched together: more would not stay in the processor's cache


def null_standardised_ends(y: Array, v: Array, level: float = 0.95) -> tuple[Array, Array]:
    """The ends of each set's interval, as `ipdma.model.nst.null_standardised` finds those of one.

    Parameters
    ----------
    y, v : ndarray of shape (B, K)
        As `null_standardised`; a set of equal estimates has ends without width.

    Returns
    -------
    low, high : ndarray of shape (B,)
    """
    critical = critical_share(y.shape[1], level)
    low, high = np.empty(len(y)), np.empty(len(y))
    for at in np.array_split(np.arange(len(y)), max(1, y.size // TRIALS_AT_ONCE)):
        trials = TrialSets(np.ascontiguousarray(y[at].T), np.ascontiguousarray(v[at].T))
        low[at], high[at] = hull(trials, scan(trials, critical), critical)
    return low, high
