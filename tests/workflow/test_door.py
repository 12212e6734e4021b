"""The workflow from outside: the door at the root, a deployed copy, a Python without the package."""

import os
import subprocess
import sys

import pytest
from tests.builders.trials import REPOSITORY, make_consortium, snakemake

MODULE = """\
configfile: "config/config.yaml"


module ipdma:
    snakefile:
        "{workflow}"
    config:
        config


use rule * from ipdma
"""


@pytest.fixture
def folder(tmp_path):
    make_consortium(tmp_path)
    return tmp_path


def run(folder, *words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "snakemake", *words],
        cwd=folder,
        env={**os.environ, **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
        check=False,
    )


def test_the_door_and_the_workflow_plan_the_same_jobs(folder):
    words = ("--cores", "1", "--dry-run", "--configfile", "plan.yaml")
    counts = []
    for file in ("Snakefile", "workflow/Snakefile"):
        done = run(folder, "-s", str(REPOSITORY / file), *words)
        assert done.returncode == 0, done.stdout
        lines = [line.split() for line in done.stdout.splitlines()]
        counts.append({line for line in map(tuple, lines) if len(line) == 2 and line[1].isdigit()})
    targets = {("default", "1"), ("all", "1")}
    jobs = [{c for c in found if c[0] != "total"} - targets for found in counts]
    assert jobs[0] == jobs[1]
    assert ("fit", "1") in jobs[0]


def test_a_deployed_copy_runs_its_own_plan(folder):
    """What `snakedeploy deploy-workflow` writes, with its own config/config.yaml."""
    (folder / "config").mkdir()
    (folder / "plan.yaml").rename(folder / "config" / "config.yaml")
    (folder / "workflow").mkdir()
    text = MODULE.format(workflow=REPOSITORY / "workflow" / "Snakefile")
    (folder / "workflow" / "Snakefile").write_text(text, encoding="utf-8")
    done = run(folder, "--cores", "1", "out/plan.yaml")
    assert done.returncode == 0, done.stdout
    assert "Small trials" in (folder / "out" / "plan.yaml").read_text(encoding="utf-8")
    assert "fit" in run(folder, "--cores", "1", "--dry-run").stdout


def test_a_python_without_the_package_says_so_in_a_sentence(folder):
    empty = folder / "empty" / "ipdma"
    (empty / "runs").mkdir(parents=True)
    (empty / "__init__.py").write_text('__version__ = "0"\n', encoding="utf-8")
    (empty / "runs" / "__init__.py").write_text("", encoding="utf-8")
    (empty / "runs" / "progress.py").write_text("Progress = object\n", encoding="utf-8")  # for the logger
    done = run(REPOSITORY, "--lint", PYTHONPATH=str(empty.parent))
    assert done.returncode != 0
    assert "Install the package beside it" in done.stdout
    assert "Traceback" not in done.stdout


def test_few_words_where_the_packages_logger_is_asked_for(folder):
    done = snakemake(folder, "--logger", "ipdma", "--until", "plan")
    assert done.returncode == 0, done.stdout
    said = [line for line in done.stdout.splitlines() if line.strip()]
    assert any("plan written out" in line for line in said), done.stdout
    assert not any("Select jobs" in line or line.startswith("[") for line in said)
