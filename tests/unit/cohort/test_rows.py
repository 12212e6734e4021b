"""Which participants, which instrument, which visit."""

import math

import pandas as pd
import pytest
from tests.builders.cohort_builder import account, cohort, plan, two_arms, upload

from ipdma.cohort import build_arm_rows, build_rows
from ipdma.errors import DataError

PAIRS = [(20, 10), (24, 14), (22, None)]
OTHERS = [(19, 18), (25, 20)]


def build(made, timepoint="post", outcome="depression", contrast="main", **changes):
    """Rows of one cell under a plan with changes."""
    return build_rows(made, plan(**changes), contrast, outcome, timepoint)


def test_a_row_per_participant_with_raw_scores_sides_and_words():
    table = build(cohort(two_arms("A", PAIRS, OTHERS)))
    rows = table.rows.set_index("participant")
    assert list(rows.index) == ["stpp1", "stpp2", "stpp3", "tau1", "tau2"]
    assert rows["treat"].to_dict() == {"stpp1": 1, "stpp2": 1, "stpp3": 1, "tau1": 0, "tau2": 0}
    assert set(rows["comparator"]) == {"tau"}
    assert set(rows["instrument"]) == {"hamd17"}
    assert set(rows["rating"]) == {"observer"}
    assert set(rows["weeks"]) == {16.0}
    assert rows["baseline_raw"].to_list() == [20, 24, 22, 19, 25]
    assert math.isnan(rows.loc["stpp3", "outcome"])
    assert rows.loc["stpp1", "outcome"] == pytest.approx(10 / rows.loc["stpp1", "scale"])
    account(table, 5)


def test_everyone_is_in_the_rows_or_left_out_with_one_reason():
    made = cohort(
        two_arms("A", PAIRS, OTHERS),
        two_arms("B", PAIRS, OTHERS, conditions=("stpp", "antidepressant")),
        two_arms("C", PAIRS, [(19, None), (25, None)]),
        two_arms("D", PAIRS, OTHERS, conditions=("supportive", "antidepressant")),
        two_arms("F", PAIRS, OTHERS, instrument="epds"),
    )
    table = build(made)
    account(table, 5 * 5)
    why = {(row.study, row.reason): row.n for row in table.exclusions.itertuples()}
    assert set(table.rows["study"]) == {"A"}
    assert why == {
        ("B", "no participant in the reference arm"): 3,
        ("B", "arm takes no part in this contrast"): 2,
        ("C", "no outcome observed in the reference arm"): 5,
        ("D", "no arm of this contrast"): 5,
        ("F", "no instrument of the preference with a baseline and an outcome score"): 5,
    }


def test_a_participant_without_baseline_stays_with_their_outcome():
    table = build(cohort(two_arms("A", [(None, 10), (20, 12), (18, 11)], OTHERS)))
    row = table.rows.set_index("participant").loc["stpp1"]
    assert math.isnan(row["baseline"])
    assert row["outcome_raw"] == 10


def test_a_multi_arm_trial_enters_each_contrast_once_and_no_one_twice():
    people = {"a": "stpp", "b": "stpp", "c": "tau", "d": "tau", "e": "waitlist", "f": "antidepressant"}
    scores = [(p, "hamd17", t, w, s) for p, s in zip(people, (20, 22, 19, 24, 21, 23), strict=True)
              for t, w in (("baseline", 0), ("post", 12))]  # fmt: skip
    contrasts = {
        "control": {"active": ["stpp"], "reference": ["tau", "waitlist"]},
        "drug": {"active": ["stpp"], "reference": ["antidepressant"]},
    }
    made = cohort(upload("A", people, scores))
    control = build(made, contrast="control", contrasts=contrasts)
    assert list(control.rows["participant"]) == ["a", "b", "c", "d", "e"]
    assert set(control.rows["comparator"]) == {"tau + waitlist"}
    account(control, 6)
    drug = build(made, contrast="drug", contrasts=contrasts)
    assert list(drug.rows["participant"]) == ["a", "b", "f"]
    account(drug, 6)


def test_a_trial_without_one_of_the_arms_changes_nothing_but_the_shared_constant():
    alone = build(cohort(two_arms("A", PAIRS, OTHERS)), standardise="study_baseline_sd")
    beside = cohort(
        two_arms("A", PAIRS, OTHERS), two_arms("B", [(40, 1), (2, 3)], OTHERS, conditions=("stpp", "other"))
    )
    pd.testing.assert_frame_equal(build(beside, standardise="study_baseline_sd").rows, alone.rows)


