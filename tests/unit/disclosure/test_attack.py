"""What is withheld cannot be worked out; what is planted is found."""

from __future__ import annotations

import pytest
from tests.builders.record_tables import JOBS, PLAN, count_people, draw_people

from ipdma.analysis.kept import Kept
from ipdma.disclosure.attack import Attack
from ipdma.disclosure.mask import mask_tables

SIZES = {"A": 60, "B": 90, "C": 45, "D": 130}


def shared_and_whole(seed: int):
    """The masked counts and the whole ones."""
    whole = count_people(draw_people(seed, SIZES))
    return mask_tables(whole, PLAN), whole


def attack(tables, claims=()):
    """What the attack finds."""
    return Attack.read(tables, PLAN, claims).run()


@pytest.mark.parametrize("seed", range(6))
def test_nobody_is_exposed_in_masked_records(seed):
    shared, whole = shared_and_whole(seed)
    assert (shared["counts"]["withheld"] != "").any()
    assert attack(shared) == []
    assert attack({**whole, "counts": whole["counts"].assign(withheld="")})


@pytest.mark.parametrize("seed", range(6))
def test_small_numbers_are_empty_and_say_so(seed):
    shared, whole = shared_and_whole(seed)
    counts, truth = shared["counts"], whole["counts"]
    small = truth["n"].astype(float).between(1, 9) & truth["what"].isin(["characteristic_share", "events"])
    assert small.any()
    assert (counts.loc[small, "n"] == "").all()
    assert (counts.loc[small, "value"] == "").all()
    assert (counts.loc[small, "withheld"] == "<10").all()
    free = truth["what"].isin(["participants", "rows", "analysed", "missing_outcome"])
    assert (counts.loc[free, "n"] == truth.loc[free, "n"]).all()


@pytest.mark.parametrize("seed", range(6))
def test_each_number_put_back_is_found(seed):
    shared, whole = shared_and_whole(seed)
    counts = shared["counts"]
    few = counts.index[counts["withheld"] == "<10"]
    for at in few[:8]:
        planted = counts.copy()
        planted.loc[at, ["n", "withheld"]] = [whole["counts"].loc[at, "n"], ""]
        found = attack({**shared, "counts": planted})
        here = [one for one in found if one.level == (planted.loc[at, "level"] or "yes")]
        assert any(one.low == int(whole["counts"].loc[at, "n"]) for one in here)
        assert all("counts.csv" in one.files for one in here)


def test_a_share_beside_a_withheld_count_gives_it_back():
    shared, whole = shared_and_whole(1)
    counts = shared["counts"].copy()
    few = (counts["withheld"] == "<10") & (counts["what"] == "events") & (counts["of"] != "")
    at = counts.index[few][0]
    counts.loc[at, "value"] = whole["counts"].loc[at, "value"]
    assert attack({**shared, "counts": counts})


def test_a_number_in_a_table_is_found_with_the_table():
    shared, whole = shared_and_whole(2)
    counts = shared["counts"]
    at = counts.index[(counts["withheld"] == "<10") & (counts["what"] == "characteristic_share")][0]
    number = whole["counts"].loc[at, "n"]
    claim = {"place": "tables/job", "file": "counts", "line": str(at + 2), "field": "n", "value": number}
    assert ("tables/job",) in [one.files for one in attack(shared, [claim])]


def test_levels_that_add_up_to_all_but_few_are_found():
    """Every level of one place printed, and who lacks a value follows."""
    shared, whole = shared_and_whole(3)
    counts = whole["counts"]
    own = counts[(counts["what"] != "characteristic_share") | (counts["study"] == "")].copy()
    own = own[~((own["what"] == "characteristic_share") & own["level"].isin(JOBS[2:]))]
    missing = 7
    size = int(own[(own["what"] == "participants") & (own["study"] == "") & (own["arm"] == "")]["n"].iloc[0])
    row = {
        "analysis_id": "main", "what": "characteristic_missing", "study": "", "arm": "", "variable": "job",
        "level": "sporadic", "n": "", "of": str(size), "value": "", "withheld": "<10",
    }  # fmt: skip
    known = {**row, "what": "characteristic_mean", "level": "", "n": str(size - missing), "withheld": ""}
    study = {**known, "study": "A", "n": "60", "of": "60"}
    rest = [{**known, "study": s, "n": str(n), "of": str(n)} for s, n in (("B", 90), ("D", 130))]
    last = {**known, "study": "C", "n": str(45 - missing), "of": "45"}
    table = own[own["what"] == "participants"].assign(withheld="")
    for more in (row, known, study, *rest, last):
        table.loc[len(table) + 1000] = more
    found = attack({**shared, "counts": table.reset_index(drop=True)})
    assert any(one.level == "(missing)" and one.low == missing for one in found)


def test_what_was_worked_out_is_found_again_and_says_the_same():
    whole = count_people(draw_people(2, SIZES))
    first = Kept({})
    shared = mask_tables(whole, PLAN, kept=first)
    found = Attack.read(shared, PLAN).run(kept=first)
    again = Kept({}, first.text())
    masked = mask_tables(whole, PLAN, kept=again)
    assert all(masked[name].equals(shared[name]) for name in shared)
    assert Attack.read(shared, PLAN).run(kept=again) == found
    assert first.again
    assert not again.again
    assert again.text() == first.text()


def test_a_contradiction_is_found_again():
    shared, _ = shared_and_whole(1)
    counts = shared["counts"].copy()
    rows = counts.index[
        (counts["what"] == "characteristic_share") & (counts["n"] != "") & (counts["study"] == "")
    ]
    counts.loc[rows[0], "n"] = "100000"
    kept, told = Kept({}), []
    for _ in range(2):
        attacks = Attack.read({**shared, "counts": counts}, PLAN)
        attacks.run(kept=kept)
        told.append(attacks.untold)
    assert told[0] == told[1] != []
