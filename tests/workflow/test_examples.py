"""Every example that `ipdma COMMAND --help` teaches does what it says."""

import os
import re
import shutil
import subprocess
import sys
from importlib import import_module

import pytest
from tests.builders.example_folder import make_examples
from tests.builders.trials import PLAN, make_consortium, snakemake, write_plan

from ipdma.cli import available

SPECS = re.compile(r"(?:^    \S.*\n)+", re.MULTILINE)
FIT = "outcome: post\ncovariates: [base]\nresidual: by_study\n"
POOL = "estimate: logor\nstd_error: se\nci: nst\n"
RUNS = re.compile(r"  (\S+=\S.* )?ipdma ")


def examples(command):
    """The command lines of a help text; two spaces part them from the words that explain them."""
    lines = import_module(f"ipdma.commands.{command}").EXAMPLES.splitlines()
    return [re.split(r" {2,}", line.strip())[0] for line in lines if RUNS.match(line)]


def typed(line):
    """The same for the Python of these tests."""
    return line.replace("ipdma ", f"{sys.executable} -m ipdma ", 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("examples")
    make_consortium(place)
    write_plan(place / "plan.yaml", contrasts={"stpp_control": PLAN["contrasts"]["main"]}, share=True)
    done = snakemake(place)
    assert done.returncode == 0, done.stdout
    make_examples(place, place / "out")
    for line in (
        "ipdma harmonise trials/MUC2008 --out upload/MUC2008",
        "ipdma bundle trials/MUC2008 --plan plan.yaml --out MUC2008.bundle.json",
    ):
        done = shell(place, typed(line))
        assert done.returncode == 0, done.stdout
    return place


ELSEWHERE = {"unblind"}  # tests/workflow/test_blind.py makes the rehearsal that it needs


@pytest.mark.parametrize("command", [name for name in available() if name not in ELSEWHERE])
def test_the_examples_of_a_command_run(folder, tmp_path, command):
    lines = examples(command)
    assert lines, f"{command} teaches no example"
    place = tmp_path / "here"
    shutil.copytree(folder, place, symlinks=True)
    (place / "spec.yaml").write_text(FIT if command == "fit" else POOL, encoding="utf-8")
    if command == "scan":
        (place / "trials" / "MUC2008" / "study.yaml").unlink()
    if command == "harmonise":
        shutil.rmtree(place / "upload")
    for line in lines:
        done = shell(place, typed(line))
        assert done.returncode in (0, 1), f"{line}\n{done.stdout}"
        assert "Traceback" not in done.stdout


def shell(folder, line):
    """Type a line into a shell in the folder."""
    return subprocess.run(
        line,
        shell=True,
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "Agg"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
        check=False,
    )


def test_the_models_in_the_help_of_fit_fit(folder):
    blocks = SPECS.findall(import_module("ipdma.commands.fit").EXAMPLES)
    assert len(blocks) >= 3
    for block in blocks:
        spec = "\n".join(line[4:] for line in block.splitlines())
        (folder / "spec.yaml").write_text(spec, encoding="utf-8")
        done = shell(folder, typed("ipdma fit rows.csv --spec spec.yaml"))
        assert done.returncode == 0, f"{block}\n{done.stdout}"
