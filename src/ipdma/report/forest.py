"""Forest plots: a table of rows, measured in inches and drawn on one axes. Pages size themselves; nothing
clips."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Circle, Polygon, Rectangle
from matplotlib.ticker import MaxNLocator

from ipdma.report import style
from ipdma.report.style import text_width, wrap

ROW = 0.205  # inches
GAP = 0.16
PLOT = 2.7
EDGE = 0.15
LIGHT = 0.17
ODDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]


@dataclass(frozen=True)
class Line:
    """One line of a forest plot.

    `kind` is `study`, `aggregate` (a trial without IPD), `pooled`, `interval` (a prediction interval),
    `heading` or `note`.
    `weight` is in percent; `lights` are words of the registry.
    """

    kind: str
    cells: tuple[str, ...]
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    weight: float | None = None
    lights: tuple[str, ...] = ()


@dataclass(frozen=True)
class Forest:
    """What a forest plot shows.

    `columns` are (group, heading, alignment); the first `left` of them stand left of the plot.
    """

    title: str
    columns: Sequence[tuple[str, str, str]]
    left: int
    lines: Sequence[Line]
    directions: tuple[str, str]
    axis: str
    odds: bool = False
    lights: tuple[str, ...] = ()
    footer: Sequence[str] = ()
    stamp: str = ""
    sizes: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Layout:
    """Where things stand, in inches from the lower left corner."""

    width: float
    height: float
    starts: list[float]
    widths: list[float]
    plot: tuple[float, float]
    lights: float
    limits: tuple[float, float]
    top: float
    footer: list[str]

    def x(self, value: float) -> float:
        """The position of an effect, held inside the plot."""
        low, high = self.limits
        left, right = self.plot
        return left + (min(max(value, low), high) - low) / (high - low) * (right - left)

    def y(self, index: int) -> float:
        """The middle of line `index`."""
        return self.top - (index + 0.5) * ROW


def axis_limits(lines: Sequence[Line]) -> tuple[float, float]:
    """Limits that show every pooled line and the bulk of the studies; what is wider ends in an arrow."""
    drawn = [n for n in lines if n.estimate is not None and n.low is not None and n.high is not None]
    if not drawn:
        return -1.0, 1.0
    halves = sorted((n.high - n.low) / 2 for n in drawn)  # type: ignore[operator]
    half = max(halves[len(halves) // 2], 1e-6)
    centres = sorted(n.estimate for n in drawn if n.estimate is not None)
    middle = centres[len(centres) // 2]
    core = [c for c in centres if abs(c - middle) <= 5 * half] + [0.0] * (abs(middle) <= 8 * half)
    fixed = [b for n in lines if n.kind in {"pooled", "interval"} for b in (n.low, n.high) if b is not None]
    fixed = [b for b in fixed if abs(b - middle) <= 8 * half]
    low = max(min(n.low for n in drawn if n.low is not None), min(core) - 2 * half)
    high = min(max(n.high for n in drawn if n.high is not None), max(core) + 2 * half)
    low, high = min([low, *core, *fixed]), max([high, *core, *fixed])
    pad = 0.03 * (high - low) or 1.0
    return low - pad, high + pad


def column_widths(forest: Forest) -> list[float]:
    """The width that each text column needs."""
    widths = []
    for index, (_, name, _) in enumerate(forest.columns):
        cells = [
            n.cells[index] for n in forest.lines if n.kind not in {"heading", "note"} and index < len(n.cells)
        ]
        wide = [text_width(c, weight="bold" if index == 0 else "normal") for c in cells]
        widths.append(max([text_width(name, weight="bold"), *wide]))
    return spread_groups(forest, widths)


def spread_groups(forest: Forest, widths: list[float]) -> list[float]:
    """Widen the columns under a group heading that is longer than they are together."""
    for group in dict.fromkeys(g for g, _, _ in forest.columns if g):
        members = [i for i, c in enumerate(forest.columns) if c[0] == group]
        missing = (
            text_width(group, weight="bold") - sum(widths[i] for i in members) - GAP * (len(members) - 1)
        )
        if missing > 0:
            widths = [w + missing / len(members) if i in members else w for i, w in enumerate(widths)]
    return widths


def measure_forest(forest: Forest) -> Layout:
    """Lay the page out from the text that it holds."""
    widths = column_widths(forest)
    starts, x = [], EDGE
    plot = (0.0, 0.0)
    for index, width in enumerate(widths):
        if index == forest.left:
            plot = (x + 0.05, x + 0.05 + PLOT)
            x = plot[1] + GAP + 0.05
        starts.append(x)
        x += width + GAP
    lights = x
    x += (LIGHT + 0.03) * len(forest.lights)
    spans = [text_width(n.cells[0], weight="bold") + 2 * EDGE for n in forest.lines if n.kind == "heading"]
    spans += [text_width(forest.title, style.SIZE + 1.5, "bold") + 2 * EDGE, min(x, 5.0)]
    spans.append(direction_span(forest, plot))
    width = max(x + EDGE, *spans)
    footer = [part for line in forest.footer for part in wrap(line, width - 2 * EDGE)]
    below = 0.72 + 0.15 * (len(footer) + bool(forest.stamp))
    height = 0.78 + ROW * len(forest.lines) + below
    return Layout(
        width, height, starts, widths, plot, lights, axis_limits(forest.lines), height - 0.78, footer
    )


def direction_span(forest: Forest, plot: tuple[float, float]) -> float:
    """How far to the right the direction label may reach."""
    return plot[1] + text_width(forest.directions[1]) + 3 * EDGE


def draw_forest(forest: Forest, layout: Layout, axes: Axes) -> dict[str, list[Any]]:
    """Draw a forest plot on an axes whose units are inches.

    Returns
    -------
    dict
        Artists by role: `square`, `aggregate`, `whisker`, `arrow`, `diamond`, `interval`, `text`, `light`,
        `zero`, `tick`.
    """
    axes.set_xlim(0, layout.width)
    axes.set_ylim(0, layout.height)
    axes.set_axis_off()
    artists: dict[str, list[Any]] = {
        role: []
        for role in (
            "square",
            "aggregate",
            "whisker",
            "arrow",
            "diamond",
            "interval",
            "text",
            "light",
            "zero",
            "tick",
        )
    }
    draw_head(forest, layout, axes, artists)
    draw_scale(forest, layout, axes, artists)
    for index, line in enumerate(forest.lines):
        draw_cells(forest, layout, axes, artists, index, line)
        draw_effect(layout, axes, artists, index, line, largest_weight(forest))
        draw_lights(layout, axes, artists, index, line)
    draw_foot(forest, layout, axes, artists)
    return artists


def largest_weight(forest: Forest) -> float:
    """The heaviest study's weight: its square has full size."""
    return max([n.weight or 0.0 for n in forest.lines if n.kind in {"study", "aggregate"}] or [1.0]) or 1.0


