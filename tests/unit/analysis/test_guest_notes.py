"""What a bundle does not tell is left out and said: never another model's answer, nobody, or a nought."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.builders.guest_runs import five_trials, run_with, told
from tests.builders.uploads import upload_of

from ipdma.bundle.records import Withheld
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
