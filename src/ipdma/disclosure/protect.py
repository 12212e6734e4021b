"""Which counts of a run are withheld: small ones, and further ones until no small one can be worked out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ipdma.analysis.kept import Kept
from ipdma.disclosure.bounds import (
    ENOUGH,
    MOST,
    Part,
    Range,
    build_part,
    reduce_tie,
    split_unknown,
    unknown_rows,
)
from ipdma.disclosure.cells import ASKED, EVENTS, KNOWN, Cell
from ipdma.disclosure.solve import find_all_ranges
from ipdma.disclosure.ties import Tie, Ties
from ipdma.privacy.few import ALL_BUT, is_few, say_few, why_withheld

ROUNDS = 60
PATIENT = 12  # rounds in which the cheapest are withheld one by one


@dataclass
class Protection:
    """The counts of a run, and which of them are withheld.

    Attributes
    ----------
    ties : Ties
        Every number known.
    minimum : int
        The plan's `minimum_cell`.
    truth : dict of Cell to float
        Stated numbers, and those that follow from them.
    hidden : set of Cell
    exposed : set of Cell
        Withheld ones that could be worked out in spite of all that was tried.
    kept : Kept
        What solved parts have shown, in this run and an earlier one.
    loose : set of Cell
        Withheld ones that were found to have enough possible values.
    """

    ties: Ties
    minimum: int
    kept: Kept = field(default_factory=lambda: Kept({}))
    truth: dict[Cell, float] = field(default_factory=dict)
    hidden: set[Cell] = field(default_factory=set)
    exposed: set[Cell] = field(default_factory=set)
    loose: set[Cell] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.truth = follow(self.ties)
        self.ties.ties = [tie for tie in self.ties.ties if holds(tie, self.truth)]
        self.of_few = {cell for cell in self.truth if self.few(cell)}
        blocks = {block_of(cell) for cell in self.of_few if cell.study}
        self.hidden = {
            c
            for c in self.ties.stated
            if c.personal and (c in self.of_few or (c.study and block_of(c) in blocks))
        }
        self.near: dict[Cell, list[int]] = defaultdict(list)  # places of its ties
        for at, tie in enumerate(self.ties.ties):
            for cell in (tie.whole, *tie.parts):
                self.near[cell].append(at)

    def number(self, cell: Cell) -> float | None:
        """The number that an outsider reads for a cell, or None."""
        return None if cell in self.hidden else self.ties.value(cell)

    def limits(self, cell: Cell) -> tuple[float, float]:
        """The least and the most of a withheld count by the word in its place.

        A count that no file states may be anything from 0 on.
        """
        if cell not in self.hidden:
            return min(0.0, self.truth.get(cell, 0.0)), MOST
        return said_limits(self.why(cell), self.truth.get(whole_of(cell)), self.minimum)

    def bounds(self, cell: Cell) -> tuple[float, float]:
        """The least and the most of any count: a shown one is what it is."""
        shown = self.number(cell)
        return self.limits(cell) if shown is None else (shown, shown)

    def why(self, cell: Cell) -> str:
        """The word for a withheld count."""
        whole = self.truth.get(whole_of(cell)) if cell.level == KNOWN or cell.variable == EVENTS else None
        return why_withheld(self.truth[cell], whole, self.minimum)

    def guarded(self, cell: Cell) -> bool:
        """Whether a cell is of few people and no number of it is shown: it must not be worked out."""
        return cell in self.of_few and self.number(cell) is None

    def few(self, cell: Cell) -> bool:
        """Whether a cell is of few people; to have a value is no attribute where all of a few have one."""
        if not cell.personal or not is_few(self.truth.get(cell), self.minimum):
            return False
        whole = self.truth.get(cell.but(level=ASKED))
        return cell.level != KNOWN or whole is None or whole >= self.minimum

    def secure(self, say: Callable[[str], None] = lambda line: None, processes: int = 1) -> None:
        """Withhold the cheapest further counts around each one that can be worked out, until none can be.

        Each tie is followed alone until nothing shows that way, all ties of a run side by side; only then are
        those in which something is unknown solved together, parts that nothing links in up to two processes.
        """
        done: dict[Any, set[Cell]] = {}
        held = [reduce_tie(tie, self.number) for tie in self.ties.ties]
        web = build_part(unknown_rows(self.ties.ties, lambda cell: None), self.bounds)
        place = {cell: i for i, cell in enumerate(web.cells)}
        for turn in range(ROUNDS):
            wanted = self.wanted(web)
            found = too_tight(web.ranges(wanted, together=False)) if wanted else set()
            if not found:
                unknown = split_unknown([row for row in held if row is not None], self.limits)
                parts = {part.key: part for part in unknown}
                self.work_out({key: part for key, part in parts.items() if key not in done}, done, processes)
                found = {cell for key in parts for cell in done[key]}
            more = {c for cell in sorted(found) for c in self.next_around(cell, every=turn >= PATIENT)}
            self.exposed = found
            if not found or not more - self.hidden:
                break
            self.hidden |= more
            for cell in more:
                web.bounds[:, place[cell]] = self.bounds(cell)
            for at in {i for cell in more for i in self.near[cell]}:
                held[at] = reduce_tie(self.ties.ties[at], self.number)
        say(f"{len(self.hidden)} numbers of people withheld; {len(self.exposed)} can still be worked out")

    def wanted(self, part: Part) -> list[Cell]:
        """Guarded cells of a part; one that had enough values before more was withheld has them still."""
        return [cell for cell in part.cells if cell not in self.loose and self.guarded(cell)]

    def work_out(self, parts: Mapping[Any, Part], done: dict[Any, set[Cell]], processes: int) -> None:
        """Add to `done`, of each part, the guarded cells that have too few possible values."""
        wanted = {key: self.wanted(part) for key, part in parts.items()}
        done |= {key: set() for key in parts}
        asked = {key: (parts[key], cells) for key, cells in wanted.items() if cells}
        for key, spans in zip(
            asked, find_all_ranges(list(asked.values()), self.kept, processes), strict=True
        ):
            done[key] = too_tight(spans)
            self.loose |= spans.keys() - done[key]

    def next_around(self, target: Cell, every: bool) -> list[Cell]:
        """The cheapest count whose withholding may loosen a cell: in its own ties, else one tie further.

        With `every` all counts as near as that one.
        """
        seen, ring = {target}, [target]
        while ring:
            ties = [self.ties.ties[at] for cell in ring for at in self.near[cell]]
            options = [c for tie in ties for c in (tie.whole, *tie.parts)]
            cheap = [c for c in dict.fromkeys(options) if self.may_hide(c)]
            if cheap:
                return cheap if every else [min(cheap, key=lambda c: (not c.study, self.truth[c], c))]
            ring = [c for c in dict.fromkeys(options) if c not in seen and self.number(c) is None]
            seen |= set(ring)
        return []

    def may_hide(self, cell: Cell) -> bool:
        """Whether a count is shown and may be withheld: it is of people with an attribute, not of nobody."""
        return cell.personal and cell in self.ties.stated and cell not in self.hidden and self.truth[cell] > 0


def too_tight(spans: Mapping[Cell, Range]) -> set[Cell]:
    """Cells that have too few possible values."""
    return {cell for cell, span in spans.items() if span.values < ENOUGH}


def block_of(cell: Cell) -> tuple[str, str, str]:
    """What a trial says of a variable stands together, or is withheld together."""
    return cell.people, cell.study, cell.variable


def whole_of(cell: Cell) -> Cell:
    """The people that a count is from: everyone asked, or everyone."""
    return Cell(cell.people, cell.study, cell.arm) if cell.variable == EVENTS else cell.but(level=ASKED)


def said_limits(word: str, whole: float | None, minimum: int) -> tuple[float, float]:
    """The least and the most that a count can be by the word in its place; 0 to `MOST` by any other word."""
    if word == say_few(minimum):
        return 1.0, minimum - 1.0
    if word.startswith(ALL_BUT) and whole is not None:
        return max(0.0, whole - minimum + 1.0), whole - 1.0
    return 0.0, MOST


def follow(ties: Ties) -> dict[Cell, float]:
    """Stated numbers and all that follow from a tie with one unknown."""
    truth = {cell: n for cell in ties.cells if (n := ties.value(cell)) is not None}
    exact = [tie for tie in ties.ties if tie.exact]
    grown = True
    while grown:
        before = len(truth)
        for tie in exact:
            learn(tie, truth)
        grown = len(truth) > before
    return truth


def holds(tie: Tie, truth: dict[Cell, float]) -> bool:
    """Whether a tie is so in this run; one that an unforeseen analysis breaks tells an outsider nothing."""
    if any(cell not in truth for cell in (tie.whole, *tie.parts)):
        return True
    parts, whole = sum(truth[cell] for cell in tie.parts), truth[tie.whole]
    return parts == whole if tie.exact else parts <= whole


def learn(tie: Tie, truth: dict[Cell, float]) -> None:
    """Add to `truth` the one unknown of a tie; nothing where it has more, or none."""
    unknown = [cell for cell in (tie.whole, *tie.parts) if cell not in truth]
    if len(unknown) != 1:
        return
    parts = sum(truth[c] for c in tie.parts if c in truth)
    truth[unknown[0]] = parts if unknown[0] == tie.whole else truth[tie.whole] - parts