def put(
    axes: Axes, artists: dict[str, list[Any]], x: float, y: float, text: str, align: str = "left", **look: Any
) -> None:
    """One piece of text, its middle at height y."""
    anchor = {"left": "left", "right": "right", "centre": "center"}[align]
    look = {"fontsize": style.SIZE, "color": style.INK, **look}
    artists["text"].append(axes.text(x, y, text, ha=anchor, va="center_baseline", parse_math=False, **look))


def anchor_x(layout: Layout, index: int, align: str) -> float:
    """Where a cell's text is anchored."""
    share = {"left": 0.0, "centre": 0.5, "right": 1.0}[align]
    return layout.starts[index] + layout.widths[index] * share


def draw_head(forest: Forest, layout: Layout, axes: Axes, artists: dict[str, list[Any]]) -> None:
    """Title, group headings and column headings."""
    put(axes, artists, EDGE, layout.height - 0.17, forest.title, fontsize=style.SIZE + 1.5, fontweight="bold")
    y = layout.top + 0.12
    for index, (_, name, align) in enumerate(forest.columns):
        put(axes, artists, anchor_x(layout, index, align), y, name, align, fontweight="bold")
    for group in dict.fromkeys(g for g, _, _ in forest.columns if g):
        members = [i for i, c in enumerate(forest.columns) if c[0] == group]
        left, right = layout.starts[members[0]], layout.starts[members[-1]] + layout.widths[members[-1]]
        put(axes, artists, (left + right) / 2, y + 0.2, group, "centre", fontweight="bold")
        axes.plot([left, right], [y + 0.1, y + 0.1], color=style.RULE, lw=0.6)
    for index, name in enumerate(forest.lights):
        put(axes, artists, light_x(layout, index), y, name, "centre", fontsize=style.SMALL, fontweight="bold")
    axes.plot([EDGE, layout.width - EDGE], [layout.top + 0.01] * 2, color=style.INK, lw=0.8)


