"""Writes a partner's table as .csv, .xlsx, .sav or .dta, the same bytes every time.

The writers of the binary formats stamp the time of writing; those bytes are set to a fixed date afterwards.
"""

from __future__ import annotations

import io
import re
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat

from ipdma.archives import undated
from ipdma.synthetic.sheet import Sheet

FIXED_DATE = (2026, 1, 1, 0, 0, 0)
DOCUMENT_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
SAV_STAMP = slice(92, 109)  # creation date (9 bytes) and time (8 bytes) of an SPSS header
DTA_STAMP = re.compile(rb"(<timestamp>.)\d\d \w{3} \d{4} \d\d:\d\d")
NOTE = "SYNTHETIC data: no person stands behind any row"


def number_text(value: float, decimal: str) -> str:
    """A number as text, to ten significant digits, with the site's decimal sign; empty for NaN."""
    return "" if np.isnan(value) else f"{value:.10g}".replace(".", decimal)


def text_cells(table: pd.DataFrame, decimal: str) -> pd.DataFrame:
    """Every cell as text."""
    return pd.DataFrame(
        {
            name: [number_text(v, decimal) for v in column]
            if pd.api.types.is_numeric_dtype(column)
            else column.fillna("").astype(str)
            for name, column in table.items()
        }
    )


def csv_bytes(sheet: Sheet, separator: str, decimal: str, encoding: str) -> bytes:
    """A delimited text file with the line ends that Excel writes."""
    text = text_cells(sheet.table, decimal).to_csv(index=False, sep=separator, lineterminator="\r\n")
    return text.encode(encoding)


def xlsx_bytes(sheet: Sheet, title: str) -> bytes:
    """A workbook of one sheet named `title`, without times."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = title
    page.append(list(sheet.table.columns))
    for row in sheet.table.itertuples(index=False):
        page.append([whole(value) for value in row])
    book.properties.creator = "SYNTHETIC"
    book.properties.description = NOTE
    stream = io.BytesIO()
    book.save(stream)
    stamp = "{:04d}-{:02d}-{:02d}T00:00:00Z".format(*FIXED_DATE[:3]).encode()
    return undated(
        stream.getvalue(), partial(DOCUMENT_STAMP.sub, stamp), FIXED_DATE, mode=0o644, in_order=True
    )


def whole(value: object) -> object:
    """A cell as Excel keeps it: nothing for empty, an integer where the number is whole."""
    if isinstance(value, float):
        return None if np.isnan(value) else int(value) if value.is_integer() else value
    return value or None


def sav_bytes(sheet: Sheet) -> bytes:
    """An SPSS file with value labels and declared missing codes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.sav"
        pyreadstat.write_sav(
            sheet.table,
            path,
            file_label="SYNTHETIC",
            note=NOTE,
            variable_value_labels={k: dict(v) for k, v in sheet.labels.items()},
            missing_ranges={k: list(v) for k, v in sheet.user_missing.items()},
            row_compress=True,
        )
        content = bytearray(path.read_bytes())
    content[SAV_STAMP] = b"01 Jan 2600:00:00"
    return bytes(content)


def dta_bytes(sheet: Sheet) -> bytes:
    """A Stata file (format 118) with value labels."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.dta"
        pyreadstat.write_dta(
            sheet.table,
            path,
            file_label="SYNTHETIC",
            version=14,
            variable_value_labels={k: {int(c): t for c, t in v.items()} for k, v in sheet.labels.items()},
        )
        content = path.read_bytes()
    return DTA_STAMP.sub(rb"\g<1>01 Jan 2026 00:00", content, count=1)


def file_bytes(sheet: Sheet, how: dict[str, str], title: str) -> bytes:
    """The table in the format that `how` names: csv, xlsx, sav or dta.

    `separator`, `decimal` and `encoding` of `how` belong to csv; `title` names the sheet of xlsx.
    """
    if how["format"] == "csv":
        return csv_bytes(sheet, how["separator"], how["decimal"], how["encoding"])
    if how["format"] == "xlsx":
        return xlsx_bytes(sheet, title)
    return sav_bytes(sheet) if how["format"] == "sav" else dta_bytes(sheet)
