"""A bundle's blocks are the moments of the rows that the analyses use."""

from dataclasses import replace

import numpy as np
import pytest
from tests.builders.bundle_plans import PLAN
from tests.builders.uploads import upload_of

from ipdma.analysis.cell import cell_of, design_frame
from ipdma.analysis.moderator_frame import moderator_frame
from ipdma.analysis.settings import read_settings
from ipdma.bundle import Serves, bundle_text, parse_bundle
from ipdma.bundle.records import BEND
from ipdma.codebook import load_codebook
from ipdma.cohort import build_rows, stack
from ipdma.plan import Plan
from ipdma.release.gate import ungated
from ipdma.release.make import draft_trial


@pytest.fixture(scope="module")
def codebook():
    return load_codebook()


@pytest.fixture(scope="module")
def plan():
    return Plan.from_mapping(PLAN)


def bundle_of_trial(plan, codebook, **changes):
    return ungated(draft_trial(upload_of(**changes), plan, codebook))


def analysed(plan, codebook, outcome="depression", timepoint="post", **changes):
    """The cell of the run with rows, and its standardising constant."""
    cohort = stack([upload_of(**changes)], codebook)
    table = build_rows(cohort, plan, "main", outcome, timepoint)
    cell = cell_of(("main", outcome, timepoint), table, read_settings(plan).family_of(outcome))
    return cell, float(table.scales["constant"].iloc[0])


def expected(frame, arm, names):
    """n, means, covariance of an analysis frame in one arm, by numpy."""
    rows = frame.loc[arm, list(names)].to_numpy(dtype=float)
    return len(rows), rows.mean(axis=0), np.cov(rows.T)


@pytest.mark.parametrize("timepoint", ["post", "follow_up"])
def test_the_headline_block_has_the_moments_of_the_rows(plan, codebook, timepoint):
    changes = {"gone": 4, "unaged": 3}
    bundle = bundle_of_trial(plan, codebook, **changes)
    cell, constant = analysed(plan, codebook, timepoint=timepoint, **changes)
    frame, _ = design_frame(cell.analysed, ["baseline"])
    block = bundle.find(Serves("main", "depression", timepoint, "observed"), ["outcome", "baseline"])
    for arm in ("A", "B"):
        at = cell.analysed["arm"] == arm
        n, means, covariance = expected(frame.dropna(), at, ["outcome", "baseline"])
        own = block.arms[arm]
        assert own.n == n
        np.testing.assert_allclose(own.means / constant, means, rtol=1e-12)
        np.testing.assert_allclose(own.covariance / constant**2, covariance, rtol=1e-11)


def test_a_moderator_has_its_own_rows(plan, codebook):
    changes = {"gone": 4, "unaged": 3}
    bundle = bundle_of_trial(plan, codebook, **changes)
    cell, constant = analysed(plan, codebook, **changes)
    settings = read_settings(plan)
    age = next(m for m in settings.moderators if m.name == "age")
    data = moderator_frame(cell, age, ["baseline"])
    frame = data.complete
    block = bundle.find(Serves("main", "depression", "post", "observed"), ["outcome", "baseline", "age"])
    at = cell.analysed.loc[frame.index, "arm"] == "B"
    n, means, _ = expected(frame, at, ["outcome", "baseline", "age"])
    assert block.arms["B"].n == n == 55 - 4 - 3
    np.testing.assert_allclose(block.arms["B"].means, means * [constant, constant, 10], rtol=1e-12)


def test_a_cut_moderator_has_a_column_for_each_level(plan, codebook):
    bundle = bundle_of_trial(plan, codebook)
    block = bundle.find(
        Serves("main", "depression", "post", "observed"), ["outcome", "baseline", "moderator.chronicity"]
    )
    levels = [c.level for c in block.columns if c.name == "moderator.chronicity"]
    assert levels == ["short", "middle", "long"]
    assert block.arms["A"].means[2:].sum() == pytest.approx(1.0, abs=1e-12)


def test_every_sensitivity_analysis_finds_its_block(plan, codebook):
    bundle = bundle_of_trial(plan, codebook, gone=4)
    names = {
        "unadjusted": ["outcome"],
        "low_risk": ["outcome", "baseline"],
        "own_sd": ["outcome", "baseline"],
    }
    for name, columns in names.items():
        assert bundle.find(Serves("main", "depression", "post", f"sensitivity.{name}"), columns), name
    whole = bundle.find(Serves("main", "depression", "post", "observed"), ["outcome", "baseline"])
    completers = Serves("main", "depression", "post", "sensitivity.completers")
    assert bundle.find(completers, ["outcome", "baseline"]).arms["A"].n == whole.arms["A"].n == 56


def test_events_leave_as_shares_of_whole_people(plan, codebook):
    bundle = bundle_of_trial(plan, codebook, gone=4)
    cell, _ = analysed(plan, codebook, outcome="response", gone=4)
    block = bundle.find(Serves("main", "response", "post", "observed"), ["outcome"])
    events = cell.analysed.loc[cell.analysed["arm"] == "A", "outcome"].sum()
    assert round(block.arms["A"].means[0] * block.arms["A"].n) == events


def test_sums_of_squares_are_those_of_the_constant(plan, codebook):
    bundle = bundle_of_trial(plan, codebook, gone=4)
    _, constant = analysed(plan, codebook, gone=4)
    own = next(s for s in bundle.scales if s.standardise == "instrument_baseline_sd")
    assert (own.n, own.df) == (115, 113)
    assert np.sqrt(own.sum_of_squares / own.df) == pytest.approx(constant, rel=1e-13)


