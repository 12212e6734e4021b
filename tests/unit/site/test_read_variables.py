"""docs/interface/upload.md, cells, arms, participants and visits: a test for each sentence."""

from __future__ import annotations

import pytest
from tests.builders.small_study import items, long, names, only, values


@pytest.mark.parametrize(
    ("column", "cell", "name"),
    [
        ("post", "53", "out_of_range"),
        ("post", "-1", "out_of_range"),
        ("post", "1O", "not_a_number"),
        ("post", "abc", "not_a_number"),
        ("post", "NA", "not_a_number"),
        ("post", ".", "not_a_number"),
        ("post", "#N/A", "sheet_error"),
        ("age", "130", "out_of_range"),
        ("age", "31 years", "range_for_number"),
        ("sex", "3", "unlisted_code"),
        ("arm", "3", "unlisted_code"),
        ("arm", "", "arm_empty"),
        ("id", "", "participant_missing"),
        ("id", " ", "participant_missing"),
    ],
)
def test_must_fix_cells(small, column, cell, name):
    finding = only(small.put(4, column, cell).check(), name)
    assert finding.grade == "must_fix"
    assert (finding.rows, finding.values, finding.count, finding.of) == ([4], [cell], 1, 12)
    assert finding.column == column


def test_letter_o_among_digits_in_an_item_and_in_a_whole_column(small):
    small.put(3, "pre", "2O").put(4, "pre", "l7")
    finding = only(small.check(), "not_a_number")
    assert finding.rows == [3, 4]
    assert finding.values == ["2O", "l7"]


@pytest.mark.parametrize(
    ("cell", "name"), [("17", "implausible"), ("99", "looks_missing"), ("91", "implausible")]
)
def test_possible_but_doubtful_values_are_to_confirm(small, cell, name):
    result = small.put(4, "age", cell).check()
    finding = only(result, name)
    assert finding.grade == "please_confirm"
    assert result.exit_status == 0
    assert values(result, "age")[2] == float(cell)


def test_implausible_values_keep_the_code_of_the_contract(small):
    assert only(small.put(4, "age", "17").check(), "implausible").code == "IPD-031"


def test_a_non_integer_total_of_an_integer_scale_is_to_confirm(small):
    assert only(small.put(4, "post", "10.5").check(), "non_integer_total").grade == "please_confirm"


def test_a_mean_scored_scale_has_no_integer_totals(small):
    for row in range(2, 14):
        small.put(row, "post", "1.91").put(row, "pre", "2.5")
    for entry in small.map["assessments"]:
        entry |= {"instrument": "hscl", "scoring": "mean"}
    result = small.check()
    assert names(result) == []
    assert {s.scoring for s in result.facts.scores} == {"mean"}


def test_missing_scores_are_notes(small):
    small.put(4, "pre", "").put(5, "post", "").put(6, "post", "")
    result = small.check()
    assert [(f.name, f.grade, f.column, f.rows) for f in result.findings] == [
        ("missing_score", "note", "post", [5, 6]),
        ("missing_score", "note", "pre", [4]),
    ]


def test_no_score_at_all_must_be_fixed(small):
    for row in range(2, 14):
        small.put(row, "pre", "").put(row, "post", "")
    assert only(small.check(), "no_scores").grade == "must_fix"


def test_one_arm_only_is_a_note(small):
    small.map["arms"] = {"stpp": {"condition": "stpp"}}
    small.map["variables"]["arm"] = {"constant": "stpp"}
    result = small.check()
    assert only_used(result) == ["one_arm"]
    assert result.exit_status == 0


def only_used(result):
    return [name for name in names(result) if name != "column_unused"]


def test_a_declared_arm_without_participants_is_to_confirm(small):
    small.map["arms"]["wait"] = {"condition": "waitlist"}
    assert only(small.check(), "arm_without_participants").grade == "please_confirm"
    small.map["arms"]["wait"]["randomised"] = 6
    assert only(small.check(), "count_disagrees").grade == "please_confirm"


def test_a_study_that_shares_one_of_its_arms_is_ready(small):
    for row in range(2, 14):
        small.put(row, "arm", "1")
    small.map["arms"]["tau"]["randomised"] = 6
    result = small.check()
    assert names(result) == ["count_disagrees", "one_arm"]
    assert result.exit_status == 0


def test_nothing_follows_from_a_value_that_is_doubtful_itself(small):
    small.column("dur", ["999", *["6"] * 11]).variable("episode_duration_months", **{"from": "dur"})
    assert names(small.check()) == ["looks_missing"]


