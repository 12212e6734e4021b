"""What may stand outside `private/`: tables of results, never a participant's row."""

from __future__ import annotations

import csv
import io
import re

ROW_COLUMNS = {
    "participant",
    "participant_id",
    "subject",
    "subject_id",
    "patient",
    "patient_id",
    "usubjid",
    "pid",
}
PSEUDONYM = re.compile(r"[0-9a-f]{16}\Z")


def row_level_reason(text: str) -> str | None:
    """Why a delimited text may not leave, or None.

    Parameters
    ----------
    text : str
        A CSV or TSV file.

    Returns
    -------
    str or None
        A sentence without any value of the file.
    """
    separator = "\t" if "\t" in text.partition("\n")[0] else ","
    rows = csv.reader(io.StringIO(text), delimiter=separator)
    header = next(rows, [])
    named = [column for column in header if column.strip().lower() in ROW_COLUMNS]
    if named:
        return f"the column '{named[0]}' holds one row per participant"
    hits = [0] * len(header)
    count = 0
    for row in rows:
        count += 1
        for at, cell in enumerate(row[: len(header)]):
            hits[at] += bool(PSEUDONYM.match(cell))
    for column, hit in zip(header, hits, strict=True):
        if count >= 2 and hit == count:
            return f"the column '{column}' holds pseudonyms"
    return None
