"""Rows of trials with two, three and four arms of five kinds."""

import numpy as np
import pandas as pd

NODES = ("tau", "wait", "stpp", "ad", "both")
ARMS = {
    "S1": ("tau", "stpp"),
    "S2": ("tau", "stpp"),
    "S3": ("wait", "stpp", "ad"),
    "S4": ("stpp", "ad"),
    "S5": ("ad", "both"),
    "S6": ("tau", "stpp", "ad", "both"),
    "S7": ("wait", "tau"),
    "S8": ("ad", "both"),
    "S9": ("wait", "stpp"),
}
EFFECTS = {"tau": 0.0, "wait": 0.5, "stpp": -1.0, "ad": -0.6, "both": -1.5}


def draw_network(
    seed: int = 5, arms=ARMS, tau: float = 0.6, size: tuple[int, int] = (14, 40)
) -> pd.DataFrame:
    """`study, node, y, base, level`."""
    rng = np.random.default_rng(seed)
    parts = []
    for i, (study, nodes) in enumerate(arms.items()):
        own = {node: EFFECTS[node] + rng.normal(0, tau / np.sqrt(2)) for node in nodes}
        for node in nodes:
            n = int(rng.integers(*size))
            base = rng.normal(20 + i % 3, 4, n)
            y = 0.4 * base + own[node] * (1 + 0.05 * (base - 20)) + rng.normal(0, 1.5 + 0.3 * (i % 3), n)
            level = rng.choice(["a", "b", "c"], n)
            parts.append(pd.DataFrame({"study": study, "node": node, "y": y, "base": base, "level": level}))
    return pd.concat(parts, ignore_index=True).round({"y": 4, "base": 4})
