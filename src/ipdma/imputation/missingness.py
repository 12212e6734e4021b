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
    records = []
    for study, part in rows.groupby("study", sort=True):
        for variable in variables:
            never = bool(part[variable].isna().all())
            for label, group in part.groupby(arm, sort=True):
                missing = int(group[variable].isna().sum())
                kind = "systematic" if never else "sporadic" if missing else "complete"
                records.append((study, label, variable, kind, missing, len(group)))
    return pd.DataFrame(records, columns=list(COLUMNS))


def incomplete_percentage(rows: pd.DataFrame, variables: Sequence[str]) -> float:
    """Percentage (0 to 100) of participants who lack a value that their trial collected."""
    measured = rows[list(variables)].notna().groupby(rows["study"]).transform("any")
    gaps = (rows[list(variables)].isna() & measured).any(axis=1)
    return float(100 * gaps.mean()) if len(rows) else 0.0
