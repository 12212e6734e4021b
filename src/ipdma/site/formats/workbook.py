"""Excel workbooks: a sheet by name, numbers at their shortest, formulas without a stored value found."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from python_calamine import CalamineWorkbook

from ipdma.errors import ReadError, nearest
from ipdma.site.codes import shortest
from ipdma.site.formats import ReadOptions
from ipdma.site.table import NumberText, Remark, Table, build_table

LARGEST_UNPACKED = 500_000_000
CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
REFERENCE = re.compile(rb'\br="([A-Z]+)([0-9]+)"')
HAS_VALUE = re.compile(rb"<(?:\w+:)?v>[^<]")
HAS_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
IS_ERROR = re.compile(rb'\bt="e"')


def read(path: Path, options: ReadOptions, name: str) -> Table:
    """Read one sheet of an .xlsx file."""
    check_unpacked(path, name)
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        sheet = pick_sheet(list(workbook.sheet_names), options.sheet, name)
        values = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except ReadError:
        raise
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
            raise
        raise ReadError(
            f"{name}: the workbook is damaged or protected by a password; "
            "open it in Excel and save it again as .xlsx"
        ) from None
    records = [[cell_text(value) for value in row] for row in values]
    first = next((number for number, cells in enumerate(records) if any(map(str.strip, cells))), None)
    if first is None:
        raise ReadError(f"{name}: the sheet '{sheet}' is empty; name the right one as `sheet:` in study.yaml")
    numbered = [(number + 1, cells) for number, cells in enumerate(records) if number > first]
    table = build_table(name, records[first], numbered, [])
    table.remarks += valueless_cells(path, sheet, table, first)
    return table


def check_unpacked(path: Path, name: str) -> None:
    """A small file that unpacks to an enormous one is refused before it is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(part.file_size for part in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise ReadError(f"{name}: the workbook is damaged (cut short?); copy or export it again") from None
    if size > LARGEST_UNPACKED:
        raise ReadError(
            f"{name}: unpacks to {size / 1e6:.0f} MB, too large for a trial; export only the columns needed"
        )


def pick_sheet(names: list[str], wanted: str | None, name: str) -> str:
    """The named sheet, or the first."""
    if not names:
        raise ReadError(f"{name}: the workbook has no sheet")
    if wanted is None:
        return names[0]
    if wanted not in names:
        raise ReadError(
            f"{name}: there is no sheet '{wanted}'{nearest(wanted, names)}; sheets: {', '.join(names)}"
        )
    return wanted


def cell_text(value: Any) -> str:
    """A cell as text: numbers at their shortest, dates as year-month-day."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return NumberText(shortest(value))
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    return "" if value is None else str(value)


def valueless_cells(path: Path, sheet: str, table: Table, header: int) -> list[Remark]:
    """Formulas that carry no stored value and error cells (#N/A), which every reader shows as empty."""
    try:
        data = sheet_xml(path, sheet)
    except (KeyError, zipfile.BadZipFile, ElementTree.ParseError, OSError, ValueError):
        return []
    if data is None or (b"<f" not in data and b":f" not in data and b't="e"' not in data):
        return []
    found: dict[int, list[int]] = {}
    data_rows = set(table.rows)
    for head, body in CELL.findall(data):
        empty_formula = HAS_FORMULA.search(body) and not HAS_VALUE.search(body)
        place = REFERENCE.search(head)
        if place and (empty_formula or IS_ERROR.search(head)) and int(place[2]) in data_rows:
            found.setdefault(column_number(place[1].decode()), []).append(int(place[2]))
    return [
        Remark("valueless_formula", table.columns[position].name, sorted(rows))
        for position, rows in sorted(found.items())
        if position < len(table.columns)
    ]


def column_number(letters: str) -> int:
    """Position from 0 of a column called A, B, ..., AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def sheet_xml(path: Path, sheet: str) -> bytes | None:
    """The XML of the sheet of this name."""
    with zipfile.ZipFile(path) as archive:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        targets = {link.get("Id"): link.get("Target") for link in links}
        for entry in book.iter():
            if entry.tag.endswith("}sheet") and entry.get("name") == sheet:
                key = next((v for k, v in entry.attrib.items() if k.endswith("}id")), None)
                target = str(targets[key])
                return archive.read(target.lstrip("/") if target.startswith("/") else f"xl/{target}")
    return None
