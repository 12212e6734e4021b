"""A template as a workbook with drop-down lists, and a workbook as the rows of a template."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ipdma.codebook import Codebook
from ipdma.errors import ReadError, nearest
from ipdma.site.formats.package import Damaged, damaged, open_package
from ipdma.site.formats.sheet import Grid, read_grid
from ipdma.site.formats.template_guide import guide
from ipdma.site.formats.workbook_writer import SheetPlan, write_workbook
from ipdma.site.study_file import LAYOUTS, ORDERS, RATINGS, VERBS
from ipdma.site.template import HEADERS
from ipdma.site.template_cells import read_word

MOST_ROWS = 5_000
FURTHEST = 60
IN_FILE = "in your file"
READ_ME = "read me"
COLUMNS = "columns of your file"

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
OF_SOURCE = {"layout": "layouts", "decimal": "decimals", "dates": "dates"}
BESIDE = {"variables": ("column or text",), "assessments": ("total", "items")}


def write_template(
    rows: Mapping[str, Sequence[Sequence[str]]],
    codebook: Codebook,
    columns: Sequence[str],
    about: Mapping[str, str] | None = None,
) -> bytes:
    """The workbook of a template.

    Parameters
    ----------
    rows : mapping of str to rows
        As `to_sheets` gives them.
    columns : sequence of str
        Columns of the trial's file, for the drop-downs; empty where it cannot be read.
    about : mapping of str to str
        What a scan may say of each column: kind, label, codes with their labels.

    Raises
    ------
    ReadError
        More rows than a person would fill in.
    """
    about = about or {}
    if sum(map(len, rows.values())) > MOST_ROWS:
        raise ReadError(
            f"study.yaml has more than {MOST_ROWS} entries, too many for a workbook; "
            "correct it in a text editor"
        )
    lists = closed_lists(codebook) | {"columns": list(columns)}
    plans = [SheetPlan(READ_ME, ("what", "how"), guide(IN_FILE))]
    plans += [plan_of(name, rows[name], lists, about) for name in HEADERS]
    if about:
        told = [[name, text] for name, text in about.items()]
        plans.append(
            SheetPlan(
                COLUMNS, ("column", "what it holds"), told, fixed=frozenset(("column", "what it holds"))
            )
        )
    return write_workbook(plans, lists)


def closed_lists(codebook: Codebook) -> dict[str, list[str]]:
    """The words of every drop-down."""
    return {
        "conditions": list(codebook.conditions),
        "timepoints": list(codebook.timepoints),
        "verbs": list(VERBS),
        "columns": [],
        "instruments": list(codebook.instruments),
        "ratings": list(RATINGS),
        "scorings": sorted({name for i in codebook.instruments.values() for name in i.scorings}),
        "crosswalks": list(codebook.crosswalks),
        "layouts": [layout for layout in LAYOUTS if layout != "harmonised"],
        "decimals": ["auto", ".", ","],
        "dates": ["auto", *ORDERS],
    }


def plan_of(
    name: str, rows: Sequence[Sequence[str]], lists: Mapping[str, Sequence[str]], about: Mapping[str, str]
) -> SheetPlan:
    """One sheet: its rows, drop-downs, and beside them what the file says of the mapped column."""
    header = HEADERS[name]
    choices = {column: words for column, words in CHOICES.get(name, {}).items() if lists[words]}
    beside = [header.index(key) for key in BESIDE.get(name, ())] if about else []
    if beside:
        header = (*header, IN_FILE)
        rows = [[*row, in_file([row[at] for at in beside], about)] for row in rows]
    return SheetPlan(
        name,
        header,
        rows,
        choices,
        open_choices=frozenset(column for column, words in choices.items() if words == "columns"),
        value_choices=OF_SOURCE if name == "source" else {},
        fixed=frozenset(("about", IN_FILE)),
    )


def in_file(cells: Sequence[str], about: Mapping[str, str]) -> str:
    """What the file says of the columns that these cells name."""
    names = [part.strip() for cell in cells for part in re.split(r"\.\.|;", cell) if part.strip()]
    known = dict.fromkeys(name for name in (read_word(part) for part in names) if name in about)
    first = next(iter(known), None)
    return about[first] if first else ""


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
        if name and name not in (*HEADERS[sheet], IN_FILE):
            raise ReadError(f"sheet {sheet}: the column '{name}' is not known{nearest(name, HEADERS[sheet])}")
    places = [names.index(name) if name in names else None for name in HEADERS[sheet]]
    return [[row[at] if at is not None and at < len(row) else "" for at in places] for row in table[1:]]
