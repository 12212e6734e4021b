"""Who lacks what: by trial, arm, variable and time, gaps within a trial apart from what it never measured."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

COLUMNS = ("study", "arm", "variable", "kind", "n_missing", "n")


def tabulate_missing(rows: pd.DataFrame, variables: Sequence[str], arm: str = "arm") -> pd.DataFrame:
    """Count missing values.

    Parameters
    ----------
    rows : DataFrame
        One row per participant with `study` and the column that `arm` names.
    variables : sequence of str
        Columns to count; a score at a time point is a variable of its own.
    arm : str
        The column of arms.

    Returns
    -------
    DataFrame
        `study, arm, variable, kind, n_missing, n`, a row per arm; `kind` is `systematic` where the trial has
        no value at all, `sporadic` where some of the arm are missing, `complete` else. In a stable order.
    """
    absent = rows[list(variables)].isna()
    by = [rows["study"], rows[arm]]
    never, missing = absent.groupby(by[0]).all(), absent.groupby(by).sum()
    people = rows.groupby(by).size()
    records = []
    for study, part in people.groupby(level=0, sort=True):
        for variable in variables:
            gone = bool(never.at[study, variable])
            lacking = missing.loc[part.index, variable]
            for (_, label), n, gaps in zip(part.index, part, lacking, strict=True):
                kind = "systematic" if gone else "sporadic" if gaps else "complete"
                records.append((study, label, variable, kind, int(gaps), int(n)))
    return pd.DataFrame(records, columns=list(COLUMNS))


def incomplete_percentage(rows: pd.DataFrame, variables: Sequence[str]) -> float:
    """Percentage (0 to 100) of participants who lack a value that their trial collected."""
    measured = rows[list(variables)].notna().groupby(rows["study"]).transform("any")
    gaps = (rows[list(variables)].isna() & measured).any(axis=1)
    return float(100 * gaps.mean()) if len(rows) else 0.0
