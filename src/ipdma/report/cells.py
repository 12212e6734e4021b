"""Small cells: which counts of a table may be printed."""

from __future__ import annotations

from collections.abc import Sequence

from ipdma.privacy import suppress_table
from ipdma.report import wording
from ipdma.report.ledger import Pen
from ipdma.report.records import Row


def small(value: float | None, minimum: int) -> bool:
    """True for a count from 1 up to but not including the minimum."""
    return value is not None and 0 < value < minimum


def hidden(block: Sequence[Sequence[float | None]], minimum: int) -> list[list[bool]]:
    """Which cells of a block of levels (rows) by sides stay out, so that no small count can be worked out.

    A row is [n], or [all, active, reference] whose first is the sum of the others. The columns' totals,
    the numbers
    with a value, are printed beside the block. Where no pattern of hidden cells protects a small one, all
    are hidden.
    """
    counts = [[0 if n is None else int(n) for n in row] for row in block]
    if not any(small(n, minimum) for row in counts for n in row):
        return [[False] * len(row) for row in counts]
    sums = all(len(row) == 3 and row[0] == row[1] + row[2] for row in counts)
    if not sums and any(len(row) != 1 for row in counts):
        return [[True] * len(row) for row in counts]
    inner = [row[1:] if sums else row for row in counts]
    totals = [(len(inner), column) for column in range(len(inner[0]) + 1)]
    kept = suppress_table(inner, minimum, totals)
    if kept.exposed:
        return [[True] * len(row) for row in counts]
    pairs = zip(kept.cells, kept.row_totals, strict=True)
    return [[n is None for n in ((total, *row) if sums else row)] for row, total in pairs]


def fewer(minimum: int) -> str:
    """What stands for a small count."""
    return f"<{minimum}"


def withheld(value: float | None, minimum: int) -> str:
    """What stands for a hidden count: `<10` for a small one, `*` for one hidden to protect another."""
    return fewer(minimum) if small(value, minimum) else "*"


def complete(pen: Pen, row: Row | None, minimum: int) -> str:
    """Participants with a value: the count, or `all but <10` where the difference from the whole is small."""
    if row is None or row.number("n") is None:
        return wording.NOTHING
    n, of = row.number("n"), row.number("of")
    if small(n, minimum):
        return fewer(minimum)
    if of is not None and n is not None and small(of - n, minimum):
        return f"all but {fewer(minimum)}"
    return pen.count(row)


def missing(pen: Pen, row: Row | None, minimum: int) -> str:
    """Participants without a value."""
    if row is None or row.number("n") is None:
        return wording.NOTHING
    return fewer(minimum) if small(row.number("n"), minimum) else pen.count(row)
