"""Rows of a few tiny studies, whose restricted likelihood often has several optima."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ipdma.model.spec import ModelSpec

SPEC = {"outcome": "post", "covariates": ["base"], "covariate_slopes": "common", "intercept": "random"}


def hard_rows(seed: int) -> pd.DataFrame:
    """Four to seven studies of four to eleven people, each with a residual variance of its own."""
    rng = np.random.default_rng(seed)
    parts = []
    for study in range(int(rng.integers(4, 8))):
        n = int(rng.integers(4, 12))
        treat, (a, b), base = np.arange(n) % 2, rng.normal(0, 0.6, 2), rng.normal(size=n)
        noise = rng.normal(size=n) * rng.choice([0.5, 1, 2.0])
        post = a + (b - 0.3) * treat + 0.4 * base + noise
        parts.append(pd.DataFrame({"study": f"S{study}", "treat": treat, "base": base, "post": post}))
    return pd.concat(parts, ignore_index=True)


def hard_spec(residual: str) -> ModelSpec:
    """A correlated random intercept and treatment effect."""
    return ModelSpec.from_mapping({**SPEC, "residual": residual})
