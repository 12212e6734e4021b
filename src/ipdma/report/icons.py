"""Of a hundred people: two arrays of dots, drawn for the page alone."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

ACROSS, STEP, RADIUS = 25, 9.0, 3.4
ROWS = 100 // ACROSS
LABEL = 15.0


def icon_array(arms: Sequence[tuple[str, int]], alt: str) -> str:
    """An `<svg>` with a hundred dots for each arm.

    Parameters
    ----------
    arms : sequence of (str, int)
        Name, and how many of a hundred have the event.
    alt : str
        The same in words.
    """
    height = len(arms) * (LABEL + ROWS * STEP + 4)
    parts, top = [], 0.0
    for index, (name, count) in enumerate(arms):
        parts.append(f'<text x="0" y="{top + 11:g}">{escape(name)}: {count} of 100</text>')
        for kind, dots in (("rest", range(count, 100)), (f"event arm{index}", range(count))):
            path = "".join(dot(number, top + LABEL) for number in dots)
            parts.append(f'<path class="{kind}" d="{path}"/>' if path else "")
        top += LABEL + ROWS * STEP + 4
    return (
        f'<svg class="icons" role="img" aria-label="{escape(alt)}" '
        f'viewBox="0 0 {ACROSS * STEP:g} {height:g}">{"".join(parts)}</svg>'
    )


def dot(number: int, top: float) -> str:
    """A stroke without length: its round ends make the dot."""
    row, column = divmod(number, ACROSS)
    return f"M{(column + 0.5) * STEP:g} {top + (row + 0.5) * STEP:g}h0"
