"""Opens files for the commands and the workflow: tables and YAML in, whole files out."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ipdma.codebook.text_yaml import read_text_mapping
from ipdma.cohort import Upload
from ipdma.errors import DataError, ReadError
from ipdma.yaml_values import parse_yaml

MISSING_TEXT = frozenset({"", "NA", "NaN", "nan"})
MISSING_NUMBER = MISSING_TEXT | {"N/A", "n/a", "#N/A", "<NA>", "null", "NULL", "None", "."}


def write_atomically(path: Path | str, content: bytes | str) -> None:
    """Write a whole file or nothing: a temporary file in the same folder, then a rename.

    Parameters
    ----------
    path : Path
        Its folder is made when it is missing.
    content : bytes or str
        Text is written as UTF-8 with line feeds as they stand.

    Raises
    ------
    ReadError
        Where the folder cannot be written to.
    """
    path = Path(path)
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise ReadError(f"{path}: cannot be written ({error.strerror})") from None
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(scratch, 0o666 & ~current_umask())
        os.replace(scratch, path)
    except OSError as error:
        Path(scratch).unlink(missing_ok=True)
        raise ReadError(f"{path}: cannot be written ({error.strerror})") from None
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


def current_umask() -> int:
    """The process's umask, which a temporary file ignores."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_json(path: Path | str, record: Any) -> None:
    """Write a record as JSON, whole or not at all; a number that is not finite is a fault of the caller."""
    write_atomically(path, json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


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


def read_rows_csv(path: Path | str, text: Iterable[str] = ()) -> pd.DataFrame:
    """Read a table of rows, each cell trimmed.

    Parameters
    ----------
    path : Path
        Comma, semicolon or tab separated (the header shows which), with a header row.
    text : iterable of str
        Columns to keep as text (a study named `007` keeps its zeros).

    Returns
    -------
    DataFrame
        Every other column is float where all its cells are numbers or missing, else text; missing is NaN.

    Raises
    ------
    ReadError, DataError
        Where the file cannot be read as a table, or a column's name stands twice.
    """
    content = read_text(path)
    header = next((line for line in content.splitlines() if line.strip()), "")
    if not header:
        raise ReadError(f"{path}: expected a header and rows, got an empty file")
    separator = max(",;\t", key=header.count)
    table = parse_table(path, content, separator)
    repeated = sorted({name for name in table.columns if list(table.columns).count(name) > 1})
    if repeated:
        raise DataError(f"{path}: the column name stands more than once in the header: {', '.join(repeated)}")
    keep = set(text)
    decimal_comma = separator == ";"
    return pd.DataFrame(
        {
            n: text_cells(table[n]) if n in keep else number_cells(table[n], decimal_comma)
            for n in table.columns
        }
    )


def parse_table(path: Path | str, content: str, separator: str) -> pd.DataFrame:
    """Split a file's text into a table of text cells, blank rows dropped."""
    try:
        table = pd.read_csv(
            StringIO(content), sep=separator, dtype=str, header=None, keep_default_na=False, index_col=False
        )
    except (pd.errors.ParserError, ValueError):
        raise ReadError(
            f"{path}: the rows do not all have as many cells as the header; expected one cell per column"
        ) from None
    cells = table.map(lambda cell: cell.strip() if isinstance(cell, str) else "")
    names = list(cells.iloc[0])
    body = cells.iloc[1:].reset_index(drop=True)
    if len(body) and (body.iloc[:, -1] == "").all():
        check_widths(path, content, separator)
    body.columns = pd.Index(names)
    return body


def check_widths(path: Path | str, content: str, separator: str) -> None:
    """Refuse a table whose every row is shorter than its header: its cells stand under the wrong names."""
    header, *rows = [len(row) for row in csv.reader(StringIO(content), delimiter=separator) if any(row)]
    if rows and max(rows) < header:
        raise ReadError(f"{path}: the header has {header} cells and every row at most {max(rows)}")


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
    except (ValueError, TypeError):
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
        Where one of its files is absent or no table.
    """
    folder = Path(folder)
    study = read_text_mapping(read_text(folder / "study.yaml"), str(folder / "study.yaml"))
    return Upload(
        study=study,
        participants=read_text_table(folder / "participants.csv"),
        assessments=read_text_table(folder / "assessments.csv"),
        missing=read_text_table(folder / "missing.csv"),
        account=json.loads(read_text(folder / "account.json")),
    )


def read_text_table(path: Path | str) -> pd.DataFrame:
    """A comma separated table of texts; an empty cell is an empty text."""
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except FileNotFoundError:
        raise ReadError(f"{path}: no such file") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError):
        raise ReadError(f"{path}: expected a comma separated table with a header, in UTF-8") from None
