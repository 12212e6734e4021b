"""A template as a workbook with drop-down lists, and a workbook as the rows of a template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ipdma.codebook import Codebook
from ipdma.errors import ReadError, nearest
from ipdma.site.formats.package import Damaged, damaged, open_package
from ipdma.site.formats.sheet import Grid, read_grid
from ipdma.site.formats.workbook_writer import SheetPlan, write_workbook
from ipdma.site.study_file import RATINGS, VERBS
from ipdma.site.template import HEADERS

MOST_ROWS = 50_000
FURTHEST = 60

CHOICES = {
    "arms": {"condition": "conditions"},
    "visits": {"timepoint": "timepoints"},
    "variables": {"verb": "verbs", "column or text": "columns"},
    "assessments": {
        "instrument": "instruments",
        "timepoint": "timepoints",
        "total": "columns",
        "rating": "ratings",
        "scoring": "scorings",
        "convert": "crosswalks",
    },
}


def write_template(
    rows: Mapping[str, Sequence[Sequence[str]]], codebook: Codebook, columns: Sequence[str]
) -> bytes:
    """The workbook of a template.

    Parameters
    ----------
    rows : mapping of str to rows
        As `to_sheets` gives them.
    columns : sequence of str
        Columns of the trial's file, for the drop-downs; empty where it cannot be read.
    """
    lists = {
        "conditions": list(codebook.conditions),
        "timepoints": list(codebook.timepoints),
        "verbs": list(VERBS),
        "columns": list(columns),
        "instruments": list(codebook.instruments),
        "ratings": list(RATINGS),
        "scorings": sorted({name for i in codebook.instruments.values() for name in i.scorings}),
        "crosswalks": list(codebook.crosswalks),
    }
    plans = [
        SheetPlan(
            name, header, rows[name], {c: list_ for c, list_ in CHOICES.get(name, {}).items() if lists[list_]}
        )
        for name, header in HEADERS.items()
    ]
    return write_workbook(plans, lists)


def read_template(path: Path) -> dict[str, list[list[str]]]:
    """The rows of a template's sheets, whatever the order of its columns.

    Raises
    ------
    ReadError
        Where it is no workbook, has no sheet of ours, or a column that no template has.
    """
    if not path.is_file():
        raise ReadError(f"{path.name}: there is no such file")
    package = open_package(path, path.name)
    try:
        grids = {sheet.name: read_grid(package, sheet) for sheet in package.sheets if sheet.name in HEADERS}
    except Damaged:
        raise damaged(path.name) from None
    finally:
        package.archive.close()
    if not {"variables", "study"} <= set(grids):
        raise ReadError(
            f"{path.name}: has no sheets `study` and `variables`; `ipdma template` makes one that has"
        )
    return {name: in_order(name, lay_out(grid, name)) for name, grid in grids.items()}


def lay_out(grid: Grid, name: str) -> list[list[str]]:
    """A sheet's rows from the first on, blank ones too, so that their numbers stay."""
    wide = 1 + max((at for cells in grid.cells.values() for at in cells if at < FURTHEST), default=0)
    last = max(grid.cells, default=0)
    if last > MOST_ROWS:
        raise ReadError(f"sheet {name}: has a cell on row {last}; a mapping has at most {MOST_ROWS} rows")
    return [[grid.cells.get(row, {}).get(at, "") for at in range(wide)] for row in range(1, last + 1)]


def in_order(sheet: str, table: list[list[str]]) -> list[list[str]]:
    """A sheet's rows with their cells in the order of its header in `HEADERS`."""
    names = [name.strip() for name in table[0]] if table else []
    for name in names:
        if name and name not in HEADERS[sheet]:
            raise ReadError(f"sheet {sheet}: the column '{name}' is not known{nearest(name, HEADERS[sheet])}")
    places = [names.index(name) if name in names else None for name in HEADERS[sheet]]
    return [[row[at] if at is not None and at < len(row) else "" for at in places] for row in table[1:]]
