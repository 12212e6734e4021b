"""What in a table of rows makes one ask: numbers that look like codes, studies that differ by case alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ipdma.model.spec import ModelSpec
from ipdma.site.missing_codes import OF_SCORES, code_like


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
