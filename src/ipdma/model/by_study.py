"""Means, centring and variation of a column study by study; rows are ordered by study."""

from __future__ import annotations

import numpy as np

VARIES = 1e-9  # study means whose spread is below this share of their size count as equal


def mean_by_study(values: np.ndarray, study: np.ndarray, k: int) -> np.ndarray:
    """Mean of `values` in each study, shape (k,); the grand mean is taken off first, which keeps digits."""
    origin = values.mean()
    sums = np.bincount(study, weights=values - origin, minlength=k)
    found: np.ndarray = origin + sums / np.bincount(study, minlength=k)
    return found


def centre_by_study(values: np.ndarray, study: np.ndarray, k: int) -> np.ndarray:
    """`values` minus the mean of their study; exactly zero in a study where they do not vary."""
    centred = values - mean_by_study(values, study, k)[study]
    return np.where(varies_by_study(values, study, k)[study], centred, 0.0)


def varies_by_study(values: np.ndarray, study: np.ndarray, k: int) -> np.ndarray:
    """Whether `values` vary within each study by more than rounding (1e-12 of their size), shape (k,).

    `study` never decreases, and each of the k has a row.
    """
    starts = np.searchsorted(study, np.arange(k))
    low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    return (high - low) > VARIES * 1e-3 * np.maximum(np.abs(low), np.abs(high))
