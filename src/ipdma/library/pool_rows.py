"""A table of study estimates as the second stage takes it: rows without a number left out, faults named."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from ipdma.errors import DataError, SpecError, join_faults, nearest
from ipdma.model.pool import Pooled, pool_effects
from ipdma.model.spec import PoolSpec


def usable_rows(table: pd.DataFrame, spec: PoolSpec, where: str) -> pd.DataFrame:
    """The rows with a study, an estimate and an error: columns `study`, `estimate`, `std_error`.

    Raises
    ------
    SpecError, DataError
        Where no column of errors is named, a column is absent or holds text, or a variance is not positive.
    """
    error = spec.std_error or spec.variance
    if error is None:
        raise SpecError("expected std_error or variance to name a column, got null for both")
    check_columns(table, [spec.study, spec.estimate, error], where)
    kept = table[[spec.study, spec.estimate, error]].dropna()
    if spec.std_error is None:
        check_variances(kept, spec)
    errors = kept[error] if spec.std_error else kept[error] ** 0.5
    return pd.DataFrame({"study": kept[spec.study], "estimate": kept[spec.estimate], "std_error": errors})


def pool_rows(kept: pd.DataFrame, spec: PoolSpec, left_out: int = 0) -> Pooled:
    """Pool usable rows, and say how many were left out.

    Raises
    ------
    DataError, FitError
        As `pool_effects`.
    """
    pooled = pool_effects(
        kept["study"].tolist(), kept["estimate"].to_numpy(), kept["std_error"].to_numpy(), spec
    )
    if not left_out:
        return pooled
    warning = f"{left_out} of {len(kept) + left_out} rows left out: no study name, estimate or error in them"
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
