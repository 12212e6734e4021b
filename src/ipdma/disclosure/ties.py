"""What ties the counts of a run to each other: parts that add up to a whole, people who are among others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ipdma.disclosure.cells import (
    ANALYSED,
    ASKED,
    BELOW,
    EVENTS,
    FITTED,
    KNOWN,
    LEAF,
    LEFT_OUT,
    MISSING,
    ROW,
    ROWS,
    SIDES,
    WITHOUT,
    Cell,
)

STATES = (KNOWN, MISSING, WITHOUT, ASKED)


class Tie(NamedTuple):
    """`whole` is the sum of `parts`; where not `exact`, it is the sum or more."""

    whole: Cell
    parts: tuple[Cell, ...]
    exact: bool = True


@dataclass
class Ties:
    """All ties of a run, and the counts that follow from published sizes alone.

    Attributes
    ----------
    stated : dict of Cell to float or None
        Every cell that the record files have; None where its number is withheld.
    sizes : dict of Cell to float
        Participants of trials that asked for a variable: sums of published sizes.
    ties : list of Tie
    """

    stated: dict[Cell, float | None]
    sizes: dict[Cell, float] = field(default_factory=dict)
    ties: list[Tie] = field(default_factory=list)

    def __post_init__(self) -> None:
        groups: dict[tuple[str, str], list[Cell]] = defaultdict(list)
        for cell in self.stated:
            if cell.variable:
                groups[cell.people, cell.variable].append(cell)
        for (people, variable), cells in groups.items():
            if variable in (ROW, LEAF):
                self.ties += self.of_fit(people, cells, variable)
            else:
                self.ties += self.of_variable(people, variable, cells)
        self.ties += self.of_people()

    def value(self, cell: Cell) -> float | None:
        """The published number of a cell."""
        held = self.stated.get(cell)
        return self.sizes.get(cell) if held is None else held

    @property
    def cells(self) -> set[Cell]:
        """Every cell that is stated or tied."""
        return {*self.stated, *(c for tie in self.ties for c in (tie.whole, *tie.parts))}

    def of_fit(self, people: str, cells: list[Cell], variable: str) -> Iterator[Tie]:
        """Fitted and left out are all analysed; the leaves of a tree are all fitted."""
        whole = Cell(people, "", "", ROW, FITTED)
        if variable == ROW:
            if whole not in self.stated:
                return
            base = Cell(".".join(people.split(".")[:3]) + f"|{ANALYSED}")
            if self.value(base) is not None and {c.level for c in cells} >= {FITTED, LEFT_OUT}:
                yield Tie(base, (whole, whole.but(level=LEFT_OUT)))
        else:
            leaves = [cell for cell in cells if cell.arm]
            for node in (whole, *(cell for cell in cells if not cell.arm)):
                inside = tuple(c for c in leaves if node == whole or is_below(c.level, node.level))
                if inside:
                    yield Tie(node, inside)

    def of_variable(self, people: str, variable: str, cells: list[Cell]) -> Iterator[Tie]:
        """Everyone asked has a value or lacks it; levels, arms and trials add up."""
        whole = Cell(people, "", "", variable)
        levels: dict[tuple[str, str], set[str]] = defaultdict(set)
        for cell in cells:
            levels[cell.study, cell.arm].add(cell.level)
        asked = {s for (s, _), found in levels.items() if s and self.asks(whole.but(study=s), found)}
        for (study, arm), found in sorted(levels.items()):
            here = whole.but(study=study, arm=arm)
            yield from self.of_group(here, found, asked)
            found |= {level for tie in self.of_group(here, found, asked) for level in levels_of(tie, here)}
        yield from over_arms(whole, levels)
        yield from over_studies(whole, levels, asked)

    def asks(self, here: Cell, levels: set[str]) -> bool:
        """Whether a trial asked for the variable: somebody has a value, or the number is withheld."""
        if here.variable == EVENTS:
            return True
        known = [self.stated[c] for level in levels if (c := here.but(level=level)) in self.stated]
        return any(n is None or n > 0 for n in known)

    def of_group(self, here: Cell, levels: set[str], asked: Iterable[str]) -> Iterator[Tie]:
        """The ties within one trial and arm."""
        known, size = here.but(level=KNOWN), Cell(here.people, here.study, here.arm)
        if here.variable == EVENTS:
            yield Tie(size, (here.but(level="yes"), here.but(level="no")))
            return
        for names in partitions(levels):
            yield Tie(known, tuple(here.but(level=name) for name in names))
        if KNOWN in levels or partitions(levels):
            whole = self.size_asked(here, asked)
            if whole is not None:
                yield Tie(whole, (known, here.but(level=MISSING)))
        if WITHOUT in levels and self.value(size) is not None:
            yield Tie(size, (known, here.but(level=WITHOUT)))

    def size_asked(self, here: Cell, asked: Iterable[str]) -> Cell | None:
        """The cell of everyone asked, its number known from the sizes of the trials; None if it is not."""
        cell = here.but(level=ASKED)
        if self.value(cell) is None:
            places = [here.study] if here.study else sorted(asked)
            sizes = [self.stated.get(Cell(here.people, study, here.arm)) for study in places]
            if not sizes or None in sizes:
                return self.sum_asked(here, cell)
            self.sizes[cell] = sum(size for size in sizes if size is not None)
        return cell

    def sum_asked(self, here: Cell, cell: Cell) -> Cell | None:
        """Everyone asked as both arms' together."""
        sides = [self.value(cell.but(arm=side)) for side in SIDES]
        if here.arm or None in sides:
            return None
        self.sizes[cell] = sum(n for n in sides if n is not None)
        return cell

    def of_people(self) -> Iterator[Tie]:
        """The analysed are among the rows of their question, these among the contrast's, these in the cohort.

        Where a group is as large as the one that it is from, they are the same people.
        """
        for cell in sorted(self.cells):
            for people in wider(cell.people):
                other = cell.but(people=people)
                if cell.personal and cell.level != WITHOUT and self.has(other):
                    sizes = [self.stated.get(Cell(p, cell.study, cell.arm)) for p in (cell.people, people)]
                    same = sizes[0] is not None and sizes[0] == sizes[1]
                    yield Tie(other, (cell,), exact=same)

    def has(self, cell: Cell) -> bool:
        """Whether a cell is stated or tied."""
        return cell in self.tied

    @property
    def tied(self) -> set[Cell]:
        """Cells known so far, counted once."""
        if not hasattr(self, "_tied"):
            self._tied = self.cells
        return self._tied


