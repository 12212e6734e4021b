"""A table as CSV."""

from __future__ import annotations

import csv
import io

from ipdma.privacy.acting import shield
from ipdma.report.table import Section, Table


def table_csv(table: Table) -> bytes:
    """CSV with a heading row; a section is a row of its own. Minus signs are ASCII and dashes are empty, so
    that programs read the numbers; cells that a spreadsheet would run are shielded."""
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow([shield(column.label) for column in table.columns])
    for row in table.rows:
        cells = [row.label, *[""] * (len(table.columns) - 1)] if isinstance(row, Section) else row
        writer.writerow([shield(cell.replace("\u2212", "-").replace("\u2014", "")) for cell in cells])
    return held.getvalue().encode("utf-8")
