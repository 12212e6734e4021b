"""The file's own labels: a question where they contradict, nothing where they do not."""

from __future__ import annotations

import pytest
from tests.builders.labelled import write_labelled
from tests.builders.small_study import names, values

from ipdma.site.check import check_study
from ipdma.site.checks.labels import label_number
from ipdma.site.no_answer import says_missing

NOUGHT_AND_ONE = ["0", "1"] * 6


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("9", "unknown"),
        ("9", "Onbekend"),
        ("8", "weiß nicht"),
        ("9", "k.A."),
        ("7", "Refused"),
        ("9", "n.v.t."),
        ("9", "No contesta"),
        ("9", "non renseigné"),
        ("8", "Keine Angabe"),
    ],
)
@pytest.mark.parametrize("ending", [".sav", ".dta"])
def test_a_number_labelled_as_no_answer_is_asked_about(small, code, label, ending):
    small.column("ep", ["0", code, "2", "3"] * 3).variable("previous_episodes", **{"from": "ep"})
    result = check_study(write_labelled(small, {"ep": {float(code): label}}, ending))
    assert names(result) == ["labelled_missing"]
    finding = next(f for f in result.findings if f.name == "labelled_missing")
    assert (finding.variable, finding.rows) == ("previous_episodes", [3, 7, 11])


def test_a_score_labelled_as_no_answer_is_asked_about(small):
    small.put(4, "post", "8")
    result = check_study(write_labelled(small, {"post": {8.0: "missing"}}))
    assert ("labelled_missing", "hamd17") in [(f.name, f.variable) for f in result.findings]


@pytest.mark.parametrize(
    "label",
    ["none", "no episodes", "nine or more", "known", "first episode", "keine", "unknown number, 9 or more"],
)
def test_other_labels_of_numbers_are_no_doubt(small, label):
    small.column("ep", ["0", "9", "2", "3"] * 3).variable("previous_episodes", **{"from": "ep"})
    assert "labelled_missing" not in names(check_study(write_labelled(small, {"ep": {9.0: label}})))


def test_a_listed_missing_code_is_no_doubt(small):
    small.column("ep", ["0", "9", "2", "3"] * 3).variable(
        "previous_episodes", **{"from": "ep", "missing": ["9"]}
    )
    result = check_study(write_labelled(small, {"ep": {9.0: "unknown"}}))
    assert names(result) == []
    assert values(result, "previous_episodes")[1] is None


def test_missing_codes_are_codes_never_labels(small):
    small.column("ep", ["0", "1", "2", "3"] * 3).variable(
        "previous_episodes", **{"from": "ep", "missing": ["9"]}
    )
    result = check_study(write_labelled(small, {"ep": {1.0: "9", 2.0: "2"}}))
    assert values(result, "previous_episodes")[:4] == [0.0, 1.0, 2.0, 3.0]


def test_a_label_that_is_another_code_stands_for_nothing(small):
    small.variable("sex", **{"from": "sex", "values": {"2": "female", "3": "male"}})
    result = check_study(write_labelled(small, {"sex": {1.0: "2", 2.0: "1"}}))
    assert [(f.name, f.count) for f in result.findings if f.variable == "sex"] == [("unlisted_code", 6)]


ARMS = {1.0: "STPP", 2.0: "TAU"}


@pytest.mark.parametrize(
    "labels",
    [
        ARMS,
        {1.0: "Kurzzeit psychodynamisch", 2.0: "übliche Behandlung"},
        {1.0: "STPP + usual care", 2.0: "usual care"},
        {1.0: "A", 2.0: "B"},
        {1.0: "experimental", 2.0: "control"},
        {1.0: "Dynamic therapy", 2.0: "CBT"},
        {1.0: "treatment", 2.0: "waiting for treatment as usual"},
    ],
)
def test_labels_that_fit_the_arms_have_no_finding(small, labels):
    assert names(check_study(write_labelled(small, {"arm": labels}))) == []


