"""The three record tables as plain rows that know which file and line they stand in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ipdma.analysis.records import NUMBERS as FLOATS
from ipdma.analysis.records import WHOLE, Ident, as_number
from ipdma.model.term import Term

NUMBERS: frozenset[str] = FLOATS | set(WHOLE)
KEYS = {
    "estimates": ("term", "level"),
    "study_estimates": ("study", "term", "level"),
    "counts": ("what", "study", "arm", "variable", "level"),
}


class Row(dict[str, Any]):
    """One record: text columns as text (empty when missing), numbers as float (None when missing)."""

    __slots__ = ("file", "line")

    def __init__(self, values: dict[str, Any] | Iterable[tuple[str, Any]], file: str, line: int) -> None:
        super().__init__(values)
        self.file, self.line = file, line

    def number(self, name: str) -> float | None:
        """The number in column `name`, or None."""
        return self.get(name)

    def text(self, name: str) -> str:
        """The text in column `name`, or an empty string."""
        return self.get(name) or ""

    @property
    def withheld(self) -> str:
        """What is printed in the place of a number of people that is empty: `<10`, `all but <10` or `*`."""
        return self.text("withheld")

    @property
    def ident(self) -> Ident:
        """The analysis that it belongs to."""
        return Ident.parse(self.text("analysis_id"))

    @property
    def term(self) -> Term:
        """What its coefficient is."""
        return Term.parse(self.text("term"))

    @property
    def key(self) -> str:
        """What tells this row from others of the same analysis."""
        return "|".join(self.text(name) for name in KEYS[self.file])


def as_text(value: Any) -> str:
    """Text as it stands; missing is empty; a whole float loses its `.0`, so that a level reads as it was
    written."""
    if isinstance(value, str):
        return value
    if value is None or value is pd.NA:
        return ""
    if isinstance(value, float):
        return "" if math.isnan(value) else str(int(value)) if value.is_integer() else str(value)
    return str(value)


def rows_of(table: pd.DataFrame | None, file: str) -> list[Row]:
    """Turn a record table into rows; line 2 is the first below the header, as in an editor."""
    if table is None:
        return []
    names = [str(name) for name in table.columns]
    columns = [read_column(table[name], name in NUMBERS) for name in table.columns]
    lines = zip(*columns, strict=True)
    return [Row(zip(names, cells, strict=True), file, at) for at, cells in enumerate(lines, 2)]


def read_column(column: pd.Series, numbers: bool) -> list[Any]:
    """The cells of a column as numbers or as texts."""
    cells = column.tolist()
    if numbers and column.dtype == float:
        return [cell if math.isfinite(cell) else None for cell in cells]
    if numbers:
        return [as_number(cell) for cell in cells]
    if column.isna().all():
        return [""] * len(cells)
    return [cell if type(cell) is str else as_text(cell) for cell in cells]


@dataclass(frozen=True)
class Records:
    """All rows of a run. Selection is by equality on columns; nothing is computed."""

    estimates: list[Row]
    study_estimates: list[Row]
    counts: list[Row]
    index: dict[tuple[str, str], list[Row]] = field(default_factory=dict)
    kinds: dict[tuple[str, str], list[Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for file in KEYS:
            for row in getattr(self, file):
                self.index.setdefault((file, row.get("analysis_id") or ""), []).append(row)
        for row in self.counts:
            self.kinds.setdefault((row.get("analysis_id") or "", row.get("what") or ""), []).append(row)

    @classmethod
    def from_tables(cls, estimates: Any, study_estimates: Any, counts: Any) -> Records:
        """Build from three DataFrames with the columns of docs/interface/results.md; None has no rows."""
        tables = {"estimates": estimates, "study_estimates": study_estimates, "counts": counts}
        rows = {file: rows_of(table, file) for file, table in tables.items()}
        return cls(rows["estimates"], rows["study_estimates"], rows["counts"])

    def of(self, file: str, which: str | Ident) -> list[Row]:
        """Rows of one analysis in one file, in their order."""
        return self.index.get((file, str(which)), [])

    def counts_of(self, which: str | Ident, what: str) -> list[Row]:
        """Counts of one kind of one analysis, in their order."""
        return self.kinds.get((str(which), what), [])

    def counts_like(self, *what: str) -> list[Row]:
        """Counts of some kinds of every analysis, in their order."""
        found = [row for (_, own), rows in self.kinds.items() if own in what for row in rows]
        return sorted(found, key=lambda row: row.line)


def select(rows: Iterable[Row], **wanted: str | tuple[str, ...]) -> Iterator[Row]:
    """Rows whose columns equal `wanted`; a tuple of values means any of them."""
    allowed = [(name, value if isinstance(value, tuple) else (value,)) for name, value in wanted.items()]
    for row in rows:
        for name, values in allowed:
            if (row.get(name) or "") not in values:
                break
        else:
            yield row


def first(rows: Iterable[Row], **wanted: str | tuple[str, ...]) -> Row | None:
    """The first such row, or None."""
    return next(select(rows, **wanted), None)


def distinct(rows: Iterable[Row], column: str) -> list[str]:
    """The values of `column` that are not empty, in order of appearance."""
    return list(dict.fromkeys(value for row in rows if (value := row.text(column))))
