"""`ipdma disclose RESULTS`: can what a run withholds be worked out of what it shares?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ipdma.harmless import for_terminal
from ipdma.runs.disclose import disclose
from ipdma.runs.read_run import find_run
from ipdma.writing import write_file

DESCRIPTION = """\
Put all numbers that a run shares (record files, tables, figures, sentences) into one system of equations and
try to work out the numbers of few people that it withholds. One with fewer than three possible values is
named with the files that give it away. The folder private/ is not looked at. Exit status 0 when none can be
worked out, 1 when one can or when the files contradict each other so that it cannot be judged, 2 when the
folder cannot be read."""
EXAMPLES = """\
examples:
  ipdma disclose results                     before the folder is mailed
  ipdma disclose results --json found.json   each number with its files
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The folder."""
    parser.add_argument("results", metavar="RESULTS", help="a results folder")
    parser.add_argument("--json", metavar="F", help="write what was found")
    parser.add_argument("--limit", type=int, default=20, help="numbers to list; 0 lists all (20)")


def run(options: argparse.Namespace) -> int:
    """Attack, say, and return the status."""
    folder: Path = find_run(options.results)
    outcome = disclose(folder, lambda line: print(for_terminal(line), file=sys.stderr, flush=True))
    if options.json:
        write_file(options.json, outcome.as_json())
    for line in outcome.lines(options.limit):
        print(for_terminal(line))
    return 0 if outcome.is_clear else 1
