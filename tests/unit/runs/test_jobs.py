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
    assert "untouched" not in said  # jobs that had ended left new files
    assert "partly of each" in said


def test_a_fault_of_the_tool_is_told_at_the_end(tmp_path):
    assert stopped_by(ValueError("secret 17"), tmp_path) == 3
    said = why_stopped(tmp_path / "logs", 0)
    assert "cohort" in said
    assert "secret" not in said


def test_a_share_of_a_contrast_is_told_with_its_contrast(tmp_path):
    for name in ("fit/main", "fit/late", "impute/main"):
        path = tmp_path / name / "1-of-2.log"
        path.parent.mkdir(parents=True)
        path.write_text("STOPPED: no rows\n", encoding="utf-8")
    (tmp_path / "fit/network.log").write_text("STOPPED: no arms\n", encoding="utf-8")
    told = [line.strip() for line in why_stopped(tmp_path, 0).splitlines()]
    shares = ["fit/late/1-of-2", "fit/main/1-of-2", "impute/main/1-of-2"]
    assert sorted(line for line in told if "no rows" in line) == [f"{share}: no rows" for share in shares]
    assert "network: no arms" in told
