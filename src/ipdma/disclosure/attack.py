"""Tries to work out of all that a run may share what it withholds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ipdma.analysis.kept import Kept
from ipdma.analysis.records import as_number
from ipdma.disclosure.bounds import ENOUGH, Contradiction, Part, split_unknown, unknown_rows
from ipdma.disclosure.cells import KNOWN, Cell, Reader
from ipdma.disclosure.exposure import Exposure
from ipdma.disclosure.given import Given
from ipdma.disclosure.mask import FILES, WITHHELD, rows_of
from ipdma.disclosure.protect import said_limits, whole_of
from ipdma.disclosure.solve import find_ranges
from ipdma.disclosure.ties import Ties
from ipdma.disclosure.unadjusted import Unadjusted
from ipdma.privacy.few import is_few, say_few

SHARE_ERROR = 1e-6
Claim = Mapping[str, str]


@dataclass
class Attack:
    """What an outsider has.

    Attributes
    ----------
    minimum : int
        The plan's `minimum_cell`: fewer people than this are few.
    stated : dict of Cell to float or None
        Numbers of people that are printed, or follow from one that is; None where one is withheld.
    words : dict of Cell to str
        What stands for a withheld number.
    sources : dict of Cell to set of str
        The files that print a number.
    untold : list of str
        Groups of numbers that contradict each other and were not judged.
    given : list of Exposure
        Events that follow from risks and odds ratios.
    """

    minimum: int
    stated: dict[Cell, float | None] = field(default_factory=dict)
    words: dict[Cell, str] = field(default_factory=dict)
    sources: dict[Cell, set[str]] = field(default_factory=lambda: defaultdict(set))
    untold: list[str] = field(default_factory=list)
    given: list[Exposure] = field(default_factory=list)

    @classmethod
    def read(cls, tables: Mapping[str, Any], plan: Mapping[str, Any], claims: Iterable[Claim] = ()) -> Attack:
        """Gather the numbers of the shared record files, and those that other files print.

        Parameters
        ----------
        tables : mapping of str to DataFrame
            `estimates`, `study_estimates`, `counts` as they are shared: every cell as text, with the column
            `withheld`.
        plan : mapping
            With its defaults filled in.
        claims : iterable of mapping
            Rows of claims.csv: each number that a table, a figure or a sentence prints, with the file and
            line of the record that it is drawn from.
        """
        attack = cls(int(plan["minimum_cell"]))
        reader = Reader.of_plan(plan)
        printed: dict[tuple[str, int], list[Claim]] = defaultdict(list)
        for claim in claims:
            printed[claim["file"], int(claim["line"])].append(claim)
        rows: dict[str, list[Mapping[str, Any]]] = {name: list(rows_of(tables[name])) for name in FILES}
        for name in FILES:
            for i, row in enumerate(rows[name]):
                places = reader.places(name, row)
                attack.take_row(f"{name}.csv", row, places)
                for claim in printed.get((name, i + 2), ()):
                    attack.take_claim(claim, places)
        plain = Unadjusted(plan, rows["counts"], rows["study_estimates"])
        attack.given = Given(attack.stated, attack.words, attack.minimum, attack.take, plain).find(rows)
        return attack

    def take_row(self, file: str, row: Mapping[str, Any], places: Mapping[str, Cell]) -> None:
        """The numbers of one row, and the word for the first one that is not there."""
        word = str(row.get(WITHHELD) or "")
        for column, cell in places.items():
            number = as_number(row[column])
            if number is not None:
                self.take(cell, number, file)
            elif word:
                self.stated.setdefault(cell, None)
        gone = [column for column in places if row[column] == ""]
        if word and gone:
            self.words.setdefault(places[gone[0]], word)
            self.take_share(file, row, places)

    def take(self, cell: Cell, number: float, file: str) -> None:
        """One printed number."""
        self.stated[cell] = number
        self.sources[cell].add(file)

    def take_share(self, file: str, row: Mapping[str, Any], places: Mapping[str, Cell]) -> None:
        """A share printed beside a withheld count gives it back."""
        share = as_number(row.get("value"))
        if share is None or row["what"] not in ("characteristic_share", "events", "event_rate", "at_value"):
            return
        of = as_number(row["of"])
        count = None if of is None else share * of
        if count is not None and abs(count - round(count)) < SHARE_ERROR * max(1.0, count):
            self.take(places["n"], float(round(count)), file)

    def take_claim(self, claim: Claim, places: Mapping[str, Cell]) -> None:
        """A number that a table, a figure or a sentence prints."""
        cell, number = places.get(claim["field"]), as_number(claim["value"])
        if cell is not None and number is not None:
            self.take(cell, number, claim["place"])

    def run(self, say: Callable[[str], None] = lambda line: None, kept: Kept | None = None) -> list[Exposure]:
        """Numbers of few people that are printed, follow from a result, or have fewer than three values left.

        Groups of numbers that contradict each other are not judged; they are named in `untold`. `kept` holds
        what an earlier attack worked out.
        """
        ties = Ties(self.stated)
        found = [
            self.expose(c, n, n, [c]) for c, n in self.stated.items() if n and self.is_printed_few(c, n, ties)
        ]
        found += self.given
        parts = split_unknown(unknown_rows(ties.ties, ties.value), lambda cell: self.limits(cell, ties))
        for done, part in enumerate(sorted(parts, key=lambda p: p.cells), 1):
            if done % 100 == 0:
                say(f"{done} of {len(parts)} groups of numbers that hang together")
            found += self.attack_part(part, ties, kept or Kept({}))
        return found

    def is_printed_few(self, cell: Cell, number: float, ties: Ties) -> bool:
        """Whether a number of few people with an attribute stands there for all to read."""
        return is_few(number, self.minimum) and self.is_guarded(cell, ties)

    def is_guarded(self, cell: Cell, ties: Ties) -> bool:
        """Whether a number is of people with an attribute; a value that all of few have is none."""
        whole = ties.value(whole_of(cell))
        return cell.personal and (cell.level != KNOWN or whole is None or whole >= self.minimum)

    def limits(self, cell: Cell, ties: Ties) -> tuple[float, float]:
        """What is said of a number that is not there."""
        return said_limits(self.words.get(cell, ""), ties.value(whole_of(cell)), self.minimum)

    def attack_part(self, part: Part, ties: Ties, kept: Kept) -> list[Exposure]:
        """Numbers of few people that can be worked out of one part."""
        few = say_few(self.minimum)
        wanted = [c for c in part.cells if self.is_guarded(c, ties) and self.words.get(c, few) == few]
        try:
            ranges = find_ranges(part, wanted, kept)
        except Contradiction as error:
            self.untold.append(str(error))
            return []
        near: list[Exposure] = []
        for cell, span in ranges.items():
            if span.values < ENOUGH and span.low >= 1 and span.high < self.minimum:
                around = [tie for tie in ties.ties if cell in (tie.whole, *tie.parts)]
                givers = [giver for tie in around for giver in (tie.whole, *tie.parts)]
                near.append(self.expose(cell, span.low, span.high, givers))
        return near

    def expose(self, cell: Cell, low: float, high: float, givers: Sequence[Cell]) -> Exposure:
        """An exposure with the files that print what it follows from."""
        files = sorted({file for giver in givers for file in self.sources.get(giver, ())})
        return Exposure(*cell, int(low), int(high), tuple(files) or ("counts.csv",))
