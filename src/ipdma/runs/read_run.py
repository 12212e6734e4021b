"""What a finished run left, read back: its records and its claims."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import pandas as pd

from ipdma.errors import ReadError
from ipdma.io import read_text
from ipdma.report.records import Records

TABLES = ("estimates", "study_estimates", "counts")


def find_run(path: str | Path) -> Path:
    """The results folder. Raises ReadError naming what it lacks."""
    folder = Path(path)
    needed = ["plan.yaml", *(f"{name}.csv" for name in TABLES)]
    missing = [name for name in needed if not (folder / name).is_file()]
    if missing:
        raise ReadError(
            f"{folder}: expected the results folder of a finished run, but there is no "
            f"{', no '.join(missing)}"
        )
    return folder


def read_table(path: Path) -> pd.DataFrame:
    """A record table, every cell as it stands; an empty one is missing. Raises ReadError where it is none."""
    try:
        return pd.read_csv(StringIO(read_text(path)), dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError):
        raise ReadError(f"{path}: expected a table with a header, got something else") from None


def read_records(folder: Path) -> Records:
    """The three record files of a run."""
    tables = {name: read_table(folder / f"{name}.csv") for name in TABLES}
    return Records.from_tables(tables["estimates"], tables["study_estimates"], tables["counts"])


def read_claims(folder: Path) -> list[dict[str, str]]:
    """The claim ledger of a run. Raises ReadError where it has none."""
    path = folder / "claims.csv"
    rows = list(csv.DictReader(StringIO(read_text(path))))
    if not rows or "analysis_id" not in rows[0]:
        raise ReadError(f"{path}: expected the claims of a report, got none; run the report first")
    return rows
