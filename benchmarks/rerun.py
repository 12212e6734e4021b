"""The default plan again after an edit: processor seconds, and their share of a run from nothing.

    python benchmarks/rerun.py [--edits title label sensitivity trial withdrawn added] [--cores 2] [--compare]

The plan and its trials are copied into a temporary folder and run there, with the Python that runs this; each
edit is made on that finished run (`added`: on the run without the trial). With `--compare` each is also run
from nothing, and every file of the two is compared.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPIED = ("Snakefile", "workflow", "profiles", "config", "data")
STATE = ("results", ".snakemake", "config", "data")
PLAN, TRIAL = "config/config.yaml", "data/synthetic/ES-A"
LAST = '  leave_one_out: {label: "Leaving each study out", leave_one_out: true}\n'
ONE_MORE = (
    '  fixed: {label: "One effect and one variance", model: {residual: common, treatment_effect: common}}\n'
)
WORDS = {
    "title": ('title: "STPP for depression', 'title: "STPP against depression'),
    "label": ('label: "STPP against control"', 'label: "STPP versus control"'),
    "sensitivity": (LAST, LAST + ONE_MORE),
}


def run(folder: Path, cores: int, *options: str) -> float:
    """Processor seconds of a run in a folder, those of its jobs too."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "snakemake", "--logger", "ipdma", "--cores", str(cores), *options]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    ended = subprocess.run(command, cwd=folder, env={**os.environ, **threads}, capture_output=True, text=True)
    if ended.returncode:
        sys.exit(ended.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def copy(names: tuple[str, ...], source: Path, target: Path) -> None:
    """Put files and folders in the place of those of another folder, with their times."""
    for name in names:
        shutil.rmtree(target / name, ignore_errors=True)
        given = source / name
        if given.is_dir():
            shutil.copytree(given, target / name, symlinks=True)
        else:
            shutil.copy2(given, target / name)


def edit(case: str, folder: Path, finished: Path) -> None:
    """One change of the plan or of a trial."""
    plan, trial = folder / PLAN, folder / TRIAL
    if case in WORDS:
        old, new = WORDS[case]
        plan.write_text(plan.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    elif case == "trial":  # one participant is a year older
        file = next(trial.glob("*.csv"))
        lines = file.read_bytes().split(b"\n")
        at = lines[0].split(b";").index(b"edad")
        cells = lines[1].split(b";")
        cells[at] = str(int(cells[at]) + 1).encode()
        file.write_bytes(b"\n".join([lines[0], b";".join(cells), *lines[2:]]))
    elif case == "withdrawn":
        shutil.rmtree(trial)
    else:
        shutil.copytree(finished / TRIAL, trial)


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a run's results."""
    found = (path for path in (folder / "results").rglob("*") if path.is_file())
    kept = (path for path in found if path.name != ".snakemake_timestamp")
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in kept}


def differing(folder: Path, cores: int) -> Iterator[str]:
    """Names of results that a run from nothing makes otherwise."""
    with tempfile.TemporaryDirectory() as other:
        copy(COPIED, folder, Path(other))
        run(Path(other), cores)
        ours, anew = digests(folder), digests(Path(other))
    yield from sorted(name for name in ours.keys() | anew.keys() if ours.get(name) != anew.get(name))


def measure(cases: list[str], cores: int, compare: bool) -> None:
    """Print a line for each edit."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        folder, finished = Path(one), Path(two)
        copy(COPIED, ROOT, folder)
        whole = run(folder, cores)
        copy(STATE, folder, finished)
        print(f"{'from nothing':14}{whole:8.1f} s", flush=True)
        for case in cases:
            copy(STATE, finished, folder)
            if case == "added":
                edit("withdrawn", folder, finished)
                run(folder, cores)
            edit(case, folder, finished)
            spent = run(folder, cores, *(["--config", "overwrite=true"] if case == "sensitivity" else []))
            other = f"; {len(list(differing(folder, cores)))} files differ" if compare else ""
            print(f"{case:14}{spent:8.1f} s {spent / whole:6.1%}{other}", flush=True)


if __name__ == "__main__":
    known = [*WORDS, "trial", "withdrawn", "added"]
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    reader.add_argument("--edits", nargs="+", choices=known, default=known)
    reader.add_argument("--cores", type=int, default=2)
    reader.add_argument("--compare", action="store_true")
    given = reader.parse_args()
    measure(given.edits, given.cores, given.compare)