@pytest.mark.parametrize(
    "labels",
    [
        {1.0: "TAU", 2.0: "STPP"},
        {1.0: "gebruikelijke zorg", 2.0: "kortdurende psychodynamische therapie"},
        {1.0: "tau"},
        {2.0: "psychodynamic"},
        {1.0: "onbekend", 2.0: "TAU"},
    ],
)
@pytest.mark.parametrize("ending", [".sav", ".dta"])
def test_swapped_arms_are_asked_about(small, labels, ending):
    result = check_study(write_labelled(small, {"arm": labels}, ending))
    assert names(result) == ["label_contradicts"]
    assert next(f for f in result.findings if f.name == "label_contradicts").variable == "arm"


@pytest.mark.parametrize(
    "labels",
    [
        {1.0: "man", 2.0: "vrouw"},
        {1.0: "M", 2.0: "F"},
        {1.0: "Hombre", 2.0: "Mujer"},
        {1.0: "1", 2.0: "2"},
        {1.0: "männlich", 2.0: "weiblich", 9.0: "keine Angabe"},
    ],
)
def test_labels_that_fit_the_sexes_have_no_finding(small, labels):
    assert names(check_study(write_labelled(small, {"sex": labels}))) == []


@pytest.mark.parametrize(
    "labels",
    [
        {1.0: "vrouw", 2.0: "man"},
        {1.0: "Female", 2.0: "Male"},
        {1.0: "weiblich", 2.0: "männlich"},
        {1.0: "femme", 2.0: "homme"},
        {2.0: "maschio"},
    ],
)
def test_swapped_sexes_are_asked_about(small, labels):
    result = check_study(write_labelled(small, {"sex": labels}))
    assert [(f.name, f.variable) for f in result.findings if f.name != "column_unused"] == [
        ("label_contradicts", "sex")
    ]


@pytest.mark.parametrize(
    ("column", "labels", "mapped", "told"),
    [
        ("dropout", {0.0: "no", 1.0: "yes"}, {"0": "no", "1": "yes"}, False),
        ("completer", {0.0: "no", 1.0: "yes"}, {"0": "yes", "1": "no"}, False),  # the opposite question
        ("no_dropout", {0.0: "no", 1.0: "yes"}, {"0": "yes", "1": "no"}, False),
        ("dropout", {0.0: "completed", 1.0: "left"}, {"0": "no", "1": "yes"}, False),
        ("dropout", {0.0: "nee", 1.0: "ja, voor week 8"}, {"0": "no", "1": "yes"}, False),
        ("dropout", {0.0: "no", 1.0: "yes"}, {"0": "yes", "1": "no"}, True),
        ("uitval", {0.0: "nee", 1.0: "ja"}, {"0": "yes", "1": "no"}, True),
        ("Abbruch", {0.0: "nein", 1.0: "ja"}, {"0": "yes", "1": "no"}, True),
        ("dropout", {0.0: "no", 1.0: "unknown"}, {"0": "no", "1": "yes"}, True),
    ],
)
def test_yes_and_no(small, column, labels, mapped, told):
    small.column(column, NOUGHT_AND_ONE).variable("dropout", **{"from": column, "values": mapped})
    result = check_study(write_labelled(small, {column: labels}))
    assert ("label_contradicts" in names(result)) is told


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({0.0: "bachelor", 1.0: "no school"}, False),  # the site's own reading of a label
        ({0.0: "Low", 1.0: "High"}, False),
        ({0.0: "high", 1.0: "low"}, True),
    ],
)
def test_levels_by_their_own_names(small, labels, told):
    small.column("edu", NOUGHT_AND_ONE)
    small.variable("education", **{"from": "edu", "values": {"0": "low", "1": "high"}})
    result = check_study(write_labelled(small, {"edu": labels}))
    assert ("label_contradicts" in names(result)) is told


def test_words_of_a_text_file_are_their_own_label(small):
    for row in range(2, 14):
        small.put(row, "sex", "vrouw" if row % 2 else "man")
    small.variable("sex", **{"from": "sex", "values": {"vrouw": "male", "man": "female"}})
    assert names(small.check()) == ["label_contradicts"]
    small.variable("sex", **{"from": "sex", "values": {"vrouw": "female", "man": "male"}})
    assert names(small.check()) == []


