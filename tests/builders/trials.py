"""Small trials and plans in a folder of their own, and Snakemake run on them."""

import os
import random
import subprocess
import sys
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[2]
WHO_RAN = "wilhelmina"  # the account under which the runs think they are

PLAN = {
    "title": "Small trials",
    "studies": "trials",
    "results": "out",
    "instruments": {"preference": ["hamd17", "bdi2"]},
    "time_points": {"post": {"timepoint": "post"}},
    "contrasts": {"main": {"active": ["stpp"], "reference": ["tau"], "label": "STPP against usual care"}},
    "outcomes": {"depression": {"family": "gaussian"}},
    "models": {"primary": {"covariates": ["baseline"]}},
    "subgroups": {},
    "risk_of_bias": [],
    "engines": [],
    "integrity": False,
}

MAPPING = """\
ipdma_study: 1
study: {{id: {study}}}
source: {{file: scores.csv, layout: wide}}
arms:
  a: {{condition: stpp}}
  b: {{condition: tau}}
variables:
  participant: {{from: id}}
  arm: {{from: arm, values: {{"1": a, "2": b}}}}
assessments:
  - {{instrument: hamd17, timepoint: baseline, weeks: 0, total: before}}
  - {{instrument: hamd17, timepoint: post, weeks: 12, total: after}}
"""


def write_trial(folder, study, seed=1, n=24):
    """A wide file of `n` participants in two arms, and its study.yaml."""
    folder.mkdir(parents=True)
    draw = random.Random(seed)
    lines = ["id;arm;before;after"]
    for number in range(1, n + 1):
        arm = 1 + number % 2
        before = draw.randint(14, 30)
        after = max(0, before - draw.randint(2, 10) - 4 * (arm == 1))
        lines.append(f"person-{number};{arm};{before};{after}")
    (folder / "scores.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "study.yaml").write_text(MAPPING.format(study=study), encoding="utf-8")


def write_plan(path, **changes):
    """The small plan with changes; a key set to None by `drop` is left out."""
    path.write_text(yaml.safe_dump({**PLAN, **changes}, sort_keys=False), encoding="utf-8")
    return path.name


def make_consortium(folder, studies=("A", "B", "C")):
    """Three small trials and a plan in a folder."""
    for number, study in enumerate(studies):
        write_trial(folder / "trials" / study, study, seed=number)
    write_plan(folder / "plan.yaml")


def snakemake_command(plan="plan.yaml"):
    """The repository's workflow as a command."""
    command = [sys.executable, "-m", "snakemake", "-s", str(REPOSITORY / "Snakefile"), "--cores", "2"]
    return [*command, "--configfile", plan] if plan else command


def snakemake(folder, *options, source=None, plan="plan.yaml"):
    """Run the repository's workflow in a folder; returns the finished process with its output as text."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    environment |= {"LOGNAME": WHO_RAN, "USER": WHO_RAN, "USERNAME": WHO_RAN}
    if source is not None:
        environment["PYTHONPATH"] = str(source)
    return subprocess.run(
        [*snakemake_command(plan), *options],
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=400,
        check=False,
    )


def planned(process):
    """Job name to count, from Snakemake's table of a dry run."""
    counts = {}
    lines = process.stdout.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("job ") and "count" in line:
            for row in lines[number + 2 :]:
                words = row.split()
                if len(words) != 2:
                    break
                counts[words[0]] = int(words[1])
            return counts
    return counts
