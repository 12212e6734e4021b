"""The data of the engine benchmark: eleven studies, a treatment, six covariates, one interaction."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

STUDIES = 11


def draw(n: int, seed: int = 1) -> pd.DataFrame:
    """n participants in eleven studies of unequal size, rows grouped by study."""
    rng = np.random.default_rng(seed)
    share = np.linspace(0.4, 1.6, STUDIES)
    study = np.sort(rng.choice(STUDIES, n, p=share / share.sum()))
    study[:STUDIES] = np.arange(STUDIES)
    study.sort()
    treat = rng.integers(0, 2, n).astype(float)
    sev, age = rng.normal(size=n), rng.normal(size=n)
    sex, chron, ad = (rng.integers(0, 2, n).astype(float) for _ in range(3))
    a, b = 0.5 * rng.normal(size=STUDIES), 0.3 * rng.normal(size=STUDIES)
    y = a[study] + (b[study] - 0.4) * treat + 0.5 * sev + 0.2 * treat * sev + rng.normal(size=n)
    names = np.array([f"S{i:02d}" for i in range(STUDIES)])
    return pd.DataFrame(
        {
            "study": names[study],
            "treat": treat,
            "sev": sev,
            "age": age,
            "sex": sex,
            "chron": chron,
            "ad": ad,
            "y": y,
        }
    )


if __name__ == "__main__":
    draw(int(sys.argv[1])).to_csv(sys.argv[2], index=False)
