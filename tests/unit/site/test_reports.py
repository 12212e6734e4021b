"""Reports: JSON as the contract writes it, a shareable one without a single input value, words for every
code."""

from __future__ import annotations

import json
import os
import random
import string
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.builders.planted_faults import plant_long, plant_wide
from tests.builders.small_study import Small
from tests.builders.upload_builder import long_study, wide_study

from ipdma.cli import main
from ipdma.site.catalogue import LANGUAGES, load_catalogue, say, say_shared
from ipdma.site.check import check_study
from ipdma.site.checks import scores
from ipdma.site.findings import CODES, Finding
from ipdma.site.harmonise import harmonise_study
from ipdma.site.report_data import shareable_data, shareable_json
from ipdma.site.reports import report_html

ROOT = Path(__file__).parents[3]
KEYS = [
    "code",
    "grade",
    "file",
    "variable",
    "column",
    "rows",
    "count",
    "of",
    "values",
    "message",
    "remedy",
    "confirmed",
]
PYTHON_WORDS = (
    "dtype",
    "NaN",
    "None",
    "TypeError",
    "ValueError",
    "Traceback",
    "True",
    "False",
    "dict",
    "exception",
)


def test_json_has_the_fields_of_the_contract(small, tmp_path, capsys):
    small.put(4, "age", "130")
    assert main(["check", str(small.write()), "--json", str(tmp_path / "out.json")]) == 1
    report = json.loads((tmp_path / "out.json").read_text())
    assert list(report) == ["ready", "error", "findings", "not_checked", "rows"]
    assert report["ready"] is False
    assert report["error"] is None
    assert report["rows"] == {"read": 12, "kept": 12, "excluded": 0}
    assert list(report["findings"][0]) == KEYS
    assert report["findings"][0]["values"] == ["130"]
    assert "row 4" in capsys.readouterr().out


def test_exit_2_still_writes_the_json(tmp_path, capsys):
    assert main(["check", str(tmp_path / "nowhere"), "--json", str(tmp_path / "out.json")]) == 2
    report = json.loads((tmp_path / "out.json").read_text())
    assert report["error"]
    assert report["ready"] is False
    assert report["findings"] == []
    assert "Traceback" not in capsys.readouterr().err


def test_harmonise_returns_0_1_and_2(small, tmp_path):
    out = str(tmp_path / "up")
    assert main(["harmonise", str(small.write()), "--out", out]) == 0
    assert main(["harmonise", out, "--out", out, "--json", str(tmp_path / "h.json")]) == 0
    assert json.loads((tmp_path / "h.json").read_text())["ready"] is True
    small.put(3, "age", "130")
    assert main(["harmonise", str(small.write()), "--out", str(tmp_path / "no")]) == 1
    assert main(["harmonise", str(tmp_path / "nowhere"), "--out", str(tmp_path / "no")]) == 2
    assert not (tmp_path / "no").exists()


def test_shareable_ends_in_json_or_html(small, tmp_path):
    folder = str(small.write())
    main(["check", folder, "--shareable", str(tmp_path / "s.json"), "--html", str(tmp_path / "l.html")])
    assert main(["check", folder, "--shareable", str(tmp_path / "s.html")]) == 0
    assert json.loads((tmp_path / "s.json").read_text())["ready"] is True
    for name in ("s.html", "l.html"):
        page = (tmp_path / name).read_text()
        assert "Yes: S is ready" in page
        assert "http:" not in page.replace("https:", "http:")


def test_counts_under_five_are_said_so(small):
    for row in (3, 4):
        small.put(row, "age", "130")
    small.put(5, "post", "")
    data = shareable_data(small.check())
    assert [f["count"] for f in data["findings"]] == ["<5", "<5"]
    assert all("rows" not in f and "values" not in f for f in data["findings"])
    assert data["rows"]["kept"] == 12


def test_a_run_says_counts_under_its_own_threshold_so(small):
    for row in (3, 4):
        small.put(row, "age", "130")
    result = small.check()
    page = report_html(result, shareable=True, fewest=10)
    assert "numbers of fewer than 10 people are withheld" in page
    assert "&lt;5" not in page
    data = shareable_data(result, 13)
    assert [f["count"] for f in data["findings"]] == ["<13"]
    assert data["rows"]["kept"] == "<13"


