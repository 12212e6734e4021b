"""Trials that are bundles among completed data sets: rows of nobody for each data set that they bring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell
from ipdma.analysis.guest import GuestCell, points_factor
from ipdma.bundle.expand import arm_columns
from ipdma.bundle.records import BASELINE, IMPUTED, OUTCOME, Block

SETS = "imputation"


def completed_guests(cell: Cell, rows: str = IMPUTED) -> list[GuestCell]:
    """The guests among a cell's studies whose bundles hold completed data sets of it."""
    first = [guest.completed(rows, 1) for guest in cell.guests if guest.study in cell.studies]
    return [guest for guest in first if widest(guest) is not None]


def widest(guest: GuestCell) -> Block | None:
    """The block of outcome and baseline of a data set; else the one of most people with an outcome."""
    found = guest.bundle.serving(guest.serves)
    own = [b for b in found if b.imputation == guest.data_set and OUTCOME in b.names]
    return max(own, key=lambda b: (set(b.names) == {OUTCOME, BASELINE}, people(b)), default=None)


def people(block: Block) -> int:
    """People of all arms of a block."""
    return sum(own.n for own in block.arms.values())


def sets_of_guests(guests: Sequence[GuestCell]) -> dict[str, tuple[int, int]]:
    """How many completed data sets each guest brings, and of how many people."""
    found = {}
    for guest in guests:
        block = widest(guest)
        if block is not None:
            found[guest.study] = guest.sets, people(block)
    return found


def with_guests(cell: Cell, completed: pd.DataFrame, m: int, rows: str = IMPUTED) -> Cell:
    """A cell of completed data sets: rows of the trials that have them, and of guests in each set.

    Parameters
    ----------
    cell : Cell
        With its guests, as observed.
    completed : DataFrame
        Completed rows of the other trials.
    m : int
        Data sets of the analysis.
    rows : str
        Which completed rows of the guests are meant.
    """
    guests = completed_guests(cell, rows)
    if not guests:
        return replace(cell, rows=completed, guests=())
    own = [pd.concat(list(set_rows(cell, guest, m)), ignore_index=True) for guest in guests]
    whole = pd.concat([part for part in (completed, *own) if len(part)], ignore_index=True)
    ordered = whole.sort_values([SETS, "study"], kind="stable", ignore_index=True)
    numbered = tuple(guest.completed(rows, j) for guest in guests for j in range(1, m + 1))
    return replace(cell, rows=ordered, guests=numbered)


def set_rows(cell: Cell, guest: GuestCell, m: int) -> list[pd.DataFrame]:
    """Rows of one guest for each of m data sets: people of each arm with their outcomes and baselines."""
    here = cell.rows[cell.rows["study"] == guest.study]
    templates = here.drop_duplicates("arm").set_index(here.drop_duplicates("arm")["arm"].astype(str))
    factors = {arm: points_factor(here[here["arm"].astype(str) == arm]) for arm in templates.index}
    blocks = [widest(guest.completed(guest.serves.rows, j)) for j in range(1, min(m, guest.sets) + 1)]
    wanted = [(block, arm) for block in blocks if block is not None for arm in block.arms if arm in factors]
    made = iter(arm_columns(wanted))
    tables: list[list[pd.DataFrame]] = []
    for block in blocks:
        parts = []
        for arm in (arm for arm in (block.arms if block is not None else ()) if arm in factors):
            columns = next(made)
            n = len(columns[OUTCOME])
            part = templates.loc[[arm] * n].reset_index(drop=True)
            scores = {name: columns.get(name, np.full(n, np.nan)) for name in (OUTCOME, BASELINE)}
            named = {f"{name}_raw": values for name, values in scores.items()}
            named |= {name: values * factors[arm] for name, values in scores.items()}
            parts.append(part.assign(participant=[f"{arm}-{i:04d}" for i in range(1, n + 1)], **named))
        tables.append(parts)
    return [part.assign(**{SETS: j}) for j in range(1, m + 1) for part in tables[(j - 1) % len(tables)]]
