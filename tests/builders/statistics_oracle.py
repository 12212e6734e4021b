"""What pyreadstat, an independent reader, says of an SPSS or Stata file, in the words of our tables."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pyreadstat

from ipdma.site.codes import code_key, shortest
from ipdma.site.table import Column, DeclaredMissing, NumberText

READERS = {".sav": pyreadstat.read_sav, ".zsav": pyreadstat.read_sav, ".dta": pyreadstat.read_dta}
LETTERS = set("abcdefghijklmnopqrstuvwxyz")


def read_columns(path, encoding=None):
    """The file's columns, rows without any content included."""
    cells, meta = READERS[path.suffix](str(path), output_format="dict", user_missing=True, encoding=encoding)
    return [build_column(name, cells[name], meta, path.suffix == ".dta") for name in meta.column_names]


def build_column(name, values, meta, stata):
    single = meta.readstat_variable_types.get(name) == "float"
    user = set(meta.missing_user_values.get(name, ())) if stata else set()
    labels = meta.variable_value_labels.get(name, {})
    lettered = set(map(str, labels)) & LETTERS if stata else set()
    return Column(
        name,
        [cell_text(value, single, user) for value in values],
        meta.column_names_to_labels.get(name) or "",
        {cell_text(code, single, lettered): str(label) for code, label in labels.items()},
        declared(meta.missing_ranges.get(name, ()), user),
    )


def cell_text(value, single, user):
    if value is None or value != value:
        return ""
    if isinstance(value, str):
        return f".{value}" if value in user else value
    if isinstance(value, (dt.datetime, np.datetime64)):
        stamp = value if isinstance(value, dt.datetime) else value.astype("datetime64[s]").item()
        return stamp.date().isoformat() if stamp.time() == dt.time() else stamp.isoformat(sep=" ")
    if isinstance(value, (int, float, np.number)):
        number = float(str(np.float32(value))) if single else float(value)
        return NumberText(shortest(number)) if math.isfinite(number) else str(number)
    return str(value)


def declared(ranges, user):
    codes, spans = {code_key(f".{letter}") for letter in user}, []
    for entry in ranges:
        low, high = entry["lo"], entry["hi"]
        if isinstance(low, str) or low == high:
            codes.add(code_key(low if isinstance(low, str) else shortest(float(low))))
        else:
            spans.append((float(low), float(high)))
    return DeclaredMissing(frozenset(codes), tuple(spans))