@pytest.mark.parametrize(
    ("language", "words"), [("en", "go to T. &lt;Centre&gt;"), ("nl", "aan T. &lt;Centre&gt;")]
)
def test_the_page_says_whom_to_ask_where_the_plan_does(small, language, words):
    result = check_study(small.write() or small.folder, language)
    assert words in report_html(result, True, 10, "T. <Centre>")
    assert "&lt;Centre" not in report_html(result, True, 10)


def test_a_few_rows_left_out_cannot_be_told_from_the_others(small):
    small.column("rand", ["0", "0", *["1"] * 10])
    small.map["source"]["keep_rows"] = {"column": "rand", "equals": "1", "why": "screening failures"}
    assert shareable_data(small.check())["rows"] == {"read": None, "kept": 10, "excluded": "<5"}


@pytest.mark.parametrize(("make", "plant"), [(wide_study, plant_wide), (long_study, plant_long)])
def test_no_cell_of_a_faulty_study_is_in_the_shareable_report(make, plant, tmp_path):
    study = make()
    plant(study)
    result = check_study(study.write(tmp_path))
    told = shareable_json(result) + report_html(result, shareable=True)
    cells = {cell.strip() for row in study.rows for cell in row if len(cell.strip()) >= 4}
    public = study.text().split("\r\n")[0] + json.dumps(study.mapping)
    assert not [cell for cell in cells if cell in told and cell not in public and cell != "missing"]
    assert '"rows": [' not in told
    said = [finding["message"] for finding in shareable_data(result)["findings"]]
    assert not [text for text in said if any(f" {n} of" in text or f"of {n} " in text for n in range(1, 5))]


SECRET = st.text(alphabet=string.ascii_uppercase, min_size=12, max_size=20)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=SECRET, data=st.data())
def test_no_input_value_reaches_the_shareable_report(tmp_path_factory, secret, data):
    small = Small(tmp_path_factory.mktemp("s") / "S")
    secrets = []
    for i in range(data.draw(st.integers(1, 8))):
        row, column = data.draw(st.integers(2, 13)), data.draw(st.sampled_from(small.header))
        secrets.append(f"{secret}{i}")
        small.put(row, column, secrets[-1])
    small.column("surname", [f"{secret}{i}x" for i in range(12)])
    result = small.check()
    for told in (shareable_json(result), report_html(result, shareable=True)):
        assert secret not in told


@settings(max_examples=40, deadline=None)
@given(secret=SECRET, data=st.data())
def test_no_input_value_of_a_harmonised_upload_reaches_the_shareable_report(tmp_path_factory, secret, data):
    folder = tmp_path_factory.mktemp("h")
    harmonise_study(Small(folder / "S").write(), folder / "up")
    name = data.draw(st.sampled_from(["participants.csv", "assessments.csv", "missing.csv"]))
    lines = (folder / "up" / name).read_text().splitlines()
    for i in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(1, len(lines) - 1))
        cells = lines[at].split(",")
        cells[data.draw(st.integers(0, len(cells) - 1))] = f"{secret}{i}"
        lines[at] = ",".join(cells)
    (folder / "up" / name).write_text("\n".join(lines) + "\n")
    result = check_study(folder / "up")
    assert not [entry for entry in result.not_checked if entry["outcome"] == "tool_failed"]
    for told in (shareable_json(result), report_html(result, shareable=True)):
        assert secret not in told


@pytest.mark.parametrize("kind", ["values", "visit"])
def test_codes_of_the_mapping_stay_at_the_site(small, kind):
    small.map["variables"]["sex"]["values"] = {"MANNLICHES": "male", "WEIBLICHES": "female"}
    for row in range(2, 14):
        small.put(row, "sex", "WEIBLICHES")
    small.put(3, "sex", "UNBEKANNTES")
    if kind == "visit":
        small.map["variables"]["sex"]["values"]["weibliches"] = "male"
    result = small.check()
    assert result.exit_status == 1
    for told in (shareable_json(result), report_html(result, shareable=True)):
        assert not [word for word in ("ANNLICHES", "EIBLICHES", "eibliches", "UNBEKANNT") if word in told]


