"""Where the names of the columns stand: on the first row, or below lines of title.

A row is taken for the header below others only where those are far narrower than the table, and where its
cells are texts, each once, none of which comes back below it: no row of answers looks so.
"""

from __future__ import annotations

from collections.abc import Sequence

LOOKED_AT = 60
LATEST = 10
NARROWEST = 4
FULL = 0.8
Record = tuple[int, Sequence[str]]


def find_heading(records: Sequence[Record]) -> int:
    """Position of the header among the records with content; 0 where nothing speaks for another one.

    Parameters
    ----------
    records : sequence of (int, list of str)
        Row number and cells of the rows that hold anything, in their order.
    """
    near = [filled(cells) for _, cells in records[:LOOKED_AT]]
    width = max(map(len, near), default=0)
    if width < NARROWEST or len(near[0]) >= FULL * width:
        return 0
    for position in range(1, min(LATEST, len(near))):
        if len(near[position]) >= FULL * width:
            return position if is_header(near[position], near[position + 1 :]) else 0
    return 0


def filled(cells: Sequence[str]) -> dict[int, str]:
    """The cells with content, by their position."""
    return {at: " ".join(cell.split()) for at, cell in enumerate(cells) if cell and not cell.isspace()}


def is_header(names: dict[int, str], below: Sequence[dict[int, str]]) -> bool:
    """Whether these are names of columns rather than answers."""
    texts = [name for name in names.values() if any(letter.isalpha() for letter in name)]
    comes_back = any(row.get(at) == name for row in below for at, name in names.items())
    return (
        len(texts) >= FULL * len(names) and len(set(texts)) == len(texts) and not comes_back and bool(below)
    )
