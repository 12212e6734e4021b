"""SAS files (.sas7bdat), by pyreadstat in a process of its own: its crash, or a file that fills the memory,
is a sentence."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ipdma.errors import ReadError
from ipdma.site.codes import shortest
from ipdma.site.formats import ReadOptions
from ipdma.site.formats.binary import damaged, finish_table
from ipdma.site.table import Column, NumberText, Table

SECONDS = 50
MEMORY = 1_400_000_000
FALLBACKS = (None, "WINDOWS-1252")


def read(path: Path, options: ReadOptions, name: str) -> Table:
    """Read a .sas7bdat file.

    Raises
    ------
    ImportError
        pyreadstat is not installed.
    ReadError
        The file is damaged, or takes more time or memory than it may.
    """
    if find_spec("pyreadstat") is None or sys.platform == "emscripten":
        raise ImportError("pyreadstat")
    command = [sys.executable, "-m", "ipdma.site.formats.sas", str(path), options.encoding or ""]
    paths = os.pathsep.join(filter(None, sys.path))
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=SECONDS, env=os.environ | {"PYTHONPATH": paths}, check=False
        )
    except subprocess.TimeoutExpired:
        raise ReadError(
            f"{name}: takes more than {SECONDS} seconds to read; save it as CSV (UTF-8) with fewer columns"
        ) from None
    if done.returncode:
        raise damaged(name)
    columns = [
        Column(
            entry["name"],
            [NumberText(c[0]) if isinstance(c, list) else c for c in entry["cells"]],
            entry["label"],
        )
        for entry in json.loads(done.stdout)
    ]
    return finish_table(name, columns)


def main(arguments: Sequence[str]) -> int:
    """The child: print the columns as JSON, a number as a list of its text."""
    import pyreadstat

    limit_memory()
    path, encoding = arguments
    for tried in (encoding,) if encoding else FALLBACKS:
        try:
            cells, meta = pyreadstat.read_sas7bdat(path, output_format="dict", encoding=tried)
            break
        except pyreadstat.ReadstatError as error:
            if "convert string" not in str(error):
                return 1
    else:
        return 1
    labels = meta.column_names_to_labels
    columns = [
        {"name": name, "label": labels.get(name) or "", "cells": [cell_text(cell) for cell in cells[name]]}
        for name in meta.column_names
    ]
    json.dump(columns, sys.stdout)
    return 0


def limit_memory() -> None:
    """Bound this process, where the system can."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def cell_text(value: Any) -> str | list[str]:
    """A cell as text; dates as year-month-day."""
    if value is None or value != value:
        return ""
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, (int, float)):
        return [shortest(float(value))]
    return str(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
