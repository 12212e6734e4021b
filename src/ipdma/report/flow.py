"""Flow diagrams in boxes: who was sought, obtained, analysed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle

from ipdma.report import style
from ipdma.report.style import wrap

LINE = 0.155
PAD = 0.09


@dataclass(frozen=True)
class Box:
    """One box: a bold head and lines below it; `side` boxes stand to the right, joined to the box before
    them."""

    head: str
    lines: tuple[str, ...] = ()
    side: bool = False


@dataclass(frozen=True)
class Flow:
    """A column of boxes with boxes beside it."""

    title: str
    boxes: Sequence[Box]
    stamp: str
    main_width: float = 3.6
    side_width: float = 2.9


@dataclass(frozen=True)
class Placed:
    """A box in inches: left, bottom, width, height, and its wrapped text."""

    box: Box
    x: float
    y: float
    width: float
    height: float
    text: tuple[tuple[str, str], ...]  # (weight, line)


def place_boxes(flow: Flow) -> tuple[list[Placed], float, float]:
    """Measure every box and stack them; returns them with the page's width and height."""
    sizes = [box_text(box, flow.side_width if box.side else flow.main_width) for box in flow.boxes]
    placed: list[tuple[Box, float, float, tuple[tuple[str, str], ...]]] = []
    depth, row_top, row_depth = 0.0, 0.0, 0.0
    for box, text in zip(flow.boxes, sizes, strict=True):
        height = len(text) * LINE + 2 * PAD
        if not box.side:
            row_top = depth
            depth = row_top + height + 0.28
            row_depth = row_top
        placed.append((box, row_depth if box.side else row_top, height, text))
        if box.side:
            row_depth += height + 0.1
            depth = max(depth, row_depth + 0.18)
    page = depth + 0.45 + 0.2
    right = 0.15 + flow.main_width + 0.45
    width = right + flow.side_width + 0.15 if any(b.side for b in flow.boxes) else flow.main_width + 0.3
    width = max(width, style.text_width(flow.title, style.SIZE + 1.5, "bold") + 0.3)
    top = page - 0.42
    result = [
        Placed(
            b, right if b.side else 0.15, top - y - h, flow.side_width if b.side else flow.main_width, h, t
        )
        for b, y, h, t in placed
    ]
    return result, width, page


def box_text(box: Box, width: float) -> tuple[tuple[str, str], ...]:
    """The lines of a box, wrapped to its width."""
    room = width - 2 * PAD
    head = [("bold", line) for line in wrap(box.head, room * 0.92, style.SIZE)]
    return tuple(
        head + [("normal", part) for line in box.lines for part in wrap(line, room, style.SMALL + 0.5)]
    )


def draw_flow(
    flow: Flow, placed: Sequence[Placed], size: tuple[float, float], axes: Axes
) -> dict[str, list[Any]]:
    """Draw boxes and arrows on an axes whose units are inches."""
    width, height = size
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.set_axis_off()
    artists: dict[str, list[Any]] = {"box": [], "arrow": [], "text": []}
    look: dict[str, Any] = {
        "fontsize": style.SIZE + 1.5,
        "fontweight": "bold",
        "va": "center",
        "parse_math": False,
    }
    artists["text"].append(axes.text(0.15, height - 0.19, flow.title, **look))
    above: Placed | None = None
    for place in placed:
        draw_box(place, axes, artists)
        if place.box.side and above is not None:
            y = max(above.y + above.height / 2, place.y + 0.08)
            draw_arrow(axes, artists, (above.x + above.width, y), (place.x, y))
        if not place.box.side:
            if above is not None:
                x = place.x + place.width / 2
                draw_arrow(axes, artists, (x, above.y), (x, place.y + place.height))
            above = place
    if flow.stamp:
        stamp: dict[str, Any] = {
            "fontsize": style.SMALL,
            "fontweight": "bold",
            "color": style.ORANGE,
            "va": "center",
        }
        artists["text"].append(axes.text(0.15, 0.1, flow.stamp, **stamp))
    return artists


def draw_box(place: Placed, axes: Axes, artists: dict[str, list[Any]]) -> None:
    """A frame and its text."""
    face = "#f7f7f7" if place.box.side else "white"
    frame = Rectangle((place.x, place.y), place.width, place.height, fc=face, ec=style.INK, lw=0.8)
    artists["box"].append(axes.add_patch(frame))
    y = place.y + place.height - PAD - LINE / 2
    for weight, line in place.text:
        size = style.SIZE if weight == "bold" else style.SMALL + 0.5
        look: dict[str, Any] = {"fontsize": size, "fontweight": weight, "va": "center", "parse_math": False}
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