def light_x(layout: Layout, index: int) -> float:
    """The middle of a risk-of-bias light."""
    return layout.lights + (LIGHT + 0.03) * index + LIGHT / 2


def draw_scale(forest: Forest, layout: Layout, axes: Axes, artists: dict[str, list[Any]]) -> None:
    """The axis below the plot, the line of no effect, and what each side favours."""
    bottom = layout.top - ROW * len(forest.lines)
    left, right = layout.plot
    axes.plot([left, right], [bottom, bottom], color=style.INK, lw=0.7)
    for value, label in scale_ticks(layout.limits, forest.odds):
        x = layout.x(value)
        artists["tick"].append(axes.plot([x, x], [bottom, bottom - 0.04], color=style.INK, lw=0.7)[0])
        axes.text(x, bottom - 0.11, label, ha="center", va="center", fontsize=style.SMALL, gid="tick")
    zero = layout.x(0.0)
    if layout.limits[0] <= 0 <= layout.limits[1]:
        artists["zero"] += axes.plot([zero, zero], [bottom, layout.top], color=style.INK, lw=0.7, zorder=0.5)
    put(axes, artists, (left + right) / 2, bottom - 0.27, forest.axis, "centre")
    put_directions(forest, layout, axes, artists, bottom - 0.45)


def put_directions(
    forest: Forest, layout: Layout, axes: Axes, artists: dict[str, list[Any]], y: float
) -> None:
    """`<- Favours A | Favours B ->`, each on its side of no effect."""
    if not any(forest.directions):
        return
    middle = direction_anchor(layout)
    put(axes, artists, middle - 0.08, y, f"\u2190 {forest.directions[0]}", "right", fontsize=style.SMALL)
    put(axes, artists, middle + 0.08, y, f"{forest.directions[1]} \u2192", "left", fontsize=style.SMALL)


def direction_anchor(layout: Layout) -> float:
    """The line of no effect, or the plot's middle where that line is not shown."""
    return layout.x(0.0) if layout.limits[0] <= 0 <= layout.limits[1] else sum(layout.plot) / 2


def scale_ticks(limits: tuple[float, float], odds: bool) -> list[tuple[float, str]]:
    """Tick values and labels; odds ratios stand at their logarithms."""
    low, high = limits
    if not odds:
        values = [
            v for v in MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high) if low <= v <= high
        ]
        return [(v, f"{v:g}".replace("-", "\u2212")) for v in (round(v, 10) for v in values)]
    return [(math.log(v), f"{v:g}") for v in ODDS if low <= math.log(v) <= high]


def draw_cells(
    forest: Forest, layout: Layout, axes: Axes, artists: dict[str, list[Any]], index: int, line: Line
) -> None:
    """The text of a line."""
    y = layout.y(index)
    bold = "bold" if line.kind in {"pooled", "heading"} else "normal"
    if line.kind in {"heading", "note"}:
        put(axes, artists, EDGE, y, line.cells[0], fontweight=bold)
        return
    if line.kind == "pooled":
        band = Rectangle((EDGE, y - ROW / 2), layout.width - 2 * EDGE, ROW, color="#f1f1f1", lw=0, zorder=0)
        axes.add_patch(band)
    for column, cell in enumerate(line.cells):
        align = forest.columns[column][2]
        put(axes, artists, anchor_x(layout, column, align), y, cell, align, fontweight=bold)


