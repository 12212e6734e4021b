"""Rows of simulated trials with a yes/no outcome, for several tests."""

import numpy as np
import pandas as pd


def draw_trials(studies=5, size=60, seed=1, tau=0.6):
    """`study, y, treat, base, z, lev` of trials whose intercepts and effects vary."""
    rng = np.random.default_rng(seed)
    parts = []
    for k in range(studies):
        n = size + 7 * k
        t = np.arange(n) % 2
        base, z = rng.normal(20, 5, n), rng.normal(0.3 * k, 1, n)
        lev = rng.choice(["a", "b", "c"], n)
        eta = rng.normal(-0.2, 0.6) + rng.normal(0.7, tau) * t - 0.05 * (base - 20) + 0.3 * t * z
        y = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
        parts.append(pd.DataFrame({"study": f"S{k}", "y": y, "treat": t, "base": base, "z": z, "lev": lev}))
    return pd.concat(parts, ignore_index=True)
