"""The gate: what passes recovers nobody, what does not is named, and earlier releases count."""

from dataclasses import replace

import pytest
from tests.builders.bundle_plans import PLAN
from tests.builders.uploads import upload_of

from ipdma.bundle import Serves, bundle_text, parse_bundle
from ipdma.bundle.guest import withheld_variables
from ipdma.bundle.records import BEND, sets_of
from ipdma.codebook import load_codebook
from ipdma.plan import Plan
from ipdma.release.attack import attack_bundle
from ipdma.release.gate import draft_sets, is_headline, release, ungated
from ipdma.release.make import draft_trial

HEADLINE = Serves("main", "depression", "post", "observed")


@pytest.fixture(scope="module")
def codebook():
    return load_codebook()


@pytest.fixture(scope="module")
def plan():
    return Plan.from_mapping({**PLAN, "minimum_cell": 10})


def draft(plan, codebook, **changes):
    return draft_trial(upload_of(**changes), plan, codebook)


def without(upload, people):
    """The upload when some people have withdrawn."""
    keep = {
        name: getattr(upload, name)[~getattr(upload, name)["participant"].isin(people)]
        for name in ("participants", "assessments")
    }
    return replace(upload, **keep)


@pytest.mark.parametrize("gone", [0, 3, 15])
@pytest.mark.parametrize("unaged", [0, 4, 12])
def test_what_passes_recovers_nobody(plan, codebook, gone, unaged):
    made = release(draft(plan, codebook, gone=gone, unaged=unaged), plan, 10).bundle
    assert made is not None
    assert made.gate.for_sharing
    assert attack_bundle(made, 10)[0] == []
    assert bundle_text(parse_bundle(bundle_text(made), "t")) == bundle_text(made)


def test_a_moderator_that_few_lack_is_withheld_and_the_headline_stays(plan, codebook):
    released = release(draft(plan, codebook, unaged=4), plan, 10)
    assert released.bundle.find(HEADLINE, ["outcome", "baseline"])
    assert released.bundle.find(HEADLINE, ["outcome", "baseline", "age"]) is None
    held = next(own for own in released.withheld if own.what.endswith("outcome, baseline, age"))
    assert "fewer than 10" in held.reason
    assert held.way_out


def test_a_moderator_that_all_have_or_many_lack_stays(plan, codebook):
    for unaged in (0, 12):
        made = release(draft(plan, codebook, unaged=unaged), plan, 10).bundle
        assert made.find(HEADLINE, ["outcome", "baseline", "age"]), unaged


def test_a_category_of_few_leaves_alone(plan, codebook):
    small = Plan.from_mapping({**PLAN, "minimum_cell": 25})
    released = release(draft(small, codebook), small, 25)
    assert released.bundle.find(HEADLINE, ["outcome", "baseline"])
    assert released.bundle.find(HEADLINE, ["outcome", "baseline", "moderator.sex"]) is None
    reasons = [own for own in released.withheld if "sex" in own.reason]
    assert reasons
    assert "merge two levels" in reasons[0].way_out


def test_a_trial_whose_headline_fails_is_refused(plan, codebook):
    arms = {"A": ("stpp", 9), "B": ("waitlist", 60)}
    released = release(draft(plan, codebook, arms=arms), plan, 10)
    assert released.bundle is None
    assert any("fewer than 10 people in arm A" in own.reason for own in released.withheld)


def test_a_site_may_ask_for_more(plan, codebook):
    made = draft(plan, codebook)
    assert release(made, plan, 10).bundle.gate.minimum_cell == 10
    assert release(made, plan, 58).bundle is None


def test_a_person_who_withdraws_is_a_difference_of_one(plan, codebook):
    whole = upload_of()
    first = release(draft_trial(whole, plan, codebook), plan, 10).bundle
    later = draft_trial(without(whole, ["A000"]), plan, codebook)
    again = release(later, plan, 10, [first])
    assert again.bundle is None
    held = next(own for own in again.withheld if own.attack == "releases")
    assert "earlier release deleted" in held.way_out


def test_the_same_release_again_is_no_difference(plan, codebook):
    made = draft(plan, codebook)
    first = release(made, plan, 10).bundle
    assert bundle_text(release(made, plan, 10, [first]).bundle).count('"found": 0') == 9


