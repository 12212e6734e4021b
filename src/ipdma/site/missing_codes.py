"""Values that look like missing codes that nobody declared: 99, 888, -9 far from everything else in their
column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ipdma.site.codes import parse_number
from ipdma.site.judge import Outcome

CODES = frozenset(
    {77.0, 88.0, 97.0, 98.0, 99.0, 777.0, 888.0, 997.0, 998.0, 999.0, 7777.0, 8888.0, 9999.0, 99.9, 999.9}
)
NEGATIVE = frozenset({-1.0, -2.0, -7.0, -8.0, -9.0, -77.0, -88.0, -99.0, -999.0})
SMALL = frozenset({8.0, 9.0})
FAR = 8.0
OF_VARIABLES = CODES | NEGATIVE | SMALL
OF_SCORES = CODES | NEGATIVE  # a total of 8 or 9 is an everyday score, on whichever scale it is possible


def is_doubtful(outcome: Outcome, cell: str) -> bool:
    """Whether a value is to be confirmed itself, so that nothing follows from it for other values."""
    number = written(cell)
    return outcome.doubt is not None or (number in CODES if number is not None else False)


def written(cell: str) -> float | None:
    """The number that a cell shows, before any unit is turned."""
    number = parse_number(cell)
    return parse_number(cell, ",") if number is None else number


def looks_missing(
    cells: Iterable[str], outcomes: Iterable[Outcome], suspects: frozenset[float]
) -> frozenset[float]:
    """Numbers of a column, as written, that look like codes rather than measurements.

    A large one must lie at least 8 and an eighth above all other values; 8 or 9 must occur twice or more
    and lie at least 4 above; a negative one must be the only negative value.
    """
    sound = Counter(
        cell
        for cell, o in zip(cells, outcomes, strict=True)
        if isinstance(o.value, float) and o.fault is None
    )
    counts = Counter[float]()
    for cell, n in sound.items():
        if (number := written(cell)) is not None:
            counts[number] += n
    return code_like(counts, suspects)


def code_like(counts: Mapping[float, int], suspects: frozenset[float]) -> frozenset[float]:
    """Which of a column's numbers, each with its count, look like codes (see `looks_missing`)."""
    others = [value for value in counts if value not in suspects]
    if not others:
        return frozenset()
    top, bottom = max(others), min(others)
    found = {value for value in counts if value in CODES and value - top >= max(FAR, top / 8)}
    found |= {value for value in counts if value in SMALL and counts[value] >= 2 and value - top >= 4}
    if bottom >= 0:
        found |= {value for value in counts if value in NEGATIVE}
    return suspects & found