def draw_effect(
    layout: Layout, axes: Axes, artists: dict[str, list[Any]], index: int, line: Line, heaviest: float
) -> None:
    """The mark of a line: square, hollow square, diamond or bar."""
    if line.low is None or line.high is None:
        return
    y, low, high = layout.y(index), layout.x(line.low), layout.x(line.high)
    if line.kind == "interval":
        artists["interval"] += axes.plot(
            [low, high], [y, y], color=style.FAINT, lw=3.2, solid_capstyle="butt"
        )
        draw_arrows(layout, axes, artists, line, y)
        return
    if line.kind == "pooled" and line.estimate is not None:
        x = layout.x(line.estimate)
        corners = [(low, y), (x, y + 0.07), (high, y), (x, y - 0.07)]
        artists["diamond"].append(
            axes.add_patch(Polygon(corners, closed=True, fc=style.BLUE, ec=style.INK, lw=0.6))
        )
        draw_arrows(layout, axes, artists, line, y)
        return
    artists["whisker"] += axes.plot([low, high], [y, y], color=style.INK, lw=0.9, solid_capstyle="butt")
    draw_arrows(layout, axes, artists, line, y)
    draw_square(layout, axes, artists, line, y, heaviest)


def draw_square(
    layout: Layout, axes: Axes, artists: dict[str, list[Any]], line: Line, y: float, heaviest: float
) -> None:
    """A square whose area is in proportion to the weight; hollow and turned for a trial without IPD."""
    if line.estimate is None or not layout.limits[0] <= line.estimate <= layout.limits[1]:
        return
    x = layout.x(line.estimate)
    side = 0.035 + 0.115 * math.sqrt((line.weight or 0.0) / heaviest)
    if line.kind == "aggregate":
        half = side * 0.7
        corners = [(x - half, y), (x, y + half), (x + half, y), (x, y - half)]
        artists["aggregate"].append(
            axes.add_patch(Polygon(corners, fc="white", ec=style.INK, lw=0.9, zorder=3))
        )
        return
    square = Rectangle((x - side / 2, y - side / 2), side, side, fc=style.INK, ec="white", lw=0.3, zorder=3)
    artists["square"].append(axes.add_patch(square))


def draw_arrows(layout: Layout, axes: Axes, artists: dict[str, list[Any]], line: Line, y: float) -> None:
    """Arrow heads where an interval goes on past the plot."""
    ends = (
        (line.low, layout.limits[0], layout.plot[0], 1),
        (line.high, layout.limits[1], layout.plot[1], -1),
    )
    for bound, limit, x, inward in ends:
        if bound is not None and (bound < limit if inward == 1 else bound > limit):
            corners = [(x, y), (x + 0.07 * inward, y + 0.045), (x + 0.07 * inward, y - 0.045)]
            artists["arrow"].append(axes.add_patch(Polygon(corners, fc=style.INK, lw=0, zorder=4)))


def draw_lights(layout: Layout, axes: Axes, artists: dict[str, list[Any]], index: int, line: Line) -> None:
    """Risk-of-bias lights: colour and sign say the same."""
    for column, judgement in enumerate(line.lights):
        colour, sign = style.LIGHTS[style.light_of(judgement)]
        centre = (light_x(layout, column), layout.y(index))
        artists["light"].append(
            axes.add_patch(Circle(centre, LIGHT / 2 - 0.01, fc=colour, ec=style.INK, lw=0.4))
        )
        if sign:
            look: dict[str, Any] = {
                "ha": "center",
                "va": "center_baseline",
                "fontsize": style.SMALL,
                "fontweight": "bold",
            }
            axes.text(*centre, sign, color="white" if sign == "\u2212" else style.INK, **look)


def draw_foot(forest: Forest, layout: Layout, axes: Axes, artists: dict[str, list[Any]]) -> None:
    """Heterogeneity, model and legend lines, and the stamp of synthetic data."""
    y = 0.08 + 0.15 * (len(layout.footer) + bool(forest.stamp)) - 0.075
    for line in layout.footer:
        put(axes, artists, EDGE, y, line, fontsize=style.SMALL, color="#333333")
        y -= 0.15
    if forest.stamp:
        put(axes, artists, EDGE, y, forest.stamp, fontsize=style.SMALL, fontweight="bold", color=style.ORANGE)
