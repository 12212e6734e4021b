"""`ipdma compare A B`: what changed between two runs."""

from __future__ import annotations

import argparse

from ipdma.harmless import for_terminal
from ipdma.io import read_yaml
from ipdma.report.compare import compare_digests, compare_plans, compare_records
from ipdma.runs.read_run import find_run, read_records

DESCRIPTION = """\
Compare two results folders: keys of the plan, digests of code and data, and every row and number of the three
record files. Exit status 0 when they are equal, 1 when they are not, 2 when one cannot be read."""
EXAMPLES = """\
examples:
  ipdma compare results results.before       what did my change do?
  ipdma compare results other --limit 0      every difference
  ipdma compare results other --tolerance 1e-4   only what differs by more than one in ten thousand
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Two folders."""
    parser.add_argument("a", metavar="A", help="a results folder")
    parser.add_argument("b", metavar="B", help="another")
    parser.add_argument(
        "--tolerance", type=float, default=1e-8, help="relative difference that counts as equal (1e-8)"
    )
    parser.add_argument("--limit", type=int, default=40, help="differences to list; 0 lists all (40)")


def run(options: argparse.Namespace) -> int:
    """Print what differs."""
    a, b = find_run(options.a), find_run(options.b)
    plans = compare_plans(read_yaml(a / "plan.yaml"), read_yaml(b / "plan.yaml"))
    first, second = read_records(a), read_records(b)
    digests = compare_digests(first, second)
    changes = compare_records(first, second, options.tolerance)
    for title, lines in (("plan", plans), ("digests", digests), ("records", [c.sentence() for c in changes])):
        print_lines(title, lines, options.limit)
    if not (plans or changes):
        print("equal: the same plan, and every row and number of the record files")
        return 0
    return 1


def print_lines(title: str, lines: list[str], limit: int) -> None:
    """A heading with its lines, no more than asked for."""
    if not lines:
        return
    shown = lines if limit <= 0 else lines[:limit]
    print(f"{title}: {len(lines)} {'difference' if len(lines) == 1 else 'differences'}")
    for line in shown:
        print(f"  {for_terminal(line)}")
    if len(shown) < len(lines):
        print(f"  ... and {len(lines) - len(shown)} more (--limit 0 lists all)")
