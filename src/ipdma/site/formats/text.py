"""Text files: encoding, separator and quotes found on every line, cells left as they stand."""

from __future__ import annotations

import codecs
import csv
import io
import re
from pathlib import Path

from ipdma.errors import ReadError
from ipdma.site.formats import ReadOptions
from ipdma.site.table import Remark, Table, build_table

SEPARATORS = (";", ",", "\t", "|")
NAMED_SEPARATORS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
EXCEL_HINT = re.compile(r"sep=(.)\r?\n?\Z", re.IGNORECASE)


def read(path: Path, options: ReadOptions, name: str) -> Table:
    """Read a .csv, .tsv or .txt file."""
    text = decode(path.read_bytes(), options.encoding, name)
    separator = options.separator and NAMED_SEPARATORS.get(options.separator, options.separator)
    text, hinted = take_excel_hint(text)
    separator = separator or hinted or ("\t" if path.suffix.lower() == ".tsv" else sniff_separator(text))
    records = parse(text, separator, name)
    first = next((number for number, cells in enumerate(records) if any(map(str.strip, cells))), None)
    if first is None:
        raise ReadError(f"{name}: the file holds no text; export it again")
    numbered = [(number + 1, cells) for number, cells in enumerate(records) if number > first]
    table = build_table(name, records[first], numbered, [])
    table.remarks += replaced_letters(table)
    return table


def decode(data: bytes, declared: str | None, name: str) -> str:
    """The text of a file: as declared; else a byte-order mark, UTF-16 without one, UTF-8, at last cp1252."""
    if declared:
        try:
            codecs.lookup(declared)
            return data.decode(declared, errors="replace").lstrip("\ufeff")
        except (LookupError, UnicodeError):
            raise ReadError(
                f"{name}: `encoding: {declared}` is not known; use utf-8, cp1252, utf-16 or auto"
            ) from None
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    wide = wide_encoding(data)
    if wide is not None:
        return data.decode(wide, errors="replace")
    if b"\0" in data:
        raise ReadError(f"{name}: this is not a text file (it holds zero bytes); save it as CSV (UTF-8)")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        # files glued together from two sources hold both; a line of one kind hardly ever reads as the other
        return "".join(map(decode_line, data.splitlines(keepends=True)))


def decode_line(line: bytes) -> str:
    """A line as UTF-8 where it is that, else as cp1252."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")


def wide_encoding(data: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of the beginning is zero."""
    start = data[:400]
    odd, even = start[1::2], start[0::2]
    if len(odd) < 4:
        return None
    if odd.count(0) > 0.7 * len(odd) and even.count(0) < 0.1 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.7 * len(even) and odd.count(0) < 0.1 * len(odd):
        return "utf-16-be"
    return None


def take_excel_hint(text: str) -> tuple[str, str | None]:
    """Excel's first line `sep=;` names the separator and is no row."""
    line, end, rest = text.partition("\n")
    hint = EXCEL_HINT.match(line)
    return (rest, hint[1]) if hint and end else (text, None)


def sniff_separator(text: str) -> str:
    """The separator under which most lines have as many cells as the header, more cells deciding a tie."""
    best, best_score = ",", (0.0, 0)
    for separator in SEPARATORS:
        widths = [len(cells) for cells in rows_of(text, separator) if cells]
        if not widths or widths[0] < 2:
            continue
        share = sum(width == widths[0] for width in widths) / len(widths)
        if (round(share, 2), widths[0]) > best_score:
            best, best_score = separator, (round(share, 2), widths[0])
    return best


def rows_of(text: str, separator: str) -> list[list[str]]:
    """Rows of cells; an empty list where the quotes do not allow it."""
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error:
        return []


def parse(text: str, separator: str, name: str) -> list[list[str]]:
    """Rows of cells under this separator.

    Raises
    ------
    ReadError
        A quotation mark that is never closed, a cell of more than 131072 characters, an impossible separator.
    """
    if len(separator) != 1 or separator in '"\r\n':
        raise ReadError(f"{name}: `separator: {separator}` must be one character, as ; or ,")
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error:
        raise ReadError(
            f'{name}: a cell is too long to be data; is a quotation mark (") missing or too many?'
        ) from None
    if records and unclosed(text, separator):
        raise ReadError(
            f'{name}: a quotation mark (") opens on row {len(records)} and never closes, '
            "so the rows below it cannot be told apart"
        )
    return records


def unclosed(text: str, separator: str) -> bool:
    """Whether the file ends inside quotes."""
    if text.count('"') % 2 == 0:
        return False
    reader = csv.reader(io.StringIO(text + f'{separator}"', newline=""), delimiter=separator)
    last = list(reader)[-1]
    plain = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))[-1]
    return len(last) == len(plain)


def replaced_letters(table: Table) -> list[Remark]:
    """One remark per column that holds letters which could not be read."""
    remarks = []
    for column in table.columns:
        rows = [row for row, cell in zip(table.rows, column.cells, strict=True) if "\ufffd" in cell]
        if rows or "\ufffd" in column.name:
            remarks.append(Remark("replaced_letters", column.name, rows))
    return remarks
