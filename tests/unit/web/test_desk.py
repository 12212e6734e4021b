"""The desk behind the page: every answer is the command's, byte by byte."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import pytest
import yaml

from ipdma.cli import main
from ipdma.errors import ReadError
from ipdma.site.check import check_study
from ipdma.web.desk import Desk
from ipdma.web.samples import sample

STUDIES = Path(__file__).parents[3] / "data" / "synthetic"
NAMES = sorted(path.parent.name for path in STUDIES.glob("*/study.yaml"))
FAST = ("NL-A", "FI-A")


def files_of(folder):
    """A study's files as a person chooses them: by bare name."""
    return {p.name: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and p.suffix != ".txt"}


def run_command(folder, scratch):
    """What the command makes: status, upload by name, reports."""
    reports = {"local": scratch / "l.html", "shareable": scratch / "s.html"}
    options = ["--html", str(reports["local"]), "--shareable", str(reports["shareable"])]
    status = main(["harmonise", str(folder), "--out", str(scratch / "up"), *options])
    upload = {
        p.relative_to(scratch / "up").as_posix(): p.read_bytes()
        for p in (scratch / "up").rglob("*.*")
        if p.is_file()
    }
    return status, upload, {name: path.read_bytes() for name, path in reports.items()}


def unzip(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("name", [n if n in FAST else pytest.param(n, marks=pytest.mark.slow) for n in NAMES])
def test_uploads_and_reports_are_those_of_the_command(tmp_path, name, capsys):
    status, upload, reports = run_command(STUDIES / name, tmp_path)
    desk = Desk(tmp_path / "root")
    answer = desk.take(files_of(STUDIES / name))
    assert (answer["state"], answer["ready"]) == ("checked", status == 0)
    assert unzip(desk.save("upload")[1]) == upload
    assert {what: desk.save(what)[1] for what in reports} == reports
    assert desk.save("mapping") == ("study.yaml", (STUDIES / name / "study.yaml").read_bytes())


@pytest.mark.parametrize("name", ["btheb", "gregoire1996", "jobs2"])
def test_real_trials_give_the_upload_of_the_command(tmp_path, shared, name, capsys):
    folder = STUDIES.parents[1] / "config" / "real" / name
    status, upload, _ = run_command(folder, tmp_path)
    data = next((shared / "real" / name).glob("*.csv"))
    desk = Desk(tmp_path / "root")
    answer = desk.take({"study.yaml": (folder / "study.yaml").read_bytes(), data.name: data.read_bytes()})
    assert (answer["state"], answer["ready"], status) == ("checked", True, 0)
    assert unzip(desk.save("upload")[1]) == upload


def test_a_file_alone_is_drafted_as_by_scan(tmp_path, capsys):
    source = next((STUDIES / "NL-A").glob("*.sav"))
    shutil.copy(source, tmp_path)
    main(["scan", str(tmp_path / source.name), "--out", str(tmp_path / "study.yaml")])
    desk = Desk(tmp_path / "root")
    answer = desk.take({source.name: source.read_bytes()})
    assert answer["state"] == "draft"
    assert answer["draft"].encode() == (tmp_path / "study.yaml").read_bytes()
    assert desk.save("mapping")[1] == answer["draft"].encode()
    assert desk.check()["state"] == "checked"


def test_the_form_gives_back_the_mapping_that_it_was_given(tmp_path):
    desk = Desk(tmp_path / "root")
    answer = desk.take(files_of(STUDIES / "NL-A"))
    again = desk.mend(answer["form"]["sheets"])
    assert (again["ready"], again["findings"]) == (answer["ready"], answer["findings"])
    before = yaml.load((STUDIES / "NL-A" / "study.yaml").read_text("utf-8"), yaml.BaseLoader)
    assert yaml.load(desk.save("mapping")[1], yaml.BaseLoader) == before


def test_a_wrong_mapping_is_mended_and_a_finding_confirmed(tmp_path):
    files = sample("clean")
    files["study.yaml"] = files["study.yaml"].replace(b"from: Alter", b"from: Altr")
    desk = Desk(tmp_path / "root")
    answer = desk.take(files)
    assert not answer["ready"]
    form = answer["form"]
    row = next(r for r in form["sheets"]["variables"] if r[0] == "age")
    row[form["headers"]["variables"].index("column or text")] = "Alter"
    answer = desk.mend(form["sheets"])
    assert answer["ready"]
    asked = next(f for f in answer["findings"] if f["grade"] == "please_confirm")
    form = answer["form"]
    form["sheets"]["confirmed"].append(
        [asked["code"], asked["variable"], str(asked["count"]), "so it was", "me", "2026-01-01"]
    )
    answer = desk.mend(form["sheets"])
    assert [f["confirmed"]["why"] for f in answer["findings"] if f["confirmed"]] == ["so it was"]


def test_a_part_that_was_empty_can_be_filled_in(tmp_path):
    files = sample("clean")
    at = files["study.yaml"].index(b"assessments:")
    files["study.yaml"] = files["study.yaml"][:at] + b"assessments: []\n"
    desk = Desk(tmp_path / "root")
    form = desk.take(files)["form"]
    row = {"instrument": "hamd17", "timepoint": "baseline", "weeks": "0", "total": "HAMD_T0"}
    form["sheets"]["assessments"].append([row.get(name, "") for name in form["headers"]["assessments"]])
    assert desk.mend(form["sheets"])["ready"]


def test_a_cell_that_cannot_be_read_is_said_and_the_mapping_stays(tmp_path):
    desk = Desk(tmp_path / "root")
    form = desk.take(sample("clean"))["form"]
    before = desk.save("mapping")
    form["sheets"]["variables"][2][form["headers"]["variables"].index("values")] = "1 = male; 2"
    answer = desk.mend(form["sheets"])
    assert answer["kept"]
    assert "sheet variables" in answer["error"]
    assert desk.save("mapping") == before


def test_a_mapping_chosen_later_joins_the_data(tmp_path):
    files = sample("clean")
    mapping = files.pop("study.yaml")
    desk = Desk(tmp_path / "root")
    assert desk.take(files)["state"] == "draft"
    assert desk.take({"study.yaml": mapping})["ready"]


def test_a_codebook_file_is_told_by_its_content(tmp_path):
    files = sample("clean")
    files["mine.yaml"] = b"instrument: ours\nlabel: ours\nrating: self\nrange: [0, 30]\n"
    files["more.yaml"] = b"shoe_size:\n  type: number\n  label: shoe size\n  range: [20, 60]\n"
    desk = Desk(tmp_path / "root")
    answer = desk.take(files)
    assert answer["ready"]
    assert "ours" in answer["form"]["instruments"]
    assert "shoe_size" in answer["form"]["variables"]
    assert {"codebook/instruments/mine.yaml", "codebook/variables.yaml"} <= set(unzip(desk.save("upload")[1]))


def test_a_file_that_the_mapping_names_in_another_folder_is_put_there(tmp_path):
    files = sample("clean")
    for named in ("data/example_SYNTHETIC.csv", "../example_SYNTHETIC.csv"):
        changed = files["study.yaml"].replace(b"file: example", f"file: {named[:-21]}example".encode())
        assert Desk(tmp_path / "root").take({**files, "study.yaml": changed})["ready"], named
    far = files["study.yaml"].replace(b"file: example", b"file: " + b"../" * 12 + b"example")
    assert Desk(tmp_path / "root").take({**files, "study.yaml": far})["state"] == "failed"
    assert not list(tmp_path.glob("*.csv"))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"t.csv": b""}, "empty"),
        ({"t.doc": b"\xd0\xcf\x11\xe0rest"}, "'.doc' cannot be read"),
        ({"t.xlsx": b"PK\x03\x04rest"}, "damaged"),
        ({"a.csv": b"a,b\n1,2\n", "b.csv": b"a,b\n1,2\n"}, "one trial's file"),
        ({"study.yaml": b"a: [", "t.csv": b"a,b\n1,2\n"}, "study.yaml"),
        ({"study.yaml": b"source: {}", "my.yaml": b"arms: {}"}, "both are study.yaml"),
        ({}, "study.yaml"),
    ],
)
def test_what_cannot_be_read_says_why_and_the_desk_goes_on(tmp_path, files, said):
    desk = Desk(tmp_path / "root")
    answer = desk.take(files)
    assert answer["state"] == "failed"
    assert said in answer["error"]
    with pytest.raises(ReadError):
        desk.save("upload")
    assert desk.take(sample("clean"))["ready"]


def test_a_key_replaces_identifiers_as_the_command_does(tmp_path, monkeypatch, capsys):
    desk = Desk(tmp_path / "root")
    desk.take(sample("clean"))
    folder = tmp_path / "s"
    folder.mkdir()
    for name, data in sample("clean").items():
        (folder / name).write_bytes(data)
    monkeypatch.setenv("IPDMA_PSEUDONYM_KEY", "a secret of some length")
    status, upload, _ = run_command(folder, tmp_path)
    assert status == 0
    assert unzip(desk.save("upload", "a secret of some length")[1]) == upload
    assert b"SYN-" not in upload["participants.csv"]


def test_findings_are_those_of_the_command(tmp_path):
    desk = Desk(tmp_path / "root")
    answer = desk.take(sample("faulty"), "nl")
    folder = tmp_path / "s"
    folder.mkdir()
    for name, data in sample("faulty").items():
        (folder / name).write_bytes(data)
    assert answer["findings"] == check_study(folder, "nl").as_json()["findings"]
