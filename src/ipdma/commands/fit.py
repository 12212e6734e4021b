"""`ipdma fit`: one mixed model, or its two-stage twin."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ipdma.io import read_rows_csv, read_yaml, write_json
from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec
from ipdma.site.missing_codes import OF_SCORES, code_like

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
    rows = read_rows_csv(options.rows, text=text_columns(spec), names=[spec.study])
    fit = fit_model(rows, spec)
    record = replace(fit, warnings=(*fit.warnings, *doubtful_values(rows, spec))).as_json()
    if options.json:
        write_json(options.json, record)
    else:
        print(json.dumps(record, indent=1, ensure_ascii=False))
    return 0


def text_columns(spec: ModelSpec) -> list[str]:
    """Columns whose cells are names: `01` stays `01`."""
    categorical = spec.moderator if spec.moderator_type == "categorical" else None
    return [c for c in (spec.participant, spec.visit, categorical) if c]


def doubtful_values(rows: pd.DataFrame, spec: ModelSpec) -> list[str]:
    """Ask about numbers that look like missing codes and studies whose names differ by case alone.

    `ipdma check` asks the same of a trial's own file; a fit goes on, and says it.
    """
    continuous = [c for c in (spec.outcome, *spec.covariates, spec.moderator) if c and is_number(rows[c])]
    said = []
    for name in dict.fromkeys(continuous):
        values = rows[name].dropna()
        counts = dict(zip(*np.unique(values.to_numpy(float), return_counts=True), strict=True))
        codes = code_like(counts, OF_SCORES)
        at = values.index[values.isin(codes)]
        if len(at):
            said.append(
                f"column '{name}': in {len(at)} rows (first at data row {at[0] + 1}) stands a number that "
                "looks like a code for a missing value, such as -9 or 999, and is analysed as a number; "
                "leave such cells empty"
            )
    names = pd.Series(sorted(rows[spec.study].dropna().unique()))
    alike = names[names.str.casefold().duplicated(keep=False)]
    if len(alike):
        said.append(f"studies {', '.join(alike)} differ by case alone; each is taken as a study of its own")
    return said


def is_number(column: pd.Series) -> bool:
    """Whether a column was read as numbers."""
    return pd.api.types.is_numeric_dtype(column)
