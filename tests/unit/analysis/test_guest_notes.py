"""What a bundle does not tell is left out and said: never another model's answer, nobody, or a nought."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from tests.builders.bundles import small_bundle
from tests.builders.guest_runs import five_trials, run_with, told
from tests.builders.uploads import upload_of

from ipdma.analysis.guest import GuestCell
from ipdma.analysis.guest_rows import places_of
from ipdma.bundle.records import Serves, Withheld
from ipdma.release.counts import tellable

ALL = ("T1", "T2", "T3", "T4", "T5")


@pytest.fixture(scope="module")
def uploads():
    return five_trials()


def counts(records, what, analysis="main.depression.post"):
    """Counts of one kind of one analysis."""
    at = records.counts
    return at[(at.what == what) & (at.analysis_id == analysis)]


def test_a_cell_without_a_block_counts_the_people_that_it_lacks(uploads):
    found = run_with(uploads, ["T2"], ("rows",), lambda b: any(s.timepoint == "follow_up" for s in b.serves))
    gone = counts(found, "excluded", "main.depression.follow_up").set_index("study").n
    assert gone["T2"] == 115
    assert "T2: withheld by the trial's gate" in told(found)["main.depression.follow_up"]
    assert "main.depression.post" not in told(found)


def test_a_number_that_is_withheld_is_said_and_is_not_nought(uploads):
    arms = {"A": ("stpp", 60), "B": ("waitlist", 55), "C": ("cbt", 4)}
    small = {**uploads, "T2": upload_of("T2", arms=arms)}
    whole = run_with(small, ["T2"], ("rows",))
    assert counts(whole, "excluded").set_index("study").n["T2"] == 4
    found = run_with(small, ["T2"], ("rows",), change=lambda bundle: tellable(bundle, 10))
    assert "T2" not in set(counts(found, "excluded").study)
    assert (
        "T2 withholds how many people are left out: arm takes no part" in told(found)["main.depression.post"]
    )
    assert "T2 withholds how many people arm C has" in told(found)["cohort"]


def test_what_a_gate_withheld_is_not_a_trials_missing_data(uploads):
    def hold(bundle):
        held = Withheld("everyone: age", "cells", "fewer than 10 people of arm A lack age", "drop the column")
        return replace(bundle, gate=replace(bundle.gate, withheld=(held,)))

    found = run_with(
        uploads, ["T2"], ("rows",), lambda b: b.serves[0].rows == "everyone" and "age" in b.names, change=hold
    )
    missing = counts(found, "characteristic_missing", "cohort")
    age = missing[missing.variable == "age"].fillna({"study": ""})
    assert "T2" not in set(age.study)
    assert set(age[age.study == ""].of) == {4 * 115}
    assert "T2" in set(missing[missing.variable == "sex"].study)
    assert "without T2: its gate withheld age" in told(found)["cohort"]


def lacks(*names):
    """Takes every block with one of these columns out, but for those that say that the trial has them."""
    return lambda block: bool({*names} & {*block.names}) and block.serves[0].rows != "everyone"


def row(records, analysis, term="treatment"):
    """One row of the estimates, or none."""
    at = records.estimates
    found = at[(at.analysis_id == analysis) & (at.term == term)]
    return None if found.empty else found.iloc[0]


@pytest.mark.parametrize(("names", "k"), [(("T2", "T3"), 3), (ALL, None)])
def test_a_covariate_that_no_block_tells_of_leaves_its_trials_out_and_is_not_dropped(uploads, names, k):
    found = run_with(uploads, names, ("efficacy",), lacks("age"))
    fit = row(found, "main.depression.post.older.one")
    assert (fit is None) if k is None else fit.k == k
    said = told(found)["main.depression.post.older.one"]
    assert f"without {', '.join(names)}: the bundle does not tell of the outcome with age" in said
    primary = row(found, "main.depression.post.primary.one")
    assert primary.k == 5


def test_a_column_of_the_registry_needs_no_block(uploads):
    score = {name: [1.0] for name in ("outcome", "outcome_raw", "baseline", "baseline_raw")}
    own = pd.DataFrame(
        {"study": [small_bundle().study_id], "arm": ["A"], "risk": [1.0], "empty": [None], **score}
    )
    (place,) = places_of(own, [GuestCell(small_bundle(), Serves("main", "depression", "post", "observed"))])
    assert place.asked(["baseline", "risk"]) == ["outcome", "baseline"]
    assert place.asked(["baseline", "empty"]) == ["outcome", "baseline", "empty"]
    assert place.is_silent(["baseline", "empty"])
    assert not place.is_silent([])


@pytest.mark.parametrize("levels", [None, ["1", "2", "3"]])
def test_levels_that_are_whole_numbers_are_the_same_beside_bundles(levels):
    uploads = five_trials()
    for upload in uploads.values():
        people = upload.participants
        people["episode_duration_months"] = [str(1 + i % 3) for i in range(len(people))]
    stages = {"column": "episode_duration_months", "type": "categorical"}
    keys = {"moderators": {"stage": {**stages, **({"levels": levels} if levels else {})}}}
    whole, mixed = (run_with(uploads, names, ("moderators",), **keys) for names in ((), ("T2", "T3")))
    for level in ("2", "3"):
        places = ("main.depression.post.primary.one.stage", f"treatment:within:stage[{level}]")
        a, b = (row(records, *places) for records in (whole, mixed))
        assert (b.k, b.n) == (a.k, a.n) == (5, b.n)
        assert b.estimate == pytest.approx(a.estimate, rel=1e-9)


def test_therapists_are_those_of_the_trials_with_rows():
    uploads = five_trials()
    for upload in uploads.values():
        people = upload.participants
        people["therapist"] = [f"th{i % 6}" if arm == "A" else "" for i, arm in enumerate(people["arm"])]
    found = run_with(uploads, ("T2", "T3"), ("nesting",), nesting={"column": "therapist"})
    assert row(found, "main.depression.post.nesting.one").k == 3
    said = told(found)["main.depression.post.nesting.one"]
    assert "without T2, T3: a variance between therapists needs participants' rows" in said


def test_a_multiverse_says_which_trials_a_specification_lacks(uploads):
    asked = {"multiverse": {"enabled": True}}
    found = run_with(
        uploads,
        ("T2",),
        ("multiverse",),
        lambda b: {"baseline", "age"} <= {*b.names} or {"baseline", "sex"} <= {*b.names},
        **asked,
    )
    sets = {
        own.level for own in found.counts.itertuples() if (own.what, own.variable) == ("choice", "covariates")
    }
    assert sets == {"none", "baseline"}
    said = told(found)["main.depression.post.multiverse"]
    assert said == "without T2: the bundle does not tell of the outcome with baseline with age with sex"
    whole = run_with(uploads, ("T2",), ("multiverse",), **asked)
    assert "baseline, age, sex" in set(whole.counts.level)
    assert "main.depression.post.multiverse" not in told(whole)


def test_prognosis_says_which_trials_a_predictor_lacks(uploads):
    moderators = {"sex": {"column": "sex", "type": "categorical"}, "age": {"column": "age"}}
    asked = {"prognosis": {"conditions": ["stpp"], "outcomes": ["depression"]}, "moderators": moderators}
    found = run_with(uploads, ("T2", "T3"), (), lacks("sex", "moderator.sex"), "prognosis", **asked)
    name = "prognosis.depression.post.prognosis.one.sex"
    assert row(found, name, "prognosis:sex[male]").k == 3
    assert "without T2, T3" in told(found)[name]
    assert row(found, name.replace("sex", "age"), "prognosis:age").k == 5


def test_prognosis_says_which_trials_have_no_block_at_all(uploads):
    asked = {"prognosis": {"conditions": ["stpp"], "outcomes": ["depression"]}}
    found = run_with(uploads, ("T2",), (), lacks("sex", "moderator.sex"), "prognosis", **asked)
    assert told(found)["prognosis.depression.post"] == "without people of T2: withheld by the trial's gate"


def test_a_cell_that_a_bundle_does_not_have_counts_the_trials_people(uploads):
    def without_post(bundle):
        kept = tuple(cell for cell in bundle.cells if cell.serves.timepoint != "post")
        return replace(bundle, cells=kept)

    found = run_with(uploads, ["T2"], ("rows",), change=without_post)
    gone = counts(found, "excluded").set_index("study")
    assert (gone.n["T2"], gone.level["T2"]) == (115, "its bundle does not tell of this outcome")
    assert told(found)["main.depression.post"].startswith("without people of T2")
    trials = counts(found, "excluded_studies")
    assert list(trials.n) == [1]


def test_other_engines_are_said_to_lack_the_same_trials(uploads):
    found = run_with(uploads, ("T2",), ("engines",), lacks("baseline"), engines=["statsmodels"])
    assert "without T2" in told(found)["main.depression.post.engine_ipdma.one"]
    assert row(found, "main.depression.post.engine_ipdma.one").k == 4


def test_bundles_alone_have_no_quantiles_of_a_moderator(uploads):
    asked = {"moderators": {"severity": {"column": "baseline", "spline": False}}}
    name = "main.depression.post.primary.one.severity"
    mixed, bundled = (run_with(uploads, names, ("moderators",), **asked) for names in (("T2",), ALL))
    labels = [set(counts(found, "at_value", f"{name}.at").level) for found in (mixed, bundled)]
    assert labels[1] == {"mean-1sd", "mean", "mean+1sd"} < labels[0]
    assert not bundled.estimates.analysis_id.str.contains("curve").any()
    assert told(bundled)[f"{name}.at"].startswith("no quantiles and no curve: ")
    assert told(mixed)[f"{name}.at"].startswith("quantiles and curve without T2: ")


@pytest.mark.parametrize("how", ["withheld", "no cell at a visit"])
def test_a_bundle_that_lacks_a_pattern_of_visits_is_left_out_of_the_model_over_them(uploads, how):
    def hold(bundle):
        what = "main depression visits visits.baseline: baseline"
        held = Withheld(what, "cells", "fewer than 10 people of arm A", "drop the column")
        return replace(bundle, gate=replace(bundle.gate, withheld=(held,)))

    found = run_with(
        uploads,
        ("T2",),
        ("longitudinal",),
        (lambda b: False) if how == "withheld" else (lambda b: any(s.timepoint == "post" for s in b.serves)),
        change=hold if how == "withheld" else (lambda bundle: bundle),
        longitudinal={"visits": ["post", "follow_up"]},
    )
    said = told(found)["main.depression.visits.longitudinal.one"]
    assert said == "without T2: the bundle does not tell of every pattern of visits"
    assert set(found.estimates.k.dropna()) == {4}


def never_asked(upload, name):
    """An upload without a variable."""
    return replace(upload, participants=upload.participants.drop(columns=[name]))


def test_what_a_trial_never_measured_is_no_fault_of_its_bundle(uploads):
    small = {**uploads, "T2": never_asked(uploads["T2"], "sex")}
    rows, bundles = (run_with(small, own, ("moderators",)) for own in ((), ("T2", "T3")))
    name, term = "main.depression.post.primary.one.sex", "treatment:within:sex[male]"
    assert row(rows, name, term).k == row(bundles, name, term).k == 4
    assert name not in told(bundles)
    lost = run_with(small, ("T2", "T3"), ("moderators",), lacks("moderator.sex"))
    assert "without T3: the bundle does not tell" in told(lost)[name]
