"""Events that results give back: withheld with them, and found where they are put back."""

from __future__ import annotations

import pytest
from tests.builders.unadjusted_records import HEADLINE, PLAN, QUESTION, TRIALS, records_of

from ipdma.disclosure.attack import Attack
from ipdma.disclosure.mask import mask_tables

FEW = {"A": (2, 30, 3, 32), "B": (1, 41, 2, 40), "D": (4, 90, 3, 88)}  # eight events in all reference arms


def attack(tables):
    """What the attack finds."""
    return Attack.read(tables, PLAN).run()


def shared_and_whole(trials):
    """The masked records and the whole ones."""
    whole = records_of(trials)
    return mask_tables(whole, PLAN), whole


def put_back(shared, whole, name, rows, columns):
    """Masked records in which some cells are as they were."""
    table = shared[name].copy()
    table.loc[rows, columns] = whole[name].loc[rows, columns]
    return {**shared, name: table}


@pytest.mark.parametrize("trials", [TRIALS, FEW, {"A": TRIALS["A"]}, {"A": TRIALS["A"], "C": TRIALS["C"]}])
def test_nothing_is_given_back(trials):
    shared, whole = shared_and_whole(trials)
    assert attack(shared) == []
    assert attack(whole)


def test_three_trials_are_withheld_where_one_would_follow_from_the_others():
    trials = {"A": TRIALS["A"], "C": TRIALS["C"], "D": TRIALS["D"], "F": (90, 180, 70, 180)}
    shared, _ = shared_and_whole(trials)
    rows = shared["study_estimates"].set_index("study")
    assert (rows.loc[["A", "C", "D"], "estimate"] == "").all()
    assert rows.loc["F", "estimate"] != ""
    pools = shared["estimates"].set_index("analysis_id")["estimate"]
    assert pools[HEADLINE] != ""
    assert pools[f"{QUESTION}.leave_out:A.two"] == ""
    assert pools[f"{QUESTION}.leave_out:F.two"] != ""


def test_a_pool_of_one_trial_is_that_trial():
    shared, _ = shared_and_whole({"A": TRIALS["A"]})
    assert (shared["estimates"]["estimate"] == "").all()


@pytest.mark.parametrize("study", ["A", "B", "E"])
def test_a_trials_odds_ratio_is_found(study):
    shared, whole = shared_and_whole(TRIALS)
    at = whole["study_estimates"].index[whole["study_estimates"]["study"] == study]
    found = attack(put_back(shared, whole, "study_estimates", at, ["estimate", "std_error"]))
    assert {(one.study, one.arm, one.low) for one in found} >= {(study, "active", TRIALS[study][0])}
    assert all(one.files == ("study_estimates.csv",) for one in found if one.study == study)


def test_a_pool_without_one_withheld_trial_is_found():
    shared, whole = shared_and_whole(TRIALS)
    at = whole["estimates"].index[whole["estimates"]["analysis_id"] == f"{QUESTION}.leave_out:A.two"]
    found = attack(put_back(shared, whole, "estimates", at, ["estimate"]))
    assert "A" in [one.study for one in found]
    assert "an unadjusted result over fewer than three trials" in found[0].sentence()


@pytest.mark.parametrize("what", ["nnt", "control_risk", "a_risk_of_tomorrow", "event_rate"])
def test_a_risk_that_stands_anywhere_is_found(what):
    shared, whole = shared_and_whole(FEW)
    counts = shared["counts"]
    at = counts.index[counts["what"] == what]
    assert (counts.loc[at, ["value", "variable"]] == "").all(axis=None)
    found = attack(put_back(shared, whole, "counts", at, ["value", "variable", "level"]))
    assert any(one.study == "" and one.arm == "reference" and one.low == one.high == 8 for one in found)


@pytest.mark.parametrize("pair", [("active_risk", "absolute_effect"), ("risk_ratio", "risk_difference")])
def test_so_is_one_that_two_numbers_give_together(pair):
    shared, whole = shared_and_whole(FEW)
    at = whole["counts"].index[whole["counts"]["what"].isin(pair)]
    found = attack(put_back(shared, whole, "counts", at, ["value"]))
    assert any(one.study == "" and one.arm == "reference" and one.low == one.high == 8 for one in found)


def test_a_fit_that_leaves_few_people_out_does_not_say_how_many_it_has():
    whole = records_of(TRIALS)
    fit = f"{QUESTION}.imputed.one"
    row = {**whole["estimates"].iloc[0], "analysis_id": fit, "estimate": "1", "n": "509"}
    whole["estimates"].loc[len(whole["estimates"])] = row
    empty = dict.fromkeys(whole["counts"].columns, "")
    whole["counts"].loc[len(whole["counts"])] = {
        **empty,
        "analysis_id": fit,
        "what": "excluded_rows",
        "n": "3",
    }
    shared = mask_tables(whole, PLAN)
    assert shared["estimates"]["n"].iloc[-1] == ""
    assert list(shared["counts"].iloc[-1][["n", "withheld"]]) == ["", "<10"]


def test_a_kind_of_count_that_nobody_has_named_is_taken_for_people_with_an_attribute():
    whole = records_of(TRIALS)
    row = {**dict.fromkeys(whole["counts"].columns, ""), "analysis_id": "cohort", "n": "4", "of": "80"}
    whole["counts"].loc[len(whole["counts"])] = {**row, "what": "a_count_of_tomorrow", "value": "0.05"}
    shared = mask_tables(whole, PLAN)["counts"].iloc[-1]
    assert list(shared[["n", "value", "withheld"]]) == ["", "", "<10"]
