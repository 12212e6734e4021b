"""The files between the jobs of a run: uploads, rows of the analyses, record tables."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ipdma.analysis.records import NOTE_COLUMNS
from ipdma.cohort import AnalysisRows
from ipdma.cohort.records import EXCLUSION_COLUMNS, ROW_COLUMNS, SCALE_COLUMNS
from ipdma.errors import ReadError
from ipdma.io import read_rows_csv, read_text, read_text_table
from ipdma.privacy.acting import shield
from ipdma.provenance import digest_files

Key = tuple[str, str, str]
CELL_KEYS = ("of_outcome", "of_timepoint", "of_variant")
PARTS = ("rows", "exclusions", "scales")
TYPES_FILE = "types.json"
RECORDS = ("estimates", "study_estimates", "counts", "notes")
KEEP_EMPTY = {  # columns whose empty text says "none"; elsewhere it is missing
    "rows": frozenset(ROW_COLUMNS),
    "exclusions": frozenset(EXCLUSION_COLUMNS),
    "scales": frozenset(SCALE_COLUMNS),
}


def read_registry(path: Path | str | None) -> pd.DataFrame | None:
    """Read the registry of trials, or the aggregate results beside it; None where there is none."""
    return (
        None
        if path is None
        else read_rows_csv(path, text=["citation", "registration", "reason"], names=["study"])
    )


def csv_text(table: pd.DataFrame) -> str:
    """A table as CSV whose numbers read back to the same bits, and whose texts no spreadsheet runs."""
    texts = table.select_dtypes(exclude=["number", "bool"]).columns
    shields = {name: shielded(table[name]) for name in texts}
    changed = {
        name: [own.get(cell, cell) for cell in table[name].tolist()] for name, own in shields.items() if own
    }
    table = table.assign(**changed) if changed else table
    return table.to_csv(index=False, lineterminator="\n")


def shielded(column: pd.Series) -> dict[str, str]:
    """Of a column's texts those that a spreadsheet would run, as they may stand in a file."""
    cells = set(column.tolist())
    return {cell: safe for cell in cells if isinstance(cell, str) and (safe := shield(cell)) != cell}


def analysis_files(tables: Mapping[Key, AnalysisRows]) -> dict[str, str]:
    """The rows of one contrast as files: `rows.csv`, `exclusions.csv`, `scales.csv` and the columns' types.

    Parameters
    ----------
    tables : mapping of (outcome, timepoint, variant) to AnalysisRows
        `variant` is the name of a sensitivity analysis, or empty.
    """
    files = {}
    for part in PARTS:
        frames = [
            getattr(table, part).assign(**dict(zip(CELL_KEYS, key, strict=True)))
            for key, table in tables.items()
        ]
        whole = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(CELL_KEYS))
        rest = [column for column in whole.columns if column not in CELL_KEYS]
        files[f"{part}.csv"] = csv_text(whole[[*CELL_KEYS, *rest]])
    types = {part: column_types([getattr(t, part) for t in tables.values()]) for part in PARTS}
    keys = [list(key) for key in tables]
    return files | {TYPES_FILE: json.dumps({"cells": keys, "types": types}, indent=1) + "\n"}


def digest_rows(folder: Path | str) -> str:
    """SHA-256 over the files of one contrast's rows."""
    return digest_files(Path(folder) / name for name in (*(f"{part}.csv" for part in PARTS), TYPES_FILE))


def column_types(frames: Sequence[pd.DataFrame]) -> dict[str, str]:
    """`number` or `text` for each column; number in any frame with rows is a number, unless one holds words.

    A column of which a cell has no value (all its trials came as bundles) is numeric there, whatever it holds
    elsewhere.
    """
    types: dict[str, str] = {}
    words: set[str] = set()
    for frame in frames:
        for column, dtype in frame.dtypes.items():
            name = str(column)
            number = pd.api.types.is_numeric_dtype(dtype) and not frame.empty
            if not number and name not in words and any(filter(is_word, frame[column].tolist())):
                words.add(name)
            if number or name not in types:
                types[name] = "number" if number else "text"
    return {column: "text" if column in words else kind for column, kind in types.items()}


def is_word(cell: object) -> bool:
    """Whether a cell holds text."""
    return isinstance(cell, str) and cell != ""


