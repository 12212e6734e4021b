"""The tables of a finished run on disk, held against those that its record files print."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import zip_longest
from pathlib import Path

from ipdma.io import read_text
from ipdma.report.formats.text import table_csv
from ipdma.report.table import Table


@dataclass(frozen=True)
class Misprint:
    """A cell of a table on disk that is not what the record files print.

    `row` is the line of the file, its header being 1; 0 where there is no such file.
    """

    table: str
    row: int
    column: str
    found: str
    expected: str

    def sentence(self) -> str:
        """The difference as a line of text."""
        where = f"tables/{self.table}.csv, line {self.row}"
        if self.column:
            where += f", {self.column}"
        return f"{where}: {self.found!r}, but the record files print {self.expected!r}"


def misprints(folder: Path, tables: Iterable[Table]) -> Iterator[Misprint]:
    """Cells of the tables of a results folder that differ from those tables; one that is not there is one."""
    for table in tables:
        path = folder / "tables" / f"{table.name}.csv"
        if not path.is_file():
            yield Misprint(table.name, 0, "", "no such file", table.title)
            continue
        yield from differing_cells(table.name, read_text(path), table_csv(table).decode("utf-8"))


def differing_cells(name: str, found: str, expected: str) -> Iterator[Misprint]:
    """Cells of two CSV texts that differ."""
    ours, theirs = (list(csv.reader(StringIO(text))) for text in (expected, found))
    heads = ours[0] if ours else []
    nothing: list[str] = []
    for line, (right, wrong) in enumerate(zip_longest(ours, theirs, fillvalue=nothing), 1):
        for index, (a, b) in enumerate(zip_longest(right, wrong, fillvalue="")):
            if a != b:
                column = heads[index] if index < len(heads) else ""
                yield Misprint(name, line, column, b, a)
