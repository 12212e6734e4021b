"""Commands that write several files, killed at every act on a file: the old set or the new one."""

import errno
import json
import os
import shutil
import stat
import subprocess
import sys

import pytest
from tests.builders.killed import kills
from tests.builders.trials import write_plan, write_trial

from ipdma.cli import main
from ipdma.errors import ReadError
from ipdma.runs.release import make_bundle
from ipdma.runs.twin import make_twins
from ipdma.site.harmonise import harmonise_study
from ipdma.writing import replace_folder, write_file, write_files, write_new


def content_of(folder):
    """Every file below a folder by its name, scratch files too."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def two_versions(tmp_path):
    """A trial before and after its data changed, and the upload of each."""
    write_trial(tmp_path / "before", "A", seed=1)
    write_trial(tmp_path / "after", "A", seed=2, n=30)
    for name in ("before", "after"):
        own = "instrument: wellbeing\nlabel: Well-being\nrating: self\nrange: [10, 50]\n"
        write_file(
            tmp_path / name / "codebook" / "instruments" / f"{name}.yaml", own.replace("wellbeing", name)
        )
        assert harmonise_study(tmp_path / name, tmp_path / f"upload-{name}").ready
    return tmp_path


def test_an_upload_is_the_old_one_or_the_new_one(two_versions):
    top = two_versions
    old, new = content_of(top / "upload-before"), content_of(top / "upload-after")
    place = top / "sent" / "upload"
    seen = set()

    def before():
        shutil.rmtree(top / "sent", ignore_errors=True)
        shutil.copytree(top / "upload-before", place)
        (place / "letter.txt").write_text("the site's own", encoding="utf-8")

    for act in kills(lambda: harmonise_study(top / "after", place), before):
        held = content_of(place)
        assert held.pop("letter.txt") == b"the site's own", act
        assert held in (old, new), act
        seen.add(held == new)
        assert harmonise_study(top / "after", place).ready
        assert content_of(place) == new | {"letter.txt": b"the site's own"}, act
        assert [path.name for path in place.parent.iterdir()] == ["upload"], act
    assert seen == {False, True}


def test_a_first_upload_is_there_whole_or_not_at_all(two_versions):
    top, place = two_versions, two_versions / "sent" / "upload"
    new = content_of(top / "upload-after")
    for act in kills(
        lambda: harmonise_study(top / "after", place), lambda: shutil.rmtree(top / "sent", True)
    ):
        assert not place.exists() or content_of(place) == new, act


def test_where_folders_cannot_be_exchanged_a_mix_is_never_taken_for_an_upload(two_versions, monkeypatch):
    monkeypatch.setattr("ipdma.writing.exchange", lambda first, second: False)
    top, place = two_versions, two_versions / "sent"
    old, new = content_of(top / "upload-before"), content_of(top / "upload-after")

    def before():
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(top / "upload-before", place)

    mixed = 0
    for act in kills(lambda: harmonise_study(top / "after", place), before):
        held = {n: d for n, d in content_of(place).items() if not n.rpartition("/")[2].endswith(".ipdma")}
        if held not in (old, new):
            mixed += 1
            assert main(["check", str(place)]) == 2, act
        assert harmonise_study(top / "after", place).ready
        assert content_of(place) == new, act
    assert mixed


def test_a_mapping_that_comes_back_from_a_workbook(two_versions, capsys):
    top = two_versions
    book = top / "book.xlsx"
    assert main(["template", str(top / "before"), "--out", str(book)]) == 0
    text = (top / "before" / "study.yaml").read_bytes()
    trial = top / "trial"

    def before():
        shutil.rmtree(trial, ignore_errors=True)
        shutil.copytree(top / "before", trial)

    for act in kills(lambda: main(["template", str(trial), "--from", str(book)]), before):
        now = (trial / "study.yaml").read_bytes()
        assert now == text or (trial / "study.yaml.old").read_bytes() == text, act
    assert not [name for name in content_of(trial) if name.endswith(".ipdma")]
    assert (trial / "study.yaml.old").read_bytes() == text


@pytest.fixture
def bundles(tmp_path):
    """Bundles of one trial before and after its data changed, and of a second trial."""
    write_plan(tmp_path / "plan.yaml")
    for name, study, seed in (("before", "A", 1), ("after", "A", 2), ("other", "B", 3)):
        write_trial(tmp_path / name, study, seed=seed, n=60)
        assert make_bundle(tmp_path / name, tmp_path / "plan.yaml", tmp_path / f"{name}.bundle.json").bundle
    return tmp_path


def test_a_bundle_never_leaves_without_its_entry_in_the_ledger(bundles):
    trial, ledger, out = bundles / "after", bundles / "after" / "releases", bundles / "new.bundle.json"

    def before():
        shutil.rmtree(ledger, ignore_errors=True)
        out.unlink(missing_ok=True)

    for act in kills(lambda: make_bundle(trial, bundles / "plan.yaml", out), before):
        noted = [path.read_bytes() for path in ledger.glob("*.bundle.json")]
        assert not out.exists() or out.read_bytes() in noted, act
        assert make_bundle(trial, bundles / "plan.yaml", out).bundle
        assert [path.name for path in ledger.iterdir()] == ["0001.bundle.json"], act
        assert not [path for path in bundles.iterdir() if path.name.endswith(".ipdma")], act


def test_twins_are_the_old_set_or_the_new_one(bundles):
    first, new, other = (bundles / f"{name}.bundle.json" for name in ("before", "after", "other"))
    make_twins([first, other], bundles / "old")
    make_twins([new, other], bundles / "new")
    old, fresh, place = content_of(bundles / "old"), content_of(bundles / "new"), bundles / "twins"
    assert old != fresh
    seen = set()

    def before():
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(bundles / "old", place)

    for act in kills(lambda: make_twins([new], place), before):  # the second trial's twin stays
        held = content_of(place)
        assert held in (old, fresh), act
        seen.add(held == fresh)
        make_twins([new], place)
        assert content_of(place) == fresh, act
        assert not [path for path in bundles.iterdir() if path.name.endswith(".ipdma")], act
    assert seen == {False, True}


def test_a_single_file_is_the_old_one_or_the_new_one(tmp_path):
    path = tmp_path / "report.json"
    for act in kills(lambda: write_file(path, "new"), lambda: path.write_text("old", encoding="utf-8")):
        assert path.read_text(encoding="utf-8") in ("old", "new"), act
    write_file(path, "new")
    assert [p.name for p in tmp_path.iterdir()] == ["report.json"]


def test_an_error_leaves_the_old_set_and_nothing_beside(tmp_path):
    write_files(tmp_path, {"a.txt": b"old", "b.txt": b"old"})
    (tmp_path / "c.txt").mkdir()
    with pytest.raises(Exception, match="cannot be written to"):
        write_files(tmp_path, {"a.txt": b"new", "b.txt": b"new", "c.txt": b"new"})
    assert (tmp_path / "a.txt").read_bytes() == b"old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "b.txt", "c.txt"]


def test_a_full_disk_leaves_no_empty_folder(tmp_path, monkeypatch):
    (tmp_path / "there").mkdir()
    written = []

    def full(path, data, private=False):
        if written:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(write_new(path, data, private))

    monkeypatch.setattr("ipdma.writing.write_new", full)
    files = {"there/a.txt": b"a", "new/deep/b.txt": b"b"}
    with pytest.raises(ReadError, match="No space left on device"):
        write_files(tmp_path, files)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == ["there"]


@pytest.fixture
def umask():
    """A umask for one test."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def mode_of(path):
    """Permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def test_files_follow_the_umask(tmp_path, umask):
    write_file(tmp_path / "new" / "a.txt", "a")
    assert (mode_of(tmp_path / "new" / "a.txt"), mode_of(tmp_path / "new")) == (0o600, 0o700)
    os.umask(0o022)
    write_file(tmp_path / "b.txt", "b")
    write_file(tmp_path / "private" / "c.txt", "c", private=True)
    assert mode_of(tmp_path / "b.txt") == 0o644
    assert (mode_of(tmp_path / "private" / "c.txt"), mode_of(tmp_path / "private")) == (0o600, 0o700)


def test_what_holds_rows_is_its_owners_alone(two_versions, capsys):
    top = two_versions
    upload = top / "upload-after"
    assert {mode_of(p) for p in upload.rglob("*") if p.is_file()} == {0o600}
    reports = {n: top / f"{n}.html" for n in ("html", "shareable")} | {"json": top / "local.json"}
    words = [word for name, path in reports.items() for word in (f"--{name}", str(path))]
    assert main(["check", str(top / "before"), *words]) == 0
    assert mode_of(reports["html"]) == mode_of(reports["json"]) == 0o600
    assert mode_of(reports["shareable"]) == 0o666 & ~current_umask()


def current_umask():
    """The umask of the tests."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_link_is_followed(tmp_path):
    write_file(tmp_path / "real" / "a.txt", "old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real" / "a.txt")
    write_file(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real" / "a.txt").read_text(encoding="utf-8") == "new"
    (tmp_path / "folder").symlink_to(tmp_path / "real")
    replace_folder(tmp_path / "folder", {"a.txt": b"newest", "seal": b""}, lambda name: True, "seal")
    assert (tmp_path / "folder").is_symlink()
    assert (tmp_path / "real" / "a.txt").read_bytes() == b"newest"


def test_a_device_and_a_pipe_are_written_to_and_stay(tmp_path):
    null = tmp_path / "null"
    null.symlink_to("/dev/null")
    write_file(null, "x")
    assert stat.S_ISCHR(null.stat().st_mode)
    with pytest.raises(Exception, match="cannot be written"):
        write_file("/dev/full", "x")
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_file(pipe, "through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("kind", ["file", "pipe", "device"])
def test_what_is_no_folder_is_never_put_away_for_one(tmp_path, kind, capsys):
    write_trial(tmp_path / "A", "A")
    place = tmp_path / "place"
    if kind == "file":
        place.write_text("mine", encoding="utf-8")
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to("/dev/null")
    before = os.stat(place)
    assert main(["harmonise", str(tmp_path / "A"), "--out", str(place)]) == 2
    assert "expected a folder or nothing" in capsys.readouterr().err
    with pytest.raises(ReadError, match="expected a folder or nothing"):
        replace_folder(place, {"seal": b""}, lambda name: True, "seal")
    after = os.stat(place)
    assert (after.st_mode, after.st_ino, after.st_size) == (before.st_mode, before.st_ino, before.st_size)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["A", "place"]


def test_the_standard_output_is_written_to_also_where_it_is_a_file(tmp_path):
    write_trial(tmp_path / "A", "A")
    command = [sys.executable, "-m", "ipdma", "check", str(tmp_path / "A"), "--json", "/dev/stdout"]
    with (tmp_path / "out.txt").open("wb") as stream:
        assert subprocess.run(command, stdout=stream, check=False).returncode == 0
    text = (tmp_path / "out.txt").read_text(encoding="utf-8")
    report, end = json.JSONDecoder().raw_decode(text)
    assert report["ready"] is True
    assert "What to do" in text[end:]  # the report in words follows
