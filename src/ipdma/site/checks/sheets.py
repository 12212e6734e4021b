"""Whether the sheet that was read is the one that the mapping means."""

from __future__ import annotations

from collections.abc import Iterable

from ipdma.site.columns import Columns
from ipdma.site.findings import Findings
from ipdma.site.study_file import StudyFile
from ipdma.site.table import OtherSheet, Table

ENOUGH = 0.8


def check_sheet(file: StudyFile, table: Table, columns: Columns, findings: Findings) -> bool:
    """Ask about a workbook with more than one sheet of these columns; False where another sheet is meant.

    A sheet that study.yaml names is not doubted.
    """
    wanted = columns.wanted(file.mentions)
    if file.source.sheet is not None or not wanted:
        return True
    own = share(wanted, table.names)
    alike = [other for other in table.other_sheets if share(wanted, other.names) >= max(own, ENOUGH)]
    better = [other for other in alike if share(wanted, other.names) > own]
    said = {"sheet": table.sheet or "", "other": say_sheets(better or alike)}
    if better and own < ENOUGH:
        findings.add("wrong_sheet", table.file, None, None, said=said)
        return False
    if any(not other.hidden for other in alike):
        findings.add("several_sheets", table.file, None, None, said=said)
    return True


def share(wanted: set[str], names: Iterable[str]) -> float:
    """How many of these columns a sheet has."""
    return len(wanted & set(names)) / len(wanted)


def say_sheets(sheets: Iterable[OtherSheet]) -> str:
    """Names of sheets in quotes."""
    return ", ".join(f"'{sheet.name}'" for sheet in sheets)
