"""With the gate on a Gaussian row whose blocks left is that of the run with rows; the run names the rest."""

from __future__ import annotations

import pytest
from tests.builders.guest_runs import five_trials, run_with
from tests.builders.told_rows import differing, gaussian_rows, unnamed

KEYS = {
    "minimum_cell": 10,
    "models": {"primary": {"covariates": ["baseline"]}, "older": {"covariates": ["age"]}},
    "moderators": {
        "severity": {"column": "baseline"},
        "age": {"column": "age", "per": 10, "spline": [25, 40, 60]},
        "sex": {"column": "sex", "type": "categorical"},
        "log_duration": {"column": "episode_duration_months", "transform": "log", "spline": False},
    },
    "sensitivity": {
        "unadjusted": {"model": {"covariates": []}, "moderators": ["sex", "age"]},
        "completers": {"participants": {"dropout": ["no"]}},
        "points": {"standardise": "none"},
        "own_sd": {"standardise": "study_baseline_sd"},
        "post_sd": {"standardise": "instrument_post_sd"},
        "with_error": {"reliability": 0.8},
        "leave_one_out": {"leave_one_out": True},
    },
    "longitudinal": {"visits": ["post", "follow_up"]},
    "multiverse": {"enabled": True},
    "missing": {"method": "multiple_imputation", "m": 3, "iterations": 2, "outcomes": ["depression"]},
}
PARTS = ("rows", "efficacy", "moderators", "sensitivity", "multiverse", "longitudinal", "missing")


@pytest.fixture(scope="module")
def uploads():
    """Five trials: of some few lack the outcome or their age, so that blocks stay and constants move."""
    return five_trials()


@pytest.fixture(scope="module")
def whole(uploads):
    return gaussian_rows(run_with(uploads, (), PARTS, **KEYS).estimates, ["depression"])


@pytest.mark.parametrize(
    ("as_bundles", "share"), [(("T5",), 0.3), (("T2", "T4"), 0.0), (("T1", "T2", "T3", "T4", "T5"), 0.0)]
)
def test_a_row_is_that_of_the_run_with_rows_or_is_named(uploads, whole, as_bundles, share):
    records = run_with(uploads, as_bundles, PARTS, **KEYS)
    found = gaussian_rows(records.estimates, ["depression"])
    apart = differing(whole, found)
    assert unnamed(apart, records) == []
    assert len(whole) - len(whole.index.intersection(apart)) >= share * len(whole)
