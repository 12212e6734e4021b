"""`ipdma twin`: rows of nobody with the arm moments of bundles or of a run, as study folders."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ipdma.harmless import for_terminal
from ipdma.runs.twin import make_twins

DESCRIPTION = """\
Write the exact twin of trials: rows that nobody ever was, with the means and covariances of every arm for
every set
of rows that the bundle tells of, its counts and its categories. The pipeline, or other software, finds the
same
Gaussian results in it. It is made from the bundles alone and seeded by their digest; scores lie inside the
instrument's range and are not rounded. A results folder stands for its trials: for the bundles that it may
share,
or for those of its own private rows."""
EXAMPLES = """\
examples:
  ipdma twin MUC2008.bundle.json --out twins       twins/MUC2008 with study.yaml; `ipdma check` accepts it
  ipdma twin results --out twins                   every trial of a run

exit status: 0 exact, 1 exact but for what is named, 2 cannot be made; nothing is written on 2
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "sources", metavar="SOURCE", nargs="+", type=Path, help="bundles, or a results folder"
    )
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="where the study folders go")


def run(options: argparse.Namespace) -> int:
    """Make the twins, say what does not come out, and return the exit status."""
    twins = make_twins(options.sources, options.out)
    for twin in twins:
        for sentence in twin.lost:
            print(for_terminal(f"{twin.bundle.study_id}: {sentence}"), file=sys.stderr)
    inexact = sum(bool(twin.lost) for twin in twins)
    people = sum(len(twin.participants) for twin in twins)
    told = "exact" if not inexact else f"{inexact} of them exact but for what is named"
    line = f"{options.out}: SYNTHETIC TWIN of {len(twins)} trials, {people} people who are nobody, {told}"
    print(for_terminal(line))
    return 1 if inexact else 0
