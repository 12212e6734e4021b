"""Rows of trials whose interaction with a moderator of three levels varies between them."""

import numpy as np
import pandas as pd


def draw_levels(seed: int = 9, k: int = 9, n: int = 90) -> pd.DataFrame:
    """Trials with a baseline, three levels, and a continuous and a yes/no outcome."""
    rng = np.random.default_rng(seed)
    study = np.repeat(np.arange(k), n)
    treat, level = rng.integers(0, 2, k * n).astype(float), rng.integers(0, 3, k * n)
    base = rng.normal(20, 4, k * n)
    varies = rng.normal(0, 2.5, (k, 3))
    effect = -1 + rng.normal(0, 0.8, k)[study] + 0.6 * level + varies[study, level]
    mean = rng.normal(0, 1, k)[study] + 0.4 * (base - 20) + effect * treat
    y = np.round(mean + rng.normal(0, 2, k * n), 4)
    event = (rng.random(k * n) < 1 / (1 + np.exp(-0.5 * mean))).astype(int)
    names = np.array(["a", "b", "c"])
    return pd.DataFrame(
        {"study": [f"S{i}" for i in study], "treat": treat, "base": np.round(base, 4), "level": names[level]}
    ).assign(y=y, event=event)
