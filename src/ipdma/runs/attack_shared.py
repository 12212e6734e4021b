"""What can be worked out of what a run shares: record files, printed numbers, the trials' pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ipdma.analysis.kept import Kept
from ipdma.analysis.records import COUNT_COLUMNS, ESTIMATE_COLUMNS, STUDY_COLUMNS
from ipdma.disclosure.attack import Attack
from ipdma.disclosure.exposure import Exposure
from ipdma.runs.disclose_pages import few_in_pages, pages_read, untold_pages
from ipdma.runs.files import read_with

COLUMNS = {"estimates": ESTIMATE_COLUMNS, "study_estimates": STUDY_COLUMNS, "counts": COUNT_COLUMNS}
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

    def as_mapping(self) -> dict[str, Any]:
        """For JSON."""
        exposed = [one.as_mapping() for one in self.exposed]
        return {"exposed": exposed, "not_judged": self.not_judged, "notes": self.notes}

    @classmethod
    def from_mapping(cls, held: Mapping[str, Any]) -> Outcome:
        """An outcome as `as_mapping` left it."""
        exposed = [Exposure(**{**one, "files": tuple(one["files"])}) for one in held["exposed"]]
        return cls(exposed, held["not_judged"], held["notes"])

    def as_json(self) -> str:
        """The text of `disclosure.json`."""
        return json.dumps(self.as_mapping(), indent=1, ensure_ascii=False) + "\n"

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


def files_attacked(folder: Path) -> list[Path]:
    """The files of a run that an attack reads, as far as they are there."""
    records = [folder / f"{name}.csv" for name in COLUMNS]
    return [path for path in (*records, *pages_read(folder)) if path.is_file()]


def attack_shared(
    folder: Path,
    plan: Mapping[str, Any],
    claims: Iterable[Mapping[str, Any]],
    say: Say = lambda line: None,
    kept: Kept | None = None,
) -> Outcome:
    """Try to work out what the record files withhold, from them and from every number that is printed.

    Parameters
    ----------
    folder : Path
        With the shared record files and the trials' pages.
    plan : mapping
        With defaults filled in.
    claims : iterable of mapping
        The printed numbers, as in claims.csv.
    say : callable
        Told of progress.
    kept : Kept, optional
        What an earlier attack worked out of numbers that are tied to each other.
    """
    say("gathering the numbers of the record files, tables, figures, sentences and the trials' pages")
    tables = {name: read_with(folder / f"{name}.csv", columns) for name, columns in COLUMNS.items()}
    attack = Attack.read(tables, plan, claims)
    found = [*attack.run(say, kept), *few_in_pages(folder, int(plan["minimum_cell"]))]
    return Outcome(found, attack.untold, untold_pages(folder))
