"""Columns that are one value in each study: comparator, risk of bias, instrument."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell

BIAS_ORDER = ("low", "some concerns", "unclear", "moderate", "serious", "high", "critical")


def study_values(cell: Cell, column: str) -> pd.Series:
    """The value of a column for each study of the cell, studies without one or with several left out.

    Returns
    -------
    Series indexed by study
        Numbers as floats where all are numbers, else text.
    """
    if column not in cell.analysed:
        return pd.Series(dtype=object)
    study, names = pd.factorize(cell.analysed["study"], sort=True)
    value, levels = pd.factorize(cell.analysed[column])
    first, last = np.full(len(names), len(levels)), np.full(len(names), -1)
    np.minimum.at(first, study[value >= 0], value[value >= 0])
    np.maximum.at(last, study, value)
    told = np.array([str(level).strip() != "" for level in levels], dtype=bool)
    one = np.flatnonzero(first == last)
    one = one[told[first[one]]]
    own = np.array([levels[at] for at in first[one]], dtype=object)
    numbers = pd.to_numeric(own, errors="coerce")
    numeric = len(own) > 0 and not np.isnan(numbers.astype(float)).any()
    kept = numbers.astype(float) if numeric else pd.array([str(level) for level in own], dtype="str")
    return pd.Series(kept, index=pd.Index(names[one], name="study"), name=column)


def is_numeric(values: pd.Series) -> bool:
    """Whether study values are numbers."""
    return pd.api.types.is_float_dtype(values)


def ordered_levels(values: pd.Series) -> list[str]:
    """Levels with judgements of bias from low to high, anything else by its text."""
    place = {word: i for i, word in enumerate(BIAS_ORDER)}
    return sorted(
        values.unique(), key=lambda v: (place.get(str(v).lower().replace("_", " "), len(place)), str(v))
    )


def rows_with(cell: Cell, values: pd.Series, column: str) -> pd.DataFrame:
    """Rows of the studies that have a value, the value in `column`."""
    own = values.index.get_indexer(pd.Index(cell.rows["study"]))
    rows = cell.rows[own >= 0]
    return rows.assign(**{column: values.array.take(own[own >= 0])})
