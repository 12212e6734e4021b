"""The record files of a run as texts, whole and as they may be shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pandas as pd

from ipdma.analysis.kept import Kept
from ipdma.disclosure.mask import FILES, Mask
from ipdma.runs.files import csv_text
from ipdma.workers import beside


def record_files(
    tables: Mapping[str, pd.DataFrame],
    plan: Mapping[str, Any],
    say: Callable[[str], None] = lambda line: None,
    kept: Kept | None = None,
    processes: int = 1,
) -> dict[str, str]:
    """Every record file by its name in the results folder, and the notes.

    Parameters
    ----------
    tables, plan, say, kept
        As `mask_tables` takes them, the notes among the tables.
    processes : int
        With two, the largest table is masked beside the others; the files are the same.
    """
    mask = Mask(tables, plan, say, kept or Kept({}), processes)
    *others, largest = sorted(FILES, key=lambda name: len(tables[name]))
    with beside(partial(shared_text, mask, largest), processes) as text_of_largest:
        files = {"parts/notes.csv": csv_text(mask.notes())}
        files |= {f"{name}.csv": shared_text(mask, name) for name in others}
        files |= {f"private/records/{name}.csv": csv_text(tables[name]) for name in FILES}
        files[f"{largest}.csv"] = text_of_largest()
    return files


def shared_text(mask: Mask, name: str) -> str:
    """A record file as it may be shared."""
    return csv_text(mask.table(name))