def is_below(path: str, node: str) -> bool:
    """Whether a leaf is a node or lies below it."""
    return path == node or path.startswith(node + BELOW)


def wider(people: str) -> list[str]:
    """The groups that a group of people is taken from."""
    head, _, kind = people.partition("|")
    contrast = head.split(".")[0]
    if kind == ANALYSED:
        question = ".".join(head.split(".")[:3])
        own = [f"{question}|{ANALYSED}"] if question != head else []
        return [*own, f"{question}|{ROWS}", contrast, "cohort"]
    if kind == ROWS:
        return [contrast, "cohort"]
    return [] if head == "cohort" else ["cohort"]


def levels_of(tie: Tie, here: Cell) -> Iterator[str]:
    """Levels of one trial and arm that a tie names."""
    for cell in (tie.whole, *tie.parts):
        if cell.but(level="") == here:
            yield cell.level


def partitions(levels: Iterable[str]) -> list[list[str]]:
    """Levels of the variable itself, and those of each moderator that cuts it: each a whole."""
    found: dict[str, list[str]] = defaultdict(list)
    for level in sorted(set(levels) - set(STATES)):
        found[level.partition("=")[0] if "=" in level else ""].append(level)
    return list(found.values())


def over_arms(whole: Cell, levels: Mapping[tuple[str, str], set[str]]) -> Iterator[Tie]:
    """Both sides together are all; a level that one side does not have is nobody's there."""
    for (study, arm), found in sorted(levels.items()):
        sides = [levels.get((study, side), set()) for side in SIDES]
        if arm or not all(sides):
            continue
        for level in sorted(found - {ASKED, WITHOUT}):
            there = [side for side, own in zip(SIDES, sides, strict=True) if level in own]
            if len(there) == len(SIDES) or (there and level not in STATES):
                here = whole.but(study=study, level=level)
                yield Tie(here, tuple(here.but(arm=side) for side in there))


def over_studies(whole: Cell, levels: Mapping[tuple[str, str], set[str]], asked: set[str]) -> Iterator[Tie]:
    """The trials that asked are together all; a level that a trial does not have is nobody's there."""
    for (study, arm), found in sorted(levels.items()):
        if study:
            continue
        for level in sorted(found - {ASKED, WITHOUT}):
            own = {s: levels.get((s, arm), set()) for s in sorted(asked)}
            stated = [s for s in own if level in own[s]]
            silent = [s for s in own if level not in own[s]]
            blank = level not in STATES and all(partitions(own[s]) for s in silent)
            if stated and (not silent or blank):
                here = whole.but(arm=arm, level=level)
                yield Tie(here, tuple(here.but(study=s) for s in stated))
