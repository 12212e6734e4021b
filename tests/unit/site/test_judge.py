"""What fresh eyes found: one bad cell hides no other, accounts count rows, columns that occur twice."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.builders.small_study import Small, names, only

from ipdma.site.check import check_study
from ipdma.site.harmonise import harmonise_study
from ipdma.site.reports import report_html

TABLES = ("participants.csv", "assessments.csv", "missing.csv")


@pytest.fixture
def small(tmp_path) -> Small:
    return Small(tmp_path / "s")


@pytest.fixture
def upload(small, tmp_path) -> Path:
    assert harmonise_study(small.write(), tmp_path / "up").ready
    return tmp_path / "up"


def places(result, name: str) -> list[tuple[str | None, str | None, list[int], int]]:
    """Variable, column, rows and `of` of the findings of this name."""
    return [(f.variable, f.column, f.rows, f.of) for f in result.findings if f.name == name]


def as_long(small: Small) -> Small:
    """The same study with a row per visit."""
    wide = small.rows
    small.header = ["id", "week", "arm", "age", "sex", "hamd"]
    small.rows = [[r[0], week, *r[1:4], r[place]] for r in wide for week, place in (("0", 4), ("16", 5))]
    small.map["source"] |= {
        "layout": "long",
        "visit": {
            "column": "week",
            "values": {"0": {"timepoint": "baseline"}, "16": {"timepoint": "post", "weeks": 16}},
        },
    }
    small.map["assessments"] = [{"instrument": "hamd17", "total": "hamd"}]
    return small


def test_a_missing_identifier_does_not_hide_a_bad_score_on_its_row(small):
    result = small.put(6, "id", "").put(6, "post", "99").put(7, "pre", "1O").check()
    assert places(result, "participant_missing") == [("participant", "id", [6], 12)]
    assert places(result, "out_of_range") == [("hamd17", "post", [6], 12)]
    assert places(result, "not_a_number") == [("hamd17", "pre", [7], 12)]
    assert len(result.facts.scores) == 2 * 11 - 1


def test_an_unlisted_visit_does_not_hide_a_bad_score_and_an_ignored_one_is_not_judged(small):
    as_long(small).put(5, "week", "8").put(5, "hamd", "99").put(7, "week", "30").put(7, "hamd", "99")
    small.map["source"]["visit"]["values"]["30"] = {"ignore": "not asked of all"}
    result = small.check()
    assert places(result, "unlisted_visit") == [("visit", "week", [5], 24)]
    assert places(result, "out_of_range") == [("hamd17", "hamd", [5], 23)]


def test_items_may_stand_in_one_text_with_commas(small):
    for item in range(17):
        small.column(f"q{item}", ["1"] * 12)
    small.map["assessments"][1] = {
        "instrument": "hamd17",
        "timepoint": "post",
        "weeks": 16,
        "items": "q0..q7, q8, q9..q16",
    }
    result = small.check()
    assert names(result) == []
    assert {score.value for score in result.facts.scores if score.timepoint == "post"} == {17.0}
    assert [f.column for f in result.findings] == ["post"]


def rewrite(folder: Path, table: str, change, account: bool = True) -> None:
    """Change a table's rows in place; `account` brings its digest up to date."""
    rows = list(csv.reader(io.StringIO((folder / table).read_text())))
    change(rows)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    (folder / table).write_text(text.getvalue())
    if account:
        said = json.loads((folder / "account.json").read_text())
        data = b"".join((folder / name).read_bytes() for name in TABLES)
        said["digest"] = hashlib.sha256(data).hexdigest()
        (folder / "account.json").write_text(json.dumps(said))


@pytest.mark.parametrize(
    ("column", "cell", "name"),
    [
        ("instrument", "hamd18", "unknown_instrument"),
        ("scoring", "dutch", "unknown_word"),
        ("score", "", "cell_empty"),
        ("participant", "zzz", "unknown_participant"),
    ],
)
def test_a_bad_row_of_scores_is_no_second_finding_of_the_account(upload, column, cell, name):
    def damage(rows):
        rows[1][rows[0].index(column)] = cell

    rewrite(upload, "assessments.csv", damage)
    only_name = [f.name for f in check_study(upload).findings if f.grade != "note"]
    assert only_name == [name]


def test_an_account_that_counts_other_rows_is_still_told(upload):
    rewrite(upload, "assessments.csv", lambda rows: rows.pop())
    finding = next(f for f in check_study(upload).findings if f.name == "account_disagrees")
    assert (finding.column, finding.grade) == ("scores", "please_confirm")


def test_a_variable_in_two_columns_of_a_harmonised_table_is_must_fix(upload):
    def damage(rows):
        for i, row in enumerate(rows):
            row.append("31" if i else "age")

    rewrite(upload, "participants.csv", damage)
    result = check_study(upload)
    assert only(result, "column_twice").variable == "age"
    assert result.exit_status == 1


def test_a_reason_beside_a_value_names_its_variable(upload):
    def damage(rows):
        rows.append(["S", "003", "age", "not_given"])
        rows.append(["S", "004", "sex", "lost"])

    rewrite(upload, "missing.csv", damage)
    result = check_study(upload)
    assert [(f.variable, f.column) for f in result.findings if f.name == "missing_contradicts"] == [
        ("age", "variable")
    ]
    assert [(f.variable, f.column) for f in result.findings if f.name == "unlisted_code"] == [
        ("sex", "reason")
    ]


