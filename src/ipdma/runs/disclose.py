"""What can be worked out of a finished run: its record files, claims and tables put together."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from ipdma.disclosure.attack import Attack, Exposure
from ipdma.disclosure.mask import FILES
from ipdma.io import read_text_table
from ipdma.plan import read_plan
from ipdma.privacy.few import ALL_BUT, OTHER, say_few
from ipdma.runs.read_run import read_claims
from ipdma.runs.recompute import lacking_tables
from ipdma.runs.reprint import reprint

NUMBER = re.compile(r"\d+")
Say = Callable[[str], None]


def disclose(folder: Path, say: Say = lambda line: None) -> tuple[list[Exposure], list[str]]:
    """Try to work out what a run withholds.

    Parameters
    ----------
    folder : Path
        A results folder; `private/` is not looked at.
    say : callable
        Told of progress.

    Returns
    -------
    exposures : list of Exposure
        Numbers of few people that can be worked out.
    notes : list of str
        What could not be judged.

    Raises
    ------
    ReadError
        Where a file that a run leaves cannot be read.
    """
    plan = read_plan(folder / "plan.yaml")
    tables = {name: read_text_table(folder / f"{name}.csv") for name in FILES}
    claims = read_claims(folder) if (folder / "claims.csv").is_file() else []
    say("gathering the numbers of the record files, tables, figures and sentences")
    attack = Attack.read(tables, plan, claims)
    found = attack.run(say)
    notes = [f"not judged: {line}" for line in attack.untold]
    lacking = lacking_tables(plan)
    if lacking:
        notes.append(f"the words of the tables were not looked at: {lacking}")
    elif (folder / "tables").is_dir():
        found += written_in(folder, attack.minimum)
    return found, notes


def written_in(folder: Path, minimum: int) -> Iterator[Exposure]:
    """Cells of tables that print a number where the records withhold one."""
    words = (say_few(minimum), ALL_BUT + say_few(minimum), OTHER)
    for cell in reprint(folder)[1]:
        number = NUMBER.fullmatch(cell.found.strip())
        if number is not None and cell.expected.strip() in words:
            file = f"tables/{cell.table}.csv"
            size = int(number.group())
            yield Exposure(file, "", "", f"line {cell.row}", cell.column, size, size, (file,))


def as_json(exposures: list[Exposure], notes: list[str]) -> str:
    """The outcome as it is written."""
    held = {"exposed": [one.as_mapping() for one in exposures], "notes": notes}
    return json.dumps(held, indent=1, ensure_ascii=False) + "\n"


def summary(exposures: list[Exposure], notes: list[str], limit: int = 20) -> Iterator[str]:
    """The outcome in lines."""
    yield from notes
    if not exposures:
        yield "no withheld number of few people can be worked out"
        return
    yield f"{len(exposures)} withheld numbers of few people can be worked out:"
    yield from (f"  {one.sentence()}" for one in (exposures if limit <= 0 else exposures[:limit]))
    if 0 < limit < len(exposures):
        yield f"  ... and {len(exposures) - limit} more"
