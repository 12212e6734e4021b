"""A harmonised upload: what is written, that it stands alone, and that it is judged as strictly as a raw
file."""

from __future__ import annotations

import csv
import hashlib
import hmac
import json
import shutil
from pathlib import Path

import pytest
import yaml
from tests.builders.planted_faults import CLEAN_NOTES
from tests.builders.small_study import names
from tests.builders.upload_builder import long_study, wide_study

from ipdma import __version__
from ipdma.codebook import load_codebook
from ipdma.site.check import check_study
from ipdma.site.harmonise import harmonise_study

TABLES = ("participants.csv", "assessments.csv", "missing.csv")
FILES = {*TABLES, "study.yaml", "account.json"}


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def upload(small, tmp_path):
    """A harmonised upload with a bit of everything."""
    small.put(3, "age", "").put(4, "sex", "9").put(5, "post", "")
    small.map["variables"]["sex"]["missing"] = {"9": "not_applicable"}
    small.column("rand", ["0", *["1"] * 11])
    small.map["source"]["keep_rows"] = {"column": "rand", "equals": "1", "why": "screening failures"}
    small.map["study"]["country"] = "NO"
    small.map["assessments"][1]["rating"] = "self"
    small.map["published"] = {"reference": "doi:10.1/x", "arms": {"tau": {"n": 5}}}
    small.map["confirmed"] = [
        {"code": "IPD-031", "variable": "age", "n": 1, "why": "w", "by": "b", "on": "2026-01-01"}
    ]
    result = harmonise_study(small.write(), tmp_path / "up")
    assert result.exit_status == 0
    return tmp_path / "up"


def test_the_tables_have_the_columns_of_the_contract(upload):
    assert set(bytes_of(upload)) == FILES
    people, scores, missing = (table(upload, name) for name in TABLES)
    assert list(people[0])[:7] == ["study", "participant", "arm", "condition", "age", "sex", "education"]
    assert list(scores[0]) == [
        "study",
        "participant",
        "instrument",
        "rating",
        "timepoint",
        "weeks",
        "score",
        "scoring",
    ]
    assert list(missing[0]) == ["study", "participant", "variable", "reason"]
    assert [p["participant"] for p in people] == [f"{i:03d}" for i in range(2, 13)]
    first = {"study": "S", "participant": "002", "arm": "stpp", "condition": "stpp", "age": "", "sex": "male"}
    assert {key: people[0][key] for key in first} == first
    assert scores[0] == {
        "study": "S", "participant": "002", "instrument": "hamd17", "rating": "observer", "timepoint":
        "baseline",
        "weeks": "0", "score": "17", "scoring": "",
    }  # fmt: skip
    assert scores[1]["rating"] == "self"
    assert {m["variable"] for m in missing if m["reason"] == "not_collected"} >= {"education", "dropout"}
    assert all(not m["participant"] for m in missing if m["reason"] == "not_collected")
    assert [(m["participant"], m["variable"], m["reason"]) for m in missing if m["participant"]] == [
        ("002", "age", "not_given"),
        ("003", "sex", "not_applicable"),
    ]


def test_the_account(upload):
    account = json.loads((upload / "account.json").read_text())
    assert account == {
        "rows": {"read": 12, "kept": 11, "excluded": {"screening failures": 1}},
        "participants": 11,
        "scores": 21,
        "pseudonymised": False,
        "digest": hashlib.sha256(b"".join((upload / name).read_bytes() for name in TABLES)).hexdigest(),
        "made_by": {"ipdma": __version__, "codebook": load_codebook().digest},
    }


def test_the_study_file_keeps_the_studys_words_and_no_trace_of_the_source(upload):
    content = yaml.load((upload / "study.yaml").read_text(), Loader=yaml.BaseLoader)
    assert list(content) == ["ipdma_study", "study", "source", "arms", "published", "confirmed"]
    assert content["source"] == {"layout": "harmonised"}
    assert content["study"]["country"] == "NO"
    everything = b"".join(bytes_of(upload).values()).decode()
    assert "f.csv" not in everything
    assert "rand" not in everything.replace("randomised", "")


