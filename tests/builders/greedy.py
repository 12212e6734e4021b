"""Files that ask for more than a trial's file may, of every kind that is read, and such a study.yaml."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from tests.builders.small_study import Small
from tests.builders.statistics_bytes import spss, stata
from tests.builders.workbooks import MAIN, raw_book

SHEET = f'<worksheet xmlns="{MAIN}"><sheetData>%s</sheetData></worksheet>'
NUMBER = {"name": "X", "width": 0}


def named(folder: Path, name: str) -> Path:
    """The small study with a data file of that name, not there yet."""
    small = Small(folder)
    small.map["source"]["file"] = name
    small.write(b"-")
    return folder / name


def wide_text(folder: Path) -> None:
    """A million columns."""
    header = ",".join(f"v{i}" for i in range(1_000_000))
    row = ",".join("1" * 1_000_000)
    named(folder, "f.csv").write_text(f"{header}\n{row}\n{row}\n", encoding="utf-8")


def long_row(folder: Path) -> None:
    """A row of twenty megabytes below a usual header."""
    named(folder, "f.csv").write_text("id,arm,age\n" + "1," * 10_000_000 + "\n", encoding="utf-8")


def long_cell(folder: Path) -> None:
    """A cell of twenty megabytes."""
    named(folder, "f.csv").write_text(f'id,arm,age\n1,1,"{"x" * 20_000_000}"\n', encoding="utf-8")


def open_quote(folder: Path) -> None:
    """A quotation mark that is never closed, and a million lines."""
    named(folder, "f.csv").write_text('id,arm,age\n1,1,"\n' + "1,2,3\n" * 1_000_000, encoding="utf-8")


def too_large(folder: Path) -> None:
    """More megabytes than a file may have, none of them on the disk."""
    with named(folder, "f.csv").open("wb") as stream:
        stream.truncate(3_000_000_000)


def far_cell(folder: Path) -> None:
    """One cell in the last corner of a sheet."""
    raw_book(
        named(folder, "f.xlsx"), {"sheet": SHEET % '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'}
    )


def many_claimed(folder: Path) -> None:
    """Texts that a workbook says it has."""
    strings = f'<sst xmlns="{MAIN}" count="99999999999" uniqueCount="99999999999"><si><t>a</t></si></sst>'
    cell = '<row r="1"><c r="A1" t="s"><v>99999999998</v></c></row>'
    raw_book(named(folder, "f.xlsx"), {"sheet": SHEET % cell, "strings": strings})


def packed_sheet(folder: Path) -> None:
    """A sheet of half a megabyte that unpacks to five hundred."""
    path = named(folder, "f.xlsx")
    raw_book(path, {"sheet": SHEET % ""})
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    sheet = next(name for name in parts if "sheet" in name and name.endswith(".xml") and "worksheets" in name)
    row = b"<row>" + b"<c><v>1</v></c>" * 200 + b"</row>"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            if name != sheet:
                packed.writestr(name, content)
        with packed.open(sheet, "w") as stream:
            stream.write(f'<worksheet xmlns="{MAIN}"><sheetData>'.encode())
            for _ in range(800):
                stream.write(row * 200)
            stream.write(b"</sheetData></worksheet>")


def claimed_cases(folder: Path) -> None:
    """An SPSS file that says it holds two thousand million people."""
    data = bytearray(spss([{"name": "ID", "width": 8}, {"name": "AGE", "width": 0}], [["a", 1.0]]))
    data[80:84] = struct.pack("<i", 2_000_000_000)
    named(folder, "f.sav").write_bytes(bytes(data))


def claimed_width(folder: Path) -> None:
    """A Stata file that says it holds thirty thousand columns and a thousand million people."""
    data = bytearray(stata([("id", "b", "%8.0g")], [[1]]))
    data[4:10] = struct.pack("<Hi", 30_000, 1_000_000_000)
    named(folder, "f.dta").write_bytes(bytes(data))


def packed_cases(folder: Path) -> None:
    """A .zsav whose one block unpacks to two thousand megabytes."""
    plain = spss([{"name": "ID", "width": 8}], [["a"]])
    block = zlib.compressobj(9)
    out = io.BytesIO()
    for _ in range(200):
        out.write(block.compress(b"\x01" * 1_000_000))
    out.write(block.flush())
    named(folder, "f.zsav").write_bytes(plain.replace(b"$FL2", b"$FL3", 1) + out.getvalue())


def unknown_kind(name: str) -> Callable[[Path], None]:
    """A file of a kind that is not read, of forty megabytes."""

    def make(folder: Path) -> None:
        named(folder, name).write_bytes(b"[1," * 13_000_000)

    return make


def many_entries(folder: Path) -> None:
    """A study.yaml of thirty thousand assessments."""
    small = Small(folder)
    visit = {"instrument": "hamd17", "timepoint": "interim", "total": "post"}
    small.map["assessments"] += [{**visit, "weeks": week} for week in range(1, 30_001)]
    small.write()


def many_variables(folder: Path) -> None:
    """A study.yaml of thirty thousand variables."""
    small = Small(folder)
    small.map["variables"] |= {f"v{i}": {"from": "age"} for i in range(30_000)}
    small.write()


def yaml_text(text: str) -> Callable[[Path], None]:
    """A study.yaml of such a text."""

    def make(folder: Path) -> None:
        named(folder, "f.csv")
        (folder / "study.yaml").write_text(text, encoding="utf-8")

    return make


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10)
)
REFUSED: dict[str, Callable[[Path], None]] = {
    "csv of a million columns": wide_text,
    "csv with a row of 20 MB": long_row,
    "csv with a cell of 20 MB": long_cell,
    "csv with an open quotation mark": open_quote,
    "csv of 3 GB": too_large,
    "xlsx that claims texts": many_claimed,
    "xlsx that unpacks to 500 MB": packed_sheet,
    "sav that claims people": claimed_cases,
    "dta that claims columns": claimed_width,
    "zsav that unpacks to 200 MB": packed_cases,
    "xpt of 39 MB": unknown_kind("f.xpt"),
    "json of 39 MB": unknown_kind("f.json"),
    "sas7bdat of 39 MB": unknown_kind("f.sas7bdat"),
    "study.yaml of 30,000 assessments": many_entries,
    "study.yaml of 30,000 variables": many_variables,
    "study.yaml of aliases": yaml_text(BOMB),
    "study.yaml nested 100,000 deep": yaml_text("a: " + "[" * 100_000),
    "study.yaml with a text of 4 MB": yaml_text("ipdma_study: 1\na: " + "x" * 4_000_000),
}
READ: dict[str, Callable[[Path], None]] = {"xlsx with one cell in the last corner": far_cell}
