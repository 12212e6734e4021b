"""Forest plots: a table of rows with a plot in it, measured in inches (forest_layout) and drawn on one
axes."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Polygon, Rectangle

from ipdma.report import style
from ipdma.report.exhibit import HEAD, LINE
from ipdma.report.forest_layout import (
    LEAD,
    LIGHT,
    Forest,
    Layout,
    Line,
    direction_lines,
    footer_lines,
    row_height,
    scale_ticks,
    title_lines,
    zero_x,
)
from ipdma.report.formats.vector import STUDY
from ipdma.report.marks import Page, area, stroke, text_at
from ipdma.report.style import EDGE

RADIUS = 0.066  # of a light
ROLES = (
    "square", "aggregate", "whisker", "arrow", "diamond", "interval", "text", "light", "zero", "tick",
)  # fmt: skip
Artists = dict[str, list[Any]]


def draw_forest(forest: Forest, layout: Layout, page: Page) -> Artists:
    """Draw a forest plot on an axes whose units are inches.

    Returns
    -------
    dict
        Artists by role: `square`, `aggregate`, `whisker`, `arrow`, `diamond`, `interval`, `text`, `light`,
        `zero`, `tick`.
    """
    artists: Artists = {role: [] for role in ROLES}
    draw_head(forest, layout, page, artists)
    draw_scale(forest, layout, page, artists)
    heaviest = forest.heaviest or largest_weight(forest)
    for index, line in enumerate(forest.lines):
        before = {role: len(found) for role, found in artists.items()}
        draw_cells(forest, layout, page, artists, index)
        draw_effect(layout, page, artists, index, line, heaviest)
        draw_lights(layout, page, artists, index, line)
        if line.study:
            for artist in (a for role, n in before.items() for a in artists[role][n:]):
                artist.set_gid(STUDY + line.study)
    draw_foot(forest, layout, page, artists)
    return artists


def largest_weight(forest: Forest) -> float:
    """The heaviest study's weight: its square has full size."""
    return max([n.weight or 0.0 for n in forest.lines if n.kind in {"study", "aggregate"}] or [1.0]) or 1.0


def put(
    page: Page, artists: Artists, x: float, y: float, text: str, align: str = "left", **look: Any
) -> None:
    """One piece of text, its middle at height y."""
    anchor = {"left": "left", "right": "right", "centre": "center"}[align]
    look = {"fontsize": style.SIZE, "color": style.INK, **look}
    look = {"va": "center_baseline", "parse_math": False, **look}
    artists["text"].append(text_at(page, x, y, text, ha=anchor, **look))


def anchor_x(layout: Layout, index: int, align: str) -> float:
    """Where a cell's text is anchored."""
    share = {"left": 0.0, "centre": 0.5, "right": 1.0}[align]
    return layout.starts[index] + layout.widths[index] * share


def draw_head(forest: Forest, layout: Layout, page: Page, artists: Artists) -> None:
    """Title, group headings and column headings."""
    for row, text in enumerate(title_lines(forest)):
        y = layout.height - 0.1 - HEAD * row
        put(page, artists, EDGE, y, text, fontsize=style.TITLE, fontweight="bold")
    top = layout.tops[0] if layout.tops else layout.bottom
    y = top + 0.09
    for index in layout.starts:
        _, name, align = forest.columns[index]
        put(page, artists, anchor_x(layout, index, align), y, name, align, fontweight="bold")
    for group, lines in layout.groups.items():
        members = [i for i in layout.starts if forest.columns[i][0] == group]
        left, right = layout.starts[members[0]], layout.starts[members[-1]] + layout.widths[members[-1]]
        for row, text in enumerate(reversed(lines)):
            put(page, artists, right, y + 0.14 + LEAD * row, text, "right", fontweight="bold")
        stroke(page, [left, right], [y + 0.075, y + 0.075], color=style.RULE, lw=0.6)
    if layout.lights is not None:
        for index, name in enumerate(forest.lights):
            put(page, artists, light_x(layout, index), y, name, "centre", fontweight="bold")
    stroke(page, [EDGE, layout.width - EDGE], [top + 0.005] * 2, color=style.INK, lw=0.8)


def light_x(layout: Layout, index: int) -> float:
    """The middle of a risk-of-bias light."""
    return (layout.lights or 0.0) + LIGHT * (index + 0.5)


def draw_scale(forest: Forest, layout: Layout, page: Page, artists: Artists) -> None:
    """The axis below the plot, the line of no effect, and what each side favours."""
    bottom = layout.bottom
    left, right = layout.plot
    stroke(page, [left, right], [bottom, bottom], color=style.INK, lw=0.7)
    for value, label in scale_ticks(layout.limits, forest.odds, right - left):
        x = layout.x(value)
        artists["tick"].append(stroke(page, [x, x], [bottom, bottom - 0.035], color=style.INK, lw=0.7))
        text_at(page, x, bottom - 0.1, label, ha="center", va="center", fontsize=style.SMALL, gid="tick")
    if layout.limits[0] <= 0 <= layout.limits[1]:
        top = layout.tops[0] if layout.tops else bottom
        artists["zero"].append(draw_zero(forest, layout, page, bottom, top))
    put(page, artists, (left + right) / 2, bottom - 0.22, forest.axis, "centre")
    middle = zero_x(layout.plot, layout.limits)
    for lines, x, align in zip(
        direction_lines(forest, layout.plot, layout.limits),
        (middle - 0.05, middle + 0.05),
        ("right", "left"),
        strict=True,
    ):
        for row, text in enumerate(lines):
            put(page, artists, x, bottom - 0.35 - LEAD * row, text, align, fontsize=style.SMALL)


