"""A thousand small meta-analyses that make optimisers stop short, drawn from a seed.

    python tests/recovery/hard_sets.py SETS.csv          the data, one long table with a column `set`

Four designs take turns: correlated random intercept and treatment effect, independent ones, stratified
intercepts with a random effect, and correlated ones with stratified prognostic slopes left out and unequal
residual variances. Few studies, very unequal sizes, variances between studies from zero to large.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

DESIGNS = ("correlated", "independent", "stratified", "unequal")
SPECS = {
    "correlated": {"intercept": "random"},
    "independent": {"intercept": "random", "random_correlation": False},
    "stratified": {"intercept": "stratified"},
    "unequal": {"intercept": "random"},
}
COMMON = {
    "outcome": "y",
    "covariates": ["x", "w"],
    "covariate_slopes": "common",
    "centre_covariates": "none",
}


def draw_set(number: int) -> pd.DataFrame:
    """One set of rows: study, treat, x, w, y."""
    rng = np.random.default_rng([20261124, number])
    design = DESIGNS[number % len(DESIGNS)]
    k = int(rng.choice([3, 4, 5, 7, 9, 11, 20]))
    sizes = np.maximum(6, rng.lognormal(3.4, 0.8, k).astype(int))
    study = np.repeat(np.arange(k), sizes)
    treat = np.concatenate([rng.permutation(np.arange(n) % 2 < rng.choice([0.5, 1.0])) for n in sizes]) * 1.0
    treat = np.where(np.arange(len(study)) % 2 == 0, treat, rng.integers(0, 2, len(study)))
    tau, phi = rng.choice([0.0, 0.05, 0.3, 1.0]), rng.choice([0.0, 0.1, 0.5, 2.0])
    rho = rng.choice([-0.9, 0.0, 0.7])
    a = phi * rng.standard_normal(k)
    b = tau * (rho * a / max(phi, 1e-9) * (phi > 0) + np.sqrt(1 - rho**2) * rng.standard_normal(k))
    sigma = rng.uniform(0.4, 2.0, k) if design == "unequal" else np.ones(k)
    x = rng.standard_normal(len(study)) + rng.standard_normal(k)[study]
    w = rng.standard_normal(len(study))
    noise = sigma[study] * rng.standard_normal(len(study))
    y = 1 + 0.5 * x + 0.2 * w + a[study] + (b[study] - 0.3) * treat + noise
    return pd.DataFrame(
        {"set": number, "study": [f"S{i:02d}" for i in study], "treat": treat, "x": x, "w": w, "y": y}
    )


def main() -> None:
    """Write the sets."""
    pd.concat([draw_set(i) for i in range(1000)]).to_csv(sys.argv[1], index=False, float_format="%.17g")


if __name__ == "__main__":
    main()
