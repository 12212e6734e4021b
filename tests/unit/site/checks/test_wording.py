"""Free codes and a person's own words on their way into an upload."""

from __future__ import annotations

import csv
import json

import pytest
import yaml
from tests.builders.small_study import names

from ipdma.site.harmonise import harmonise_study

KEY = "IPDMA_PSEUDONYM_KEY"
CODES = {
    "names": ["Anna Müller", "Jan de Vries", "Paolo Rossi"],
    "titles": ["Dr. Weber", "Dr. Klein", "Dr. Groß"],
    "initials": ["AM", "JdV", "PR"],
    "formulas": ['=HYPERLINK("http://x")', "+1+1", "@SUM(1)"],
    "numbers": ["12", "7", "3"],
}


def therapists(folder) -> list[str]:
    with open(folder / "participants.csv", encoding="utf-8", newline="") as file:
        return [row["therapist"] for row in csv.DictReader(file)]


@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("key", ["", "secret"])
def test_free_codes_are_replaced(small, tmp_path, monkeypatch, kind, key):
    monkeypatch.setenv(KEY, key)
    small.separator = ";"
    small.column("ther", ['"' + c.replace('"', '""') + '"' for c in CODES[kind] * 4])
    small.variable("therapist", **{"from": "ther"})
    assert harmonise_study(small.write(), tmp_path / "up").ready
    found = therapists(tmp_path / "up")
    assert [len(set(found[i::3])) for i in range(3)] == [1, 1, 1]
    assert len(set(found)) == 3
    assert found[:3] == ["1", "2", "3"] if not key else all(len(code) == 16 for code in found)


def test_hashes_differ_between_studies_and_from_identifiers(small, tmp_path, monkeypatch):
    monkeypatch.setenv(KEY, "secret")
    small.column("ther", [row[0] for row in small.rows])
    small.variable("therapist", **{"from": "ther"})
    harmonise_study(small.write(), tmp_path / "a")
    small.map["study"]["id"] = "T"
    harmonise_study(small.write(), tmp_path / "b")
    with open(tmp_path / "a" / "participants.csv", encoding="utf-8", newline="") as file:
        assert not any(row["therapist"] == row["participant"] for row in csv.DictReader(file))
    assert not set(therapists(tmp_path / "a")) & set(therapists(tmp_path / "b"))


@pytest.mark.parametrize("key", ["", "secret"])
def test_harmonised_again_the_codes_stay(small, tmp_path, monkeypatch, key):
    monkeypatch.setenv(KEY, key)
    small.column("ther", ["b", "a", "c"] * 4)
    small.variable("therapist", **{"from": "ther"})
    harmonise_study(small.write(), tmp_path / "a")
    harmonise_study(tmp_path / "a", tmp_path / "b")
    assert therapists(tmp_path / "a") == therapists(tmp_path / "b")


@pytest.mark.parametrize("word", ["NA", "null", "#N/A", "unknown"])
def test_a_code_that_says_nothing_is_asked_about(small, word):
    small.column("ther", [word, "T1", "T2"] * 4)
    small.variable("therapist", **{"from": "ther"})
    result = small.check()
    assert names(result) == ["looks_missing"]
    assert result.findings[0].rows == [2, 5, 8, 11]


def confirmed(small, **entry: str):
    small.put(2, "age", "97")
    small.map["confirmed"] = [{"code": "IPD-032", "variable": "age", "n": 1, **entry}]
    return small.check()


@pytest.mark.parametrize(
    "entry",
    [
        {"why": "Mrs. Jansen is 97", "by": "data manager"},
        {"why": "born 03.04.1913"},
        {"why": "patient 001 is so old"},
        {"why": "right", "by": "Anna Müller"},
        {"why": "right", "by": "anna@clinic.example"},
    ],
)
def test_words_about_a_person_stay_at_the_site(small, tmp_path, entry):
    result = confirmed(small, **entry)
    assert "text_kept_back" in names(result)
    assert result.ready
    harmonise_study(small.folder, tmp_path / "up")
    content = yaml.load((tmp_path / "up" / "study.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)
    written = json.dumps(content, ensure_ascii=False)
    assert not any(word in written for word in ("Jansen", "1913", "001", "Müller", "clinic"))
    assert content["confirmed"][0]["code"] == "IPD-032"


@pytest.mark.parametrize(
    "entry", [{"why": "looked at again", "by": "data manager"}, {"why": "97 at screening", "by": "AM"}]
)
def test_other_words_travel(small, tmp_path, entry):
    assert "text_kept_back" not in names(confirmed(small, **entry))
    harmonise_study(small.folder, tmp_path / "up")
    content = yaml.load((tmp_path / "up" / "study.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)
    assert content["confirmed"][0]["why"] == entry["why"]


def test_why_rows_were_left_out_is_looked_through(small, tmp_path):
    small.column("in", ["1"] * 11 + ["0"])
    small.map["source"]["keep_rows"] = {"column": "in", "equals": "1", "why": "Dr. Weber said so"}
    assert "text_kept_back" in names(small.check())
    harmonise_study(small.folder, tmp_path / "up")
    assert "Weber" not in (tmp_path / "up" / "account.json").read_text("utf-8")


SOMEBODY = ["Zbigniew Wolski", "Oluwaseun Adebayo", "Wolski, Zbigniew"]
ROLES = ["Clinical Trials Unit", "Trial Manager", "Study Nurse", "Data Management", "Studienzentrum Leitung"]


@pytest.mark.parametrize("who", SOMEBODY)
def test_who_confirmed_is_kept_back_whatever_the_name(small, who):
    assert "text_kept_back" in names(confirmed_by(small, who, "seen in the source"))
    assert "text_kept_back" in names(
        confirmed_by(small, "data manager", f"asked {SOMEBODY[0]}, who was there")
    )


@pytest.mark.parametrize("who", ROLES)
def test_roles_and_institutions_may_be_said(small, who):
    why = "checked by the Ethics Committee of Leiden University with the Beck Inventory"
    assert "text_kept_back" not in names(confirmed_by(small, who, why))


def confirmed_by(small, who, why):
    small.put(2, "age", "17").map["confirmed"] = [
        {"code": "IPD-031", "variable": "age", "n": "1", "why": why, "by": who, "on": "2026-11-20"}
    ]
    return small.check()
