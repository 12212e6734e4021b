"""Several codes for one visit: rows are read together, and two that fill one score are asked about."""

from __future__ import annotations

import pytest
from tests.builders.small_study import names

from ipdma.codebook.text_yaml import read_text_yaml
from ipdma.site.scan import scan_file

BASELINE, POST = {"timepoint": "baseline", "weeks": 0}, {"timepoint": "post", "weeks": 16}
HEADER = ["id", "event", "form", "arm", "age", "sex", "ham", "bdi"]


def redcap(small, rows, visits):
    """A long file of these rows: id, event, form, ham, bdi; person by person arm, age and sex."""
    small.header = list(HEADER)
    small.rows = [
        [who, event, form, str(1 + int(who) % 2), str(30 + int(who)), "2", ham, bdi]
        for who, event, form, ham, bdi in rows
    ]
    small.map["source"] |= {"layout": "long", "visit": {"column": "event", "values": visits}}
    small.map["assessments"] = [
        {"instrument": "hamd17", "total": "ham"},
        {"instrument": "bdi2", "total": "bdi"},
    ]
    return small


def scores(result):
    return {
        (result.facts.persons[s.person].id, s.instrument, s.timepoint): s.value for s in result.facts.scores
    }


ARMS = {"baseline_arm_1": BASELINE, "baseline_arm_2": BASELINE, "w16_arm_1": POST, "w16_arm_2": POST}
TWO_ARMS = [
    (str(who), f"{event}_arm_{1 + who % 2}", "", str(10 + who), str(20 + who))
    for who in range(1, 9)
    for event in ("baseline", "w16")
]


def test_codes_of_two_arms_are_one_visit(small):
    result = redcap(small, TWO_ARMS, ARMS).check()
    assert names(result) == []
    assert len(result.facts.scores) == 32


def test_scores_of_one_visit_may_stand_on_two_rows(small):
    rows = [(w, "base", f, h, b) for w in "1234" for f, h, b in (("a", "15", ""), ("b", "", "30"))]
    result = redcap(small, rows, {"base": BASELINE}).check()
    assert [n for n in names(result) if n != "missing_score"] == []
    assert scores(result)["1", "hamd17", "baseline"] == 15
    assert scores(result)["1", "bdi2", "baseline"] == 30


def test_rows_of_repeating_forms_without_scores_are_no_second_visit(small):
    rows = [*TWO_ARMS, ("1", "baseline_arm_2", "events", "", ""), ("1", "baseline_arm_2", "events", "", " ")]
    result = redcap(small, rows, ARMS).check()
    assert names(result) == []
    assert len(result.facts.scores) == 32


def test_an_unscheduled_visit_counts_where_the_planned_one_is_empty(small):
    rows = [(w, e, "", h, h) for w in "1234" for e, h in (("base", "20"), ("w16", ""), ("early_end", "9"))]
    result = redcap(small, rows, {"base": BASELINE, "w16": POST, "early_end": POST}).check()
    assert names(result) == []
    assert scores(result)["3", "hamd17", "post"] == 9


def test_visits_with_their_own_weeks_stay_two(small):
    week = {"timepoint": "interim", "weeks": 4}
    visits = {"base": BASELINE, "w4": week, "w8": week | {"weeks": 8}, "w16": POST}
    rows = [(w, e, "", "20", "30") for w in "1234" for e in visits]
    result = redcap(small, rows, visits).check()
    assert names(result) == []
    assert len(result.facts.scores) == 32


def test_two_codes_that_both_hold_a_score_must_be_told_apart(small):
    rows = [(w, e, "", h, h) for w in "1234" for e, h in (("base", "20"), ("w16", "8"), ("w20", "9"))]
    result = redcap(small, rows, {"base": BASELINE, "w16": POST, "w20": POST}).check()
    assert names(result) == ["visits_collide"]
    finding = result.findings[0]
    assert (finding.grade, finding.count, finding.rows[:2]) == ("must_fix", 8, [3, 4])


def test_visits_without_weeks_that_collide_are_one_finding(small):
    open_end = {"timepoint": "interim"}
    visits = {"0": BASELINE, "1": open_end, "2": open_end, "3": open_end, "4": POST}
    rows = [(w, e, "", "20", "30") for w in "1234" for e in visits]
    result = redcap(small, rows, visits).check()
    assert [n for n in names(result) if n != "weeks_missing"] == ["visits_collide"]


@pytest.mark.parametrize("form", ["", "events"])
def test_a_row_that_stands_twice_is_a_repeated_participant(small, form):
    result = redcap(small, [*TWO_ARMS, ("1", "baseline_arm_2", form, "11", "")], ARMS).check()
    assert names(result) == ["participant_repeated"]
    assert result.findings[0].rows == [2, 18]


def test_repeat_instances_of_a_score_are_chosen_by_keep_rows(small):
    rows = [(w, e, n, h, h) for w in "1234" for e in ("base", "w16") for n, h in (("1", "20"), ("2", "9"))]
    visits = {"base": BASELINE, "w16": POST}
    assert names(redcap(small, rows, visits).check()) == ["participant_repeated"]
    small.map["source"]["keep_rows"] = {"column": "form", "equals": "1", "why": "first instance"}
    result = small.check()
    assert names(result) == []
    assert set(scores(result).values()) == {20.0}


def test_the_draft_of_a_redcap_file_knows_its_events(small):
    rows = [(w, e.replace("w16", "week_16"), f, h, b) for w, e, f, h, b in TWO_ARMS]
    redcap(small, [*rows, ("1", "baseline_arm_2", "events", "", "")], ARMS)
    small.header = [
        "record_id",
        "redcap_event_name",
        "redcap_repeat_instrument",
        *HEADER[3:6],
        "hamd",
        "bdi2",
    ]
    small.write()
    source = read_text_yaml(scan_file(small.folder / "f.csv"), "study.yaml")["source"]
    assert source["layout"] == "long"
    assert source["visit"]["values"] == {
        "baseline_arm_1": {"timepoint": "baseline", "weeks": "0"},
        "baseline_arm_2": {"timepoint": "baseline", "weeks": "0"},
        "week_16_arm_1": {"timepoint": "post", "weeks": "16"},
        "week_16_arm_2": {"timepoint": "post", "weeks": "16"},
    }
    assert source["keep_rows"]["equals"] == ""
