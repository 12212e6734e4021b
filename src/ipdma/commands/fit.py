"""`ipdma fit`: one mixed model, or its two-stage twin."""

from __future__ import annotations

import argparse
from pathlib import Path

from ipdma.io import read_yaml
from ipdma.library.by_hand import fit_table
from ipdma.library.show import add_answer_arguments, show
from ipdma.model.spec import ModelSpec

DESCRIPTION = "Fit one mixed model of participants within studies, in one stage or in two."
EXAMPLES = """\
examples:
  ipdma fit rows.csv --spec spec.yaml                      the answer as a table
  ipdma fit rows.csv --spec spec.yaml --json out.json      and whole, for a program (--json - prints it alone)
  ipdma fit rows.csv --spec spec.yaml --forest forest.svg  and each trial's own estimate, drawn

  the treatment effect, adjusted for baseline (spec.yaml):
    outcome: post
    treatment: treat
    covariates: [base]
    residual: by_study

  does severity change the effect? (within-trial interaction):
    outcome: post
    covariates: [base]
    moderator: severity

  response, yes or no, in two stages:
    outcome: response
    family: binomial
    stages: two
    pool: {ci: modified_hksj}
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument(
        "rows", type=Path, metavar="ROWS.csv", help="one row per participant (or measurement)"
    )
    parser.add_argument("--spec", type=Path, required=True, metavar="SPEC.yaml", help="the model")
    add_answer_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Read, fit, show, write."""
    spec = ModelSpec.from_mapping(read_yaml(options.spec), str(options.spec))
    show(fit_table(options.rows, spec), options)
    return 0