def draw_zero(forest: Forest, layout: Layout, page: Page, bottom: float, top: float) -> Line2D:
    """The line of no effect, broken where a heading stands."""
    x = layout.x(0.0)
    xs, ys = [x], [top]
    for line, (high, low) in zip(forest.lines, pairwise([*layout.tops, bottom]), strict=True):
        reach = EDGE + style.text_width(line.cells[0], style.SIZE, "bold") if line.cells else 0.0
        if line.kind in {"heading", "note"} and reach > x - 0.05:
            xs += [x, math.nan, x]
            ys += [high, math.nan, low]
    return stroke(page, [*xs, x], [*ys, bottom], color=style.INK, lw=0.7, zorder=0.5)


def draw_cells(forest: Forest, layout: Layout, page: Page, artists: Artists, index: int) -> None:
    """The text of a line."""
    line, y = forest.lines[index], layout.y(index)
    bold = "bold" if line.kind in {"pooled", "heading"} else "normal"
    if line.kind in {"heading", "note"}:
        for row, text in enumerate(layout.rows[index][0]):
            put(page, artists, EDGE, y - LEAD * row, text, fontweight=bold)
        return
    if line.kind == "pooled":
        tall = row_height(layout.rows[index])
        corner = (EDGE, layout.tops[index] - tall)
        band = Rectangle(corner, layout.width - 2 * EDGE, tall, color="#f1f1f1", lw=0, zorder=0)
        area(page, band)
    for column, lines in enumerate(layout.rows[index]):
        if column in layout.starts:
            align = forest.columns[column][2]
            x = anchor_x(layout, column, align)
            for row, text in enumerate(lines):
                if text:
                    put(page, artists, x, y - LEAD * row, text, align, fontweight=bold)


def draw_effect(
    layout: Layout, page: Page, artists: Artists, index: int, line: Line, heaviest: float
) -> None:
    """The mark of a line: square, hollow square, diamond or bar."""
    if line.low is None or line.high is None:
        return
    y, low, high = layout.y(index), layout.x(line.low), layout.x(line.high)
    if line.kind == "interval":
        look: dict[str, Any] = {"color": style.FAINT, "lw": 2.6, "solid_capstyle": "butt"}
        artists["interval"].append(stroke(page, [low, high], [y, y], **look))
    elif line.kind == "pooled" and line.estimate is not None:
        x = layout.x(line.estimate)
        corners = [(low, y), (x, y + 0.055), (high, y), (x, y - 0.055)]
        diamond = Polygon(corners, closed=True, fc=style.BLUE, ec=style.INK, lw=0.6)
        artists["diamond"].append(area(page, diamond))
    else:
        look = {"color": style.INK, "lw": 0.9, "solid_capstyle": "butt"}
        artists["whisker"].append(stroke(page, [low, high], [y, y], **look))
        draw_square(layout, page, artists, line, y, heaviest)
    draw_arrows(layout, page, artists, line, y)


def draw_square(layout: Layout, page: Page, artists: Artists, line: Line, y: float, heaviest: float) -> None:
    """A square whose area is in proportion to the weight; hollow and turned for a trial without IPD."""
    if line.estimate is None or not layout.limits[0] <= line.estimate <= layout.limits[1]:
        return
    x = layout.x(line.estimate)
    side = 0.03 + 0.08 * math.sqrt((line.weight or 0.0) / heaviest)
    if line.kind == "aggregate":
        half = side * 0.7
        corners = [(x - half, y), (x, y + half), (x + half, y), (x, y - half)]
        mark = Polygon(corners, fc="white", ec=style.INK, lw=0.9, zorder=3)
        artists["aggregate"].append(area(page, mark))
        return
    square = Rectangle((x - side / 2, y - side / 2), side, side, fc=style.INK, lw=0, zorder=3)
    artists["square"].append(area(page, square))


def draw_arrows(layout: Layout, page: Page, artists: Artists, line: Line, y: float) -> None:
    """Arrow heads where an interval goes on past the plot."""
    ends = (
        (line.low, layout.limits[0], layout.plot[0], 1),
        (line.high, layout.limits[1], layout.plot[1], -1),
    )
    for bound, limit, x, inward in ends:
        if bound is not None and (bound < limit if inward == 1 else bound > limit):
            corners = [(x, y), (x + 0.06 * inward, y + 0.04), (x + 0.06 * inward, y - 0.04)]
            artists["arrow"].append(area(page, Polygon(corners, fc=style.INK, lw=0, zorder=4)))


def draw_lights(layout: Layout, page: Page, artists: Artists, index: int, line: Line) -> None:
    """Risk-of-bias lights: colour and sign say the same."""
    if layout.lights is None:
        return
    for column, judgement in enumerate(line.lights):
        colour, sign = style.LIGHTS[style.light_of(judgement)]
        centre = (light_x(layout, column), layout.y(index))
        light = Circle(centre, RADIUS, fc=colour, ec=style.INK, lw=0.4)
        artists["light"].append(area(page, light))
        if sign:
            look: dict[str, Any] = {"ha": "center", "va": "center_baseline", "fontsize": style.SMALL}
            artists["light"].append(text_at(page, *centre, sign, fontweight="bold", color=style.INK, **look))


def draw_foot(forest: Forest, layout: Layout, page: Page, artists: Artists) -> None:
    """Heterogeneity, model and legend lines, and the stamp of synthetic data."""
    lines = footer_lines(forest)
    y = 0.05 + LINE * (len(lines) + bool(forest.stamp)) - LINE / 2
    for line in lines:
        put(page, artists, EDGE, y, line, fontsize=style.SMALL, color="#333333")
        y -= LINE
    if forest.stamp:
        put(page, artists, EDGE, y, forest.stamp, fontsize=style.SMALL, fontweight="bold", color=style.ORANGE)