def test_the_first_preferred_instrument_with_baseline_and_outcome_is_taken():
    people = {"a": "stpp", "b": "stpp", "c": "tau", "d": "tau"}
    both = [(p, "bdi2", t, w, s) for p, s in zip(people, (30, 28, 31, 25), strict=True)
            for t, w in (("baseline", 0), ("post", 12))]  # fmt: skip
    only_baseline = [(p, "hamd17", "baseline", 0, 20) for p in people]
    apart = [("a", "madrs", "baseline", 0, 30), ("b", "madrs", "post", 12, 12)]
    table = build(cohort(upload("A", people, both + only_baseline + apart)))
    assert set(table.rows["instrument"]) == {"bdi2"}


@pytest.mark.parametrize(
    ("rating", "expected"), [("any", "hamd17"), ("observer", "hamd17"), ("self", "bdi2")]
)
def test_rating_limits_the_choice(rating, expected):
    people = {"a": "stpp", "b": "stpp", "c": "tau", "d": "tau"}
    scores = [(p, i, t, w, s) for p, s in zip(people, (20, 22, 19, 24), strict=True)
              for i in ("hamd17", "bdi2") for t, w in (("baseline", 0), ("post", 12))]  # fmt: skip
    made = cohort(upload("A", people, scores))
    table = build(made, instruments={"preference": ["hamd17", "bdi2"], "rating": rating})
    assert set(table.rows["instrument"]) == {expected}
    apart = build(made, outcome="apart", outcomes={"apart": {"rating": rating}})
    assert set(apart.rows["instrument"]) == {expected}


def test_an_instrument_used_by_two_raters_is_taken_from_its_own():
    people = {"a": "stpp", "b": "stpp", "c": "tau", "d": "tau"}
    scores = [(p, "hamd17", t, w, s, r) for p, s in zip(people, (20, 22, 19, 24), strict=True)
              for r in ("self", "observer") for t, w in (("baseline", 0), ("post", 12))]  # fmt: skip
    table = build(cohort(upload("A", people, scores)))
    assert set(table.rows["rating"]) == {"observer"}
    assert not table.rows["participant"].duplicated().any()


def test_baseline_and_outcome_in_two_scorings_do_not_meet():
    people = {"a": "stpp", "b": "tau"}
    scores = [(p, "hscl", "baseline", 0, 2, "self", "sum") for p in people]
    scores += [(p, "hscl", "post", 12, 1.5, "self", "") for p in people]
    table = build(cohort(upload("A", people, scores)), instruments={"preference": ["hscl"]})
    assert table.rows.empty


def test_a_default_scoring_by_name_is_the_default_scoring():
    people = {"a": "stpp", "b": "stpp", "c": "tau", "d": "tau"}
    scores = [
        (p, "hscl", "baseline", 0, s, "self", "mean") for p, s in zip(people, (2, 3, 2, 4), strict=True)
    ]
    scores += [(p, "hscl", "post", 12, 1.5, "self", "") for p in people]
    table = build(cohort(upload("A", people, scores)), instruments={"preference": ["hscl"]})
    assert len(table.rows) == 4


def visits(*weeks, post=16):
    """A trial with follow-up visits at these weeks, the score being the week."""
    people = {"a": "stpp", "b": "stpp", "c": "tau", "d": "tau"}
    scores = [(p, "hamd17", "baseline", 0, s) for p, s in zip(people, (20, 22, 19, 24), strict=True)]
    if post is not None:
        scores += [(p, "hamd17", "post", post, 15) for p in people]
    scores += [(p, "hamd17", "follow_up", w, w / 10) for p in people for w in weeks]
    return cohort(upload("A", people, scores))


@pytest.mark.parametrize(
    ("weeks", "chosen"),
    [
        ((29,), 29),  # 13 weeks after post: the first end counts
        ((94,), 94),  # 78 weeks after post: the last end counts
        ((28,), None),
        ((95,), None),
        ((42, 68), 68),  # target 52 after post is week 68
        ((58, 78), 58),  # a tie: the earlier
        ((20, 90), 90),
    ],
)
def test_the_visit_nearest_to_the_target_inside_the_window(weeks, chosen):
    table = build(visits(*weeks), "follow_up")
    assert set(table.rows["weeks"]) == ({chosen} if chosen else set())


def test_the_default_target_is_the_middle_of_the_window():
    points = {"later": {"timepoint": "follow_up", "weeks_after_post": [10, 50]}}
    table = build(visits(28, 44, 60), "later", time_points=points)
    assert set(table.rows["weeks"]) == {44.0}  # 16 + 30 = 46


def test_a_window_may_count_from_randomisation():
    points = {"later": {"timepoint": "follow_up", "weeks": [20, 30]}}
    assert set(build(visits(22, 60), "later", time_points=points).rows["weeks"]) == {22.0}


