"""One model on many completed data sets, whose rows are read once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ipdma.errors import DataError
from ipdma.model.columns import ModelColumns, read_columns
from ipdma.model.design import design_of_columns
from ipdma.model.gaussian import fit_design
from ipdma.model.records import Fit
from ipdma.model.spec import ModelSpec
from ipdma.model.stack_design import prepare_stack
from ipdma.model.stack_fits import can_stack, fit_stack, records_of


def fit_stacked(rows: pd.DataFrame, spec: ModelSpec, column: str = "imputation") -> list[Fit]:
    """Fit a one-stage Gaussian model to each completed data set of a stack, all of them at once if they can.

    Parameters
    ----------
    rows : DataFrame
        All data sets one below the other; `column` numbers them.
    spec : ModelSpec
        Without `imputation`.

    Returns
    -------
    list of Fit
        In the order of the numbers, as far as Rubin's rules read a fit: no profile intervals of the
        variances, and where all are fitted at once neither nuisance terms nor each study's own estimates.

    Raises
    ------
    DataError, FitError
        As `fit_gaussian` on any of the sets; where one has no complete row.
    """
    columns = read_columns(rows.drop(columns=column), spec)
    codes = np.unique(rows[column].to_numpy(), return_inverse=True)[1]
    sets, totals = codes[columns.row_index], np.bincount(codes)
    empty = np.setdiff1d(np.arange(len(totals)), sets)
    if len(empty):
        raise DataError(
            f"completed data set {empty[0] + 1} of {len(totals)} has no row without a missing value in the "
            "columns of the model; expected at least one: complete them, or take fewer columns"
        )
    together = fit_together(columns, spec, sets) or fit_in_turn(columns, spec, sets, len(totals))
    left_out = totals - np.bincount(sets, minlength=len(totals))
    return [replace(fit, n_rows_excluded=int(n)) for fit, n in zip(together, left_out, strict=True)]


def fit_together(columns: ModelColumns, spec: ModelSpec, sets: np.ndarray) -> list[Fit] | None:
    """All sets at once; None where they differ in structure or the model has no batch."""
    try:
        stack = prepare_stack(columns, spec, sets)
        fitted = fit_stack(stack) if stack is not None and can_stack(stack.first) else None
        return None if fitted is None else records_of(fitted)
    except np.linalg.LinAlgError:
        return None


def fit_in_turn(columns: ModelColumns, spec: ModelSpec, sets: np.ndarray, m: int) -> list[Fit]:
    """One set after another."""
    parts = [take_rows(columns, sets == i) for i in range(m)]
    return [fit_design(design_of_columns(part, spec), profile=False) for part in parts]


def take_rows(columns: ModelColumns, keep: np.ndarray) -> ModelColumns:
    """Some of the complete rows, studies without any left out."""
    present, study = np.unique(columns.study[keep], return_inverse=True)
    return replace(
        columns,
        numeric={name: values[keep] for name, values in columns.numeric.items()},
        study=study,
        studies=tuple(columns.studies[k] for k in present),
        level_codes=None if columns.level_codes is None else columns.level_codes[keep],
        participant=None if columns.participant is None else columns.participant[keep],
        row_index=columns.row_index[keep],
    )