def test_standardisers_of_almost_the_blocks_people_give_way_to_those_of_the_blocks(plan, codebook):
    near = release(draft(plan, codebook, gone=3), plan, 10).bundle
    far = release(draft(plan, codebook, gone=12), plan, 10).bundle
    n = {own.standardise: own.n for own in near.scales}
    assert n["instrument_baseline_sd"] == 115 - 6
    assert {own.standardise: own.n for own in far.scales}["instrument_baseline_sd"] == 115
    headline = near.find(HEADLINE, ["outcome", "baseline"])
    expected = sum(own.products[1, 1] for own in headline.arms.values())
    squares = next(own for own in near.scales if own.standardise == "instrument_baseline_sd")
    assert squares.sum_of_squares == pytest.approx(expected, rel=1e-12)


def test_the_headline_is_the_primary_model_of_the_first_outcome(plan, codebook):
    blocks = [own.block for own in draft(plan, codebook).blocks]
    heads = [own for own in blocks if is_headline(own, plan)]
    assert {serves.timepoint for own in heads for serves in own.serves} == {"post", "follow_up"}
    assert all(set(own.names) == {"outcome", "baseline"} for own in heads)


def test_nothing_in_a_released_bundle_names_a_person(plan, codebook):
    text = bundle_text(release(draft(plan, codebook), plan, 10).bundle)
    assert not any(who in text for who in upload_of().participants["participant"])


SMALL_ARM = {"A": ("stpp", 60), "B": ("waitlist", 55), "C": ("cbt", 4)}


def test_numbers_of_few_people_are_withheld_and_those_that_give_them_away(plan, codebook):
    made = release(draft(plan, codebook, arms=SMALL_ARM), plan, 10).bundle
    assert {name: arm.n for name, arm in made.arms.items()} == {"A": 60, "B": 55, "C": None}
    left = [own for cell in made.cells for own in cell.left_out]
    assert left
    assert {n for _, n in left} == {None}
    assert made.gate.for_sharing
    assert attack_bundle(made, 10)[0] == []


def test_randomised_people_minus_the_arms_that_are_told_would_be_the_withheld_one(plan, codebook):
    upload = upload_of(arms=SMALL_ARM)
    upload.study["study"]["randomised"] = "119"
    assert release(draft_trial(upload, plan, codebook), plan, 10).bundle.study["randomised"] is None


def test_a_search_without_steps_withholds_its_block_and_is_not_counted_as_tried(plan, codebook, monkeypatch):
    arms = {"A": ("stpp", 17), "B": ("waitlist", 60)}
    made = draft(plan, codebook, arms=arms)
    whole = release(made, plan, 10)
    assert whole.untried == 0
    assert tried(whole.bundle) > 0
    monkeypatch.setattr("ipdma.release.gate.STEPS", 0)
    hasty = release(made, plan, 10)
    assert hasty.untried > 0
    assert hasty.bundle is None
    assert any("more than is allowed" in own.reason for own in hasty.withheld)


def tried(made):
    """Searches for whole numbers that the bundle says were made."""
    return next(own.tried for own in made.gate.attacks if own.attack == "reconstruction")


def test_a_variable_that_the_gate_withheld_is_told_from_one_that_was_never_asked(plan, codebook):
    made = release(draft(plan, codebook, unaged=4), plan, 10).bundle
    assert withheld_variables(made) == ["age"]


def test_a_curve_leaves_whole_or_not_at_all(codebook):
    people = upload_of().participants
    ages = sorted(people.loc[people["arm"] == people["arm"].iloc[0], "age"].astype(float))
    for knots, passes in (([30, 40, 50], True), ([20, ages[-5], 69.5, 70], False)):  # four are older
        asked = {"moderators": {"age": {"column": "age", "spline": knots}}, "minimum_cell": 10}
        curved = Plan.from_mapping({**PLAN, **asked})
        made = release(draft(curved, codebook), curved, 10).bundle
        assert made.find(HEADLINE, ["outcome", "baseline", "age"])
        names = ["outcome", "baseline", "age", *(f"moderator.age.s{j}" for j in range(2, len(knots)))]
        assert (made.find(HEADLINE, names) is not None) == passes
        assert any(column.coding == BEND for own in made.blocks for column in own.columns) == passes


def drafted_sets(upload, codebook, moderators=None):
    """A plan that imputes the score, and what a trial could give to it."""
    asked = {
        "moderators": moderators or {},
        "sensitivity": {},
        "longitudinal": {"visits": []},
        "minimum_cell": 10,
        "missing": {
            "method": "multiple_imputation",
            "m": 4,
            "iterations": 3,
            "outcomes": ["depression"],
            "models": ["primary"],
        },
    }
    own = Plan.from_mapping({**PLAN, **asked})
    return draft_trial(upload, own, codebook), own


