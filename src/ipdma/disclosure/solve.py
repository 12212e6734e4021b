"""Ranges of withheld counts, found where the same numbers were not solved before, in up to two processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from ipdma.analysis.kept import Kept
from ipdma.disclosure.bounds import STARTED, Contradiction, Part, Range
from ipdma.disclosure.cells import Cell
from ipdma.workers import beside

Asked = tuple[Part, Sequence[int]]  # and the places of the wanted counts among its cells
WORTH = 100  # wanted counts; fewer are found in less time than a process starts


def find_ranges(part: Part, wanted: Sequence[Cell], kept: Kept) -> dict[Cell, Range]:
    """The ranges of a part, all ties together, solved where the same numbers were not before.

    Raises
    ------
    Contradiction
        As `Part.ranges` does.
    """
    return next(find_all_ranges([(part, wanted)], kept)) if wanted else part.ranges(wanted)


def find_all_ranges(
    asked: Sequence[tuple[Part, Sequence[Cell]]], kept: Kept, processes: int = 1
) -> Iterator[dict[Cell, Range]]:
    """The ranges of the wanted counts of several parts, in order; what is new is solved first.

    Raises
    ------
    Contradiction
        As `Part.ranges` does.
    """
    placed = [(part, places_of(part, wanted)) for part, wanted in asked]
    named = [(part.digest(places), part, places) for part, places in placed]
    new = {digest: (part, places) for digest, part, places in named if kept.find(digest) is None}
    solved = solve_split(new, processes)
    for digest, part, places in named:
        found = kept.get(digest, partial(solved.__getitem__, digest))["ranges"]
        if found is None:
            raise part.contradiction()
        yield {part.cells[i]: Range(*span) for i, span in zip(places, found, strict=True)}


def places_of(part: Part, wanted: Sequence[Cell]) -> list[int]:
    """Where cells stand among those of a part."""
    at = {cell: i for i, cell in enumerate(part.cells)}
    return sorted(at[cell] for cell in wanted)


def solve_split(asked: Mapping[str, Asked], processes: int) -> dict[str, Any]:
    """What `solve` gives, half of it from a process beside this one where that is worth its start.

    Once this process has solved, it splits no more: where there are more than two cores HiGHS keeps threads,
    and a forked process would wait for ever for those of its parent.
    """
    own, other = deal(asked)
    if STARTED or wanted_in(other) < WORTH:
        return solve(asked)
    with beside(partial(solve, other), processes) as answer:
        return solve(own) | answer()


def deal(asked: Mapping[str, Asked]) -> tuple[dict[str, Asked], dict[str, Asked]]:
    """Two shares with about as many wanted counts, the larger first."""
    shares: tuple[dict[str, Asked], dict[str, Asked]] = ({}, {})
    for digest in sorted(asked, key=lambda digest: (-len(asked[digest][1]), digest)):
        min(shares, key=wanted_in)[digest] = asked[digest]
    first, second = sorted(shares, key=wanted_in, reverse=True)
    return first, second


def wanted_in(asked: Mapping[str, Asked]) -> int:
    """How many counts are wanted."""
    return sum(len(places) for _, places in asked.values())


def solve(asked: Mapping[str, Asked]) -> dict[str, Any]:
    """The ranges of each part as they are kept, by digest; None where no numbers fit it."""
    return {digest: {"ranges": ranges_of(part, places)} for digest, (part, places) in asked.items()}


def ranges_of(part: Part, places: Sequence[int]) -> list[Range] | None:
    """The ranges of the counts at some places; None where no numbers fit."""
    try:
        return list(part.ranges([part.cells[i] for i in places]).values())
    except Contradiction:
        return None
