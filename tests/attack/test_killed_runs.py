"""Runs that die: the same command goes on, nothing old passes for new, and nobody has to unlock."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.builders.killed import dies_at, kills
from tests.builders.trials import snakemake, snakemake_command

from ipdma.errors import PlanError
from ipdma.runs.jobs import job
from ipdma.runs.lock import LOCK, describe_process, take_lock
from ipdma.runs.stamps import MANIFEST, UNFINISHED, stamp_path, why_stale
from ipdma.writing import write_file


class Named(dict):
    """Snakemake's named lists: a mapping whose names are attributes too."""

    def __getattr__(self, name):
        if name not in self:
            raise AttributeError(name)
        return self[name]


def work_of(results, name, recipe):
    """What a script of the workflow gets from Snakemake, for a job that builds upon nothing."""
    stamp = stamp_path(results, name)
    return SimpleNamespace(
        log=[str(results / "logs" / f"{name}.log")],
        output=Named(stamp=str(stamp)),
        input=Named(),
        params=Named(recipe=recipe),
    )


OLD = {"a.csv": "old a", "deep/b.csv": "old b", "private/c.csv": "old c", "gone.csv": "old"}
NEW = {"a.csv": "new a", "deep/b.csv": "new b", "private/c.csv": "new c", "fresh.csv": "new"}


def do(results, files, recipe):
    """A job, begun as Snakemake begins it: without its stamp."""
    work = work_of(results, "made", {"inputs": {}, "code": recipe})
    Path(work.output.stamp).unlink(missing_ok=True)
    with job(work, "made") as desk:
        desk.put_all(files)


def files_of(results):
    """Text of the files of a results folder that are neither logs nor lists."""
    found = {p.relative_to(results).as_posix(): p for p in sorted(results.rglob("*")) if p.is_file()}
    hidden = ("logs/", "private/stamps/", "private/made/")
    return {n: p.read_text(encoding="utf-8") for n, p in found.items() if not n.startswith(hidden)}


def test_a_job_killed_at_any_act_is_never_taken_for_done(tmp_path, capfd):
    results = tmp_path / "out"
    recipe = {"inputs": {}, "code": "2"}

    def before():
        shutil.rmtree(results, ignore_errors=True)
        do(results, OLD, "1")
        write_file(results / "deep" / "mine.txt", "the user's own")

    count = 0
    for act in kills(lambda: do(results, NEW, "2"), before):
        count += 1
        done = stamp_path(results, "made").is_file() and not list(why_stale(results, "made", recipe))
        if done:
            assert files_of(results) == NEW | {"deep/mine.txt": "the user's own"}, act
        do(results, NEW, "2")
        assert files_of(results) == NEW | {"deep/mine.txt": "the user's own"}, act
        assert not list(why_stale(results, "made", recipe)), act
    assert count > 20


