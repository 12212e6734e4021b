"""Imputed analyses with trials that come as bundles: their sites imputed them, as the centre would have."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.builders.guest_runs import run_with, told
from tests.builders.uploads import upload_of

PARTS = ("missing",)
KEYS = {
    "outcomes": {
        "depression": {"family": "gaussian"},
        "response": {"family": "binomial", "moderators": []},
    },
    "models": {
        "primary": {"covariates": ["baseline"], "residual": "by_study"},
        "older": {"covariates": ["age"]},
    },
    "moderators": {
        "severity": {"column": "baseline", "spline": False},
        "age": {"column": "age", "per": 10, "spline": False},
        "sex": {"column": "sex", "type": "categorical"},
        "chronicity": {
            "column": "episode_duration_months",
            "type": "categorical",
            "cuts": [12, 24],
            "labels": ["short", "middle", "long"],
        },
        "log_duration": {"column": "episode_duration_months", "transform": "log", "spline": False},
    },
    "missing": {
        "method": "multiple_imputation",
        "m": 3,
        "iterations": 2,
        "outcomes": ["depression"],
        "models": ["primary"],
        "delta": {"grid": [0.5], "arms": "grid"},
        "reference_based": ["jump_to_reference", "copy_increments"],
    },
}
NAMES = ["analysis_id", "term", "level"]
NUMBERS = ["estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high", "k", "n"]


@pytest.fixture(scope="module")
def uploads():
    """Four trials on two instruments; 3 to 12 people of each arm lack the outcome, others their age."""
    scales = ["hamd17", "bdi2", "hamd17", "bdi2"]
    return {
        f"T{i}": upload_of(f"T{i}", seed=i, gone=3 * i, unaged=2 * i, instrument=scale)
        for i, scale in enumerate(scales, 1)
    }


@pytest.fixture(scope="module")
def whole(uploads):
    return run_with(uploads, (), PARTS, **KEYS)


def gaussian(records):
    """Rows of the score, by what they are of."""
    rows = records.estimates[records.estimates.outcome == "depression"]
    return rows.set_index(NAMES).sort_index()


@pytest.mark.parametrize("as_bundles", [("T2", "T3"), ("T1", "T2", "T3", "T4")])
def test_every_imputed_row_is_that_of_the_run_with_rows(as_bundles, whole, uploads):
    wanted, found = gaussian(whole), gaussian(run_with(uploads, as_bundles, PARTS, **KEYS))
    assert list(found.index) == list(wanted.index)
    models = set(wanted.model)
    assert {"imputed", "delta:0.5:0", "jump_to_reference", "copy_increments"} <= models
    for column in NUMBERS:
        a, b = (table[column].to_numpy(dtype=float) for table in (wanted, found))
        np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-11, err_msg=column, equal_nan=True)
    a, b = (table["tau2"].to_numpy(dtype=float) for table in (wanted, found))
    np.testing.assert_allclose(b, a, rtol=1e-6, atol=1e-9, equal_nan=True)  # where the search stops


def test_rows_of_single_trials_are_pooled_alike(whole, uploads):
    tables = [
        own.study_estimates[own.study_estimates.model == "imputed"].set_index(["analysis_id", "study"])
        for own in (whole, run_with(uploads, ("T2",), PARTS, **KEYS))
    ]
    names = ["estimate", "std_error", "n_active", "mean_active", "sd_reference", "weight"]
    pd.testing.assert_frame_equal(tables[0][names], tables[1][names], rtol=1e-9)


def test_what_no_completed_set_tells_is_said_where_it_lacks(uploads):
    silent = run_with(
        uploads,
        ("T2", "T3"),
        PARTS,
        without=lambda block: block.imputation is not None and "outcome_missing" in block.names,
        **KEYS,
    )
    said = told(silent)
    assert "without T2, T3" in said["main.depression.post.delta:0.5:0.one"]
    assert "completed data sets" not in said["main.depression.post.imputed.one"]
    rows = silent.estimates.set_index(["analysis_id", "term"])
    assert rows.loc[("main.depression.post.delta:0.5:0.one", "treatment"), "k"] == 2
    assert rows.loc[("main.depression.post.imputed.one", "treatment"), "k"] == 4
    none = run_with(uploads, ("T2", "T3"), PARTS, without=lambda block: block.imputation is not None, **KEYS)
    assert (
        "without T2, T3: the bundle has no completed data sets" in told(none)["main.depression.post.imputed"]
    )
    assert {f"main.depression.post.{own}" for own in ("delta", "jump_to_reference")} <= {*told(none)}
