"""docs/interface/upload.md, the mapping: a test for each sentence."""

from __future__ import annotations

import pytest
from tests.builders.small_study import names, only, values

from ipdma.site.check import check_study
from ipdma.site.harmonise import harmonise_study


def test_the_clean_study_is_ready(small):
    result = small.check()
    assert result.exit_status == 0
    assert result.findings == []
    assert result.rows == {"read": 12, "kept": 12, "excluded": 0}


@pytest.mark.parametrize(
    ("change", "name", "variable"),
    [
        (lambda m: m.update(sauce={}), "unknown_key", None),
        (lambda m: m["source"].update(decimals=","), "unknown_key", None),
        (lambda m: m["study"].update(title="x"), "unknown_key", None),
        (lambda m: m["arms"]["tau"].update(n=3), "unknown_key", None),
        (lambda m: m["variables"]["age"].update(form="x"), "unknown_key", "age"),
        (lambda m: m["assessments"][0].update(week=1), "unknown_key", "hamd17"),
        (lambda m: m["variables"].update(agee={"from": "age"}), "unknown_variable", "agee"),
        (lambda m: m["arms"]["tau"].update(condition="tua"), "unknown_condition", "arm"),
        (lambda m: m["assessments"][1].update(instrument="hamd"), "unknown_instrument", "hamd"),
        (lambda m: m["assessments"][1].update(timepoint="end"), "unknown_timepoint", "hamd17"),
        (lambda m: m["variables"]["age"].update(unit="decades"), "unknown_unit", "age"),
        (lambda m: m["variables"]["sex"].update(unit="years"), "unknown_unit", "sex"),
        (lambda m: m["assessments"][1].update(total="pots"), "unknown_column", "hamd17"),
        (lambda m: m["variables"]["age"].update({"from": "agee"}), "unknown_column", "age"),
        (lambda m: m["variables"]["sex"]["values"].update({"1": "man"}), "unknown_word", "sex"),
        (lambda m: m["variables"]["arm"]["values"].update({"2": "waitlist"}), "undeclared_arm", "arm"),
        (lambda m: m["assessments"][1].update(scoring="median"), "unknown_word", "hamd17"),
        (lambda m: m["assessments"][1].update(rating="nurse"), "unknown_word", "hamd17"),
        (lambda m: m["assessments"][1].update(convert="hamd_to_mars"), "unknown_word", "hamd17"),
        (lambda m: m["assessments"][1].pop("total"), "bad_entry", "hamd17"),
        (lambda m: m["variables"].update(age={"from": "age", "constant": "3"}), "bad_entry", "age"),
        (lambda m: m["variables"].update(age={"constant": "300"}), "unknown_word", "age"),
        (lambda m: m["variables"].update(age="age"), "bad_entry", "age"),
        (lambda m: m["variables"]["sex"].update(missing=["2"]), "code_twice", "sex"),
        (lambda m: m["variables"]["sex"]["values"].update({"1.0": "female"}), "code_twice", "sex"),
        (lambda m: m["study"].pop("id"), "required_unmapped", "study"),
        (lambda m: m["variables"]["participant"].update(values={"1": "2"}), "bad_entry", "participant"),
        (lambda m: m["variables"]["arm"].update(missing=["9"]), "bad_entry", "arm"),
        (lambda m: m["source"].update(layout="broad"), "unknown_word", None),
        (lambda m: m["source"].update(dates="DYM"), "unknown_word", None),
        (lambda m: m["source"].update(decimal=";"), "unknown_word", None),
        (lambda m: m["assessments"].append(dict(m["assessments"][1])), "assessment_twice", "hamd17"),
    ],
)
def test_faults_of_the_mapping_are_must_fix(small, change, name, variable):
    change(small.map)
    result = small.check()
    finding = only(result, name)
    assert finding.grade == "must_fix"
    assert finding.variable == variable
    assert result.exit_status == 1


@pytest.mark.parametrize("name", ["participant", "arm"])
@pytest.mark.parametrize("entry", [None, {"not_collected": "why"}])
def test_a_required_target_unmapped_is_must_fix(small, name, entry):
    del small.map["variables"][name]
    if entry:
        small.variable(name, **entry)
    result = small.check()
    assert [f.variable for f in result.findings if f.name == "required_unmapped"] == [name]
    assert {n for n in names(result)} == {"required_unmapped"}


def test_one_assessment_is_required(small):
    small.map["assessments"] = []
    result = small.check()
    assert result.exit_status == 1
    assert "required_unmapped" in names(result)


def test_another_codebook_variable_unmapped_is_to_confirm_and_counts_as_not_collected(small):
    del small.map["variables"]["education"]
    result = small.check()
    assert only(result, "unmapped_variable").grade == "please_confirm"
    assert result.exit_status == 0
    assert "education" in result.facts.not_collected


