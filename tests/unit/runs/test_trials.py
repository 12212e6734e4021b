"""Several trials admitted by one job, each with its own files, log and stamp."""

import json
from types import SimpleNamespace

import pytest
from tests.builders.trials import make_consortium

from ipdma.errors import DataError
from ipdma.runs import trials as module
from ipdma.runs.trials import admit_trials

HOW = {"codebook": None, "fewest": 10, "blind": False, "contact": ""}


def work(folder, threads=1):
    """What Snakemake tells of three trials."""
    make_consortium(folder)
    studies = ("A", "B", "C")
    trials = {
        study: {"folder": str(folder / "trials" / study), "recipe": {"of": study, "inputs": {}}, "files": {}}
        for study in studies
    }
    return SimpleNamespace(
        log=[str(folder / f"out/logs/harmonise/{study}.log") for study in studies],
        output=[str(folder / f"out/private/stamps/harmonise/{study}.json") for study in studies],
        params=SimpleNamespace(trials=trials, how=HOW),
        threads=threads,
    )


def made(folder):
    """Every file of the results, by name."""
    out = folder / "out"
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}


@pytest.mark.parametrize("threads", [1, 2])
def test_each_trial_has_its_files_its_log_and_its_stamp(tmp_path, threads):
    assert admit_trials(work(tmp_path, threads)) == 0
    names = set(made(tmp_path))
    for study in "ABC":
        assert {f"logs/harmonise/{study}.log", f"validation/{study}.html"} <= names
        stamp = json.loads((tmp_path / f"out/private/stamps/harmonise/{study}.json").read_text("utf-8"))
        assert (stamp["job"], stamp["recipe"]["of"]) == (f"harmonise/{study}", study)
        assert all(name.rpartition("/")[0].endswith(study) or study in name for name in stamp["files"])


def test_processes_make_the_files_of_one(tmp_path):
    for name, threads in (("one", 1), ("two", 2)):
        (tmp_path / name).mkdir()
        admit_trials(work(tmp_path / name, threads))
    assert made(tmp_path / "one") == made(tmp_path / "two")


@pytest.mark.parametrize("threads", [1, 2])
def test_a_trial_that_is_not_ready_keeps_none_of_the_others_back(tmp_path, threads, capfd):
    named = work(tmp_path, threads)
    with (tmp_path / "trials/B/scores.csv").open("a", encoding="utf-8") as stream:
        stream.write("person-1;1;99;3\n")
    assert admit_trials(named) == 1
    stamps = tmp_path / "out/private/stamps/harmonise"
    assert sorted(path.stem for path in stamps.iterdir()) == ["A", "C"]
    assert "STOPPED: study 'B'" in (tmp_path / "out/logs/harmonise/B.log").read_text("utf-8")
    said = capfd.readouterr().err
    assert "B: STOPPED" in said
    assert "C: ready" in said


def test_after_an_interruption_no_further_trial_is_begun(tmp_path, monkeypatch):
    begun = []

    def interrupted(study, *_, **__):
        begun.append(study)
        if study == "A":
            raise DataError("not ready")
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "admit", interrupted)
    assert admit_trials(work(tmp_path)) == 130
    assert begun == ["A", "B"]


def test_an_interruption_of_several_processes_is_no_traceback(tmp_path, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "highest", interrupted)
    assert admit_trials(work(tmp_path, threads=2)) == 130
