"""The report on the terminal: must-fix first, alike on one line, each cell once, notes folded."""

from __future__ import annotations

import pytest
from tests.builders.upload_builder import long_study, wide_study

from ipdma.site.check import check_study
from ipdma.site.scan import scan_file
from ipdma.site.text_report import report_text


@pytest.mark.parametrize("make", [wide_study, long_study])
@pytest.mark.parametrize("language", ["en", "nl"])
def test_a_first_check_of_a_raw_file_is_short(tmp_path, make, language):
    folder = make().write(tmp_path / "S")
    path = next(folder.glob("*.csv"))
    (folder / "study.yaml").write_text(scan_file(path))
    assert len(report_text(check_study(folder, language)).splitlines()) <= 30


@pytest.mark.parametrize("trial", ["btheb", "gregoire1996", "jobs2"])
def test_a_first_check_of_a_real_file_is_short(tmp_path, shared, trial):
    path = next((shared / "real" / trial).glob("*.csv"))
    (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "study.yaml").write_text(scan_file(path))
    assert len(report_text(check_study(tmp_path)).splitlines()) <= 30


def test_an_unlisted_code_is_said_once_with_its_count(small):
    for row in range(2, 9):
        small.put(row, "sex", "7")
    small.put(9, "sex", "8")
    lines = report_text(small.check()).splitlines()
    line = next(line for line in lines if "IPD-022" in line)
    assert "'7' (7 rows: 2, 3, 4, 5 and 3 more)" in line
    assert "'8' (row 9)" in line


def test_what_must_be_fixed_comes_first_and_notes_last(small):
    small.column("spare", ["x"] * 12).column("more", ["y"] * 12).put(3, "age", "abc").put(4, "age", "96")
    lines = report_text(small.check()).splitlines()
    grades = [line.split(": ")[0].split(" ", 1)[1] for line in lines if line.startswith("IPD-")]
    assert grades == sorted(grades, key=["must fix", "please confirm", "note"].index)
    assert lines[-1] == "IPD-062 note: 2 columns of f.csv are not used: more, spare."


def test_variables_without_a_reason_are_one_line(small):
    for name in ("education", "chronic", "dropout"):
        small.variable(name, not_collected="?")
    result = small.check()
    assert [(f.name, f.count, f.grade) for f in result.findings] == [("reason_missing", 3, "please_confirm")]
    assert "education, chronic, dropout" in report_text(result)


def test_unmapped_variables_are_one_line_and_a_finding_each(small):
    for name in ("education", "chronic", "dropout"):
        del small.map["variables"][name]
    result = small.check()
    assert [f.name for f in result.findings] == ["unmapped_variable"] * 3
    assert report_text(result).count("IPD-011") == 1


def test_a_shared_remedy_is_said_once(small):
    small.put(3, "age", "abc").put(3, "pre", "abc")
    text = report_text(small.check())
    assert text.count("IPD-020") == 2
    assert text.count("What to do") <= 2


def test_confirmed_findings_are_said_one_by_one(small):
    del small.map["variables"]["education"]
    del small.map["variables"]["chronic"]
    small.map["confirmed"] = [
        {"code": "IPD-011", "variable": "chronic", "n": 1, "why": "not asked", "by": "me"}
    ]
    assert report_text(small.check()).count("IPD-011") == 2
