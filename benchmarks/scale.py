"""Many trials: processor seconds and peak memory of each stage, and how fast both grow with the rows.

    python benchmarks/scale.py [--trials 20 200 2000] [--keep FOLDER]

Trials of 60 to 120 participants are drawn from the synthetic truth and written as harmonised uploads; the
stages are those of a run (cohort, fit, report), each in a process of its own, on a plan with one contrast and
every default. An exponent is that of the rows between one size and the next: 1 is as fast as the rows.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

TRUTH = Path(__file__).parents[1] / "data" / "synthetic" / "truth.yaml"
STAGES = ("cohort", "fit", "report")
CONTRAST = "stpp_control"
PLAN = {
    "studies": "uploads",
    "contrasts": {CONTRAST: {"active": ["stpp"], "reference": ["waitlist", "tau", "placebo"]}},
}


def draw(folder: Path, trials: int) -> int:
    """Write the uploads of a consortium; how many participants it has."""
    from ipdma.synthetic.harmonised import upload_texts
    from ipdma.synthetic.trial import draw_trial
    from ipdma.synthetic.truth import read_truth

    truth, people, rng = read_truth(TRUTH), 0, np.random.default_rng(1)
    models = [s for s in truth.studies.values() if s.reference in ("waitlist", "tau") and len(s.arms) == 2]
    for number in range(trials):
        model = models[number % len(models)]
        sizes = {arm: int(rng.integers(30, 61)) for arm in model.arms}
        study = replace(model, name=f"T{number:04d}", arms=sizes, randomised={})
        trial = draw_trial(study, truth, truth.seed)
        people += len(trial.participants)
        place = folder / "uploads" / study.name
        place.mkdir(parents=True)
        for name, text in upload_texts(trial).items():
            (place / name).write_text(text, encoding="utf-8")
    return people


def cohort(folder: Path) -> None:
    """Stack the uploads and write the rows of the contrast."""
    from ipdma.codebook import load_codebook
    from ipdma.cohort import stack
    from ipdma.io import read_upload
    from ipdma.plan import Plan
    from ipdma.runs.files import analysis_files, typed_files
    from ipdma.runs.tables import build_tables

    uploads = [read_upload(place) for place in sorted((folder / "uploads").iterdir())]
    stacked = stack(uploads, load_codebook(), None)
    files = dict(typed_files("participants", stacked.participants))
    files |= analysis_files(build_tables(stacked, Plan.from_mapping(PLAN), CONTRAST, None))
    write(folder / "cohort" / CONTRAST, files)


def fit(folder: Path) -> None:
    """Every analysis of the plan."""
    from ipdma.analysis.run import analyse
    from ipdma.codebook import load_codebook
    from ipdma.plan import Plan
    from ipdma.runs.files import csv_text, read_analysis_rows, with_contrast
    from ipdma.runs.parts import analyses_of

    tables, variants = with_contrast(CONTRAST, read_analysis_rows(folder / "cohort" / CONTRAST))
    records = analyse(
        tables,
        Plan.from_mapping(PLAN),
        variants=variants,
        codebook=load_codebook(),
        parts=analyses_of("fit"),
        source_digest="",
        data_digest="",
        say=lambda line: print(line, file=sys.stderr),
    )
    write(folder / "records", {f"{name}.csv": csv_text(table) for name, table in vars(records).items()})


def report(folder: Path) -> None:
    """Tables, figures and the page."""
    from ipdma.disclosure.mask import mask_tables
    from ipdma.plan import Plan
    from ipdma.report.material import Material
    from ipdma.report.render import render
    from ipdma.runs.files import csv_text, gather_tables, read_record

    plan, say = Plan.from_mapping(PLAN), lambda line: print(line, file=sys.stderr)
    shared = mask_tables(gather_tables([folder / "records"]), plan.as_mapping(), say)
    write(folder / "shared", {f"{name}.csv": csv_text(table) for name, table in shared.items()})
    names = ("estimates", "study_estimates", "counts")
    records = (read_record(folder / "shared" / f"{name}.csv") for name in names)
    material = Material(*records, plan.as_mapping(), synthetic=True)
    files = render(material, say, 1)
    write(folder / "results", dict(files))


def write(folder: Path, files: dict[str, bytes | str]) -> None:
    """Write files in a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def measure(folder: Path, stage: str) -> tuple[float, float]:
    """Processor seconds and peak megabytes of one stage in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--stage", stage, "--keep", str(folder)], stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        return math.nan, math.nan
    seconds, megabytes = done.stdout.split()[-2:]
    return float(seconds), float(megabytes)


def run_stage(folder: Path, stage: str) -> None:
    """One stage, and what it took."""
    import resource

    stages: dict[str, Callable[[Path], None]] = {"cohort": cohort, "fit": fit, "report": report}
    stages[stage](folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def main() -> None:
    """Draw, run the stages, print a row for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, nargs="+", default=[20, 200, 2000])
    parser.add_argument("--keep", type=Path, help="leave what is made in this folder")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stage:
        run_stage(options.keep, options.stage)
        return
    with tempfile.TemporaryDirectory() as scratch:
        last: dict[str, tuple[int, float, float]] = {}
        print(
            "| trials | rows | stage | s | MB | exponent of time | of memory |\n|---|---|---|---|---|---|---|"
        )
        for trials in options.trials:
            folder = (options.keep or Path(scratch)) / str(trials)
            rows = draw(folder, trials)
            for stage in STAGES:
                seconds, megabytes = measure(folder, stage)
                print(row(trials, rows, stage, seconds, megabytes, last.get(stage)), flush=True)
                last[stage] = (rows, seconds, megabytes)


def row(
    trials: int,
    rows: int,
    stage: str,
    seconds: float,
    megabytes: float,
    last: tuple[int, float, float] | None,
) -> str:
    """A line of the table, with the exponents since the size before."""
    powers = ["", ""]
    if last:
        grown = math.log(rows / last[0])
        powers = [
            f"{math.log(now / then) / grown:.2f}"
            for now, then in zip((seconds, megabytes), last[1:], strict=True)
        ]
    cells = (f"{trials:,}", f"{rows:,}", stage, f"{seconds:.1f}", f"{megabytes:.0f}", *powers)
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
