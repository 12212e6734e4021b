"""The tables of a finished run printed again from its record files, and held against those on disk."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import zip_longest
from pathlib import Path

from ipdma.io import read_text
from ipdma.plan import read_plan
from ipdma.report.formats.text import table_csv
from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.report.tables import tabulate_all
from ipdma.runs.files import read_record, read_registry
from ipdma.runs.read_run import TABLES
from ipdma.runs.recompute import tables_of


@dataclass(frozen=True)
class Misprint:
    """A cell of a table on disk that is not what the record files print."""

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


def reprint(folder: Path) -> tuple[int, list[Misprint]]:
    """Print each table again and compare.

    Parameters
    ----------
    folder : Path
        A results folder whose plan's registry can be read from here.

    Returns
    -------
    tuple of int and list of Misprint
        How many tables were compared, and the cells that differ; a table that is not there is one misprint.
    """
    plan = read_plan(folder / "plan.yaml")
    registry, aggregate = (read_registry(path) for path in tables_of(plan))
    estimates, study_estimates, counts = (read_record(str(folder / f"{name}.csv")) for name in TABLES)
    material = Material(estimates, study_estimates, counts, plan.as_mapping(), registry, aggregate)
    tables = tabulate_all(material, Ledger())
    found: list[Misprint] = []
    for table in tables:
        path = folder / "tables" / f"{table.name}.csv"
        if not path.is_file():
            found.append(Misprint(table.name, 0, "", "no such file", table.title))
            continue
        found += differing_cells(table.name, read_text(path), table_csv(table).decode("utf-8"))
    return len(tables), found


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