def test_unknown_keys_name_the_nearest(small):
    small.map["source"]["seperator"] = ";"
    message = small.check().as_json()["findings"][0]["message"]
    assert "did you mean 'separator'" in message


def test_all_faults_at_once_and_without_data_too(small):
    small.map["source"]["file"] = "absent.csv"
    small.map["arms"]["tau"]["condition"] = "tua"
    small.map["variables"]["agee"] = {"from": "age"}
    small.folder.mkdir()
    from tests.builders.upload_builder import write_yaml

    write_yaml(small.folder, small.map)
    result = check_study(small.folder)
    assert result.exit_status == 2
    assert "absent.csv" in result.error
    assert {finding.name for finding in result.findings} == {"unknown_condition", "unknown_variable"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\na: 2\n", "occurs twice"),
        ("study: {id: x\n", "line"),
        ("", "says nothing"),
        ("- a\n- b\n", "top level"),
        ("a:\n\t- b\n", "tab"),
        ("study: {id: S}\n", "source.file"),
    ],
)
def test_what_stops_reading_is_exit_2(tmp_path, text, said):
    (tmp_path / "study.yaml").write_text(text)
    result = check_study(tmp_path)
    assert result.exit_status == 2
    assert said in result.error
    assert result.as_json()["error"] == result.error


def test_scalars_are_text(small):
    small.map["study"]["country"] = "NO"
    small.folder.mkdir()
    small.write()
    path = small.folder / "study.yaml"
    path.write_text(path.read_text().replace("'NO'", "NO"))
    assert check_study(small.folder).file.study["country"] == "NO"


def test_missing_codes_of_the_source_are_for_scores_and_variables_not_for_identifiers_and_arms(small):
    small.map["source"]["missing"] = ["2", "002", "-99"]
    small.put(4, "age", "-99").put(5, "post", "-99.0")
    result = small.check()
    # sex lists 2 as a value, which wins; the identifier 002 and the arm code 2 stay
    finding = only(result, "missing_score")
    assert finding.rows == [5]
    assert [p.id for p in result.facts.persons][1] == "002"
    assert {p.arm for p in result.facts.persons} == {"stpp", "tau"}
    assert values(result, "sex").count("female") == 6
    assert values(result, "age")[2] is None


def test_missing_may_say_which_kind(small):
    small.column("ep", ["1", "9", "8", "", *["3"] * 8])
    small.variable(
        "previous_episodes", **{"from": "ep", "missing": {"9": "not_applicable", "8": "not_given"}}
    )
    cells = [p.cells["previous_episodes"] for p in small.check().facts.persons]
    assert [c.kind for c in cells[:4]] == [None, "not_applicable", "not_given", "not_given"]


def test_codes_are_compared_trimmed_without_case_and_as_numbers(small):
    small.variable("sex", **{"from": "sex", "values": {"m": "male", "2": "female"}})
    for row, cell in enumerate(
        ["M", " m", "m ", "2.0", "02", " 2", "2", "2.00", "M", "m", "2", "m"], start=2
    ):
        small.put(row, "sex", cell)
    result = small.check()
    assert names(result) == []
    assert values(result, "sex")[:5] == ["male", "male", "male", "female", "female"]


def test_identifiers_are_trimmed_and_never_changed(small):
    small.put(2, "id", " 0077 ").put(3, "id", "7").put(4, "id", "7.0").put(5, "id", "A 1")
    result = small.check()
    assert only(result, "participant_alike").rows == [3, 4, 8]
    assert [p.id for p in result.facts.persons][:4] == ["0077", "7", "7.0", "A 1"]


def test_identifiers_that_differ_by_case_alone_are_to_confirm(small):
    small.put(2, "id", "P1").put(6, "id", "p1")
    finding = only(small.check(), "participant_case")
    assert finding.grade == "please_confirm"
    assert finding.rows == [2, 6]


def test_constant_row_number_and_first_of(small):
    small.variable("participant", row_number="no identifier in the file")
    small.variable("sex", constant="female")
    small.column("age2", ["50"] * 12).put(3, "age", "")
    small.variable("age", first_of=["age", "age2"])
    result = small.check()
    assert names(result) == []
    assert [p.id for p in result.facts.persons] == [str(i) for i in range(1, 13)]
    assert values(result, "sex") == ["female"] * 12
    assert values(result, "age")[:3] == [31.0, 50.0, 33.0]


