"""What can be worked out of a finished run: its record files, claims and tables put together."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ipdma.disclosure.attack import Attack
from ipdma.disclosure.exposure import Exposure
from ipdma.disclosure.mask import FILES
from ipdma.io import read_text_table
from ipdma.plan import read_plan
from ipdma.privacy.few import ALL_BUT, OTHER, say_few
from ipdma.report.table import Table
from ipdma.runs.derive import underived_texts
from ipdma.runs.read_run import read_claims
from ipdma.runs.recompute import lacking_tables
from ipdma.runs.remake import remake
from ipdma.runs.reprint import misprints

NUMBER = re.compile(r"\d+")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What an outsider can work out of a run.

    Attributes
    ----------
    exposed : list of Exposure
        Numbers of few people that can be worked out.
    not_judged : list of str
        What contradicts the rest of what is shared, so that nothing can be said of it.
    notes : list of str
        What was not looked at.
    """

    exposed: list[Exposure]
    not_judged: list[str]
    notes: list[str]

    @property
    def is_clear(self) -> bool:
        """Whether everything that was looked at was judged, and nobody found."""
        return not self.exposed and not self.not_judged

    def as_json(self) -> str:
        """The text of `disclosure.json`."""
        held = {
            "exposed": [one.as_mapping() for one in self.exposed],
            "not_judged": self.not_judged,
            "notes": self.notes,
        }
        return json.dumps(held, indent=1, ensure_ascii=False) + "\n"

    def lines(self, limit: int = 20) -> Iterator[str]:
        """Lines for a person; of each kind at most `limit` (0: all)."""
        yield from self.notes
        exposed = [one.sentence() for one in self.exposed]
        yield from listed("withheld numbers of few people can be worked out", exposed, limit)
        contradicting = "contradictions in what is shared, of which nothing could be judged"
        yield from listed(contradicting, self.not_judged, limit)
        if self.not_judged:
            yield "  was something changed since the run? `ipdma verify` names the files that were"
        if self.is_clear:
            yield "no withheld number of few people can be worked out"


def listed(head: str, lines: Sequence[str], limit: int) -> Iterator[str]:
    """A count with a head, and the first lines."""
    if lines:
        yield f"{len(lines)} {head}:"
        yield from (f"  {line}" for line in (lines if limit <= 0 else lines[:limit]))
    if 0 < limit < len(lines):
        yield f"  ... and {len(lines) - limit} more"


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
    tables = [folder / f"{name}.csv" for name in FILES]
    claims = read_claims(folder) if (folder / "claims.csv").is_file() else []
    found = attack_records(tables, plan, claims, say)
    lacking = lacking_tables(plan)
    if lacking:
        note = f"the words of tables, pages and figures were not looked at: {lacking}"
        return replace(found, notes=[note])
    remade = remake(folder)
    if (folder / "tables").is_dir():
        found.exposed.extend(written_in(folder, int(plan["minimum_cell"]), remade.tables))
    if (folder / "report.html").is_file():
        say("holding pages, Word tables and figures against the shared records")
        found.not_judged.extend(underived_texts(folder, claims, remade))
    return found


def attack_records(
    paths: Iterable[str | Path], plan: Mapping[str, Any], claims: Iterable[Mapping[str, Any]], say: Say
) -> Outcome:
    """Try to work out what the record files withhold, from them and from every number that is printed.

    Parameters
    ----------
    paths : iterable of path
        The shared record files, `NAME.csv`.
    plan : mapping
        With defaults filled in.
    claims : iterable of mapping
        The printed numbers, as in claims.csv.
    say : callable
        Told of progress.
    """
    say("gathering the numbers of the record files, tables, figures and sentences")
    attack = Attack.read({Path(path).stem: read_text_table(path) for path in paths}, plan, claims)
    found = attack.run(say)
    return Outcome(found, attack.untold, [])


def written_in(folder: Path, minimum: int, tables: Iterable[Table]) -> Iterator[Exposure]:
    """Cells of tables that print a number where the records withhold one."""
    words = (say_few(minimum), ALL_BUT + say_few(minimum), OTHER)
    for cell in misprints(folder, tables):
        number = NUMBER.fullmatch(cell.found.strip())
        if number is not None and cell.expected.strip() in words:
            file = f"tables/{cell.table}.csv"
            size = int(number.group())
            yield Exposure(file, "", "", f"line {cell.row}", cell.column, size, size, (file,))
