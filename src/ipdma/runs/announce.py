"""What a run says to the person who started it, and the mark that it has not finished."""

from __future__ import annotations

import sys

from ipdma.runs.layout import Run
from ipdma.runs.stamps import MANIFEST, UNFINISHED
from ipdma.writing import write_file

WARNING = """\
NOT FINISHED

A run into this folder has begun and has not ended. Until it has, report.html and all that lies beside this
file come from an earlier run, or partly from each. To finish it, run Snakemake again with the same words;
this file is gone then.
"""


def announce(run: Run) -> None:
    """Say what was found before the run."""
    for line in run.notices:
        print(line, file=sys.stderr)


def say_start(run: Run) -> None:
    """Mark the folder as unfinished: a file that says so, and no manifest."""
    (run.results / MANIFEST).unlink(missing_ok=True)
    write_file(run.results / UNFINISHED, WARNING)
    print(f"{run.plan['title']}: {len(run.studies)} studies, results go to {run.results}/", file=sys.stderr)


def say_end(run: Run, seconds: float) -> str:
    """What to open, once all is done."""
    minutes, rest = divmod(round(seconds), 60)
    took = f"{minutes} min {rest} s" if minutes else f"{rest} s"
    return "\n".join(
        [
            f"Done in {took}. To open:",
            f"  {run.results}/report.html    the whole report on one page",
            f"  {run.results}/tables/        its tables for Excel and Word",
            *([] if run.blind else [f"  {run.results}/validation/    a page for each trial's site"]),
        ]
    )
