"""`ipdma disclose`: can people be told from a bundle, or what a run withholds from what it shares?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ipdma.bundle import read_bundle
from ipdma.commands.idle import refuse_idle
from ipdma.harmless import for_terminal
from ipdma.runs.attack_bundle import bundle_json, bundle_summary, disclose_bundle
from ipdma.runs.bundle_file import SUFFIX
from ipdma.runs.disclose import disclose
from ipdma.runs.read_run import find_run
from ipdma.writing import write_file

DESCRIPTION = """\
Of a bundle (NAME.bundle.json): try to recover people from its moments, by cells, differences, leverage, rank,
solving for whole numbers, and extremes. Of a results folder:
put all numbers that a run shares (record files, tables, figures, sentences) into one system of equations and
try to work out the numbers of few people that it withholds. One with fewer than three possible values is
named with the files that give it away. The folder private/ is not looked at. Exit status 0 when nobody was
recovered or no number can be worked out, 1 when one can or when files contradict each other so that it cannot
be judged, 2 when it cannot be read."""
EXAMPLES = """\
examples:
  ipdma disclose results                     before the folder is mailed
  ipdma disclose results --json found.json   each number with its files
  ipdma disclose MUC2008.bundle.json         before a bundle is mailed
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The folder."""
    parser.add_argument("place", metavar="RESULTS | F.bundle.json", help="a results folder or a bundle")
    parser.add_argument("--json", metavar="F", help="write what was found")
    parser.add_argument("--minimum-cell", metavar="N", type=int, help="of a bundle: fewest people told of")
    parser.add_argument("--ledger", metavar="DIR", type=Path, help="of a bundle: earlier releases")
    parser.add_argument("--limit", type=int, default=20, help="numbers to list; 0 lists all (20)")


def run(options: argparse.Namespace) -> int:
    """Attack, say, and return the status."""
    if options.place.endswith(SUFFIX) or Path(options.place).is_file():
        return run_bundle(options)
    given = {"--minimum-cell": options.minimum_cell, "--ledger": options.ledger}
    why = (
        f"of a bundle (NAME{SUFFIX}) alone; {options.place} is none and is judged by its plan's minimum_cell"
    )
    refuse_idle(given, why)
    folder: Path = find_run(options.place)
    outcome = disclose(folder, lambda line: print(for_terminal(line), file=sys.stderr, flush=True))
    if options.json:
        write_file(options.json, outcome.as_json())
    for line in outcome.lines(options.limit):
        print(for_terminal(line))
    return 0 if outcome.is_clear else 1


def run_bundle(options: argparse.Namespace) -> int:
    """The same for a bundle."""
    found = disclose_bundle(read_bundle(options.place), options.minimum_cell, options.ledger)
    if options.json:
        write_file(options.json, bundle_json(*found))
    for line in bundle_summary(*found, options.limit):
        print(for_terminal(line))
    return 1 if found[0] else 0