def test_numbers_randomised_are_compared(small):
    small.map["arms"]["tau"]["randomised"] = 6
    small.map["study"]["randomised"] = 12
    assert names(small.check()) == []
    small.map["study"]["randomised"] = 13
    assert only(small.check(), "count_disagrees").grade == "please_confirm"


def test_a_repeated_identifier_lists_all_its_rows(small):
    finding = only(small.put(9, "id", "001").check(), "participant_repeated")
    assert finding.rows == [2, 9]
    assert finding.grade == "must_fix"


def test_an_unused_column_is_a_note(small):
    result = small.column("visit_nurse", ["x"] * 12).check()
    assert [(f.name, f.grade, f.column) for f in result.findings] == [
        ("column_unused", "note", "visit_nurse")
    ]


def test_identifying_columns(small):
    people = [f"{a} {b}" for a in ("Anna", "Bert", "Carla", "Dirk") for b in ("Jansen", "Visser", "Smit")]
    small.column("naam", people)
    result = small.check()
    assert [(f.name, f.grade) for f in result.findings] == [("identifying_unused", "note")]
    small.variable("therapist", **{"from": "naam"})
    assert only(small.check(), "identifying_mapped").grade == "must_fix"


def test_a_birth_date_may_be_used_by_days_between_alone(small):
    births = [f"19{40 + 3 * i}-05-1{i % 10}" for i in range(12)]
    small.column("geboortedatum", births).column("entry", ["2010-01-01"] * 12)
    small.variable("age", days_between=["geboortedatum", "entry"])
    assert names(small.check()) == []
    small.variable("therapist", **{"from": "geboortedatum"})
    assert "identifying_mapped" in names(small.check())


@pytest.mark.parametrize(
    ("cells", "declared", "name", "rows"),
    [
        (["13-02-2015", "01-02-2015"], None, None, []),
        (["02-13-2015", "01-02-2015"], None, None, []),
        (["03-02-2015", "01-02-2015"], None, "date_order", list(range(2, 14))),
        (["13-02-2015", "02-13-2015", "20-02-2015"], None, "dates_mixed", list(range(2, 14))),
        (["02-13-2015", *["13-02-2015"] * 11], None, "impossible_date", [2]),
        (["31-02-2015"], "DMY", "impossible_date", list(range(2, 14))),
        (["2015-02-13", "13.02.2015", "13/02/2015"], "DMY", None, []),
        (["42048", "13-02-2015", "13-02-2015"], "DMY", "excel_day", [2, 5, 8, 11]),
        (["1 Feb 2015", "01FEB2015", "3. März 2015"], None, None, []),
        (["20150213"], "YMD", None, []),
        (["20150213"], None, "impossible_date", list(range(2, 14))),
        (["February"], "DMY", "impossible_date", list(range(2, 14))),
    ],
)
def test_dates_have_one_order_that_is_declared_or_shown(small, cells, declared, name, rows):
    small.column("end", [cells[i % len(cells)] for i in range(12)]).column("start", ["2010-01-01"] * 12)
    small.variable("episode_duration_months", days_between=["start", "end"])
    if declared:
        small.map["source"]["dates"] = declared
    result = small.check()
    assert names(result) == ([name] if name else [])
    if name:
        assert result.findings[0].rows == rows
        assert result.findings[0].grade == "must_fix"


def test_dates_out_of_order_are_to_confirm_and_the_value_is_missing(small):
    small.column("end", ["2015-01-01"] * 12).column("start", ["2016-01-01", *["2014-01-01"] * 11])
    small.variable("episode_duration_months", days_between=["start", "end"])
    result = small.check()
    assert only(result, "dates_out_of_order").grade == "please_confirm"
    assert values(result, "episode_duration_months")[:2] == [None, 12.0]


def test_the_decimal_sign_is_the_one_that_the_file_shows(small):
    small.separator = ";"
    for row in range(2, 14):
        small.put(row, "age", f"{30 + row},5")
    result = small.check()
    assert names(result) == []
    assert values(result, "age")[0] == 32.5
    finding = only(small.put(7, "age", "37.5").check(), "decimal_sign")
    assert finding.rows == [7]
    assert finding.grade == "must_fix"


def test_a_declared_decimal_sign_makes_the_other_a_must_fix(small):
    small.map["source"]["decimal"] = ","
    finding = only(small.put(7, "age", "37.5").check(), "decimal_sign")
    assert finding.values == ["37.5"]


