"""Values that look like missing codes that nobody declared: 99, 888, -9 far from everything else in their
column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ipdma.site.codes import parse_number
from ipdma.site.judge import Outcome

CODES = frozenset(
    {77.0, 88.0, 97.0, 98.0, 99.0, 777.0, 888.0, 997.0, 998.0, 999.0, 7777.0, 8888.0, 9999.0, 99.9, 999.9}
)
NEGATIVE = frozenset({-1.0, -2.0, -7.0, -8.0, -9.0, -77.0, -88.0, -99.0, -999.0})
SMALL = frozenset({8.0, 9.0})
FAR = 8.0


def is_doubtful(outcome: Outcome, cell: str) -> bool:
    """Whether a value is to be confirmed itself, so that nothing follows from it for other values."""
    number = parse_number(cell)
    return outcome.doubt is not None or (number in CODES if number is not None else False)


def looks_missing(outcomes: Iterable[Outcome]) -> frozenset[float]:
    """Values of a column that look like codes rather than measurements.

    A large one must lie at least 8 and an eighth above all other values; 8 or 9 must occur twice or more
    and lie at
    least 4 above; a negative one must be the only negative value.
    """
    counts = Counter(o.value for o in outcomes if isinstance(o.value, float) and o.fault is None)
    special = CODES | NEGATIVE | SMALL
    others = [value for value in counts if value not in special]
    if not others:
        return frozenset()
    top, bottom = max(others), min(others)
    found = {value for value in counts if value in CODES and value - top >= max(FAR, top / 8)}
    found |= {value for value in counts if value in SMALL and counts[value] >= 2 and value - top >= 4}
    if bottom >= 0:
        found |= {value for value in counts if value in NEGATIVE}
    return frozenset(found)
