"""Arms of blocks as rows: as many as they have people, none of them anybody's, with exactly their moments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ipdma.bundle.records import INDICATORS, LEVEL, Block
from ipdma.bundle.rows import rows_of_arms

ArmOf = tuple[Block, str]


def arm_columns(arms: Sequence[ArmOf]) -> list[dict[str, np.ndarray]]:
    """As many rows as arms of blocks have people, with exactly their moments.

    The same block gives the same rows.

    Parameters
    ----------
    arms : sequence of (Block, str)
        Blocks and one of their arms each; those with columns of the same kinds are made together.

    Returns
    -------
    list of dict of str to ndarray of shape (n,)
        The block's columns by name: numbers in the coding of the column (points, the variable's unit, or its
        natural logarithm), events as 0 and 1, and a category's level as text.

    Raises
    ------
    NoRows
        Where no rows of as many people have these moments.
    """
    alike: dict[tuple[object, ...], list[int]] = {}
    for at, (block, _) in enumerate(arms):
        groups = tuple(map(tuple, categories(block).values()))
        alike.setdefault((len(block.columns), groups), []).append(at)
    found: list[dict[str, np.ndarray]] = [{} for _ in arms]
    for places in alike.values():
        own = [arms[at] for at in places]
        for at, (block, _), rows in zip(places, own, made_together(own), strict=True):
            found[at] = named_columns(block, rows)
    return found


def made_together(arms: Sequence[ArmOf]) -> list[np.ndarray]:
    """The rows of arms whose blocks have columns of the same kinds."""
    moments = [block.arms[arm] for block, arm in arms]
    n = np.array([own.n for own in moments])
    products = np.array([own.covariance for own in moments]) * (n - 1)[:, None, None]
    groups = list(categories(arms[0][0]).values())
    return rows_of_arms(n.tolist(), np.array([own.means for own in moments]), products, groups)


def categories(block: Block) -> dict[str, list[int]]:
    """The indicator columns of each category or event, by its name."""
    found: dict[str, list[int]] = {}
    for place, column in enumerate(block.columns):
        if column.coding in INDICATORS:
            found.setdefault(column.name, []).append(place)
    return found


def named_columns(block: Block, rows: np.ndarray) -> dict[str, np.ndarray]:
    """The rows' columns under their names; levels as text."""
    levels = categories(block)
    columns: dict[str, np.ndarray] = {}
    for place, column in enumerate(block.columns):
        if column.coding == LEVEL:
            places = levels[column.name]
            words = np.array([block.columns[at].level for at in places], dtype=object)
            columns[column.name] = words[rows[:, places].argmax(axis=1)]
        else:
            columns[column.name] = rows[:, place]
    return columns
