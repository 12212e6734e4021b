"""`ipdma.fit` and `ipdma.pool`: a table and a few words in, an answer that shows itself out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from ipdma.errors import DataError
from ipdma.io import read_rows_csv
from ipdma.library.doubtful import doubtful_values
from ipdma.library.fit_result import FitResult
from ipdma.library.pool_result import PoolResult
from ipdma.library.pool_rows import pool_rows, usable_rows
from ipdma.model.fit import fit_model
from ipdma.model.spec import ModelSpec, PoolSpec

Table = pd.DataFrame | str | Path


def fit(
    rows: Table,
    *,
    outcome: str = "y",
    treatment: str = "treat",
    study: str = "study",
    covariates: Sequence[str] = (),
    moderator: str | None = None,
    **keys: Any,
) -> FitResult:
    """Fit one mixed model of participants within studies, in one stage or in two.

    Parameters
    ----------
    rows : DataFrame or path of a table
        One row per participant (or per measurement, with `participant`). A file is read as `ipdma fit` reads
        it: comma, semicolon, tab or bar separated, with a header.
    outcome, treatment, study : str
        Columns: the outcome (numbers, or 0 and 1 with ``family="binomial"``), the arm (0 and 1) or exposure,
        and the study, read as text.
    covariates : sequence of str
        Prognostic columns.
    moderator : str, optional
        A column whose interaction with the treatment is wanted, within and across studies.
    **keys
        Every other key of a model, as docs/interface/model.md names it: ``residual="by_study"``,
        ``df="nst"``, ``stages="two"``, ``pool={"ci": "modified_hksj"}``.

    Returns
    -------
    FitResult

    Raises
    ------
    ReadError
        Where the file cannot be read as a table.
    SpecError
        Naming every key that is unknown, out of its choices, or excluded by another.
    DataError, FitError
        Where a column is absent, occurs twice or holds text, or these data cannot carry the model.

    Examples
    --------
    Three trials whose active arm scores exactly two points lower:

    >>> import ipdma, pandas
    >>> rows = pandas.DataFrame({"study": list("AAAABBBBCCCC"), "treat": [0, 0, 1, 1] * 3})
    >>> rows["post"] = [9, 11, 7, 9, 6, 8, 4, 6, 12, 16, 10, 14]
    >>> answer = ipdma.fit(rows, outcome="post")
    >>> round(answer.estimate("treatment").estimate, 6)
    -2.0
    """
    named = {"outcome": outcome, "treatment": treatment, "study": study, "covariates": list(covariates)}
    spec = ModelSpec.from_mapping({**named, "moderator": moderator, **keys}, "the model")
    return fit_table(rows, spec)


def pool(effects: Table, **keys: Any) -> PoolResult:
    """Pool one estimate per study (second stage).

    Parameters
    ----------
    effects : DataFrame or path of a table
        One row per study: its name, its estimate, and a variance or a standard error.
    **keys
        As docs/interface/pool.md names them, with its defaults: columns ``study="study"``,
        ``estimate="yi"``, ``variance="vi"`` or ``std_error=...``; ``tau2="reml"``; ``ci="hksj"``.

    Returns
    -------
    PoolResult

    Raises
    ------
    ReadError, SpecError, DataError, FitError
        As `fit`.

    Examples
    --------
    >>> import ipdma, pandas
    >>> table = pandas.DataFrame({"study": ["A", "B", "C"], "yi": [-0.4, -0.1, -0.6], "vi": 0.05})
    >>> ipdma.pool(table, ci="modified_hksj").k
    3
    """
    return pool_effects_table(effects, PoolSpec.from_mapping(keys, "the pooling"))


def fit_table(rows: Table, spec: ModelSpec) -> FitResult:
    """Fit a model whose keys have been read."""
    table = as_table(rows, text=text_columns(spec), names=[spec.study], used=spec.used_columns())
    found = fit_model(table, spec)
    said = doubtful_values(table, spec)
    return FitResult(replace(found, warnings=(*found.warnings, *said)), spec)


def pool_effects_table(effects: Table, spec: PoolSpec) -> PoolResult:
    """Pool a table when its keys have been read."""
    used = [c for c in (spec.study, spec.estimate, spec.std_error or spec.variance) if c]
    table = as_table(effects, names=[spec.study], used=used)
    where = "the table" if isinstance(effects, pd.DataFrame) else str(effects)
    kept = usable_rows(table, spec, where)
    return PoolResult(pool_rows(kept, spec, left_out=len(table) - len(kept)), spec, kept)


def text_columns(spec: ModelSpec) -> list[str]:
    """Columns whose cells are names: `01` stays `01`."""
    categorical = spec.moderator if spec.moderator_type == "categorical" else None
    return [c for c in (spec.participant, spec.visit, categorical) if c]


def as_table(
    rows: Table, names: Iterable[str], used: Iterable[str], text: Iterable[str] = ()
) -> pd.DataFrame:
    """A file as the strict reader reads it; a data frame with the types that this reader would give.

    Parameters
    ----------
    rows : DataFrame or path
    names, text : iterable of str
        Columns of names and other columns kept as text (see `read_rows_csv`).
    used : iterable of str
        The columns of a data frame that are kept; a file keeps all.

    Raises
    ------
    ReadError, DataError
        Where a file cannot be read as a table, or a column's name occurs twice.
    """
    if not isinstance(rows, pd.DataFrame):
        return read_rows_csv(rows, text=text, names=names)
    twice = sorted(str(name) for name in rows.columns[rows.columns.duplicated()].unique())
    if twice:
        raise DataError(f"the table has more than one column of the name {', '.join(twice)}")
    words = {*text, *names}
    own = [name for name in used if name in rows.columns]
    columns = {name: as_words(rows[name]) if name in words else as_numbers(rows[name]) for name in own}
    return pd.DataFrame(columns).reset_index(drop=True)


def as_words(column: pd.Series) -> pd.Series:
    """A column of names as text; missing stays missing, and 3.0 is written 3 where all are whole."""
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    return column.astype("object").where(column.notna(), None).map(str, na_action="ignore").astype("str")


def as_numbers(column: pd.Series) -> pd.Series:
    """Booleans and whole numbers as floats, missing as NaN; what is no number stays for the model to name."""
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
        return column.astype("Float64").astype(float) if column.isna().any() else column.astype(float)
    return column