def test_a_window_after_post_needs_a_post_visit():
    table = build(visits(52, post=None), "follow_up")
    assert list(table.exclusions["reason"]) == ["no post visit to count the window from"]


def test_interim_visits_have_time_points_of_their_own():
    people = {"a": "stpp", "b": "stpp", "c": "tau", "d": "tau"}
    scores = [(p, "hamd17", t, w, s + w) for p, s in zip(people, (20, 22, 19, 24), strict=True)
              for t, w in (("baseline", 0), ("interim", 4), ("interim", 8))]  # fmt: skip
    points = {"half": {"timepoint": "interim", "target": 8}, "first": {"timepoint": "interim"}}
    made = cohort(upload("A", people, scores))
    assert set(build(made, "half", time_points=points).rows["weeks"]) == {8.0}
    assert set(build(made, "first", time_points=points).rows["weeks"]) == {4.0}


def test_studies_come_in_the_order_of_their_names_whatever_the_order_of_the_uploads():
    one, two = two_arms("B", PAIRS, OTHERS), two_arms("A", PAIRS, OTHERS)
    first, second = build(cohort(one, two)), build(cohort(two, one))
    assert list(first.rows["study"].unique()) == ["A", "B"]
    pd.testing.assert_frame_equal(first.rows, second.rows)


def test_an_outcome_that_too_few_studies_measured_has_no_rows():
    made = cohort(two_arms("A", PAIRS, OTHERS), two_arms("B", PAIRS, OTHERS, instrument="madrs"))
    outcomes = {"madrs_alone": {"instruments": ["madrs"], "minimum_studies": 2}, "depression": {}}
    table = build(made, outcome="madrs_alone", outcomes=outcomes)
    assert table.rows.empty
    assert table.scales.empty
    account(table, 10)
    assert "measured in 1 of the 2 studies that the outcome needs" in set(table.exclusions["reason"])


def test_secondary_scales_become_outcomes_of_their_own():
    made = cohort(two_arms("A", PAIRS, OTHERS, "bdi2"), two_arms("B", PAIRS, OTHERS, "bdi2"))
    secondary = {"instruments": ["bdi2"], "minimum_studies": 2}
    table = build(made, outcome="bdi2", secondary=secondary)
    assert set(table.rows["study"]) == {"A", "B"}


def test_prognosis_takes_every_arm_of_the_conditions_also_without_a_reference():
    made = cohort(two_arms("A", PAIRS, OTHERS), two_arms("B", PAIRS, [], conditions=("stpp", "tau")))
    table = build_arm_rows(made, plan(), ["stpp"], "depression", "post")
    assert table.rows.groupby("study").size().to_dict() == {"A": 3, "B": 3}
    assert set(table.rows["treat"]) == {1}
    assert set(table.rows["comparator"]) == {""}
    account(table, 8)


def test_registry_columns_stand_beside_the_rows_and_take_no_name_away():
    registry = pd.DataFrame(
        {"study": ["A", "Z"], "rob_d1": ["low", "high"], "weeks": [1.0, 2.0], "year": [2001.0, 2.0]}
    )
    table = build(cohort(two_arms("A", PAIRS, OTHERS), two_arms("B", PAIRS, OTHERS), registry=registry))
    by_study = table.rows.drop_duplicates("study").set_index("study")
    assert by_study.loc["A", "rob_d1"] == "low"
    assert pd.isna(by_study.loc["B", "rob_d1"])
    assert set(table.rows["weeks"]) == {16.0}


def test_variables_are_numbers_or_words_and_missing_where_not_given():
    made = cohort(
        upload("A", {"a": "stpp", "b": "tau"}, [], {"age": {"a": 41.5}, "sex": {"b": "female"}}),
        upload("B", {"a": "stpp"}, []),
    )
    people = made.participants.set_index(["study", "participant"])
    assert people["age"].dtype == float
    assert people.loc[("A", "a"), "age"] == 41.5
    assert pd.isna(people.loc[("A", "a"), "sex"])
    assert people["episode_duration_months"].isna().all()


def test_uploads_that_cannot_be_one_cohort_are_refused_together():
    empty = upload("C", {}, [])
    empty = type(empty)(
        empty.study,
        pd.DataFrame(columns=["study", "participant", "arm", "condition"]),
        empty.assessments,
        empty.missing,
    )
    with pytest.raises(DataError) as error:
        cohort(two_arms("A", PAIRS, OTHERS), two_arms("A", PAIRS, OTHERS), empty)
    assert "'A'" in str(error.value)
    assert "'C'" in str(error.value)
    with pytest.raises(DataError, match="no study"):
        cohort()
