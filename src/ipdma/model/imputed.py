"""Completed data sets: the same model in each, then Rubin's rules."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from ipdma.errors import DataError, FitError, nearest
from ipdma.model.columns import as_text
from ipdma.model.records import Fit
from ipdma.model.rubin import pool_rubin
from ipdma.model.spec import ModelSpec


def data_sets(rows: pd.DataFrame, spec: ModelSpec) -> list[tuple[str, pd.DataFrame]]:
    """Split rows by the imputation column, in numeric order where its values are numbers, else as text.

    Raises
    ------
    DataError
        Where the column is absent, a row has no number in it, or there are no rows.
    """
    column = str(spec.imputation)
    if column not in rows.columns:
        hint = nearest(column, map(str, rows.columns)) or f"; columns: {', '.join(map(str, rows.columns))}"
        raise DataError(f"column '{column}' (imputation) is not in the rows{hint}")
    labels = as_text(rows[column])
    missing = np.array([label is None for label in labels])
    if missing.any():
        raise DataError(
            f"column '{column}': {missing.sum()} of {len(labels)} rows have no number of their data set; "
            "expected one in every row"
        )
    if not len(labels):
        raise DataError("the table has no rows; expected one row per participant and data set")
    return [(label, rows[labels == label]) for label in sorted(set(labels), key=in_order)]


def in_order(label: str) -> tuple[int, float, str]:
    """Numbers first, by size; then text."""
    try:
        return (0, float(label), label)
    except ValueError:
        return (1, 0.0, label)


def fit_imputed(rows: pd.DataFrame, spec: ModelSpec, fit: Callable[[pd.DataFrame, ModelSpec], Fit]) -> Fit:
    """Fit each completed data set with `fit` and pool by Rubin's rules.

    Raises
    ------
    DataError, FitError
        As the fit of any data set, which is named.
    """
    own = spec.replace(imputation=None)
    fits = []
    for label, part in data_sets(rows, spec):
        try:
            fits.append(fit(part, own))
        except (DataError, FitError) as error:
            raise type(error)(f"data set {label}: {error}") from None
    return pool_rubin(fits, spec.level)