def read_analysis_rows(folder: Path | str) -> dict[Key, AnalysisRows]:
    """Read the files that `analysis_files` made, with the same keys, types and order."""
    folder = Path(folder)
    content = json.loads(read_text(folder / TYPES_FILE))
    parts = {
        part: read_part(folder / f"{part}.csv", content["types"][part], KEEP_EMPTY[part]) for part in PARTS
    }
    keys = [(outcome, timepoint, variant) for outcome, timepoint, variant in content["cells"]]
    cells = {part: split_cells(table, keys) for part, table in parts.items()}
    return {key: AnalysisRows(**{part: own[key] for part, own in cells.items()}) for key in keys}


def read_part(path: Path, types: Mapping[str, str], keep: Collection[str] = ()) -> pd.DataFrame:
    """One table of a contrast's rows, every column of its type."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    for column, kind in types.items():
        if kind == "number":
            table[column] = pd.to_numeric(table[column].replace("", None)).astype(float)
        elif column not in keep:
            table[column] = table[column].where(table[column] != "", None).astype("str")
    return table


def split_cells(table: pd.DataFrame, keys: Sequence[Key]) -> dict[Key, pd.DataFrame]:
    """The rows of each outcome, time point and variant, in their order."""
    places = table.groupby(list(CELL_KEYS), sort=False).indices
    rest = table.drop(columns=list(CELL_KEYS))
    return {key: rest.iloc[places.get(key, [])].reset_index(drop=True) for key in keys}


def gather_tables(folders: Iterable[Path | str]) -> dict[str, pd.DataFrame]:
    """The record tables of several folders, those of a name one below the other, every cell as it stands.

    Counts that several jobs made alike stand once.
    """
    places = [Path(folder) for folder in folders]
    tables = {
        name: pd.concat([read_text_table(place / f"{name}.csv") for place in places], ignore_index=True)
        for name in RECORDS
    }
    tables["counts"] = tables["counts"].drop_duplicates(ignore_index=True)
    return tables


def typed_files(name: str, table: pd.DataFrame) -> dict[str, str]:
    """A table as `NAME.csv` with its column types as `NAME.json`."""
    types = json.dumps(column_types([table]), indent=1) + "\n"
    return {f"{name}.csv": csv_text(table), f"{name}.json": types}


def read_typed(path: Path | str) -> pd.DataFrame:
    """Read the files that `typed_files` made; `path` is theirs without ending."""
    return read_part(Path(f"{path}.csv"), json.loads(read_text(f"{path}.json")))


def with_contrast(
    contrast: str, tables: Mapping[Key, AnalysisRows]
) -> tuple[dict[Key, AnalysisRows], dict[str, dict[Key, AnalysisRows]]]:
    """Rows by (contrast, outcome, timepoint): the plan's own, and those of each sensitivity analysis."""
    own: dict[Key, AnalysisRows] = {}
    variants: dict[str, dict[Key, AnalysisRows]] = {}
    for (outcome, timepoint, variant), table in tables.items():
        target: dict[Any, AnalysisRows] = variants.setdefault(variant, {}) if variant else own
        target[(contrast, outcome, timepoint)] = table
    return own, variants


def read_record(path: Path | str) -> pd.DataFrame:
    """A record file: numbers as numbers, empty cells missing."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""], low_memory=False)


def read_with(path: Path | str, columns: Iterable[str]) -> pd.DataFrame:
    """A table of texts that has these columns. Raises ReadError naming those that it lacks."""
    table = read_text_table(path)
    lacks = [name for name in columns if name not in table]
    if lacks:
        raise ReadError(f"{path}: expected a table as a run writes it, but it has no {', no '.join(lacks)}")
    return table


def read_notes(path: Path | str) -> list[str]:
    """What could not be done, a line each (warnings stand under their tables)."""
    notes = read_with(path, NOTE_COLUMNS)
    undone = notes[notes["kind"] != "warning"]
    return [f"{row.analysis_id}: {row.text}" for row in undone.itertuples()]


def count_exposed(path: Path | str) -> int:
    """How many withheld numbers could be worked out when the records were made."""
    return int((read_with(path, NOTE_COLUMNS)["kind"] == "exposed").sum())


def count_disclosed(path: Path | str) -> int:
    """How many could be worked out of all that a run prints, by its `disclosure.json`; 0 where it has none.

    Raises ReadError where the file is not one that a run writes.
    """
    if not Path(path).is_file():
        return 0
    try:
        return len(json.loads(read_text(path))["exposed"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ReadError(f"{path}: expected what a run found to be disclosed, got something else") from None


def read_optional(path: Path | str | None) -> pd.DataFrame | None:
    """Read the files that `typed_files` made; None where nothing is named."""
    return None if path is None else read_typed(path)
