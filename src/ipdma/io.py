"""Opens files for the commands and the workflow: tables and YAML in, whole files out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ipdma.codebook.text_yaml import read_text_mapping
from ipdma.cohort import Upload
from ipdma.errors import DataError, ReadError, join_faults
from ipdma.privacy.acting import unshield
from ipdma.site.formats.text import parse, refuse_wide, sniff_separator, take_excel_hint
from ipdma.site.harmonised import digest
from ipdma.site.table import Column, build_table
from ipdma.writing import write_file
from ipdma.yaml_values import parse_yaml

MISSING_TEXT = frozenset({"", "NA", "NaN", "nan"})
MISSING_NUMBER = MISSING_TEXT | {"N/A", "n/a", "#N/A", "<NA>", "null", "NULL", "None", "."}
UPLOAD_TABLES = ("participants.csv", "assessments.csv", "missing.csv")
UPLOAD_FILES = (*UPLOAD_TABLES, "study.yaml", "account.json")
ROW_FAULTS = {"row_too_short": "fewer cells than the header", "row_too_long": "more cells than the header"}


def write_json(path: Path | str, record: Any) -> None:
    """Write a record as JSON, whole or not at all; a number that is not finite is a fault of the caller."""
    write_file(path, json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_text(path: Path | str) -> str:
    """Read a text file as UTF-8 (a byte order mark dropped), else as UTF-16 or Windows-1252.

    Raises
    ------
    ReadError
        Where there is no such file, or it is no text.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise ReadError(f"{path}: no such file") from None
    except OSError as error:
        raise ReadError(f"{path}: cannot be read ({error.strerror})") from None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    if b"\x00" in data:
        raise ReadError(f"{path}: expected a text file, got a binary one")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def read_rows_csv(path: Path | str, text: Iterable[str] = (), names: Iterable[str] = ()) -> pd.DataFrame:
    """Read a table of rows as strictly as a trial's own file, each cell trimmed.

    Parameters
    ----------
    path : Path
        Comma, semicolon, tab or bar separated (its lines show which), with a header row.
    text : iterable of str
        Columns to keep as text (a level `01` keeps its zero).
    names : iterable of str
        Columns kept as text in which every cell but an empty one is a name: a study may be called `NA`.

    Returns
    -------
    DataFrame
        Every other column is float where all its cells are numbers or missing, else text; missing is NaN.

    Raises
    ------
    ReadError, DataError
        Where the file cannot be read as a table, a row has fewer or more cells than the header, a quotation
        mark never closes, or a column's name occurs twice.
    """
    table = strict_table(path)
    repeated = sorted({n for n in table.names if table.names.count(n) > 1})
    if repeated:
        raise DataError(f"{path}: the column name stands more than once in the header: {', '.join(repeated)}")
    columns = {c.name: pd.Series([cell.strip() for cell in c.cells], dtype="str") for c in table.columns}
    keep, whole = set(text), set(names)
    decimal_comma = table.separator == ";"
    return pd.DataFrame(
        {
            name: named_cells(column)
            if name in whole
            else text_cells(column)
            if name in keep
            else number_cells(column, decimal_comma)
            for name, column in columns.items()
        }
    )


@dataclass(frozen=True)
class SeparatedTable:
    """A text table and the separator that its lines show."""

    columns: list[Column]
    separator: str

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]


def strict_table(path: Path | str) -> SeparatedTable:
    """Read a file with the reader of trials' files; rows whose cells have moved are refused by number."""
    content, hinted = take_excel_hint(read_text(path))
    refuse_wide(content, str(path), hinted or ",")
    separator = hinted or sniff_separator(content)
    records = list(enumerate(parse(content, separator, str(path)), start=1))
    filled = [(number, cells) for number, cells in records if any(cell.strip() for cell in cells)]
    if not filled:
        raise ReadError(f"{path}: expected a header and rows, got an empty file")
    table = build_table(str(path), filled[0][1], filled[1:], [])
    faults = [
        f"{path}: {ROW_FAULTS[remark.name]} in {row_list(remark.rows)}; expected {len(table.columns)}, one "
        "per column, so that no cell stands under another column's name"
        for remark in table.remarks
        if remark.name in ROW_FAULTS
    ]
    if faults:
        raise ReadError(join_faults(faults))
    return SeparatedTable(table.columns, separator)


