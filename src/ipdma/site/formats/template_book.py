"""A template as a workbook with drop-down lists, and a workbook as the rows of a template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from python_calamine import CalamineWorkbook

from ipdma.codebook import Codebook
from ipdma.errors import ReadError, nearest
from ipdma.site.formats.workbook import cell_text, check_unpacked
from ipdma.site.formats.workbook_writer import SheetPlan, write_workbook
from ipdma.site.study_file import RATINGS, VERBS
from ipdma.site.template import HEADERS

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
    check_unpacked(path, path.name)
    try:
        book = CalamineWorkbook.from_path(str(path))
        tables = {
            n: book.get_sheet_by_name(n).to_python(skip_empty_area=False)
            for n in book.sheet_names
            if n in HEADERS
        }
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
            raise
        raise ReadError(
            f"{path.name}: cannot be read as a workbook; open it in Excel and save it as .xlsx"
        ) from None
    if not {"variables", "study"} <= set(tables):
        raise ReadError(
            f"{path.name}: has no sheets `study` and `variables`; `ipdma template` makes one that has"
        )
    return {
        name: in_order(name, [[cell_text(c) for c in row] for row in table]) for name, table in tables.items()
    }


def in_order(sheet: str, table: list[list[str]]) -> list[list[str]]:
    """A sheet's rows with their cells in the order of its header in `HEADERS`."""
    names = [name.strip() for name in table[0]] if table else []
    for name in names:
        if name and name not in HEADERS[sheet]:
            raise ReadError(f"sheet {sheet}: the column '{name}' is not known{nearest(name, HEADERS[sheet])}")
    places = [names.index(name) if name in names else None for name in HEADERS[sheet]]
    return [[row[at] if at is not None and at < len(row) else "" for at in places] for row in table[1:]]