def test_both_signs_equally_often_name_all_rows(small):
    small.separator = ";"
    small.put(7, "age", "37.5").put(8, "age", "38,5")
    assert only(small.check(), "decimal_sign").rows == [7, 8]


def test_published_numbers_are_compared_to_half_a_unit_of_the_last_digit(small):
    small.map["published"] = {
        "arms": {"stpp": {"n": 6, "age": {"mean": "37.0", "sd": "3.7"}, "sex": {"percent": 0}}}
    }
    small.map["published"]["arms"]["tau"] = {
        "hamd17": {"baseline": {"mean": "21"}, "post": {"n": 6, "mean": "11.0"}}
    }
    result = small.check()
    assert names(result) == []
    small.map["published"]["arms"]["tau"]["hamd17"]["post"] = {"n": 5, "mean": "11.1", "sd": 3}
    found = small.check().findings
    assert [f.said["what"] for f in found] == ["n", "mean", "sd"]
    assert {(f.name, f.grade, f.variable) for f in found} == {
        ("published_disagrees", "please_confirm", "hamd17")
    }


def test_published_numbers_allow_for_cells_that_must_be_fixed_first(small):
    small.map["published"] = {"arms": {"tau": {"n": 6, "age": {"mean": "36.0", "n": 6}}}}
    small.map["published"]["arms"]["tau"]["hamd17"] = {"post": {"n": 6, "mean": "11.0", "sd": "3.7"}}
    assert names(small.check()) == []
    assert names(small.put(2, "post", "999").put(4, "age", "3O").put(6, "arm", "").check()) == [
        "not_a_number",
        "out_of_range",
        "arm_empty",
    ]


