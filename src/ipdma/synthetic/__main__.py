"""`python -m ipdma.synthetic`: draws the synthetic consortium from its truth."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ipdma.errors import IpdmaError
from ipdma.synthetic.truth import read_truth
from ipdma.synthetic.write import write_consortium, write_registry

DESCRIPTION = """\
Draw the synthetic trials that truth.yaml describes, each in a folder of its own, as partner sites send
theirs. The same truth gives the same bytes every time. The seed stands in truth.yaml.
"""
EXAMPLES = """\
examples:
  python -m ipdma.synthetic --truth data/synthetic/truth.yaml --out data/synthetic
      draw the repository's consortium again (nothing changes in git)
  python -m ipdma.synthetic --truth my_truth.yaml --out trials --registry config
      another truth, with its studies.tsv and aggregate.tsv
"""


def build_parser() -> argparse.ArgumentParser:
    """The options of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m ipdma.synthetic",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--truth", type=Path, required=True, metavar="TRUTH.yaml", help="what the trials look for"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="where the trials' folders go"
    )
    parser.add_argument(
        "--registry", type=Path, metavar="FOLDER", help="also write studies.tsv and aggregate.tsv here"
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Draw, write, and say what was drawn; 0, or 2 with a message."""
    options = build_parser().parse_args(argv)
    try:
        truth = read_truth(options.truth)
        trials = write_consortium(truth, options.out, lambda name: print(f"drawing {name}", file=sys.stderr))
        if options.registry:
            write_registry(truth, options.registry)
    except IpdmaError as error:
        print(f"ipdma.synthetic: {error}", file=sys.stderr)
        return error.exit_status
    people = sum(len(trial.participants) for trial in trials)
    print(f"{len(trials)} synthetic trials with {people} participants in {options.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
