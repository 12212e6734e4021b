"""An arm of a block as rows: as many as it has people, none of them anybody's, with exactly its moments."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ipdma.bundle.records import INDICATORS, LEVEL, Block
from ipdma.bundle.rows import rows_of_moments


def arm_rows(block: Block, arm: str) -> pd.DataFrame:
    """As many rows as an arm of a block has people, with exactly its moments.

    The same block gives the same rows.

    Returns
    -------
    DataFrame
        `arm` and the block's columns by name: numbers, whole events, and a category's level as text.
    """
    moments = block.arms[arm]
    groups = list(categories(block).values())
    rows = rows_of_moments(moments.n, moments.means, moments.products, groups)
    return named_columns(block, rows).assign(arm=arm)


def categories(block: Block) -> dict[str, list[int]]:
    """The indicator columns of each category or event, by its name."""
    found: dict[str, list[int]] = {}
    for place, column in enumerate(block.columns):
        if column.coding in INDICATORS:
            found.setdefault(column.name, []).append(place)
    return found


def named_columns(block: Block, rows: np.ndarray) -> pd.DataFrame:
    """The rows' columns under their names; levels as text."""
    levels = categories(block)
    columns: dict[str, object] = {}
    for place, column in enumerate(block.columns):
        if column.coding == LEVEL:
            places = levels[column.name]
            words = np.array([block.columns[at].level for at in places], dtype=object)
            columns[column.name] = words[rows[:, places].argmax(axis=1)]
        else:
            columns[column.name] = rows[:, place]
    return pd.DataFrame(columns)
