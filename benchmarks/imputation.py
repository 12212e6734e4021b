"""A hundred imputations of the synthetic consortium, every moderator refitted on all; the same job in R.

    python benchmarks/imputation.py [RESULTS] [--m 100] [--without-r]

RESULTS (default `results`) is the folder of a finished run, whose rows under `private/cohort` are read. Each
contrast of the plan is a process of its own, two at a time, as in a run. Printed are seconds, the share
spent in imputing and in fitting, and for the first contrast the same in R: mice within trial and arm, then
lme4.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from ipdma.analysis.cell import Cell, cell_of
from ipdma.analysis.imputed_fits import fit_headline, fit_moderator
from ipdma.analysis.missing_data import imputed_variables, with_helpers
from ipdma.analysis.missing_plan import read_missing
from ipdma.analysis.records import Ledger
from ipdma.analysis.settings import Settings, read_settings
from ipdma.imputation import impute_rows
from ipdma.plan import read_plan
from ipdma.runs.files import read_analysis_rows, with_contrast

OUTCOME, TIMEPOINT = "depression", "post"


def read_cells(results: Path, contrast: str) -> tuple[Settings, Cell, list[Cell]]:
    """The cell that is imputed and those whose scores help."""
    settings = read_settings(read_plan(results / "plan.yaml"))
    tables, _ = with_contrast(contrast, read_analysis_rows(results / "private" / "cohort" / contrast))
    cells = {key: cell_of(key, table, settings.family_of(key[1])) for key, table in tables.items()}
    return settings, cells[contrast, OUTCOME, TIMEPOINT], list(cells.values())


def run(job: tuple[Path, str, int]) -> dict[str, Any]:
    """Impute one contrast and refit its headline and every moderator; wall and processor seconds."""
    results, contrast, m = job
    settings, cell, others = read_cells(results, contrast)
    plan = read_missing(settings)
    clock, wall = [time.process_time()], time.perf_counter()
    rows, helpers, _ = with_helpers(cell, others)
    done = impute_rows(
        rows, [*imputed_variables(cell, settings, plan), *helpers], m, plan.iterations, plan.seed
    )
    clock.append(time.process_time())
    completed, ledger = cell.but(done.rows), Ledger()
    spec = settings.primary(cell.family)
    fits = [fit_headline(ledger, cell.ident("imputed", s), completed, spec) for s in ("one", "two")]
    for moderator in settings.moderators_of(cell.outcome):
        ident = cell.ident("imputed", "one", moderator.name)
        fits.append(fit_moderator(ledger, ident, completed, moderator, spec))
    clock.append(time.process_time())
    return {
        "contrast": contrast,
        "participants": len(rows),
        "models": sum(fit is not None for fit in fits),
        "wall": time.perf_counter() - wall,
        "imputing": clock[1] - clock[0],
        "fitting": clock[2] - clock[1],
    }


def write_for_r(results: Path, contrast: str, folder: Path) -> int:
    """The rows and the moderators of the first contrast as CSV files for R; the number of moderators."""
    settings, cell, others = read_cells(results, contrast)
    rows, helpers, _ = with_helpers(cell, others)
    variables = [*imputed_variables(cell, settings, read_missing(settings)), *helpers]
    columns = [c for c in dict.fromkeys(m.column for m in settings.moderators_of(OUTCOME)) if c in variables]
    rows[["study", "arm", "treat", *variables]].to_csv(folder / "rows.csv", index=False)
    (folder / "moderators.txt").write_text("\n".join(columns) + "\n")
    return len(columns)


def run_r(results: Path, contrast: str, m: int) -> None:
    """Time the same job in R."""
    if shutil.which("Rscript") is None:
        print("R is not installed: no comparison")
        return
    with tempfile.TemporaryDirectory() as name:
        models = write_for_r(results, contrast, Path(name))
        script = Path(__file__).with_suffix(".R")
        print(f"\nR, {contrast}, {models} moderators' columns and the headline, m = {m}:", flush=True)
        subprocess.run(["Rscript", str(script), name, str(m)], check=True)


def main() -> None:
    """Run all contrasts and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", nargs="?", type=Path, default=Path("results"))
    parser.add_argument("--m", type=int, default=100)
    parser.add_argument("--without-r", action="store_true")
    options = parser.parse_args()
    contrasts = list(read_plan(options.results / "plan.yaml")["contrasts"])
    start = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        found = list(pool.map(run, [(options.results, contrast, options.m) for contrast in contrasts]))
    total = time.perf_counter() - start
    print("| contrast | participants | models | imputing, s | fitting, s | share imputing |")
    print("|---|---|---|---|---|---|")
    for row in found:
        share = row["imputing"] / (row["imputing"] + row["fitting"])
        print(
            f"| {row['contrast']} | {row['participants']} | {row['models']} | {row['imputing']:.1f} | "
            f"{row['fitting']:.1f} | {100 * share:.0f} % |"
        )
    busy = sum(row["imputing"] + row["fitting"] for row in found)
    print(f"\nm = {options.m}: {total:.1f} s on the clock, {busy:.1f} s of processor time over two processes")
    sys.stdout.flush()
    if not options.without_r:
        run_r(options.results, contrasts[0], options.m)


if __name__ == "__main__":
    main()