def row_list(rows: list[int], shown: int = 10) -> str:
    """`row 6`, or the first few of many (the header is row 1)."""
    listed = ", ".join(map(str, rows[:shown]))
    more = f" and {len(rows) - shown} more" if len(rows) > shown else ""
    return f"{'rows' if len(rows) > 1 else 'row'} {listed}{more}"


def named_cells(column: pd.Series) -> pd.Series:
    """A column of names, only an empty cell as NaN."""
    return column.where(column != "", np.nan)


def text_cells(column: pd.Series) -> pd.Series:
    """A column kept as text, missing as NaN."""
    return column.where(~column.isin(MISSING_TEXT), np.nan).astype("str")


def number_cells(column: pd.Series, decimal_comma: bool = False) -> pd.Series:
    """A column as numbers where all its cells are numbers or missing, else as text."""
    missing = column.isin(MISSING_NUMBER)
    cells = column.where(~missing, np.nan)
    if decimal_comma:
        cells = cells.str.replace(",", ".", regex=False)
    try:
        return pd.to_numeric(cells).astype(float)
    except (ValueError, TypeError, OverflowError):  # the last of an integer of 400 digits
        return text_cells(column)


def read_yaml(path: Path | str) -> dict[str, Any]:
    """Read a YAML mapping; an empty file is an empty mapping.

    Raises
    ------
    ReadError
        Where the file is missing, is no YAML, holds a key twice or is no mapping; the line is named.
    """
    value = parse_yaml(read_text(path), str(path))
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ReadError(f"{path}: expected keys and values, got a {type(value).__name__}")
    return value


def read_upload(folder: Path | str) -> Upload:
    """Read a harmonised upload, every cell as text.

    Raises
    ------
    ReadError
        Where one of its files is absent or no table, or a table is not the one that was written.
    """
    folder = Path(folder)
    content = {name: read_text(folder / name).encode() for name in UPLOAD_FILES}
    upload = upload_of_files(content, str(folder))
    if upload.account.get("digest") != digest([content[name] for name in UPLOAD_TABLES]):
        raise ReadError(
            f"{folder}: changed since it was written (the digest in account.json is of other tables); "
            "harmonise the study again"
        )
    return upload


def upload_of_files(content: Mapping[str, bytes], where: str = "upload") -> Upload:
    """A harmonised upload from the content of its files, by name; `where` names it in messages.

    Raises
    ------
    ReadError
        Where one of its files is no table, or `account.json` no object.
    """
    texts = {name: content[name].decode("utf-8") for name in UPLOAD_FILES}
    tables = (text_table(StringIO(texts[name]), f"{where}/{name}") for name in UPLOAD_TABLES)
    participants, assessments, missing = tables
    study = read_text_mapping(texts["study.yaml"], f"{where}/study.yaml", fast=True)
    try:
        account = dict(json.loads(texts["account.json"]))
    except (ValueError, TypeError, RecursionError):
        raise ReadError(f"{where}/account.json: expected a JSON object; harmonise the study again") from None
    return Upload(study, participants, assessments, missing, account)


def read_text_table(path: Path | str) -> pd.DataFrame:
    """A comma separated table of texts as this package writes it; an empty cell is an empty text.

    Raises ReadError where there is no such file, or it is no table in UTF-8.
    """
    try:
        return text_table(path, str(path))
    except FileNotFoundError:
        raise ReadError(f"{path}: no such file") from None


def text_table(source: Path | str | StringIO, where: str) -> pd.DataFrame:
    """A table of texts from a file or a stream. Raises ReadError where it is no table in UTF-8."""
    try:
        table = pd.read_csv(source, dtype=str, keep_default_na=False, encoding="utf-8")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError):
        raise ReadError(f"{where}: expected a comma separated table with a header, in UTF-8") from None
    for name in table.columns:
        if any(text[:1] == "'" for text in set(table[name].tolist())):
            table[name] = table[name].map(unshield)
    return table