def test_a_confirmed_reason_stays_at_the_site(small):
    small.put(4, "age", "17").map["confirmed"] = [
        {"code": "IPD-031", "variable": "age", "n": 1, "why": "was 17 at screening", "by": "dm"}
    ]
    result = small.check()
    assert "was 17 at screening" in report_html(result, shareable=False)
    for told in (shareable_json(result), report_html(result, shareable=True)):
        assert "at screening" not in told


def test_a_fault_of_the_tool_in_one_check_stops_no_other(small, monkeypatch):
    def broken(*_):
        raise RuntimeError("a cell with 17 in it")

    monkeypatch.setattr("ipdma.site.check.check_arms", broken)
    result = small.put(5, "post", "").check()
    assert [f.name for f in result.findings] == ["missing_score"]
    assert result.not_checked == [
        {
            "check": "arms",
            "what": "arms",
            "why": "a fault of the tool itself (RuntimeError), not of your data",
            "outcome": "tool_failed",
        }
    ]
    assert scores


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(CODES))
def test_every_message_says_where_what_and_how_to_mend_it(name, language):
    entry = load_catalogue(language)[CODES[name][0]]
    finding = Finding(name, "f.csv", "age", "alter", [3, 9], ["x", "y"], 2, 10)
    for message, remedy in (say(finding, language), say_shared(finding, language)):
        assert message
        assert remedy
        assert not any(word in f" {message} {remedy} " for word in PYTHON_WORDS)
        assert "{" not in message + remedy.replace("{ignore", "").replace("{not_collected", "").replace(
            "{decimal", ""
        ).replace("{dates", "").replace("{encoding", "")
    assert len(entry["message"]) < 200


def test_both_languages_have_every_message_and_the_same_words_to_fill_in():
    english, dutch = map(load_catalogue, ("en", "nl"))
    assert set(english) == set(dutch)
    assert set(english["phrases"]) == set(dutch["phrases"])
    codes = [code for code, _ in CODES.values()]
    assert len(codes) == len(set(codes))
    for code in codes:
        for part in ("message", "shared", "remedy"):
            gaps = [fields(catalogue[code].get(part, "")) for catalogue in (english, dutch)]
            assert gaps[0] == gaps[1], code


def fields(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}


def test_the_page_of_every_code_is_in_step():
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        from write_finding_pages import pages
    finally:
        sys.path.pop(0)
    folder = ROOT / "docs" / "findings"
    assert {p.name: p.read_text("utf-8") for p in folder.glob("*.md")} == pages()


def test_the_report_speaks_dutch(small):
    small.put(4, "age", "130").write()
    page = report_html(check_study(small.folder, "nl"), shareable=False)
    assert "Nog niet" in page
    assert "buiten wat mogelijk is" in page


def test_the_checker_in_one_file_runs_with_bare_python(small, tmp_path):
    subprocess.run([sys.executable, ROOT / "tools" / "build_check_pyz.py", tmp_path / "c.pyz"], check=True)
    folder = small.put(4, "age", "130").write()

    def run(*arguments):
        command = [sys.executable, "-I", "-S", tmp_path / "c.pyz", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    done = run(folder, "--json", "out.json")
    assert done.returncode == 1, done.stderr
    assert json.loads((tmp_path / "out.json").read_text()) == check_study(folder).as_json()
    small.put(4, "age", "33").write()
    assert run("harmonise", folder, "--out", "up").returncode == 0
    assert run("check", "up").returncode == 0
    small.map["source"]["file"] = "f.sas7bdat"
    (small.folder / "f.sas7bdat").write_bytes(b"\0" * 64)
    from tests.builders.upload_builder import write_yaml

    write_yaml(small.folder, small.map)
    told = run(folder)
    assert told.returncode == 2
    assert "Save the file as CSV" in told.stderr
    assert "pip install pyreadstat" in told.stderr


@pytest.mark.parametrize("command", [["check"], ["harmonise", "--out", "up"]])
def test_a_console_without_the_letters_stops_nothing(small, tmp_path, command):
    small.put(4, "age", "dreißig é ü").put(5, "id", "\u4e2d")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-m", "ipdma", command[0], small.write(), *command[1:]],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "drei?ig" in done.stdout + done.stderr


def test_reports_are_the_same_bytes_twice(small):
    small.put(4, "age", "130")
    random.seed()
    assert small.check().as_json() == small.check().as_json()