@pytest.mark.parametrize("command", [["--help"], ["check", "--help"], ["check", "FOLDER"]])
def test_a_console_without_the_letters_stops_no_command(small, command):
    small.map["arms"]["stpp"]["label"] = "Kurzzeittherapie für Größere → 16"
    small.map["variables"]["größe"] = {"from": "→"}
    small.folder.mkdir()
    small.write()
    argv = [str(small.folder) if word == "FOLDER" else word for word in command]
    done = subprocess.run(
        [sys.executable, "-m", "ipdma", *argv],
        capture_output=True,
        env={"PYTHONIOENCODING": "ascii:strict", "PATH": ""},
        check=False,
    )
    assert done.returncode == (1 if "FOLDER" in command else 0), done.stderr
    assert b"Traceback" not in done.stderr
    assert b"fault of the tool" not in done.stderr


@pytest.mark.parametrize("shareable", [False, True])
def test_pages_fit_a_phone_and_show_words_of_files_as_such(small, shareable):
    page = report_html(small.put(4, "post", "x").check(), shareable)
    assert '<meta name="viewport"' in page
    style = page.partition("<style>")[2].partition("</style>")[0]
    assert "<code>missing</code>" in page
    assert style.count("{") == style.count("}")
    assert "-\n" not in style


def test_listed_codes_identify_nobody_whatever_the_column_is_called(small):
    small.column("pill_name", ["Sertraline", ""] * 6)
    small.variable(
        "antidepressant_at_baseline", **{"from": "pill_name", "values": {"sertraline": "yes", "": "no"}}
    )
    assert names(small.check()) == []
    small.variable("therapist", **{"from": "pill_name"})
    small.variable("antidepressant_at_baseline", not_collected="not asked")
    assert only(small.check(), "identifying_mapped").variable == "therapist"


def test_a_text_variable_with_commas_says_nothing_of_the_decimal_sign(small):
    small.column("th", ['"1,5"'] * 12).column("months", ["2.5"] * 12)
    small.variable("therapist", **{"from": "th"}).variable("episode_duration_months", **{"from": "months"})
    assert names(small.check()) == []


def test_an_error_does_not_tell_where_the_folder_lies(small):
    folder = small.write()
    (folder / "codebook" / "instruments").mkdir(parents=True)
    (folder / "codebook" / "instruments" / "own.yaml").write_text("instrument: own\nlabel: Own\n")
    error = check_study(folder).error
    assert error is not None
    assert error.startswith("codebook/instruments/own.yaml: missing rating, range")


def test_low_totals_are_no_missing_codes_but_two_nines_among_episodes_are(small):
    for row in range(2, 14):
        small.put(row, "post", str(row % 4))
    small.put(4, "post", "9").put(5, "post", "9").put(6, "post", "8")
    assert names(small.check()) == []
    small.column("eps", ["0", "1", "2", "3"] * 2 + ["9", "9", "1", "0"])
    small.variable("previous_episodes", **{"from": "eps"})
    assert only(small.check(), "looks_missing").rows == [10, 11]


def test_a_missing_code_is_recognised_before_its_unit_is_turned(small):
    small.column("weeks", [str(10 + 5 * i) for i in range(12)]).put(6, "weeks", "999")
    small.variable("episode_duration_months", **{"from": "weeks", "unit": "weeks"})
    assert only(small.check(), "looks_missing").rows == [6]


def test_an_unquoted_decimal_comma_before_an_empty_last_cell_is_not_lost(small):
    small.column("remark", [""] * 12).put(6, "post", "12,0")
    result = small.check()
    assert places(result, "row_too_long") == [(None, None, [6], 12)]
    assert result.exit_status == 1


def test_a_separator_at_the_end_of_every_row_is_a_habit(small):
    small.write()
    lines = [",".join(small.header), *(",".join(row) + "," for row in small.rows)]
    assert names(small.check("\n".join(lines).encode())) == []


def test_a_visit_without_an_identifier_is_not_a_participant_without_an_arm(small):
    as_long(small).put(5, "id", "").put(5, "arm", "")
    assert only_must_fix(small.check()) == [("participant_missing", [5])]


def test_a_participant_without_identifier_and_arm_is_told_both(small):
    small.put(5, "id", "").put(5, "arm", "")
    assert only_must_fix(small.check()) == [("participant_missing", [5]), ("arm_empty", [5])]


def only_must_fix(result) -> list[tuple[str, list[int]]]:
    return [(f.name, f.rows) for f in result.findings if f.grade == "must_fix"]


def test_rows_of_unknown_participants_repeat_nobody(upload):
    def damage(rows):
        for row in (rows[1], rows[3]):
            row[rows[0].index("participant")] = "zzz"

    rewrite(upload, "assessments.csv", damage)
    assert only_must_fix(check_study(upload)) == [("unknown_participant", [2, 4])]


def test_a_page_of_an_unreadable_upload_counts_nothing_and_a_ready_one_says_what_is_ready(small):
    folder = small.write()
    page = report_html(check_study(folder), shareable=False)
    assert page.count("<td class=ready>ready</td>") == 5
    (folder / "f.csv").unlink()
    page = report_html(check_study(folder), shareable=True)
    assert "the data file: there is no such file" in page
    assert "rows read" not in page
    assert "class=counts" not in page
