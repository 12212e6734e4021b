"""A job that stops, and what is said of it at the end of a run."""

from types import SimpleNamespace

import pytest

from ipdma.runs.jobs import job, why_stopped


def stopped_by(error, results):
    """The exit status of a job that an error ends."""
    named = SimpleNamespace(stamp=str(results / "private/stamps/cohort.json"))
    work = SimpleNamespace(log=[str(results / "logs/cohort.log")], output=named, input={}, params=None)
    with pytest.raises(SystemExit) as ended, job(work, "cohort"):
        raise error
    assert not (results / "private").exists()
    return ended.value.code


def test_an_interrupted_job_shows_no_traceback_and_the_run_says_what_to_do(tmp_path, capsys):
    assert stopped_by(KeyboardInterrupt(), tmp_path) == 130
    assert capsys.readouterr().err == "cohort: interrupted\n"
    said = why_stopped(tmp_path / "logs", 0)
    assert "Start it again with the same words" in said


def test_a_fault_of_the_tool_is_told_at_the_end(tmp_path):
    assert stopped_by(ValueError("secret 17"), tmp_path) == 3
    said = why_stopped(tmp_path / "logs", 0)
    assert "cohort" in said
    assert "secret" not in said
