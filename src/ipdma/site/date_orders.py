"""The order of day and month in a column of dates, from all of its cells: shown, declared, or not to be
known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ipdma.site.dates import ISO, PARTS

FEW = 0.1
BY_CHANCE = 0.01
# of the days of a year, so many have a number that a month can have too
COULD_BE_MONTH = 0.4


class Votes(NamedTuple):
    """Cells of a column that can only be day-month, or month-day."""

    dmy: int
    mdy: int


def votes_of(cells: Sequence[str]) -> Votes:
    """How many cells show each order."""
    pairs = [(int(parts[1]), int(parts[3])) for cell in cells if (parts := PARTS.match(cell.strip()))]
    return Votes(sum(a > 12 >= b for a, b in pairs), sum(b > 12 >= a for a, b in pairs))


def own_order(cells: Sequence[str]) -> str | None:
    """The order that a column shows by itself; a tenth of slips against it does not undo it."""
    dmy, mdy = votes_of(cells)
    if min(dmy, mdy) > FEW * (dmy + mdy) or dmy == mdy:
        return None
    return "DMY" if dmy > mdy else "MDY"


def is_mixed(cells: Sequence[str]) -> bool:
    """Whether a column shows both orders."""
    dmy, mdy = votes_of(cells)
    return min(dmy, mdy) > FEW * (dmy + mdy)


def order_of(cells: Sequence[str], others: Sequence[Sequence[str]], declared: str | None) -> str | None:
    """The order to read a column in: declared, its own, or the one that all other columns show.

    Parameters
    ----------
    cells : sequence of str
        The column's cells.
    others : sequence of sequences of str
        The cells of the study's other columns of dates.
    declared : str or None
        `source.dates`.
    """
    if declared:
        return declared
    own = own_order(cells)
    shown = {order for other in others if (order := own_order(other))}
    return own or (shown.pop() if len(shown) == 1 else None)


def contradicts(cells: Sequence[str], declared: str | None) -> bool:
    """Whether a column shows another order than the declared one and nowhere that one."""
    dmy, mdy = votes_of(cells)
    right, wrong = (dmy, mdy) if declared == "DMY" else (mdy, dmy)
    return declared in ("DMY", "MDY") and right == 0 and wrong >= 2


def looks_swapped(cells: Sequence[str]) -> bool:
    """Whether a spreadsheet of another country turned day and month round where it could.

    It turns those dates into its own whose day can be a month, and leaves the others as text: so among real
    dates (or those written in another way) no day is above 12, and among the texts every one has one.
    """
    # equal dates are one piece of evidence
    cells = sorted({cell.strip() for cell in cells})
    years_first = [(int(m[3]), int(m[2])) for cell in cells if (m := ISO.match(cell))]
    by_sign: dict[str, list[tuple[int, int]]] = {}
    for cell in cells:
        if parts := PARTS.match(cell):
            by_sign.setdefault(parts[2], []).append((int(parts[1]), int(parts[3])))
    groups = [years_first, *by_sign.values()] if years_first else list(by_sign.values())
    if len(groups) < 2:
        return False
    turned = [group for group in groups if all(a <= 12 and b <= 12 for a, b in group)]
    left = [group for group in groups if all(max(a, b) > 12 for a, b in group)]
    if not turned or not left or len(turned) + len(left) < len(groups):
        return False
    chance = COULD_BE_MONTH ** sum(map(len, turned)) * (1 - COULD_BE_MONTH) ** sum(map(len, left))
    return chance < BY_CHANCE
