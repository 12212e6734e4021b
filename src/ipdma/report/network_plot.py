"""The network as a drawing: nodes on a circle, what is compared directly between them, effects beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ipdma.report import style
from ipdma.report.exhibit import Sheet

BODY, GRAPH = 3.4, 3.9  # inches: height of the body, width of the graph
THIN, THICK = 0.8, 5.0  # points: a line of one trial, and of as many as the most
SMALLEST, LARGEST = 5.0, 18.0  # points: markers by the square root of their people
ROOM = 2.15  # of the circle's radius: the nodes' names stand outside it
OUTSIDE = 1.2  # radii
ALONG = 0.4  # of a line: where its number stands, so that numbers of crossing lines keep apart


@dataclass(frozen=True)
class NetworkPicture:
    """What the figure shows.

    Attributes
    ----------
    nodes : sequence of (str, str, float)
        Name, and people as they are printed and as a number.
    edges : sequence of (int, int, int)
        Two nodes by position, and the trials that compare them directly.
    effects : sequence of (str, float, float, float)
        Comparison with the reference, its estimate and interval.
    """

    title: str
    xlabel: str
    nodes: Sequence[tuple[str, str, float]]
    edges: Sequence[tuple[int, int, int]]
    effects: Sequence[tuple[str, float, float, float]]
    footer: Sequence[str]
    stamp: str


def draw_network_page(picture: NetworkPicture) -> Figure:
    """The graph on the left, effects against the reference on the right."""
    sheet = Sheet(picture.title, picture.footer, picture.stamp, BODY)
    draw_graph(picture, sheet.axes(0.05, sheet.foot + 0.05, GRAPH, BODY - 0.1))
    names = [name for name, _, _, _ in picture.effects]
    room = max((style.text_width(name, style.SMALL) for name in names), default=0.0) + 0.15
    left = GRAPH + 0.1 + room
    below = 0.45
    draw_effects(picture, sheet.axes(left, sheet.foot + below, sheet.width - left - 0.1, BODY - below - 0.1))
    return sheet.figure


def place(index: int, count: int) -> tuple[float, float]:
    """Where a node stands on the unit circle, the first above, clockwise."""
    angle = math.pi / 2 - 2 * math.pi * index / count
    return math.cos(angle), math.sin(angle)


def draw_graph(picture: NetworkPicture, axes: Axes) -> dict[str, list[Any]]:
    """Lines as thick as the trials that compare two nodes, markers as large as their people."""
    artists: dict[str, list[Any]] = {"edge": [], "node": [], "label": []}
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set_xlim(-ROOM, ROOM)
    axes.set_ylim(-ROOM * BODY / GRAPH, ROOM * BODY / GRAPH)
    at = [place(i, len(picture.nodes)) for i in range(len(picture.nodes))]
    most = max((k for _, _, k in picture.edges), default=1)
    for one, other, k in picture.edges:
        xs, ys = zip(at[one], at[other], strict=True)
        width = THIN + (THICK - THIN) * (k - 1) / max(most - 1, 1)
        artists["edge"] += axes.plot(xs, ys, color=style.RULE, lw=width, zorder=1, solid_capstyle="butt")
        middle = [(1 - ALONG) * a + ALONG * b for a, b in zip(at[one], at[other], strict=True)]
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
        look: dict[str, Any] = {"fontsize": style.SMALL, "ha": "center", "va": "center", "zorder": 2}
        artists["label"].append(axes.text(middle[0], middle[1], str(k), bbox=box, **look))
    largest = max((n for _, _, n in picture.nodes), default=1.0) or 1.0
    for (name, people, n), (x, y) in zip(picture.nodes, at, strict=True):
        size = SMALLEST + (LARGEST - SMALLEST) * math.sqrt(n / largest)
        artists["node"] += axes.plot(x, y, "o", ms=size, mfc=style.SKY, mec=style.INK, mew=0.6, zorder=3)
        side = "center" if abs(x) < 0.3 else "left" if x > 0 else "right"
        up = "center" if side != "center" else "bottom" if y > 0 else "top"
        lines = "\n".join([*style.wrap(name, 0.9), people])
        look = {"fontsize": style.SMALL, "ha": side, "va": up, "zorder": 4, "parse_math": False}
        artists["label"].append(axes.text(OUTSIDE * x, OUTSIDE * y, lines, **look))
    return artists


def draw_effects(picture: NetworkPicture, axes: Axes) -> dict[str, list[Any]]:
    """Each comparison with the reference: estimate and interval over zero."""
    rows = list(range(len(picture.effects)))[::-1]
    artists: dict[str, list[Any]] = {"zero": [axes.axvline(0, color=style.INK, lw=0.6)], "effect": []}
    for y, (_, value, low, high) in zip(rows, picture.effects, strict=True):
        artists["effect"] += axes.plot([low, high], [y, y], color=style.BLUE, lw=1.2)
        artists["effect"] += axes.plot(value, y, "s", color=style.BLUE, ms=4)
    axes.set_yticks(rows, [name for name, _, _, _ in picture.effects])
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(picture.xlabel)
    return artists