def test_published_follow_up_by_weeks(small):
    for weeks in (26, 52):
        small.column(f"fu{weeks}", [str(weeks // 4)] * 12)
        small.map["assessments"].append(
            {"instrument": "hamd17", "timepoint": "follow_up", "weeks": weeks, "total": f"fu{weeks}"}
        )
    small.map["published"] = {
        "arms": {"tau": {"hamd17": {"follow_up@52": {"mean": 13}, "follow_up": {"mean": 6}}}}
    }
    result = small.check()
    assert names(result) == []
    assert "follow_up@WEEKS" in result.not_checked[0]["why"]


def test_confirmations_hold_lapse_and_cannot_free_a_must_fix(small):
    small.put(4, "age", "17").put(5, "age", "16")
    entry = {
        "code": "IPD-031",
        "variable": "age",
        "n": 2,
        "why": "17 at screening",
        "by": "dm",
        "on": "2026-11-20",
    }
    small.map["confirmed"] = [entry]
    result = small.check()
    assert result.findings[0].confirmed == entry
    assert names(result) == ["implausible"]
    small.put(6, "age", "15")
    result = small.check()
    assert names(result) == ["implausible", "confirmation_lapsed"]
    assert result.findings[0].confirmed is None
    assert result.findings[1].grade == "note"
    small.map["confirmed"] = [{"code": "IPD-024", "variable": "age", "n": 1, "why": "really"}]
    for row in (4, 5, 6):
        small.put(row, "age", "40")
    result = small.put(7, "age", "150").check()
    assert result.exit_status == 1
    assert result.findings[0].confirmed is None


def test_values_that_exclude_each_other(small):
    small.column("onset", ["50", *["20"] * 11]).variable("age_at_onset", **{"from": "onset"})
    finding = only(small.check(), "impossible_combination")
    assert finding.rows == [2]


def test_long_visits_give_the_time_point_and_ignored_ones_no_score(small):
    result = long(small).check()
    assert names(result) == []
    assert {(s.timepoint, s.weeks) for s in result.facts.scores} == {("baseline", 0.0), ("post", 12.0)}
    assert len(result.facts.scores) == 8
    assert result.rows == {"read": 12, "kept": 12, "excluded": 0}


@pytest.mark.parametrize("cell", ["13", "", "x"])
def test_an_unlisted_visit_must_be_fixed(small, cell):
    result = long(small).put(3, "visit", cell).check()
    finding = only(result, "unlisted_visit")
    assert (finding.grade, finding.rows, finding.column) == ("must_fix", [3], "visit")


def test_who_appears_only_on_ignored_visits_is_a_participant(small):
    long(small)
    small.rows.append(["009", "1", "50", "2", "6", "99"])
    result = small.check()
    assert result.facts.persons[-1].id == "009"
    assert names(result) == ["missing_score", "missing_score"]


def test_a_participant_and_visit_that_repeat_must_be_fixed(small):
    long(small)
    small.rows.append(["002", "1", "42", "2", "12", "9"])
    finding = only(small.check(), "participant_repeated")
    assert finding.rows == [7, 14]


def test_variables_agree_over_visits_where_they_are_not_empty(small):
    long(small).put(3, "sex", "").put(4, "sex", "")
    assert names(small.check()) == []
    finding = only(small.put(4, "sex", "1").check(), "variable_changes")
    assert (finding.grade, finding.rows) == ("must_fix", [2, 4])
    small.put(4, "sex", "2").put(3, "arm", "1")
    finding = only(small.check(), "arm_changes")
    assert (finding.grade, finding.rows) == ("must_fix", [2, 3, 4])


def test_an_arm_on_one_visit_alone_is_enough(small):
    long(small).put(3, "arm", "").put(4, "arm", "")
    assert names(small.check()) == []
    finding = only(small.put(2, "arm", "").check(), "arm_empty")
    assert finding.rows == [2, 3, 4]


def test_a_score_beyond_the_range_on_an_ignored_visit_is_no_fault(small):
    assert names(long(small).put(3, "ham", "999").check()) == []


def test_items_are_scored_and_prorated_not_rounded(small):
    items(small)
    small.put(2, "q9", "").put(3, "q1", "3").put(3, "q2", "")
    for name in ("q1", "q2", "q3"):
        small.put(4, name, "")
    result = small.check()
    assert names(result) == ["missing_score", "score_not_computed"]
    scores = {s.person: s.value for s in result.facts.scores if s.instrument == "phq9"}
    assert scores[0] == 9
    assert scores[1] == pytest.approx(10 / 8 * 9)
    assert 2 not in scores


def test_reversed_items_are_turned(small):
    items(small, "cesd", 20, "0")
    result = small.check()
    assert {s.value for s in result.facts.scores if s.instrument == "cesd"} == {12.0}


def test_item_columns_must_be_as_many_as_the_instrument_has(small):
    items(small)
    small.map["assessments"][0]["items"] = "q1..q8"
    assert only_used(small.check()) == ["item_count"]


def test_items_may_be_listed(small):
    items(small)
    small.map["assessments"][0]["items"] = ["q1..q3", "q4", "q5..q9"]
    assert names(small.check()) == []


def test_an_item_above_its_maximum_must_be_fixed(small):
    finding = only(items(small).put(5, "q4", "4").check(), "out_of_range")
    assert (finding.variable, finding.column, finding.rows) == ("phq9", "q4", [5])


def test_a_total_that_is_not_its_item_sum_is_to_confirm(small):
    items(small).column("sum", ["9"] * 12)
    small.map["assessments"][0]["total"] = "sum"
    assert names(small.check()) == []
    finding = only(small.put(5, "sum", "10").check(), "total_not_sum")
    assert (finding.grade, finding.column, finding.rows) == ("please_confirm", "sum", [5])


def test_an_unmapped_column_with_another_sign_does_not_decide_the_file(small):
    small.separator = ";"
    small.column("version", ["1.0"] * 12)
    for row in range(2, 9):
        small.put(row, "age", f"{30 + row},5")
    assert names(small.check()) == []


def test_a_few_commas_among_points_elsewhere_are_another_sign(small):
    small.separator = ";"
    small.column("score_z", ["1.25"] * 12)
    assert only(small.put(4, "post", "12,5").check(), "decimal_sign").rows == [4]


def test_an_empty_code_may_have_a_word(small):
    small.column("drop", ["1", *[""] * 11])
    small.variable("dropout", **{"from": "drop", "values": {"1": "yes", "": "no"}})
    assert values(small.check(), "dropout") == ["yes", *["no"] * 11]


def test_visits_with_a_decimal_comma(small):
    long(small).separator = ";"
    small.map["source"]["decimal"] = ","
    small.map["source"]["visit"]["values"]["6.5"] = small.map["source"]["visit"]["values"].pop("6")
    for row in (3, 6, 9, 12):
        small.put(row, "visit", "6,5")
    assert names(small.check()) == []


def test_missing_codes_of_the_file_are_not_for_visits(small):
    assert names(long(small).check()) == []
    small.map["source"]["missing"] = ["0"]
    assert names(small.check()) == []
