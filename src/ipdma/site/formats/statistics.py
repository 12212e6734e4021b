"""SPSS, Stata and SAS files: labels and declared missing codes kept, numbers at their shortest."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyreadstat

from ipdma.errors import ReadError
from ipdma.site.codes import code_key, shortest
from ipdma.site.formats import ReadOptions
from ipdma.site.table import Column, DeclaredMissing, NumberText, Table

READERS: dict[str, Callable[..., Any]] = {
    ".sav": pyreadstat.read_sav,
    ".zsav": pyreadstat.read_sav,
    ".dta": pyreadstat.read_dta,
    ".sas7bdat": pyreadstat.read_sas7bdat,
}
FALLBACKS = (None, "WINDOWS-1252")


def read(path: Path, options: ReadOptions, name: str) -> Table:
    """Read a .sav, .zsav, .dta or .sas7bdat file."""
    suffix = path.suffix.lower()
    cells, meta = load(path, suffix, options.encoding, name)
    try:
        columns = [build_column(column, cells[column], meta, suffix) for column in meta.column_names]
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
        raise ReadError(
            f"{name}: the dictionary of the file is damaged; save it again, or save it as CSV (UTF-8)"
        ) from None
    height = max((len(column.cells) for column in columns), default=0)
    keep = [i for i in range(height) if any(column.cells[i].strip() for column in columns)]
    if len(keep) < height:
        for column in columns:
            column.cells = [column.cells[i] for i in keep]
    return Table(name, columns, [i + 2 for i in keep])


def load(path: Path, suffix: str, encoding: str | None, name: str) -> tuple[dict[str, Any], Any]:
    """The file's cells by column and its dictionary; a second try as cp1252 where the letters do not fit."""
    extra = {} if suffix == ".sas7bdat" else {"user_missing": True}
    for tried in (encoding,) if encoding else FALLBACKS:
        try:
            return READERS[suffix](str(path), output_format="dict", encoding=tried, **extra)
        except Exception as error:
            lettered = "convert string" in str(error)
            if not lettered:
                break
    raise ReadError(
        f"{name}: the file is damaged, cut short or of a version that is not known; "
        "open it in the program that made it and save it again, or save it as CSV (UTF-8)"
    ) from None


def build_column(name: str, values: Sequence[Any], meta: Any, suffix: str) -> Column:
    """A column with its label, value labels and declared missing codes."""
    if not isinstance(name, str) or not name.strip():
        raise ValueError("a column without a name")
    single = meta.readstat_variable_types.get(name) == "float"
    user = set(meta.missing_user_values.get(name, ())) if suffix == ".dta" else set()
    labels = meta.variable_value_labels.get(name, {})
    return Column(
        name=name,
        cells=[cell_text(value, single, user) for value in values],
        label=meta.column_names_to_labels.get(name) or "",
        labels={
            cell_text(code, single, set(map(str, labels)) & LETTERS if suffix == ".dta" else set()): str(
                label
            )
            for code, label in labels.items()
        },
        missing=declared_missing(meta.missing_ranges.get(name, ()), user),
    )


LETTERS = set("abcdefghijklmnopqrstuvwxyz")


def cell_text(value: Any, single: bool, user: set[Any]) -> str:
    """A cell as text; a Stata missing letter reads `.a`."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f".{value}" if value in user else value
    if isinstance(value, (dt.datetime, np.datetime64)):
        stamp = value if isinstance(value, dt.datetime) else value.astype("datetime64[s]").item()
        if stamp is None or stamp != stamp:
            return ""
        return stamp.date().isoformat() if stamp.time() == dt.time() else stamp.isoformat(sep=" ")
    if isinstance(value, (int, float, np.number)):
        return number_text(float(value), single)
    return str(value)


def number_text(value: float, single: bool) -> str:
    """Shortest text that gives the number back in the width in which the file stores it."""
    if math.isnan(value):
        return ""
    if single and math.isfinite(value):
        return NumberText(shortest(float(str(np.float32(value)))))
    return NumberText(shortest(value)) if math.isfinite(value) else str(value)


def declared_missing(ranges: Sequence[dict[str, Any]], user: set[Any]) -> DeclaredMissing:
    """Declared codes and ranges."""
    codes = {code_key(f".{letter}") for letter in user}
    spans = []
    for entry in ranges:
        low, high = entry["lo"], entry["hi"]
        if isinstance(low, str) or low == high:
            codes.add(code_key(low if isinstance(low, str) else shortest(float(low))))
        else:
            spans.append((float(low), float(high)))
    return DeclaredMissing(frozenset(codes), tuple(spans))
