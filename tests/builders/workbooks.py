"""Excel workbooks of a small made-up trial, as programs and people leave them, also part by part."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def cell(text: str) -> Any:
    """A cell as Excel would store it: a number where it is one."""
    return int(text) if text.isdigit() and not text.startswith("0") else text or None


def save(
    path: Path, sheets: dict[str, Iterable[list[Any]]], change: Callable[[dict[str, Worksheet]], None]
) -> None:
    """Write sheets row by row, let `change` have its way with them, save."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    made = {}
    for title, rows in sheets.items():
        made[title] = book.create_sheet(title)
        for row in rows:
            made[title].append(row)
    change(made)
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


def write_study(small, change=lambda sheets: None, above=(), others=None, first=()) -> Path:
    """The small study as a workbook: lines above its header, other sheets before and after it."""
    small.map["source"]["file"] = "f.xlsx"
    rows = [*above, small.header, *[[cell(text) for text in row] for row in small.rows]]
    sheets = {title: others[title] for title in first} if others else {}
    sheets["data"] = rows
    sheets |= {title: table for title, table in (others or {}).items() if title not in first}
    small.write(b"-")
    save(small.folder / "f.xlsx", sheets, change)
    return small.folder


def raw_book(
    path: Path, parts: dict[str, str | Iterable[bytes]], sheet: str = "data", prefix: str = ""
) -> Path:
    """A workbook of one sheet written part by part; `parts` holds sheet, strings and styles."""
    tag = f"{prefix}:" if prefix else ""
    name = f"xmlns{':' + prefix if prefix else ''}"
    book = (
        f'<{tag}workbook {name}="{MAIN}" xmlns:r="{LINKS}"><{tag}sheets>'
        f'<{tag}sheet name="{sheet}" sheetId="1" r:id="rId1"/></{tag}sheets></{tag}workbook>'
    )
    kinds = {
        "sheet": ("worksheet", "worksheets/sheet1.xml"),
        "strings": ("sharedStrings", "sharedStrings.xml"),
    }
    kinds["styles"] = ("styles", "styles.xml")
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{LINKS}/{kinds[part][0]}" Target="{kinds[part][1]}"/>'
        for n, part in enumerate(parts, start=1)
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        top = f'<Relationship Id="r1" Type="{LINKS}/officeDocument" Target="xl/workbook.xml"/>'
        archive.writestr("_rels/.rels", f'<Relationships xmlns="{PACKAGE}">{top}</Relationships>')
        archive.writestr("xl/workbook.xml", book)
        archive.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{PACKAGE}">{links}</Relationships>'
        )
        for part, content in parts.items():
            with archive.open(f"xl/{kinds[part][1]}", "w", force_zip64=True) as stream:
                for piece in [content.encode()] if isinstance(content, str) else content:
                    stream.write(piece)
    return path


def sheet_xml(rows: str, tail: str = "") -> str:
    """A sheet of these rows."""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{tail}</worksheet>'