def completed_sets(upload, codebook, moderators=None):
    """Why completed data sets of a trial stay, by their columns, and the columns of those that leave."""
    made, own = drafted_sets(upload, codebook, moderators)
    found = release(made, own, 10)
    assert attack_bundle(found.bundle, 10)[0] == []
    stay = {what.what.split("imputed: ")[1]: what.reason for what in found.withheld if "imputed" in what.what}
    return stay, {", ".join(sets[0].names) for sets in sets_of(found.bundle.blocks)}


def blank(upload, column, people, value=""):
    """Give the first people of each arm another value."""
    table = upload.participants
    table.loc[table.groupby("arm").cumcount() < people, column] = value
    return upload


LOG = {"duration": {"column": "episode_duration_months", "transform": "log", "spline": False}}
LEVELS = {"sex": {"column": "sex", "type": "categorical", "levels": ["female", "male"]}}


def test_completed_sets_in_which_a_logarithm_was_drawn_are_of_the_same_people(codebook):
    upload = blank(upload_of(arms={"A": ("stpp", 50), "B": ("waitlist", 50)}), "episode_duration_months", 26)
    made, _ = drafted_sets(upload, codebook, LOG)
    sets = next(own for own in draft_sets(made.blocks) if "moderator.duration" in own[0].block.names)
    assert {own.block.arms["A"].n for own in sets} == {50}  # normal draws, some of them below zero, lifted
    stay, leave = completed_sets(upload, codebook, LOG)
    assert leave == {"outcome, baseline", "outcome, baseline, moderator.duration"}
    assert stay == {}


def test_completed_sets_of_different_people_stay_since_their_difference_is_a_row(codebook):
    """A level that the plan does not list is drawn for some."""
    upload = upload_of(arms={"A": ("stpp", 200), "B": ("waitlist", 200)})
    upload = blank(blank(upload, "sex", 80, "other"), "sex", 40)
    stay, leave = completed_sets(upload, codebook, LEVELS)
    assert "of different people" in stay["outcome, baseline, moderator.sex"]
    assert leave == {"outcome, baseline"}


def test_as_many_need_not_be_the_same_people(codebook):
    made, own = drafted_sets(upload_of(arms={"A": ("stpp", 80), "B": ("waitlist", 80)}, gone=30), codebook)
    assert any(block.imputation for block in release(made, own, 10).bundle.blocks)
    second = next(draft for draft in made.blocks if draft.block.imputation == 2)
    second.people["A"] = second.people["A"] - {"A000"} | {"A999"}
    reasons = [held.reason for held in release(made, own, 10).withheld]
    assert "completed data sets are of different people" in reasons


def test_completed_sets_of_which_one_lacks_an_arm_are_named_with_and_without_the_gate(codebook):
    made, own = drafted_sets(upload_of(gone=30), codebook)
    second = next(draft for draft in made.blocks if draft.block.imputation == 2)
    name = "main depression post imputed: outcome, baseline"
    for part in (second.people, second.values, second.block.arms):
        del part["A"]
    for bundle in (ungated(made), release(made, own, 10).bundle):
        assert [held.what for held in bundle.gate.withheld if "lacks an arm" in held.reason] == [name]
        assert {sets[0].serves[0].timepoint for sets in sets_of(bundle.blocks)} == {"follow_up"}
        assert bundle_text(parse_bundle(bundle_text(bundle), "t")) == bundle_text(bundle)


def test_completed_sets_stay_where_one_variable_was_drawn_for_few_and_another_for_many(codebook):
    age = {"age": {"column": "age", "spline": False}}
    arms = {"A": ("stpp", 80), "B": ("waitlist", 80)}
    stay, leave = completed_sets(upload_of(arms=arms, gone=30, unaged=3), codebook, age)
    assert stay == {"outcome, baseline, age": "a variable was drawn for fewer than 12 people of arm A"}
    assert leave == {"outcome, baseline"}
    stay, leave = completed_sets(upload_of(arms=arms, gone=30, unaged=30), codebook, age)
    assert leave == {"outcome, baseline", "outcome, baseline, age"}
    assert stay == {}


def test_completed_sets_stay_where_two_of_them_drew_alike_for_all_but_few(codebook):
    sex = {"sex": {"column": "sex", "type": "categorical"}}
    upload = upload_of(arms={"A": ("stpp", 80), "B": ("waitlist", 80)}, gone=30)
    stay, leave = completed_sets(blank(upload, "sex", 20), codebook, sex)
    assert "two completed data sets differ for fewer than 10" in stay["outcome, baseline, moderator.sex"]
    assert leave == {"outcome, baseline"}
