"""Small cells: which counts of a table may be printed."""

from __future__ import annotations

from collections.abc import Sequence

from ipdma.report import wording
from ipdma.report.ledger import Pen
from ipdma.report.records import Row


def small(value: float | None, minimum: int) -> bool:
    """True for a count from 1 up to but not including the minimum."""
    return value is not None and 0 < value < minimum


def hidden(block: Sequence[Sequence[float | None]], minimum: int) -> list[list[bool]]:
    """Which cells of a block whose rows and columns add up to printed totals stay out.

    A cell is hidden when it is small. Where a row or column hides just one, the next smallest is hidden with it,
    or the total would give it away; this is repeated until every line hides none or at least two.
    """
    mask = [[small(value, minimum) for value in row] for row in block]
    while True:
        extra = next((cell for line in lines_of(block) if (cell := second_of(block, mask, line))), None)
        if extra is None:
            return mask
        mask[extra[0]][extra[1]] = True


def lines_of(block: Sequence[Sequence[float | None]]) -> list[list[tuple[int, int]]]:
    """The rows and columns of a block as lists of positions of counts."""
    rows = [[(i, j) for j in range(len(row))] for i, row in enumerate(block)]
    width = max((len(row) for row in block), default=0)
    columns = [[(i, j) for i in range(len(block)) if j < len(block[i])] for j in range(width)]
    return [[(i, j) for i, j in line if block[i][j] is not None] for line in rows + columns]


def second_of(
    block: Sequence[Sequence[float | None]], mask: list[list[bool]], line: list[tuple[int, int]]
) -> tuple[int, int] | None:
    """The next smallest cell of a line that hides just one, or None; a line of one cell has no total."""
    if len(line) < 2 or sum(mask[i][j] for i, j in line) != 1:
        return None
    open_cells = [(i, j) for i, j in line if not mask[i][j] and block[i][j] != 0] or [
        c for c in line if not mask[c[0]][c[1]]
    ]
    return min(open_cells, key=lambda cell: block[cell[0]][cell[1]] or 0.0)


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