def test_people_seen_at_the_same_visits_stand_together(plan, codebook):
    bundle = bundle_of_trial(plan, codebook, gone=4)
    seen = next(bundle.serving(Serves("main", "depression", "visits", "visits.baseline+post+follow_up")))
    lost = next(bundle.serving(Serves("main", "depression", "visits", "visits.baseline")))
    assert seen.names == ("baseline", "score.post", "score.follow_up")
    assert (seen.arms["A"].n, lost.arms["A"].n) == (56, 4)


def test_scores_stay_in_points_where_higher_is_better(plan, codebook):
    turned = replace(codebook.instruments["hamd17"], higher_is_worse=False)
    other = replace(codebook, instruments={**codebook.instruments, "hamd17": turned})
    ours, theirs = (bundle_of_trial(plan, book) for book in (codebook, other))
    for serves in (
        Serves("main", "depression", "post", "observed"),
        Serves("main", "depression", "visits", "visits.baseline+post+follow_up"),
    ):
        for a, b in zip(ours.serving(serves), theirs.serving(serves), strict=True):
            assert np.array_equal(a.arms["A"].means, b.arms["A"].means), serves


def test_a_bundle_of_the_open_gate_says_so_and_reads_back(plan, codebook):
    bundle = bundle_of_trial(plan, codebook, gone=4, unaged=3)
    assert not bundle.gate.for_sharing
    assert bundle.gate.minimum_cell == 1
    text = bundle_text(bundle)
    assert bundle_text(parse_bundle(text, "t")) == text


def test_the_same_trial_gives_the_same_bytes(plan, codebook):
    assert bundle_text(bundle_of_trial(plan, codebook)) == bundle_text(bundle_of_trial(plan, codebook))


def test_identifiers_and_free_text_never_become_columns(codebook):
    asked = {
        "who": {"column": "participant", "type": "categorical"},
        "therapist": {"column": "therapist", "type": "categorical"},
    }
    plan = Plan.from_mapping({**PLAN, "moderators": {**PLAN["moderators"], **asked}})
    upload = upload_of()
    upload.participants["therapist"] = [f"Dr {i % 3}" for i in range(len(upload.participants))]
    text = bundle_text(ungated(draft_trial(upload, plan, codebook)))
    assert "Dr 1" not in text
    assert "A001" not in text


@pytest.mark.parametrize("values", ["", "yes"])
def test_knots_on_a_text_do_not_stop_a_bundle(codebook, values):
    asked = {"who": {"column": "dropout", "spline": [0, 0.5, 1]}}
    upload = upload_of()
    upload.participants["dropout"] = values
    made = ungated(draft_trial(upload, Plan.from_mapping({**PLAN, "moderators": asked}), codebook))
    assert made.find(Serves("main", "depression", "post", "observed"), ["outcome", "baseline"])
    assert not any(column.coding == BEND for block in made.blocks for column in block.columns)


def test_a_cut_baseline_is_said_to_be_withheld_of_scaled_outcomes_that_ask_for_it(codebook):
    severe = {"column": "baseline", "type": "categorical", "cuts": [1.5]}
    outcomes = {
        "depression": {"family": "gaussian"},
        "anxiety": {"family": "gaussian", "measure": "score", "moderators": ["age"]},
        "function": {"family": "gaussian", "measure": "score", "standardise": "none"},
    }
    keys = {"moderators": {"severe": severe, "age": {"column": "age"}}, "outcomes": outcomes}
    made = draft_trial(upload_of(), Plan.from_mapping({**PLAN, **keys}), codebook).bundle
    assert [own.what for own in made.gate.withheld] == ["outcome depression: moderator severe"]


@pytest.mark.parametrize(
    ("prognosis", "scaled", "wanted"),
    [
        ({}, "none", ["sensitivity in_sd: moderator severe"]),
        ({"predictors": ["age"]}, "instrument_baseline_sd", ["sensitivity in_sd: moderator severe"]),
        (
            {},
            "instrument_baseline_sd",
            [
                "sensitivity in_sd: moderator severe",
                "sensitivity sides: moderator severe",
                "prognosis: predictor severe",
            ],
        ),
    ],
)
def test_a_cut_baseline_is_said_to_be_withheld_of_what_ifs_and_prognosis(codebook, prognosis, scaled, wanted):
    severe = {"column": "baseline", "type": "categorical", "cuts": [1.5]}
    keys = {
        "moderators": {"severe": severe, "age": {"column": "age"}},
        "outcomes": {"depression": {"family": "gaussian", "standardise": scaled}},
        "sensitivity": {
            "in_sd": {"standardise": "study_baseline_sd", "moderators": ["severe"]},
            "sides": {"model": {"covariates": []}, "moderators": ["severe", "age"]},
            "other": {"model": {"covariates": []}, "moderators": ["age"]},
        },
        "prognosis": {"conditions": ["stpp"], "outcomes": ["depression"], **prognosis},
    }
    made = draft_trial(upload_of(), Plan.from_mapping({**PLAN, **keys}), codebook).bundle
    said = [own.what for own in made.gate.withheld]
    assert {*wanted} <= {*said}
    assert any(own.startswith("prognosis") for own in said) is (scaled != "none" and not prognosis)
    assert "sensitivity other: moderator severe" not in said