def test_harmonised_again_the_bytes_are_the_same(upload, tmp_path):
    again = harmonise_study(upload, tmp_path / "again")
    assert again.exit_status == 0
    assert bytes_of(tmp_path / "again") == bytes_of(upload)


@pytest.mark.parametrize("make", [wide_study, long_study])
def test_larger_studies_pass_and_repeat(make, tmp_path):
    study = make()
    harmonise_study(study.write(tmp_path / "raw"), tmp_path / "up")
    result = harmonise_study(tmp_path / "up", tmp_path / "again")
    assert {finding.name for finding in result.findings} <= CLEAN_NOTES
    assert bytes_of(tmp_path / "again") == bytes_of(tmp_path / "up")


def test_nothing_is_written_on_1_or_2(small, tmp_path):
    out = tmp_path / "out"
    assert harmonise_study(small.put(3, "sex", "7").write(), out).exit_status == 1
    assert harmonise_study(tmp_path / "nowhere", out).exit_status == 2
    assert not out.exists()


def test_a_mapping_is_never_overwritten(small):
    folder = small.write()
    before = bytes_of(folder)
    result = harmonise_study(folder, folder)
    assert result.exit_status == 2
    assert "overwritten" in result.error
    assert bytes_of(folder) == before


def test_identifiers_become_keyed_hashes_once(small, tmp_path, monkeypatch):
    monkeypatch.setenv("IPDMA_PSEUDONYM_KEY", "secret é")
    harmonise_study(small.write(), tmp_path / "up")
    expected = hmac.new("secret é".encode(), b"S\n001", hashlib.sha256).hexdigest()[:16]
    assert table(tmp_path / "up", "participants.csv")[0]["participant"] == expected
    assert table(tmp_path / "up", "assessments.csv")[0]["participant"] == expected
    assert json.loads((tmp_path / "up" / "account.json").read_text())["pseudonymised"] is True
    harmonise_study(tmp_path / "up", tmp_path / "again")
    assert bytes_of(tmp_path / "again") == bytes_of(tmp_path / "up")


def test_the_studys_own_codebook_goes_along(small, tmp_path):
    folder = small.folder
    (folder / "codebook" / "instruments").mkdir(parents=True)
    (folder / "codebook" / "instruments" / "mood.yaml").write_text(
        "instrument: mood\nlabel: Mood\nrating: self\nrange: [0, 100]\n"
    )
    (folder / "codebook" / "variables.yaml").write_text(
        "bmi: {type: number, label: body mass, range: [5, 80]}\n"
    )
    small.column("bmi", ["22.5"] * 12).variable("bmi", **{"from": "bmi"})
    small.map["assessments"].append({"instrument": "mood", "timepoint": "post", "weeks": 16, "total": "post"})
    assert names(harmonise_study(small.write(), tmp_path / "up")) == []
    assert (tmp_path / "up" / "codebook" / "instruments" / "mood.yaml").is_file()
    assert table(tmp_path / "up", "participants.csv")[0]["bmi"] == "22.5"
    assert harmonise_study(tmp_path / "up", tmp_path / "again").exit_status == 0
    assert bytes_of(tmp_path / "again") == bytes_of(tmp_path / "up")


def test_a_plans_codebook_stands_beside_the_built_in_one(small, tmp_path):
    (tmp_path / "plan").mkdir()
    (tmp_path / "plan" / "variables.yaml").write_text(
        "bmi: {type: number, label: body mass, range: [5, 80]}\n"
    )
    small.column("bmi", ["22.5"] * 12).variable("bmi", **{"from": "bmi"})
    assert harmonise_study(small.write(), tmp_path / "up").exit_status == 1
    assert harmonise_study(small.folder, tmp_path / "up", codebooks=[tmp_path / "plan"]).exit_status == 0
    assert table(tmp_path / "up", "participants.csv")[0]["bmi"] == "22.5"


