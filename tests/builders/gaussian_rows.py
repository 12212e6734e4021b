"""Rows of six unequal studies with a continuous outcome, for several tests."""

from __future__ import annotations

import numpy as np
import pandas as pd


def draw_rows(seed: int = 5, k: int = 6) -> pd.DataFrame:
    """Six unequal studies with a treatment effect that varies and a moderator."""
    rng = np.random.default_rng(seed)
    study = np.repeat(np.arange(k), rng.integers(14, 40, k))
    n = len(study)
    treat = (rng.permutation(n) % 2).astype(float)
    base, z = rng.normal(20 + study, 4), rng.normal(study % 3, 1.0)
    effect = -2 + rng.normal(size=k)[study] + 0.8 * z
    y = 5 + rng.normal(size=k)[study] + 0.5 * base + 0.3 * z + effect * treat + 2 * rng.normal(size=n)
    return pd.DataFrame({"study": [f"S{i}" for i in study], "treat": treat, "base": base, "z": z, "y": y})
