"""Rows of trials whose active arm is treated by therapists, each with patients of their own."""

import numpy as np
import pandas as pd


def draw_nested(
    seed: int = 4, k: int = 5, therapists: int = 6, sd: float = 2.0, tau: float = 2.0
) -> pd.DataFrame:
    """`study, treat, therapist` (empty in the reference arm), `base, y`."""
    rng = np.random.default_rng(seed)
    parts = []
    for i in range(k):
        sizes = rng.integers(2, 9, therapists)
        active, control = int(sizes.sum()), int(rng.integers(20, 40))
        treat = np.repeat([1.0, 0.0], [active, control])
        who = [f"T{t}" for t, n in enumerate(sizes) for _ in range(n)] + [None] * control
        effect = np.repeat(rng.normal(0, sd, therapists), sizes)
        base = rng.normal(20, 4, active + control)
        y = (
            0.5 * base
            + treat * (-2 + tau * rng.normal())
            + rng.normal(0, 3 + 0.5 * (i % 2), active + control)
        )
        y[:active] += effect
        parts.append(pd.DataFrame({"study": f"S{i}", "treat": treat, "therapist": who, "base": base, "y": y}))
    return pd.concat(parts, ignore_index=True).round({"base": 4, "y": 4})