def change(upload: Path, name: str, row: int, column: str, cell: str) -> None:
    """Write one cell of a table; row 2 is the first."""
    rows = table(upload, name)
    rows[row - 2][column] = cell
    rewrite(upload, name, rows)


def rewrite(upload: Path, name: str, rows: list[dict[str, str]]) -> None:
    with (upload / name).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def found(upload: Path):
    """Findings beside the account, which no longer fits, and the notes that the clean upload has."""
    skip = {"account_disagrees", "missing_score", "confirmation_lapsed", "published_disagrees"}
    result = check_study(upload)
    assert result.error is None
    return [f for f in result.findings if f.name not in skip]


@pytest.mark.parametrize(
    ("name", "row", "column", "cell", "expected", "variable"),
    [
        ("participants.csv", 4, "study", "T", "wrong_study", "study"),
        ("participants.csv", 4, "participant", "", "participant_missing", "participant"),
        ("participants.csv", 4, "arm", "placebo", "arm_undeclared", "arm"),
        ("participants.csv", 4, "arm", "", "arm_empty", "arm"),
        ("participants.csv", 4, "condition", "waitlist", "wrong_condition", "condition"),
        ("participants.csv", 4, "age", "130", "out_of_range", "age"),
        ("participants.csv", 4, "age", "3O", "not_a_number", "age"),
        ("participants.csv", 4, "age", "31,5", "decimal_sign", "age"),
        ("participants.csv", 4, "age", "17", "implausible", "age"),
        ("participants.csv", 4, "age", "99", "looks_missing", "age"),
        ("participants.csv", 4, "sex", "1", "unlisted_code", "sex"),
        ("assessments.csv", 4, "score", "53", "out_of_range", "hamd17"),
        ("assessments.csv", 4, "score", "", "cell_empty", "hamd17"),
        ("assessments.csv", 4, "score", "x", "not_a_number", "hamd17"),
        ("assessments.csv", 4, "score", "10.5", "non_integer_total", "hamd17"),
        ("assessments.csv", 4, "instrument", "hamd", "unknown_instrument", "hamd"),
        ("assessments.csv", 4, "rating", "nurse", "unknown_word", "hamd17"),
        ("assessments.csv", 4, "timepoint", "end", "unknown_timepoint", "hamd17"),
        ("assessments.csv", 3, "weeks", "", "weeks_missing", "hamd17"),
        ("assessments.csv", 3, "weeks", "late", "not_a_number", "hamd17"),
        ("assessments.csv", 4, "scoring", "median", "unknown_word", "hamd17"),
        ("assessments.csv", 4, "participant", "999", "unknown_participant", "participant"),
        ("assessments.csv", 4, "study", "T", "wrong_study", "study"),
        ("missing.csv", 2, "reason", "lost", "unlisted_code", "education"),
        ("missing.csv", 2, "variable", "shoe", "unknown_variable", None),
        ("missing.csv", 2, "variable", "age", "missing_contradicts", "age"),
    ],
)
def test_faults_in_a_harmonised_upload(upload, name, row, column, cell, expected, variable):
    change(upload, name, row, column, cell)
    findings = [f for f in found(upload) if f.name != "unmapped_variable"]
    assert [(f.name, f.file, f.variable, f.rows) for f in findings] == [(expected, name, variable, [row])]


def test_duplicates(upload):
    people, scores = table(upload, "participants.csv"), table(upload, "assessments.csv")
    rewrite(upload, "participants.csv", [*people, people[3]])
    assert [(f.name, f.rows) for f in found(upload)] == [("participant_repeated", [5, 13])]
    rewrite(upload, "participants.csv", people)
    rewrite(upload, "assessments.csv", [*scores, scores[4]])
    assert [(f.name, f.rows) for f in found(upload)] == [("score_repeated", [6, 23])]


def test_names_of_persons_must_not_travel(upload):
    people = [f"{a} {b}" for a in ("Anna", "Bert", "Carla", "Dirk") for b in ("Jansen", "Visser", "Smit")]
    rows = table(upload, "participants.csv")
    rewrite(
        upload,
        "participants.csv",
        [row | {"therapist": name} for row, name in zip(rows, people[:11], strict=True)],
    )
    assert "identifying_mapped" in [f.name for f in found(upload)]


