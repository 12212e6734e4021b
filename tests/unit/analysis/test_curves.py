"""Curves at the plan's knots: bundles give the rows' answer, and quantile knots are said to be unknown."""

from __future__ import annotations

import numpy as np
import pytest
from tests.builders.guest_runs import five_trials, run_with, told
from tests.builders.uploads import upload_of

CURVES = {
    "severity": {"column": "baseline", "spline": {"hamd17": [16, 20, 24, 28]}},
    "age": {"column": "age", "per": 10, "spline": [28, 38, 48, 58]},
    "log_duration": {"column": "episode_duration_months", "transform": "log", "spline": [4, 10, 20, 35]},
    "quantiles": {"column": "age", "spline": True},
}
NUMBERS = ["estimate", "std_error", "statistic", "p_value", "ci_low", "ci_high", "k", "n"]


def curves(uploads, as_bundles=(), **keys):
    """The rows of the splines, by analysis, term and level, and what bundles do not tell."""
    records = run_with(uploads, as_bundles, ("moderators",), **{"moderators": CURVES, **keys})
    rows = records.estimates[records.estimates.analysis_id.str.endswith(".spline")]
    return rows.set_index(["analysis_id", "term", "level"])[NUMBERS].astype(float), told(records)


def planned(rows):
    """Those whose knots the plan gives."""
    return rows[~rows.index.get_level_values(0).str.contains("quantiles")]


@pytest.mark.parametrize("which", [("T2", "T3"), ("T1", "T2", "T3", "T4", "T5")])
def test_curves_at_the_plans_knots_are_those_of_the_rows(which):
    wanted, found = planned(curves(five_trials())[0]), curves(five_trials(), which)
    assert len(wanted) == 6 * (3 + 2 + 25)
    assert list(planned(found[0]).index) == list(wanted.index)
    np.testing.assert_allclose(planned(found[0]), wanted, rtol=1e-9, atol=1e-11)
    said = found[1]["main.depression.post.primary.two.quantiles.spline"]
    assert f"without {', '.join(which)}" in said
    assert "moderators.quantiles.spline" in said


def test_a_severity_in_points_is_of_the_trials_on_that_instrument():
    """Others, on another scale and as bundles, change nothing; each trial may have a constant of its own."""
    own = five_trials()
    others = {f"U{i}": upload_of(f"U{i}", seed=10 + i, instrument="bdi2") for i in (1, 2)}
    keys = {"moderators": {"severity": CURVES["severity"]}, "standardise": "study_baseline_sd"}
    wanted = curves(own, **keys)[0]
    found = curves({**own, **others}, ("T2", "U1"), **keys)[0]
    assert len(wanted) == 2 * 30
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-11)


def test_knots_in_standardised_scores_are_no_sites_and_the_way_out_is_named():
    asked = {"moderators": {"severity": {"column": "baseline", "spline": [3.0, 4.0, 5.0]}}}
    rows, said = curves(five_trials(), ("T2", "T3"), **asked)
    assert set(rows.k) == {3}
    assert "{INSTRUMENT: [points]}" in said["main.depression.post.primary.two.severity.spline"]


def test_knots_on_an_instrument_that_no_trial_is_on_are_said_to_be():
    asked = {"severity": {"column": "baseline", "spline": {"bdi2": [16, 20, 24, 28]}}}
    records = run_with(five_trials(), (), ("moderators",), moderators=asked)
    assert not records.estimates.analysis_id.str.endswith(".spline").any()
    said = records.notes[records.notes.kind == "not_fitted"].set_index("analysis_id").text
    assert said["main.depression.post.primary.two.severity.spline"].startswith(
        "no trial of this cell is on bdi2"
    )