def test_row_numbers_count_data_rows_before_any_is_left_out(small):
    small.variable("participant", row_number="none")
    small.column("rand", ["0", *["1"] * 11])
    small.map["source"]["keep_rows"] = {"column": "rand", "equals": "1", "why": "screening failures"}
    result = small.check()
    assert result.facts.persons[0].id == "2"
    assert result.rows == {"read": 12, "kept": 11, "excluded": 1}
    assert result.facts.excluded == {"screening failures": 1}


def test_keep_rows_takes_a_list_and_faults_of_other_rows_do_not_count(small):
    small.column("rand", ["no", "maybe", *["1.0"] * 5, *["yes"] * 5]).put(2, "pre", "999").put(3, "id", "")
    small.map["source"]["keep_rows"] = {"column": "rand", "equals": ["1", "YES"], "why": "screening"}
    result = small.check()
    assert names(result) == []
    assert result.rows["kept"] == 10


def test_ages_from_dates_are_completed_years_and_spans_are_rounded(small):
    small.column("born", ["29-02-1960", *["15-06-1970"] * 11]).column("start", ["01-01-2009"] * 12)
    small.column("entry", ["28-02-2010", "14-06-2010", "15-06-2010", *["20-06-2010"] * 9])
    small.map["source"]["dates"] = "DMY"
    small.variable("age", days_between=["born", "entry"])
    small.variable("episode_duration_months", days_between=["start", "entry"])
    result = small.check()
    assert names(result) == []
    assert values(result, "age")[:3] == [49.0, 39.0, 40.0]
    assert values(result, "episode_duration_months")[0] == 14


def test_units_are_converted(small):
    small.column("weeks", ["26"] * 12)
    small.variable("episode_duration_months", **{"from": "weeks", "unit": "weeks"})
    assert values(small.check(), "episode_duration_months")[0] == 5.98
    small.variable("episode_duration_months", **{"from": "weeks", "unit": "years"})
    assert values(small.check(), "episode_duration_months")[0] == 312


def test_weeks_may_be_left_out_at_baseline_alone(small):
    result = small.check()
    assert {(s.timepoint, s.weeks) for s in result.facts.scores} == {("baseline", 0.0), ("post", 16.0)}


def test_weeks_that_nobody_knows_are_to_confirm_and_stay_empty(small, tmp_path):
    del small.map["assessments"][1]["weeks"]
    result = harmonise_study(small.write(), tmp_path / "up")
    assert only(result, "weeks_missing").grade == "please_confirm"
    assert result.exit_status == 0
    assert "S,001,hamd17,observer,post,,6," in (tmp_path / "up" / "assessments.csv").read_text()
    again = harmonise_study(tmp_path / "up", tmp_path / "again")
    assert only(again, "weeks_missing").grade == "please_confirm"
    assert (tmp_path / "up" / "assessments.csv").read_bytes() == (
        tmp_path / "again" / "assessments.csv"
    ).read_bytes()


def test_a_named_crosswalk_gives_scores_of_its_target(small):
    result = small.check()
    walk = next(w for w in result.codebook.crosswalks.values() if w.kind == "points")
    low, high = walk.points[0][0], walk.points[-1][0]
    for row in range(2, 14):
        small.put(row, "post", str(int(low + 1)))
    small.put(3, "post", str(int(high)))
    small.map["assessments"][1] |= {"instrument": walk.source, "convert": walk.name}
    result = small.check()
    scores = [s for s in result.facts.scores if s.timepoint == "post"]
    assert {s.instrument for s in scores} == {walk.target}
    assert scores[0].value == pytest.approx(walk.convert(int(low + 1)))


def test_visits_out_of_order_are_to_confirm(small):
    small.map["assessments"].append(
        {"instrument": "bdi2", "timepoint": "follow_up", "weeks": 12, "total": "post"}
    )
    assert only(small.check(), "visits_out_of_order").grade == "please_confirm"


def test_no_post_lies_before_randomisation(small):
    small.map["assessments"][1]["weeks"] = "-12"
    finding = next(f for f in small.check().findings if f.name == "bad_entry")
    assert "before randomisation" in finding.said["what"]


def test_a_baseline_may_lie_before_randomisation(small):
    small.map["assessments"][0]["weeks"] = "-1"
    assert names(small.check()) == []


@pytest.mark.parametrize("text", ["{from: !age x}", "!x {from: age}", "{from: [!y age]}"])
def test_a_tag_that_nobody_knows_is_refused_with_its_line(small, text):
    folder = small.write()
    path = folder / "study.yaml"
    path.write_text(path.read_text().replace("from: age", "from: AGE_HERE", 1))
    mapping = path.read_text() + f"extra: {text}\n"
    path.write_text(mapping)
    result = check_study(folder)
    assert result.error is not None
    assert f"line {len(mapping.splitlines())}" in result.error
    assert "begins with !" in result.error
