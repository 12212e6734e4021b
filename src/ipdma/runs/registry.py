"""What is wrong with the registry of trials and the aggregate results beside it, before anything runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ipdma.analysis.records import as_number
from ipdma.bundle.published import has_moments, moment_faults, text_of
from ipdma.codebook import Codebook
from ipdma.errors import DataError, ReadError, nearest
from ipdma.harmless import for_terminal, why_harmful
from ipdma.io import read_rows_csv

STATUSES = ("ipd", "aggregate", "not_obtained")
REGISTRY_COLUMNS = ("study", "status")
AGGREGATE_COLUMNS = ("study", "contrast", "outcome", "timepoint")


def registry_faults(path: Path, studies: Sequence[str]) -> Iterator[str]:
    """Columns that are missing, studies that occur twice, statuses that there are not.

    Parameters
    ----------
    path : Path
    studies : sequence of str
        Trials that were contributed; the registry may not call them anything but `ipd`.
    """
    table = yield from read_table(path, REGISTRY_COLUMNS)
    if table is None:
        return
    yield from (f"{path}: study '{n}' stands {k} times" for n, k in Counter(table["study"]).items() if k > 1)
    for study, status in zip(table["study"], table["status"], strict=True):
        if status not in STATUSES:
            hint = nearest(str(status), STATUSES)
            yield f"{path}: study '{study}': status is one of {', '.join(STATUSES)}, got '{status}'{hint}"
        elif status != "ipd" and study in studies:
            yield f"{path}: study '{study}' was contributed, but its status is '{status}'; say ipd"


def aggregate_faults(path: Path, plan: Mapping[str, Any], codebook: Codebook) -> Iterator[str]:
    """Columns that are missing, names that the plan does not have, estimates and moments that are no
    numbers."""
    table = yield from read_table(path, AGGREGATE_COLUMNS)
    if table is None:
        return
    names = {"contrast": "contrasts", "outcome": "outcomes", "timepoint": "time_points"}
    for row in table.to_dict("records"):
        where = f"{path}: study '{row['study']}'"
        for column, key in names.items():
            name = str(row[column])
            if name not in plan[key]:
                yield f"{where}: the plan has no {column} '{name}'{nearest(name, plan[key])}"
        for side in ("active", "reference"):
            condition = text_of(row, side)
            if condition and condition not in codebook.conditions:
                hint = nearest(condition, codebook.conditions)
                yield f"{where}: {side}: the codebook has no condition '{condition}'{hint}"
        if has_moments(row):
            yield from (f"{where}: {fault}" for fault in moment_faults(row, codebook))
        error = as_number(row.get("std_error"))
        silent = not (text_of(row, "estimate") or text_of(row, "std_error"))
        if (as_number(row.get("estimate")) is None or error is None or error <= 0) and not (
            silent and has_moments(row)
        ):
            yield (
                f"{where}: expected a number as estimate and a positive one as std_error, or means and SDs "
                "of both arms"
            )


def read_table(path: Path, columns: Sequence[str]) -> Generator[str, None, Any]:
    """Yield what is wrong with the table itself; returns it, or None where it cannot be used."""
    try:
        table = read_rows_csv(path, text=["status", "contrast", "outcome", "timepoint"], names=["study"])
    except (ReadError, DataError) as error:
        yield str(error)
        return None
    yield from harmful_cells(path, table)
    absent = [name for name in columns if name not in table.columns]
    yield from (f"{path}: column '{name}' is missing" for name in absent)
    return None if absent else table


def harmful_cells(path: Path, table: Any) -> Iterator[str]:
    """Cells and names of columns that would harm whoever opens what they are printed in."""
    for column in table.columns:
        why = why_harmful(str(column), formulas=True)
        if why:
            yield f"{path}: the name of a column {why}"
        for number, cell in enumerate(table[column], 2):
            why = why_harmful(cell, formulas=True) if isinstance(cell, str) else ""
            if why:
                yield f"{path}: row {number}, column '{for_terminal(str(column))}': the cell {why}"
