"""What can be worked out of a finished run: its record files, claims and tables put together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ipdma.disclosure.exposure import Exposure
from ipdma.plan import read_plan
from ipdma.privacy.few import ALL_BUT, OTHER, say_few
from ipdma.report.table import Table
from ipdma.runs.attack_shared import Outcome, Say, attack_shared
from ipdma.runs.derive import underived_texts
from ipdma.runs.hold import drawn_by_other_code
from ipdma.runs.read_run import read_claims
from ipdma.runs.recompute import lacking_tables
from ipdma.runs.remake import remake
from ipdma.runs.reprint import misprints

OTHER_CODE = (
    "this run was drawn by another version of the code: what is said to contradict may come from that; make "
    "the run again, or use that version"
)
NUMBER = re.compile(r"\d+")


def disclose(folder: Path, say: Say = lambda line: None) -> Outcome:
    """Try to work out what a run withholds, from all files that it shares.

    Pages, Word tables and figures are held against the shared records, so that no number stands there that
    they do not give.

    Parameters
    ----------
    folder : Path
        A results folder; `private/` is not looked at.
    say : callable
        Told of progress.

    Raises
    ------
    ReadError
        Where a file that a run leaves cannot be read.
    """
    plan = read_plan(folder / "plan.yaml")
    claims = read_claims(folder) if (folder / "claims.csv").is_file() else []
    found = attack_shared(folder, plan, claims, say)
    lacking = lacking_tables(plan)
    if lacking:
        note = f"the words of tables, pages and figures were not looked at: {lacking}"
        return replace(found, notes=[*found.notes, note])
    remade = remake(folder)
    if (folder / "tables").is_dir():
        found.exposed.extend(written_in(folder, int(plan["minimum_cell"]), remade.tables))
    if (folder / "report.html").is_file():
        say("holding pages, Word tables and figures against the shared records")
        found.not_judged.extend(underived_texts(folder, claims, remade))
    if found.not_judged and drawn_by_other_code(folder):
        found.notes.append(OTHER_CODE)
    return found


def written_in(folder: Path, minimum: int, tables: Iterable[Table]) -> Iterator[Exposure]:
    """Cells of tables that print a number where the records withhold one."""
    words = (say_few(minimum), ALL_BUT + say_few(minimum), OTHER)
    for cell in misprints(folder, tables):
        number = NUMBER.fullmatch(cell.found.strip())
        if number is not None and cell.expected.strip() in words:
            file = f"tables/{cell.table}.csv"
            size = int(number.group())
            yield Exposure(file, "", "", f"line {cell.row}", cell.column, size, size, (file,))