def test_labels_stay_at_the_site(small):
    result = check_study(write_labelled(small, {"arm": {1.0: "TAU", 2.0: "STPP of Dr. Planted"}}))
    from ipdma.site.report_data import shareable_json
    from ipdma.site.reports import report_html

    assert "Planted" not in shareable_json(result) + report_html(result, shareable=True)
    assert "Planted" in report_html(result, shareable=False)


@pytest.mark.parametrize(
    ("label", "number"),
    [
        ("0 = never", 0),
        ("(2) often", 2),
        ("3", 3),
        ("1-2 times", None),
        ("2 days", None),
        ("a 3", None),
        ("1. x", 1),
    ],
)
def test_numbers_at_the_start_of_labels(label, number):
    assert label_number(label) == number


def test_words_of_no_answer():
    assert says_missing("Weiß nicht")
    assert says_missing(" UNKNOWN ")
    assert not says_missing("none")
    assert not says_missing("")


@pytest.mark.parametrize("label", ["9 or more", ">8", "9+", "9 oder mehr", "≥ 9"])
def test_a_number_whose_label_says_so_and_more_is_no_missing_code(small, label):
    small.column("ep", ["0", "9", "2", "3"] * 3).variable("previous_episodes", **{"from": "ep"})
    assert names(check_study(write_labelled(small, {"ep": {9.0: label}}))) == []
    assert names(check_study(write_labelled(small, {"ep": {9.0: "xyz"}}))) == ["looks_missing"]


@pytest.mark.parametrize("letters", ["MF", "mv", "MW", "HF", "HM", "UD", "MK"])
def test_letters_of_the_sexes_are_compared(small, letters):
    right = {1.0: letters[0], 2.0: letters[1]}
    assert names(check_study(write_labelled(small, {"sex": right}))) == []
    swapped = {1.0: letters[1], 2.0: letters[0]}
    assert names(check_study(write_labelled(small, {"sex": swapped}))) == ["label_contradicts"]


@pytest.mark.parametrize("letters", ["AB", "XY", "MX", "12"])
def test_letters_that_tell_no_sex_are_left_in_peace(small, letters):
    labels = {1.0: letters[0], 2.0: letters[1]}
    assert names(check_study(write_labelled(small, {"sex": labels}))) == []


ROLES = [
    ("Intervention", "Kontrollgruppe"),
    ("treatment group", "control group"),
    ("experimental", "control"),
    ("Interventiegroep", "Controlegroep"),
]


@pytest.mark.parametrize("roles", ROLES)
def test_a_control_group_that_is_mapped_to_the_therapy_is_asked_about(small, roles):
    right = dict(zip((1.0, 2.0), roles, strict=True))
    assert names(check_study(write_labelled(small, {"arm": right}))) == []
    swapped = dict(zip((2.0, 1.0), roles, strict=True))
    assert names(check_study(write_labelled(small, {"arm": swapped}))) == ["label_contradicts"]


@pytest.mark.parametrize(
    "label", ["delayed treatment", "no treatment", "Standardbehandlung", "treatment later"]
)
def test_what_controls_get_is_no_contradiction(small, label):
    assert names(check_study(write_labelled(small, {"arm": {2.0: label}}))) == []


def test_yes_on_no_is_asked_about_where_nobody_asks_for_the_opposite(small):
    small.column("v12", NOUGHT_AND_ONE)
    small.variable("antidepressant_at_baseline", **{"from": "v12", "values": {"0": "no", "1": "yes"}})
    assert names(check_study(write_labelled(small, {"v12": {0.0: "nein", 1.0: "ja"}}))) == []
    assert names(check_study(write_labelled(small, {"v12": {0.0: "ja", 1.0: "nein"}}))) == [
        "label_contradicts"
    ]


def test_completed_is_the_opposite_of_dropout(small):
    small.column("v12", NOUGHT_AND_ONE)
    small.variable("dropout", **{"from": "v12", "values": {"0": "yes", "1": "no"}})
    result = check_study(write_labelled(small, {"v12": {0.0: "nein", 1.0: "ja"}}))
    assert "label_contradicts" not in names(result)