def test_an_upload_that_a_spreadsheet_saved_with_semicolons_is_read(upload):
    for name in TABLES:
        rows = table(upload, name)
        lines = [";".join(rows[0]), *(";".join(row.values()) for row in rows)]
        (upload / name).write_text("\ufeff" + "\r\n".join(lines) + "\r\n", encoding="utf-8", newline="")
    assert found(upload) == []


def test_empty_tables(upload):
    head = (upload / "missing.csv").read_text().splitlines()[0]
    (upload / "missing.csv").write_text(head + "\n")
    assert "unmapped_variable" in [f.name for f in found(upload)]
    (upload / "assessments.csv").write_text((upload / "assessments.csv").read_text().splitlines()[0] + "\n")
    assert only_must(check_study(upload)) == ["no_scores"]
    (upload / "participants.csv").write_text((upload / "participants.csv").read_text().splitlines()[0] + "\n")
    assert only_must(check_study(upload)) == ["no_rows"]


@pytest.mark.parametrize("name", TABLES)
def test_a_missing_table_is_exit_2(upload, name):
    (upload / name).unlink()
    result = check_study(upload)
    assert result.exit_status == 2
    assert name in result.error


def test_a_missing_column_must_be_fixed(upload):
    rows = [{k: v for k, v in row.items() if k != "condition"} for row in table(upload, "participants.csv")]
    rewrite(upload, "participants.csv", rows)
    finding = check_study(upload).findings[0]
    assert (finding.name, finding.column) == ("column_missing", "condition")


def test_a_column_of_the_source_must_not_travel(upload):
    rewrite(
        upload, "participants.csv", [row | {"patient_name": "x"} for row in table(upload, "participants.csv")]
    )
    assert [(f.name, f.column) for f in found(upload)] == [("unknown_variable", "patient_name")]


def test_a_changed_table_no_longer_fits_its_account(upload):
    change(upload, "participants.csv", 4, "age", "44")
    finding = [f for f in check_study(upload).findings if f.name == "account_disagrees"]
    assert [(f.column, f.grade) for f in finding] == [("digest", "please_confirm")]


def test_published_numbers_are_compared_in_a_harmonised_upload(upload):
    content = (upload / "study.yaml").read_text().replace("n: '5'", "n: '7'")
    (upload / "study.yaml").write_text(content)
    assert [f.name for f in check_study(upload).findings if f.grade == "please_confirm"] == [
        "published_disagrees"
    ]


def test_an_upload_without_an_account_says_what_was_not_checked(upload):
    (upload / "account.json").unlink()
    result = check_study(upload)
    assert result.ready
    assert result.not_checked[0]["what"] == "account.json"
    shutil.rmtree(upload)


def test_source_keys_do_not_belong_into_a_harmonised_study_file(upload):
    path = upload / "study.yaml"
    path.write_text(path.read_text() + "variables: {age: {from: x}}\n")
    assert only_must(check_study(upload)) == ["unknown_key"]


def only_must(result):
    return [finding.name for finding in result.findings if finding.grade == "must_fix"]


def test_identifiers_that_a_spreadsheet_would_run_are_shielded_and_read_back(small, tmp_path):
    ids = ["=1+1", "+1+1", "-A1", "@SUM(1)", "'=1", "-5", *[row[0] for row in small.rows[6:]]]
    for row, name in enumerate(ids, start=2):
        small.put(row, "id", name)
    assert harmonise_study(small.write(), tmp_path / "a").ready
    text = (tmp_path / "a" / "participants.csv").read_text("utf-8")
    assert [line.split(",")[1] for line in text.splitlines()[1:6]] == ["'" + name for name in ids[:5]]
    again = check_study(tmp_path / "a")
    assert names(again) == []
    assert [person.id for person in again.facts.persons] == ids
    harmonise_study(tmp_path / "a", tmp_path / "b")
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b")
