"""Completed data sets of few trials, one below the other: the same people, their gaps filled differently."""

from __future__ import annotations

import numpy as np
import pandas as pd


def draw_sets(seed: int, k: int = 5, m: int = 4, sd: float = 0.6) -> pd.DataFrame:
    """K trials of 16 to 40 people, a third of whose baseline, moderator, level and outcome differs by set.

    `sd` is that of the treatment effects between trials; at zero most sets end at the boundary.
    """
    rng = np.random.default_rng(seed)
    study = np.repeat(np.arange(k), rng.integers(16, 40, k))
    n = len(study)
    treat = (rng.permutation(n) % 2).astype(float)
    base, z, level = rng.normal(20 + study, 4), rng.normal(study % 3, 1.0), rng.integers(0, 3, n)
    gap = rng.random(n) < 1 / 3
    effect = -1 + sd * rng.normal(size=k)[study]
    spread = rng.uniform(1, 3, k)[study]
    y = 5 + 0.5 * base + 0.3 * z + effect * treat + spread * rng.normal(size=n)
    sets = []
    for i in range(1, m + 1):
        own = pd.DataFrame(
            {
                "imputation": i,
                "study": [f"S{j}" for j in study],
                "treat": treat,
                "base": np.where(gap, base + rng.normal(size=n), base),
                "z": np.where(gap, z + rng.normal(size=n), z),
                "level": np.where(gap, rng.integers(0, 3, n), level).astype(str),
                "y": np.where(gap, y + rng.normal(size=n), y),
            }
        )
        sets.append(own)
    return pd.concat(sets, ignore_index=True)
