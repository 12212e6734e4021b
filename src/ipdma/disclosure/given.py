"""Withheld events that results give back: risks, odds ratios of one trial, unadjusted pools of few."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ipdma.analysis.records import Ident, as_number
from ipdma.disclosure.bounds import ENOUGH
from ipdma.disclosure.cells import ANALYSED, EVENTS, SIDES, Cell, Row
from ipdma.disclosure.exposure import Exposure
from ipdma.disclosure.inversion import tables_with, told_odds_ratio, told_risks, whole_people
from ipdma.disclosure.protect import said_limits
from ipdma.disclosure.unadjusted import Unadjusted, given_back
from ipdma.privacy.few import is_few

POOLED = "an unadjusted result over fewer than three trials whose events are withheld"


@dataclass
class Given:
    """What the results of a run tell of events.

    Attributes
    ----------
    stated : dict of Cell to float or None
        None where a number is withheld.
    words : dict of Cell to str
    minimum : int
    take : function of a cell, a number and a file
        Told of each number that follows.
    unadjusted : Unadjusted
    hidden, everyone : dict of str to set of str
        Trials whose events are withheld, and all that count them, by question.
    """

    stated: Mapping[Cell, float | None]
    words: Mapping[Cell, str]
    minimum: int
    take: Callable[[Cell, float, str], None]
    unadjusted: Unadjusted
    hidden: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    everyone: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        for cell, number in self.stated.items():
            if cell.variable == EVENTS and cell.study:
                question = cell.people.partition("|")[0]
                self.everyone[question].add(cell.study)
                if number is None:
                    self.hidden[question].add(cell.study)

    def find(self, tables: Mapping[str, list[Row]]) -> list[Exposure]:
        """Events of few people, and what was taken on the way.

        Parameters
        ----------
        tables : mapping of str to list of mapping
            The rows of the three shared record files.
        """
        self.take_risks(tables["counts"])
        return [*self.of_trials(tables), *self.of_pools(tables["estimates"])]

    def events(self, question: str, study: str, arm: str) -> Cell:
        """The people with the event."""
        return Cell(f"{question}|{ANALYSED}", study, arm, EVENTS, "yes")

    def size(self, cell: Cell) -> float | None:
        """How many people the events are counted among; None where that is not told."""
        return self.stated.get(cell.but(variable="", level=""))

    def is_secret(self, cell: Cell) -> bool:
        """Whether a number is one that the run withholds."""
        return cell in self.stated and self.stated[cell] is None

    def take_risks(self, counts: list[Row]) -> None:
        """Risks that are a whole number of people once multiplied."""
        fits: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
        for row in counts:
            ident = Ident.parse(row["analysis_id"])
            if ident.stage and str(ident.question) in self.hidden:
                fits[str(ident.question), row["analysis_id"], row["arm"]].append(row)
        for (question, _, arm), rows in fits.items():
            cell = self.events(question, "", arm or "reference")
            size = self.size(cell)
            if size is None or not self.is_secret(cell):
                continue
            for risk, error in told_risks(rows):
                count = whole_people(risk, size, error)
                if count is not None:
                    self.take(cell, float(count), "counts.csv")

    def of_trials(self, tables: Mapping[str, list[Row]]) -> Iterator[Exposure]:
        """Odds ratios of single trials, from each file that has them."""
        for row in tables["study_estimates"]:
            yield from self.of_odds_ratio(row, "study_estimates.csv", row["study"], *told_odds_ratio(row))
        for row in tables["counts"]:
            value = as_number(row["value"])
            if row["what"] == "odds_ratio" and row["study"] and value:
                yield from self.of_odds_ratio(row, "counts.csv", row["study"], math.log(value), None)
        for row in tables["estimates"]:
            everyone = self.everyone.get(Ident.parse(row["analysis_id"]).question.analysis_id, set())
            inside = self.unadjusted.trials(Ident.parse(row["analysis_id"]), row, everyone)
            if inside is not None and len(inside) == 1:
                yield from self.of_odds_ratio(row, "estimates.csv", min(inside), *told_odds_ratio(row))

    def of_odds_ratio(
        self, row: Row, file: str, study: str, log_odds: float | None, error: float | None
    ) -> Iterator[Exposure]:
        """Withheld events of few people that one trial's odds ratio leaves fewer than three values.

        Nothing where the fit adjusts for anything: its odds ratio is then no function of the four numbers.
        """
        ident = Ident.parse(row["analysis_id"])
        question = str(ident.question)
        cells = [self.events(question, study, arm) for arm in SIDES]
        sizes = [self.size(cell) for cell in cells]
        if log_odds is None or study not in self.hidden.get(question, ()) or None in sizes:
            return
        if ident.moderator and not row["level"]:
            return
        if not self.unadjusted.is_unadjusted(ident) or not any(map(self.is_secret, cells)):
            return
        known = [float(size or 0) for size in sizes]
        limits = [self.limits(cell, size) for cell, size in zip(cells, known, strict=True)]
        found = tables_with(log_odds, error, known, limits)
        for cell, values in zip(cells, found, strict=True):
            if self.is_secret(cell) and 0 < len(set(values.tolist())) < ENOUGH:
                yield from self.expose(cell, int(values.min()), int(values.max()), file)

    def limits(self, cell: Cell, size: float) -> tuple[float, float]:
        """What is said of the number of events."""
        number = self.stated.get(cell)
        if number is not None:
            return number, number
        low, high = said_limits(self.words.get(cell, ""), size, self.minimum)
        return low, min(high, size)

    def expose(self, cell: Cell, low: int, high: int, file: str, how: str = "") -> Iterator[Exposure]:
        """An exposure, where it is of few people."""
        if is_few(low, self.minimum) and is_few(high, self.minimum):
            yield Exposure(*cell, low, high, (file,), how)

    def of_pools(self, estimates: list[Row]) -> Iterator[Exposure]:
        """Unadjusted results, alone or beside the one over all, over one or two withheld trials."""
        seen: set[tuple[str, str]] = set()
        for row in estimates:
            ident = Ident.parse(row["analysis_id"])
            question = str(ident.question)
            hidden = self.hidden.get(question, set())
            if not hidden or row["estimate"] == "" or not self.unadjusted.is_unadjusted(ident):
                continue
            inside = self.unadjusted.trials(ident, row, self.everyone[question])
            for study in sorted(given_back(inside, hidden)):
                few = [c for arm in SIDES if self.is_said_few(c := self.events(question, study, arm))]
                if few and (question, study) not in seen:
                    seen.add((question, study))
                    yield Exposure(*few[0], 1, self.minimum - 1, ("estimates.csv",), POOLED)

    def is_said_few(self, cell: Cell) -> bool:
        """Whether a withheld number is said to be of few people."""
        limits = said_limits(self.words.get(cell, ""), None, self.minimum)
        return self.is_secret(cell) and limits == (1.0, self.minimum - 1.0)
