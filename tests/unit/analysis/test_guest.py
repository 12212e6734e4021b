"""Trials that take part as bundles give the Gaussian answers of trials with rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.builders.guest_runs import five_trials, run_with, told
from tests.builders.uploads import upload_of

from ipdma.analysis.run import analyse
from ipdma.bundle.guest import everyone, guest_of
from ipdma.codebook import load_codebook
from ipdma.cohort import stack
from ipdma.plan import Plan
from ipdma.release.gate import ungated
from ipdma.release.make import draft_trial
from ipdma.runs.files import with_contrast
from ipdma.runs.tables import build_tables

PLAN = {
    "studies": "trials",
    "contrasts": {"main": {"active": ["stpp"], "reference": ["waitlist"]}},
    "outcomes": {
        "depression": {"family": "gaussian"},
        "response": {"family": "binomial", "moderators": []},
    },
    "models": {
        "primary": {"covariates": ["baseline"], "residual": "by_study"},
        "older": {"covariates": ["age"]},
    },
    "primary_model": "primary",
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
    "sensitivity": {
        "unadjusted": {"model": {"covariates": []}},
        "completers": {"participants": {"dropout": ["no"]}},
        "own_sd": {"standardise": "study_baseline_sd"},
        "post_sd": {"standardise": "instrument_post_sd"},
        "early": {"weeks_after_post": [13, 40], "time_points": ["follow_up"]},
    },
    "tree": {"contrasts": ["main"]},
    "longitudinal": {"visits": ["post", "follow_up"]},
    "multiverse": {"enabled": False},
    "minimum_cell": 1,
}
KEY = ["analysis_id", "term", "level"]
NUMBERS = ["estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high", "k", "n"]
PARTS = ("rows", "efficacy", "moderators", "subgroups", "sensitivity", "tree", "longitudinal")


@pytest.fixture(scope="module")
def uploads():
    """Five trials on two instruments; some people lack the outcome or their age."""
    scales = ["hamd17", "bdi2", "hamd17", "bdi2", "hamd17"]
    return {
        f"T{i}": upload_of(f"T{i}", seed=i, gone=3 * i, unaged=2 * i, instrument=scale)
        for i, scale in enumerate(scales, 1)
    }


def run(uploads, as_bundles=()):
    """The records of the plan with some trials as bundles."""
    plan, codebook = Plan.from_mapping(PLAN), load_codebook()
    bundles = [ungated(draft_trial(uploads[name], plan, codebook)) for name in as_bundles]
    kept = [upload for name, upload in uploads.items() if name not in as_bundles]
    cohort = stack(kept, codebook, None, [guest_of(bundle) for bundle in bundles])
    tables, variants = with_contrast("main", build_tables(cohort, plan, "main"))
    people = everyone(cohort, bundles)
    return analyse(
        tables, plan, variants=variants, participants=people, codebook=codebook, bundles=bundles, parts=PARTS
    )


@pytest.fixture(scope="module")
def whole(uploads):
    return run(uploads)


@pytest.fixture(scope="module")
def mixed(uploads):
    return run(uploads, ("T2", "T3"))


@pytest.fixture(scope="module")
def bundled(uploads):
    return run(uploads, tuple(uploads))


def gaussian(found):
    """Rows of the depression score that no quantile of a moderator names; no tree."""
    rows = found.estimates[found.estimates.model != "tree"]
    at = rows[rows.outcome == "depression"]
    return at[~at.term.astype(str).str.contains(":at:")].set_index(KEY).sort_index()


@pytest.mark.parametrize("which", ["mixed", "bundled"])
def test_every_gaussian_row_is_that_of_the_run_with_rows(which, whole, request):
    wanted, found = gaussian(whole), gaussian(request.getfixturevalue(which))
    assert list(found.index) == list(wanted.index)
    assert len(wanted) > 60
    for column in NUMBERS:
        a, b = (table[column].to_numpy(dtype=float) for table in (wanted, found))
        np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-11, err_msg=column, equal_nan=True)
    a, b = (table["tau2"].to_numpy(dtype=float) for table in (wanted, found))
    np.testing.assert_allclose(b, a, rtol=1e-6, atol=1e-9, equal_nan=True)  # where the search stops


@pytest.mark.parametrize("which", ["mixed", "bundled"])
def test_who_was_analysed_and_who_took_part_are_counted_alike(which, whole, request):
    found = request.getfixturevalue(which)
    words = ["rows", "analysed", "missing_outcome", "events", "participants", "characteristic_mean"]
    words += ["characteristic_share", "characteristic_sd", "outcome_mean", "outcome_sd", "baseline_mean"]
    columns = ["analysis_id", "what", "study", "arm", "variable", "level"]
    tables = []
    for records in (whole, found):
        counts = records.counts[records.counts.what.isin(words)].fillna({"level": "", "variable": ""})
        tables.append(counts.set_index(columns)[["n", "of", "value"]].sort_index().astype(float))
    assert list(tables[0].index) == list(tables[1].index)
    pd.testing.assert_frame_equal(tables[0], tables[1], rtol=1e-9)


def test_what_a_bundle_cannot_answer_is_said_where_it_lacks(mixed):
    told = mixed.notes[mixed.notes.kind == "not_in_bundle"].set_index("analysis_id").text
    assert "without T2, T3" in told["main.response.post.primary.one"]
    assert "a tree needs participants' rows" in told["main.depression.post.tree.one"]
    assert "main.depression.visits.longitudinal.one" not in told
    visits = mixed.estimates[mixed.estimates.model == "longitudinal"]
    assert set(visits.k.dropna()) == {5}
    row = mixed.estimates.set_index(["analysis_id", "term"]).loc[
        ("main.response.post.primary.one", "treatment")
    ]
    assert row.k == 3


CODED = {
    "cut_severity": {"column": "baseline", "type": "categorical", "cuts": [4.0, 5.0]},
    "log_severity": {"column": "baseline", "transform": "log"},
    "chronicity": PLAN["moderators"]["chronicity"],
    "duration": {"column": "episode_duration_months"},
}


def estimates_by_moderator(records):
    """Gaussian estimates without points at quantiles, by the name of the moderator."""
    rows = gaussian(records)
    return {name: own.estimate.astype(float) for name, own in rows.groupby("moderator")}


@pytest.mark.parametrize("constant", ["instrument_baseline_sd", "none"])
def test_a_baseline_that_is_coded_is_exact_or_left_out_and_said(constant):
    uploads, asked = five_trials(), {"moderators": CODED, "standardise": constant}
    if constant == "none":
        asked["moderators"] = {**CODED, "cut_severity": {**CODED["cut_severity"], "cuts": [18, 24]}}
    parts = ("moderators",)
    wanted = estimates_by_moderator(run_with(uploads, (), parts, **asked))
    records = run_with(uploads, ("T2", "T3"), parts, **asked)
    found, said = estimates_by_moderator(records), told(records)
    for name in ("log_severity", "chronicity", "duration"):
        pd.testing.assert_series_equal(found[name], wanted[name], rtol=1e-9, atol=1e-11)
    ident = "main.depression.post.primary.one.cut_severity"
    if constant == "none":
        pd.testing.assert_series_equal(found["cut_severity"], wanted["cut_severity"], rtol=1e-9, atol=1e-11)
        assert ident not in said
    else:  # where the constant puts the cuts is known to no site
        without = run_with({k: v for k, v in uploads.items() if k not in ("T2", "T3")}, (), parts, **asked)
        assert ident in said
        assert set(records.estimates[records.estimates.analysis_id == ident].k.dropna()) == set(
            without.estimates[without.estimates.analysis_id == ident].k.dropna()
        )


def test_a_withheld_category_is_not_read_from_its_variable_as_a_number():
    hold = lambda block: "moderator.chronicity" in block.names  # noqa: E731
    records = run_with(five_trials(), ("T2", "T3"), ("moderators",), hold, moderators=CODED)
    ident = "main.depression.post.primary.one.chronicity"
    assert "without T2, T3" in told(records)[ident]
    assert "main.depression.post.primary.one.duration" not in told(records)
