"""Simulated consortia for the prediction of benefit: what is said where nothing is there, and where some is.

    python -m tests.recovery.prediction_recovery 500 [TRUTH ...]

Trials of 40 to 160 participants, residual SDs from 0.7 to 1.1, prognostic slopes that vary between trials (SD
0.15), an average effect of -0.4 that varies with SD 0.2, three variables of which one is binary. Truths: no
interaction; none on average but varying between trials with SD 0.1 each; severity alone; three small ones.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ipdma.analysis.run import analyse
from ipdma.plan import Plan

KEY = ("stpp_control", "depression", "post")
TRUTHS: dict[str, tuple[tuple[float, float, float], float]] = {
    "none": ((0.0, 0.0, 0.0), 0.0),
    "varying about none": ((0.0, 0.0, 0.0), 0.1),
    "severity": ((-0.25, 0.0, 0.0), 0.0),
    "three": ((-0.2, 0.15, 0.2), 0.0),
}
EFFECT, TAU = -0.4, 0.2
PROFILES = {
    "high": {"severity": 1.5, "duration": 1.5, "sex": "male"},
    "low": {"severity": -1.5, "duration": -1.5, "sex": "female"},
    "mixed": {"severity": 1.5, "duration": -1.0},
}


def draw_consortium(rng: np.random.Generator, truth: str, trials: int) -> pd.DataFrame:
    """Rows as `ipdma.cohort.build_rows` leaves them, on the scale of the model."""
    gamma, vary = TRUTHS[truth]
    parts = []
    for i in range(trials):
        n = int(rng.integers(40, 161))
        treat = rng.permutation(np.arange(n) % 2).astype(float)
        severity, duration = rng.normal(0, 0.3) + rng.normal(size=n), rng.normal(0, 0.3) + rng.normal(size=n)
        male = (rng.random(n) < rng.uniform(0.2, 0.5)).astype(float)
        x = np.column_stack([severity, duration, male])
        slopes = np.array([0.5, 0.1, 0.1]) + 0.15 * rng.normal(size=3)
        effect = (
            EFFECT + TAU * rng.normal() + (x - x.mean(axis=0)) @ (np.array(gamma) + vary * rng.normal(size=3))
        )
        y = 0.3 * rng.normal() + x @ slopes + treat * effect + rng.uniform(0.7, 1.1) * rng.normal(size=n)
        parts.append(
            pd.DataFrame(
                {"study": f"S{i:02d}", "treat": treat, "outcome": y, "baseline": severity,
                 "episode_duration_months": duration, "sex": np.where(male == 1, "male", "female")}
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def plan() -> Plan:
    """Outcomes in points, so that the variables are in the units that they were drawn in."""
    return Plan.from_mapping(
        {
            "studies": "drawn",
            "standardise": "none",
            "contrasts": {"stpp_control": {"active": ["stpp"], "reference": ["tau"]}},
            "outcomes": {"depression": {"family": "gaussian", "instruments": ["hamd17"]}},
            "models": {"primary": {"covariates": ["baseline"], "residual": "by_study"}},
            "moderators": {
                "severity": {"column": "baseline"},
                "duration": {"column": "episode_duration_months"},
                "sex": {"column": "sex", "levels": ["female", "male"]},
            },
            "prediction": {
                "variables": ["severity", "duration", "sex"], "profiles": PROFILES,
                "thresholds": [0.2, 0.4, 0.6],
            },
        }
    )  # fmt: skip


def one(rows: pd.DataFrame, truth: str) -> dict[str, float]:
    """What a run says of one consortium."""
    records = analyse({KEY: rows}, plan(), parts=["prediction"])
    counts, estimates = records.counts, records.estimates

    def value(what: str, **wanted: str) -> float:
        own = counts[counts["what"] == what]
        for name, text in wanted.items():
            own = own[own[name] == text]
        return float(own["value"].iloc[0]) if len(own) else float("nan")

    verdict = counts.loc[counts["what"] == "prediction_verdict", "level"].iloc[0]
    tests = estimates[estimates["term"] == "treatment:within:(all)"]
    profiles = estimates[estimates["term"] == "treatment:at:(profile)"].set_index("level")
    mix = rows.assign(sex=(rows["sex"] == "male") * 1.0).groupby("study").mean().mean()
    covered = []
    for name, own in PROFILES.items():
        at = np.array(
            [own["severity"] - mix["baseline"], own["duration"] - mix["episode_duration_months"],
             (own["sex"] == "male") - mix["sex"] if "sex" in own else 0.0]
        )  # fmt: skip
        true = EFFECT + at @ np.array(TRUTHS[truth][0])
        covered.append(profiles.loc[name, "ci_low"] <= true <= profiles.loc[name, "ci_high"])
    return {
        "better": float(verdict == "better"),
        "p below .05": float(tests["p_value"].iloc[0] < 0.05),
        "gain above 0": float(value("validation", variable="gain", level="left-out trials") > 0),
        "spread": value("prediction_spread"),
        "slope": value("validation", variable="calibration_slope", level="left-out trials"),
        "c": value("validation", variable="c_for_benefit", level="left-out trials"),
        "c, same data": value("validation", variable="c_for_benefit", level="same data"),
        "coverage": float(np.mean(covered)),
    }


def study(repeats: int, truth: str, trials: int, seed: int = 20261129) -> pd.DataFrame:
    """A row per simulated consortium."""
    streams = np.random.default_rng([seed, list(TRUTHS).index(truth), trials]).spawn(repeats)
    return pd.DataFrame([one(draw_consortium(rng, truth, trials), truth) for rng in streams])


def main(arguments: Sequence[str]) -> None:
    """Print a line for each number of trials and truth (all of them, or those named)."""
    repeats, *named = arguments or ["500"]
    for trials in (8, 4, 12):
        for truth in named or TRUTHS:
            found = study(int(repeats), truth, trials)
            told = "  ".join(f"{name} {found[name].mean():.3f}" for name in found)
            spreads = " ".join(f"{found['spread'].quantile(q):.3f}" for q in (0.5, 0.95))
            slope = found["slope"].median()
            print(f"{truth}, {trials} trials: {told}  spread {spreads}  median slope {slope:.2f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
