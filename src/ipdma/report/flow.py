"""Flow diagrams in boxes: who was sought, obtained, analysed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from ipdma.report import style
from ipdma.report.exhibit import Sheet
from ipdma.report.style import EDGE, WIDE, wrap

LINE = 0.125
PAD = 0.07
STEP = 0.22
ROOM = WIDE - 2 * EDGE


@dataclass(frozen=True)
class Box:
    """One box: a bold head and lines below it; `side` boxes stand to the right, joined to the box before
    them."""

    head: str
    lines: tuple[str, ...] = ()
    side: bool = False


@dataclass(frozen=True)
class Flow:
    """A trunk of boxes with boxes beside it, and below it branches side by side, each a column of boxes."""

    title: str
    trunk: Sequence[Box]
    branches: Sequence[Sequence[Box]]
    stamp: str


@dataclass(frozen=True)
class Placed:
    """A box in inches: left, bottom, width, height, and its wrapped text."""

    box: Box
    x: float
    y: float
    width: float
    height: float
    text: tuple[tuple[str, str], ...]  # (weight, line)


Arrow = tuple[tuple[float, float], tuple[float, float]]


def place_boxes(flow: Flow) -> tuple[list[Placed], list[Arrow], float]:
    """Measure every box and stack them from height 0 downwards, so that their heights are negative.

    Returns the boxes, the arrows between them and how deep all of them reach, in inches.
    """
    main, side = 0.5 * ROOM, 0.42 * ROOM
    placed: list[Placed] = []
    arrows: list[Arrow] = []
    depth, beside = 0.0, 0.0
    for box in flow.trunk:
        if box.side:
            own = box_at(box, EDGE + ROOM - side, beside, side)
            last = next(p for p in reversed(placed) if not p.box.side)
            y = max(last.y + last.height / 2, own.y + 0.06)
            arrows.append(((last.x + last.width, y), (own.x, y)))
            beside += own.height + 0.08
            depth = max(depth, beside + 0.14)
        else:
            own = box_at(box, EDGE, depth, ROOM if box is flow.trunk[-1] and flow.branches else main)
            arrows += [down(p, own) for p in [q for q in placed if not q.box.side][-1:]]
            beside, depth = depth, depth + own.height + STEP
        placed.append(own)
    trunk = [p for p in placed if not p.box.side][-1:]
    deepest = depth
    for index, branch in enumerate(flow.branches):
        width = (ROOM - STEP * (len(flow.branches) - 1)) / len(flow.branches)
        above, at = trunk, depth + STEP / 2
        for box in branch:
            own = box_at(box, EDGE + index * (width + STEP), at, width)
            arrows += [down(p, own) for p in above]
            placed.append(own)
            above, at = [own], at + own.height + STEP
        deepest = max(deepest, at - STEP)
    return placed, arrows, deepest


def box_at(box: Box, x: float, depth: float, width: float) -> Placed:
    """A box whose upper edge lies `depth` inches down."""
    text = box_text(box, width)
    height = len(text) * LINE + 2 * PAD
    return Placed(box, x, -depth - height, width, height, text)


def down(above: Placed, below: Placed) -> Arrow:
    """From the lower edge of a box to the upper edge of the next, in the middle of what both span."""
    x = (max(above.x, below.x) + min(above.x + above.width, below.x + below.width)) / 2
    return (x, above.y), (x, below.y + below.height)


def box_text(box: Box, width: float) -> tuple[tuple[str, str], ...]:
    """The lines of a box, wrapped to its width."""
    room = width - 2 * PAD
    head = [("bold", line) for line in wrap(box.head, room, style.SIZE, "bold")]
    return tuple(head + [("normal", part) for line in box.lines for part in wrap(line, room)])


def draw_flow(
    placed: Sequence[Placed], arrows: Sequence[Arrow], axes: Axes, top: float
) -> dict[str, list[Any]]:
    """Draw boxes and arrows below the height `top`, on an axes whose units are inches; artists by role."""
    artists: dict[str, list[Any]] = {"box": [], "arrow": [], "text": []}
    for (x, y), (right, low) in arrows:
        draw_arrow(axes, artists, (x, top + y), (right, top + low))
    for place in placed:
        draw_box(replace(place, y=top + place.y), axes, artists)
    return artists


def draw_flow_page(flow: Flow) -> Figure:
    """The figure of a flow diagram."""
    placed, arrows, depth = place_boxes(flow)
    sheet = Sheet(flow.title, (), flow.stamp, depth + 0.1)
    draw_flow(placed, arrows, sheet.page(), sheet.top)
    return sheet.figure


def draw_box(place: Placed, axes: Axes, artists: dict[str, list[Any]]) -> None:
    """A frame and its text."""
    face = "#f7f7f7" if place.box.side else "white"
    frame = Rectangle((place.x, place.y), place.width, place.height, fc=face, ec=style.INK, lw=0.8)
    artists["box"].append(axes.add_patch(frame))
    y = place.y + place.height - PAD - LINE / 2
    for weight, line in place.text:
        size = style.SIZE if weight == "bold" else style.SMALL
        look: dict[str, Any] = {
            "fontsize": size,
            "fontweight": weight,
            "va": "center_baseline",
            "parse_math": False,
        }
        artists["text"].append(axes.text(place.x + PAD, y, line, **look))
        y -= LINE


def draw_arrow(
    axes: Axes, artists: dict[str, list[Any]], start: tuple[float, float], end: tuple[float, float]
) -> None:
    """An arrow from box to box."""
    arrow = FancyArrowPatch(
        start, end, arrowstyle="-|>", mutation_scale=9, lw=0.8, color=style.INK, shrinkA=0, shrinkB=0
    )
    artists["arrow"].append(axes.add_patch(arrow))