def test_what_is_out_of_date_is_told_by_content(tmp_path, capfd):
    results = tmp_path / "out"
    recipe = {"inputs": {}, "code": "1"}
    do(results, OLD, "1")
    times = os.stat(results / "a.csv")
    assert list(why_stale(results, "made", recipe)) == []
    assert list(why_stale(results, "made", {**recipe, "code": "2"})) == ["it was made from something else"]
    (results / "a.csv").write_text("old b", encoding="utf-8")
    os.utime(results / "a.csv", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert list(why_stale(results, "made", recipe)) == [f"{results / 'a.csv'} was changed"]
    (results / "a.csv").unlink()
    assert list(why_stale(results, "made", recipe)) == [f"{results / 'a.csv'} is missing"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"job": 3}', "null", "[" * 3000, '{"files": 1}'])
def test_a_stamp_that_no_job_wrote_is_no_stamp(tmp_path, text):
    write_file(stamp_path(tmp_path, "fit/main"), text)
    assert list(why_stale(tmp_path, "fit/main", {})) == ["its stamp cannot be read"]


def test_an_input_that_changes_under_a_job_stops_it(tmp_path, capfd):
    path = tmp_path / "scores.csv"
    path.write_text("1", encoding="utf-8")
    work = work_of(tmp_path / "out", "made", {"inputs": {"A/data": "0" * 64}})
    work.params["files"] = {"A/data": str(path)}
    with pytest.raises(SystemExit), job(work, "made") as desk:
        desk.put("a.csv", "a")
    assert "A/data: changed while the run was at work" in capfd.readouterr().err
    assert not (tmp_path / "out" / "a.csv").exists()


HOLD = """\
import sys, time
from pathlib import Path
from ipdma.runs.lock import take_lock
take_lock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds a results folder."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "out")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_run_is_refused_by_name_and_goes_on_once_the_first_is_killed(tmp_path, holder):
    with pytest.raises(PlanError, match=f"process {holder.pid} on .* is at work in .*out; wait until"):
        take_lock(tmp_path / "out")
    holder.send_signal(signal.SIGKILL)
    time.sleep(0.3)  # not waited for: a zombie is gone as well
    lines = take_lock(tmp_path / "out")
    assert f"process {holder.pid}" in lines[0]
    assert "its lock is lifted" in lines[0]
    assert json.loads((tmp_path / "out" / LOCK).read_text(encoding="utf-8"))["process"] == os.getpid()


def test_a_number_that_another_process_has_by_now_holds_nothing(tmp_path):
    mine = describe_process()
    write_file(tmp_path / LOCK, json.dumps({**mine, "started": mine["started"] - 3600}))
    assert "is lifted" in take_lock(tmp_path)[0]


def test_another_machine_cannot_be_asked_and_the_sentence_says_what_to_do(tmp_path):
    write_file(tmp_path / LOCK, json.dumps({**describe_process(), "host": "elsewhere", "process": 1}))
    with pytest.raises(PlanError, match=f"on elsewhere.*if it is gone, delete {tmp_path / LOCK}"):
        take_lock(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"host": "x"}', '{"host": 1, "process": "x", "started": 0}']
)
def test_a_lock_that_nobody_can_read_is_lifted(tmp_path, text):
    write_file(tmp_path / LOCK, text)
    os.utime(tmp_path / LOCK, (0, 0))
    assert "is lifted" in take_lock(tmp_path)[0]


def test_locks_and_scratch_of_a_killed_run_are_lifted_and_those_of_others_stay(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_file(Path(".snakemake/locks/0.output.lock"), "out/plan.yaml\nout/report.html\n")
    write_file(Path(".snakemake/locks/1.output.lock"), "other/report.html\n")
    write_file(Path(".snakemake/backups/out/figures/a.svg"), "old")
    assert dies_at(2, lambda: write_file(Path("out/report.html"), "new"))
    take_lock(Path("out"))
    assert [p.name for p in Path(".snakemake/locks").iterdir()] == ["1.output.lock"]
    assert not Path(".snakemake/backups/out").exists()
    assert sorted(p.name for p in Path("out").iterdir()) == ["private"]


@pytest.fixture(scope="module")
def runs(finished, tmp_path_factory):
    """A finished run of three small trials, and the same after one of them changed."""
    folder = tmp_path_factory.mktemp("runs")
    shutil.copytree(finished, folder / "before", symlinks=True)
    made = shutil.ignore_patterns("out", ".snakemake")
    shutil.copytree(finished, folder / "after", symlinks=True, ignore=made)
    change(folder / "after")
    process = snakemake(folder / "after")
    assert process.returncode == 0, process.stdout
    return folder


def change(folder):
    """Another value in one trial."""
    path = folder / "trials" / "B" / "scores.csv"
    head, first, rest = path.read_text(encoding="utf-8").split("\n", 2)
    cells = first.split(";")
    cells[3] = str((int(cells[3]) + 9) % 30)
    path.write_text("\n".join([head, ";".join(cells), rest]), encoding="utf-8")


def artefacts(folder):
    """Bytes of all that a run leaves but logs."""
    out = folder / "out"
    found = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
    return {n: p.read_bytes() for n, p in found.items() if not n.endswith((".log", ".snakemake_timestamp"))}


KILLER = """\
import os, signal, sys
rule, act = os.environ.get("KILL", ":0").split(":")
if rule and sys.orig_argv[-1].endswith(f".{rule}.py"):
    left = [int(act)]
    def hook(event, arguments):
        if event == "os.rename" and "/out/" in os.path.abspath(os.fsdecode(arguments[1])):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
"""


def run_with_killer(folder, rule, act):
    """The same command, where a job of one rule dies at the n-th file that it puts in its place."""
    write_file(folder / "killer" / "sitecustomize.py", KILLER)
    source = f"{folder / 'killer'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    os.environ["KILL"] = f"{rule}:{act}"
    try:
        return snakemake(folder, source=source)
    finally:
        del os.environ["KILL"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "act"),
    [
        ("harmonise", 1),
        ("harmonise", 4),
        ("cohort", 2),
        ("fit", 1),
        ("fit", 3),
        ("records", 2),
        ("report", 1),
        ("report", 9),
        ("report", 30),
        ("manifest", 1),
    ],
)
def test_after_a_killed_job_the_same_command_makes_it_right(runs, tmp_path, rule, act):
    folder = tmp_path / "run"
    shutil.copytree(runs / "before", folder, symlinks=True)
    change(folder)
    process = run_with_killer(folder, rule, act)
    assert process.returncode != 0, process.stdout
    assert "NOT FINISHED" in (folder / "out" / UNFINISHED).read_text(encoding="utf-8")
    assert not (folder / "out" / MANIFEST).exists()
    process = snakemake(folder)
    assert process.returncode == 0, process.stdout
    assert artefacts(folder) == artefacts(runs / "after")
    assert not (folder / "out" / UNFINISHED).exists()


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [6, 12, 18, 24])
def test_a_run_killed_whole_goes_on_without_unlock(runs, tmp_path, seconds):
    folder = tmp_path / "run"
    shutil.copytree(runs / "before", folder, symlinks=True)
    change(folder)
    process = subprocess.Popen(
        snakemake_command(),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    again = snakemake(folder)
    assert again.returncode == 0, again.stdout
    assert artefacts(folder) == artefacts(runs / "after")


@pytest.mark.slow
def test_old_data_put_back_with_an_old_date_are_seen(runs, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(runs / "after", folder, symlinks=True)
    source = runs / "before" / "trials" / "B" / "scores.csv"
    shutil.copy2(source, folder / "trials" / "B" / "scores.csv")
    os.utime(folder / "trials" / "B" / "scores.csv", (0, 0))
    process = snakemake(folder)
    assert "Nothing to be done" not in process.stdout
    assert artefacts(folder) == artefacts(runs / "before")
