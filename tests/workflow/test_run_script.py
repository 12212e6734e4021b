"""`./run` and `python run.py`: one road, with a shell and without."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from tests.builders.trials import REPOSITORY, make_consortium

from ipdma.plan import read_plan
from ipdma.site.check import check_study


@pytest.fixture(scope="module")
def script():
    found = importlib.util.spec_from_file_location("run", REPOSITORY / "run.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.mark.parametrize("command", [["./run"], [sys.executable, "run.py"]])
def test_help_names_what_it_does_and_sets_up_nothing(command):
    done = subprocess.run([*command, "--help"], cwd=REPOSITORY, text=True, capture_output=True, check=True)
    for word in ("run test", "run docs", "run site-page", "run --dry-run"):
        assert word in done.stdout


def test_other_words_go_to_snakemake(script):
    assert script.command_of(["test", "-k", "x"])[:2] == ["-m", "pytest"]
    assert script.command_of(["test", "-k", "x"])[-2:] == ["-k", "x"]
    assert script.command_of(["--dry-run"])[-1] == "--dry-run"
    assert script.command_of([])[:4] == ["-m", "snakemake", "--logger", "ipdma"]


def test_the_exit_status_of_a_step_is_that_of_the_script(script, monkeypatch):
    monkeypatch.setattr(script, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(script, "is_ready", lambda: True)
    monkeypatch.setattr(script, "command_of", lambda words: ["-c", "raise SystemExit(7)"])
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setenv("PATH", "")
    assert script.main([]) == 7


def test_an_environment_that_cannot_be_made_says_so(script, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(script, "FOLDER", tmp_path / "env")
    monkeypatch.setattr(script, "find_spec", lambda name: None)
    assert script.make_environment() == 2
    assert "apt-get install python3-venv" in capsys.readouterr().err
    assert not (tmp_path / "env").exists()


def test_files_of_windows_read_the_same(tmp_path):
    """Lines that end in CRLF, in the plan, in study.yaml and in the data."""
    make_consortium(tmp_path)
    plan = read_plan(tmp_path / "plan.yaml")
    judged = check_study(tmp_path / "trials" / "A")
    for path in [tmp_path / "plan.yaml", *(tmp_path / "trials" / "A").iterdir()]:
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_plan(tmp_path / "plan.yaml").as_mapping() == plan.as_mapping()
    again = check_study(tmp_path / "trials" / "A")
    assert (again.ready, again.rows, again.counts()) == (judged.ready, judged.rows, judged.counts())
    assert judged.ready
