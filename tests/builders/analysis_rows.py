"""Small consortia drawn for the tests of analysis: rows as ipdma.cohort.build_rows leaves them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

from ipdma.analysis.run import analyse
from ipdma.plan import Plan

COMPARATORS = ("waitlist", "tau", "placebo")


def draw_rows(
    seed: int = 1,
    sizes: tuple[int, ...] = (40, 60, 30, 80, 50, 44),
    effect: float = -0.6,
    tau: float = 0.2,
    within: float = -0.3,
    missing: float = 0.0,
    binary: bool = False,
) -> pd.DataFrame:
    """One row per participant; `within` is the interaction with severity inside each trial."""
    rng = np.random.default_rng(seed)
    parts = []
    for i, n in enumerate(sizes):
        treat = np.arange(n) % 2
        level = rng.normal(0, 0.4)
        base = level + rng.normal(size=n)
        theta = effect + tau * rng.normal()
        y = rng.normal(0, 0.3) + 0.5 * base + treat * (theta + within * (base - base.mean()))
        y = y + (0.6 + 0.05 * i) * rng.normal(size=n)
        y[rng.random(n) < missing] = np.nan
        months = np.exp(rng.normal(2.7, 0.8, n))
        months[rng.random(n) < 0.05] = np.nan
        drug = rng.choice(["no", "yes"], n).astype(object) if i != 1 else np.full(n, None, dtype=object)
        parts.append(
            pd.DataFrame(
                {
                    "study": f"S{i + 1:02d}",
                    "participant": [f"p{i}_{j}" for j in range(n)],
                    "arm": np.where(treat == 1, "a", "b"),
                    "condition": np.where(treat == 1, "stpp", COMPARATORS[i % 3]),
                    "comparator": COMPARATORS[i % 3],
                    "treat": treat,
                    "instrument": "hamd17" if i % 2 == 0 else "bdi2",
                    "rating": "observer" if i % 2 == 0 else "self",
                    "scoring": "",
                    "weeks": 16.0,
                    "baseline": base,
                    "outcome": np.where(np.isnan(y), np.nan, (y < np.nanmedian(y)) * 1.0) if binary else y,
                    "baseline_raw": 20 + 5 * base,
                    "outcome_raw": 12 + 5 * y,
                    "scale": 5.0,
                    "age": rng.normal(41, 12, n).round(),
                    "sex": rng.choice(["female", "male"], n, p=[0.7, 0.3]),
                    "episode_duration_months": months,
                    "antidepressant_at_baseline": drug,
                    "dropout": rng.choice(["no", "yes"], n, p=[0.8, 0.2]),
                    "rob_d1": ["low", "high", "some concerns"][i % 3],
                    "rob_overall": ["low", "high"][i % 2],
                    "quality": float(i % 4),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def as_table(rows: pd.DataFrame) -> SimpleNamespace:
    """Rows with exclusions and scales, as an AnalysisRows record."""
    exclusions = pd.DataFrame({"study": ["S09"], "reason": ["one side of the contrast only"], "n": [12]})
    scales = pd.DataFrame(
        {
            "instrument": ["hamd17", "bdi2"],
            "rating": ["observer", "self"],
            "scoring": ["", ""],
            "study": ["", ""],
            "constant": [5.0, 9.0],
            "n": [150, 120],
            "df": [140, 110],
            "what": ["instrument_baseline_sd"] * 2,
        }
    )
    return SimpleNamespace(rows=rows, exclusions=exclusions, scales=scales)


def small_plan(**changes) -> Plan:
    """A plan with the interface's example models and moderators."""
    plan = {
        "studies": "data",
        "contrasts": {"stpp_control": {"active": ["stpp"], "reference": ["waitlist", "tau", "placebo"]}},
        "outcomes": {"depression": {"family": "gaussian"}, "response": {"family": "binomial"}},
        "time_points": {"post": {"timepoint": "post"}},
        "models": {
            "primary": {"covariates": ["baseline"], "residual": "by_study"},
            "publication": {
                "covariates": ["baseline"],
                "covariate_slopes": "common",
                "intercept": "random",
                "treatment_effect": "common",
            },
        },
        "primary_model": "primary",
        "moderators": {
            "severity": {"column": "baseline"},
            "chronicity": {
                "column": "episode_duration_months",
                "type": "categorical",
                "cuts": [12, 24],
                "labels": ["under 1 year", "1 to under 2 years", "2 years or more"],
            },
            "antidepressant": {"column": "antidepressant_at_baseline", "type": "categorical"},
            "age": {"column": "age", "per": 10},
        },
    }
    return Plan.from_mapping({**plan, **changes})


KEY = ("stpp_control", "depression", "post")
BINARY_KEY = ("stpp_control", "response", "post")


PLAIN = {"moderators": {}, "subgroups": {}, "risk_of_bias": []}


def run(rows: pd.DataFrame, parts: list[str], plan: Plan | None = None, **extra):
    """The records of some parts of an analysis of these rows; by default of a plan without moderators."""
    return analyse({KEY: as_table(rows)}, plan or small_plan(**PLAIN), parts=parts, **extra)


def pick(estimates: pd.DataFrame, **columns) -> pd.Series:
    """The one row with these values; that of an interaction which varies between trials by its id alone."""
    found = estimates
    if "analysis_id" not in columns:
        found = found[~found["analysis_id"].str.endswith(".random")]
    for name, value in columns.items():
        found = found[found[name] == value]
    assert len(found) == 1, f"{len(found)} rows with {columns}"
    return found.iloc[0]


def count(records, **columns) -> pd.DataFrame:
    """Rows of counts.csv with these values."""
    found = records.counts
    for name, value in columns.items():
        found = found[found[name] == value]
    return found


AGGREGATE = pd.DataFrame(
    {
        "study": ["X1", "X2", "S01", "X3"],
        "contrast": "stpp_control",
        "outcome": "depression",
        "timepoint": "post",
        "estimate": ["-0.9", "-0.1", "-5", "not reported"],
        "std_error": ["0.3", "0.25", "0.1", ""],
        "n_active": ["20", "30", "9", ""],
        "n_reference": ["22", "31", "9", ""],
        "source": ["paper", "paper", "paper", "paper"],
    }
)


def rows_with_status() -> pd.DataFrame:
    """Rows with a category `status` whose interaction with treatment differs between trials."""
    drawn = draw_rows()
    status = np.resize(["a", "b", "c", "b", "a"], len(drawn))
    trial = drawn.study.astype("category").cat.codes.to_numpy()
    own = np.where(status == "b", 2.0, 0.0) * (trial % 2 - 0.5) * drawn.treat.to_numpy()
    return drawn.assign(status=status, outcome=drawn.outcome + own)
