"""Text files: encoding, separator and quotes found on every line, cells left as they stand."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from pathlib import Path

from ipdma.errors import ReadError
from ipdma.site.formats import ReadOptions
from ipdma.site.formats.binary import LARGEST_COLUMNS
from ipdma.site.formats.encodings import STRAY, decode, settle
from ipdma.site.formats.heading import find_heading
from ipdma.site.formats.one_column import refuse_one_column
from ipdma.site.table import Remark, Table, build_table

SEPARATORS = (";", ",", "\t", "|")
NAMED_SEPARATORS = {
    "tab": "\t",
    "\\t": "\t",
    "comma": ",",
    "semicolon": ";",
    "pipe": "|",
    "space": " ",
    "caret": "^",
    "colon": ":",
}
MOST = 0.8
EXCEL_HINT = re.compile(r"sep=(.)\r?\n?\Z", re.IGNORECASE)


def read(path: Path, options: ReadOptions, name: str) -> Table:
    """Read a .csv, .tsv or .txt file."""
    text = decode(path.read_bytes(), options.encoding, name)
    separator = options.separator and NAMED_SEPARATORS.get(options.separator, options.separator)
    text, hinted = take_excel_hint(text)
    refuse_wide(text, name, *filter(None, (separator, hinted)))
    separator = separator or hinted or ("\t" if path.suffix.lower() == ".tsv" else sniff_separator(text))
    records = parse(text, separator, name)
    guessed: list[int] = []
    if STRAY.search(text):
        records, guessed = settle_all(records)
    numbered = [(number, cells) for number, cells in enumerate(records, 1) if any(map(str.strip, cells))]
    if not numbered:
        raise ReadError(f"{name}: the file holds no text; export it again")
    heading = find_heading(numbered)
    table = build_table(name, numbered[heading][1], numbered[heading + 1 :], [])
    if heading:
        said = {"row": str(numbered[heading][0])}
        above = [number for number, _ in numbered[:heading]]
        table.remarks.append(Remark("title_rows", rows=above, said=said))
    refuse_one_column(table, text)
    table.remarks += replaced_letters(table)
    if guessed:
        table.remarks.append(Remark("mixed_encoding", rows=guessed))
    return table


def refuse_wide(text: str, name: str, *named: str) -> None:
    """Refuse a line of more cells than a trial's file has columns, before cells are made of it."""
    for line in text.splitlines():
        if len(line) > LARGEST_COLUMNS:
            width = 1 + max(line.count(separator) for separator in (*SEPARATORS, *named))
            if width > LARGEST_COLUMNS:
                raise ReadError(
                    f"{name}: a line has {width} cells; a trial's file has at most {LARGEST_COLUMNS} "
                    "columns. Export only the columns that study.yaml names, a row per participant"
                )


def settle_all(records: list[list[str]]) -> tuple[list[list[str]], list[int]]:
    """Cells without stray bytes, and the rows where these were read as cp1252."""
    settled = [[settle(cell) for cell in cells] for cells in records]
    rows = [
        number
        for number, (old, new) in enumerate(zip(records, settled, strict=True), start=1)
        if any(a != b and "\ufffd" not in b for a, b in zip(old, new, strict=True))
    ]
    return settled, rows


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
        # a line of title above the header has another width than nearly all lines
        common = Counter(width for width in widths if width > 1).most_common(1)
        if not common or (widths[0] < 2 and common[0][1] < MOST * len(widths)):
            continue
        header = common[0][0] if common[0][1] >= MOST * len(widths) else widths[0]
        share = sum(width == header for width in widths) / len(widths)
        if (round(share, 2), header) > best_score:
            best, best_score = separator, (round(share, 2), header)
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
        # columns of a table set with blanks stand apart by any number of them
        blanks = separator == " "
        records = list(
            csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=blanks)
        )
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
