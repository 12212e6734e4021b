"""Processor seconds of each analysis in the fit job of one contrast.

    python benchmarks/fit_job.py [CONTRAST] [--results RESULTS]

RESULTS (default `results`) is the folder of a run, whose rows under `private/` are read; the plan's registry
is found from the folder in which this runs. With PYTHONPATH another version's `src` is measured.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from ipdma.analysis.run import analyse
from ipdma.codebook import load_codebook
from ipdma.plan import read_plan
from ipdma.runs.bundles import kept_bundles
from ipdma.runs.files import read_analysis_rows, read_optional, read_registry, with_contrast
from ipdma.runs.layout import find_aggregate
from ipdma.runs.parts import analyses_of


def main() -> None:
    """Print a row per analysis, the longest first."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("contrast", nargs="?", default="stpp_control")
    parser.add_argument("--results", type=Path, default=Path("results"))
    options = parser.parse_args()
    private = options.results / "private"
    plan = read_plan(options.results / "plan.yaml")
    rows, variants = with_contrast(
        options.contrast, read_analysis_rows(private / "cohort" / options.contrast)
    )
    beside = {
        "registry": read_registry(plan["registry"] or None),
        "aggregate": read_registry(find_aggregate(plan)),
        "codebook": load_codebook(),
        "bundles": kept_bundles(sorted(map(str, (private / "harmonised").iterdir()))),
    }
    people = read_optional(private / "cohort" / "participants")
    spent = {}
    for part in [*analyses_of("fit"), "participants"]:
        start, counted = time.process_time(), part == "participants"
        parts, who = ([], people) if counted else ([part], None)
        analyse(rows, plan, variants=variants, participants=who, parts=parts, **beside)
        spent[part] = time.process_time() - start
    print("| analysis | processor seconds |\n|---|---|")
    for part, seconds in sorted(spent.items(), key=lambda one: -one[1]):
        print(f"| {part} | {seconds:.2f} |", flush=True)
    print(f"| all | {sum(spent.values()):.2f} |")


if __name__ == "__main__":
    main()
