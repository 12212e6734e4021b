"""Numbers to begin with: the mean and spread of each column, scores of a person alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ipdma.bundle.records import LEVEL, LOG, Moments
from ipdma.bundle.twin.columns import Attribute, Score, Use

ALIKE = np.sqrt(0.5)  # of a person's scores


def start_of(
    own: Attribute,
    uses: Sequence[Use],
    baselines: Mapping[Score, Moments],
    arm: str,
    n: int,
    rng: np.random.Generator,
    common: np.ndarray | None,
) -> np.ndarray:
    """Numbers of a column to begin with, shape (n,); `common` is what a person's scores share.

    A column that is known by its logarithm as well begins log-normal.
    """
    drawn = rng.standard_normal(n)
    if common is not None:
        drawn = ALIKE * (common + drawn)
    logs = spread_of(own, uses, {}, arm, LOG)
    mean, sd = logs or spread_of(own, uses, baselines, arm) or (0.0, 1.0)
    numbers: np.ndarray = mean + sd * drawn
    return np.exp(numbers) if logs else numbers


def spread_of(
    own: Attribute,
    uses: Sequence[Use],
    baselines: Mapping[Score, Moments],
    arm: str,
    coding: str = "",
) -> tuple[float, float] | None:
    """Mean and SD of a column in the largest block that has it, as it stands or under a coding."""
    found = [
        use.block.arms[arm].of([place])
        for use in uses
        for place, (column, other) in enumerate(zip(use.block.columns, use.attributes, strict=True))
        if other == own and (column.coding == coding if coding else column.coding not in (LEVEL, LOG))
    ]
    found += [baselines[own]] if isinstance(own, Score) and own in baselines else []
    if not found:
        return None
    widest = max(found, key=lambda moments: moments.n)
    return float(widest.means[0]), float(np.sqrt(max(widest.covariance[0, 0], 0.0)))
