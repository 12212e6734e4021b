"""`ipdma fit`: one mixed model, or its two-stage twin."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ipdma.io import read_rows_csv, read_yaml, write_json
from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec

DESCRIPTION = "Fit one mixed model of participants within studies, in one stage or in two."
EXAMPLES = """\
examples:
  ipdma fit rows.csv --spec spec.yaml --json out.json

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
    parser.add_argument(
        "--json", type=Path, metavar="OUT.json", help="where the answer goes; default: printed"
    )


def run(options: argparse.Namespace) -> int:
    """Read, fit, write."""
    spec = ModelSpec.from_mapping(read_yaml(options.spec), str(options.spec))
    rows = read_rows_csv(options.rows, text=text_columns(spec))
    record = fit_model(rows, spec).as_json()
    if options.json:
        write_json(options.json, record)
    else:
        print(json.dumps(record, indent=1, ensure_ascii=False))
    return 0


def text_columns(spec: ModelSpec) -> list[str]:
    """Columns whose cells are names: `01` stays `01`."""
    categorical = spec.moderator if spec.moderator_type == "categorical" else None
    return [c for c in (spec.study, spec.participant, spec.visit, categorical) if c]
