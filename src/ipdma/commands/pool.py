"""`ipdma pool`: second-stage meta-analysis of study estimates."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ipdma.errors import DataError, SpecError, join_faults, nearest
from ipdma.io import read_rows_csv, read_yaml, write_json
from ipdma.model.pool import Pooled, pool_effects
from ipdma.model.spec import PoolSpec

DESCRIPTION = "Pool study estimates: one row per study with its estimate and its standard error or variance."
EXAMPLES = """\
examples:
  ipdma pool effects.csv --json out.json                    columns study, yi, vi; REML and Hartung-Knapp
  ipdma pool effects.csv --spec spec.yaml --json out.json   with a spec such as

    estimate: logor
    std_error: se          # wins over variance
    tau2: reml             # reml | dl | pm | ml | common
    ci: nst                # hksj | modified_hksj | nst | wald
    prediction: {df: k_minus_2, se: wald}
    level: 0.95
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("effects", type=Path, metavar="EFFECTS.csv", help="one row per study")
    parser.add_argument("--spec", type=Path, metavar="SPEC.yaml", help="how to pool; every key has a default")
    parser.add_argument(
        "--json", type=Path, metavar="OUT.json", help="where the answer goes; default: printed"
    )


def run(options: argparse.Namespace) -> int:
    """Read, pool, write."""
    mapping = read_yaml(options.spec) if options.spec else {}
    spec = PoolSpec.from_mapping(mapping, str(options.spec or "the pooling spec"))
    table = read_rows_csv(options.effects, names=[spec.study])
    record = pool_table(table, spec, str(options.effects)).as_json()
    if options.json:
        write_json(options.json, record)
    else:
        print(json.dumps(record, indent=1, ensure_ascii=False))
    return 0


def pool_table(table: pd.DataFrame, spec: PoolSpec, where: str) -> Pooled:
    """Pool a table of study estimates; rows without a number are left out, with a warning.

    Raises
    ------
    SpecError, DataError
        Where a column is absent or holds text, or no row is left.
    """
    error = spec.std_error or spec.variance
    if error is None:
        raise SpecError("expected std_error or variance to name a column, got null for both")
    check_columns(table, [spec.study, spec.estimate, error], where)
    kept = table[[spec.study, spec.estimate, error]].dropna()
    if spec.std_error is None:
        check_variances(kept, spec)
    numbers = kept[error] if spec.std_error else kept[error] ** 0.5
    pooled = pool_effects(kept[spec.study].tolist(), kept[spec.estimate].to_numpy(), numbers.to_numpy(), spec)
    left_out = len(table) - len(kept)
    if not left_out:
        return pooled
    warning = f"{left_out} of {len(table)} rows left out: no study name, estimate or error in them"
    return replace(pooled, warnings=(*pooled.warnings, warning))


def check_columns(table: pd.DataFrame, columns: list[str], where: str) -> None:
    """Raise DataError naming every column that is absent or, beyond the first, no number."""
    faults = []
    for column in columns:
        if column not in table.columns:
            hint = nearest(column, table.columns) or f"; there are {', '.join(map(str, table.columns))}"
            faults.append(f"{where}: no column '{column}'{hint}")
    for column in columns[1:]:
        if column in table.columns and not pd.api.types.is_numeric_dtype(table[column]):
            faults.append(f"{where}: column '{column}': expected numbers, got text")
    if faults:
        raise DataError(join_faults(faults))


def check_variances(kept: pd.DataFrame, spec: PoolSpec) -> None:
    """Raise DataError for variances that are not positive."""
    bad = kept[~(kept[spec.variance] > 0)]
    if len(bad):
        names = ", ".join(str(name) for name in bad[spec.study])
        raise DataError(f"column '{spec.variance}': expected variances above zero, got others for {names}")
