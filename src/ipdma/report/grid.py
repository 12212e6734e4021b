"""Grids of trials by columns: risk-of-bias lights, the map of missing values; and the balance of means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from ipdma.report import style
from ipdma.report.exhibit import Sheet, share_height
from ipdma.report.formats.vector import STUDY
from ipdma.report.marks import Page, area, stroke, text_at
from ipdma.report.style import text_width

CELL = 0.2  # inches
BAR = 0.2
SHARES = {
    "none": ("#ffffff", ""),
    "few": ("#d6e6f2", ""),
    "under a quarter": ("#9cc4df", ""),
    "under a half": ("#4f94c4", ""),
    "half or more": ("#1f5a8a", ""),
    "withheld": ("#e4e0d4", ""),
    "never": ("#f0f0f0", "x"),
}


@dataclass(frozen=True)
class Grid:
    """Trials by columns. `kind` is `lights` (words of risk-of-bias tools) or `shares` (classes of missing
    values); `studies` are the ids of the rows."""

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    kind: str
    footer: tuple[str, ...]
    stamp: str
    studies: tuple[str, ...] = ()


@dataclass(frozen=True)
class Balance:
    """Standardised differences per variable and trial.

    `panels` are (variable, [(trial, differences in standard deviations)]): one difference, or one for each
    level of a category.
    """

    title: str
    panels: Sequence[tuple[str, Sequence[tuple[str, tuple[float, ...]]]]]
    footer: tuple[str, ...]
    stamp: str


def draw_grid(grid: Grid, page: Page, left: float, top: float) -> dict[str, list[Any]]:
    """Draw cells and labels on an axes whose units are inches; `left` and `top` are where the cells begin."""
    artists: dict[str, list[Any]] = {"cell": [], "text": []}
    for column, head in enumerate(grid.columns):
        look: dict[str, Any] = {
            "rotation": 45,
            "ha": "left",
            "va": "bottom",
            "fontsize": style.SMALL,
            "parse_math": False,
        }
        artists["text"].append(text_at(page, left + (column + 0.35) * CELL, top + 0.04, head, **look))
    for index, (name, cells) in enumerate(zip(grid.rows, grid.cells, strict=True)):
        y = top - (index + 0.5) * CELL
        label: dict[str, Any] = {
            "ha": "right",
            "va": "center",
            "fontsize": style.SMALL,
            "parse_math": False,
        }
        artists["text"].append(text_at(page, left - 0.08, y, name, **label))
        drawn = [artists["text"][-1]]
        for column, word in enumerate(cells):
            draw = draw_light if grid.kind == "lights" else draw_share
            drawn += draw(page, left + (column + 0.5) * CELL, y, word)
        artists["cell"] += drawn[1:]
        for artist in drawn if grid.studies else ():
            artist.set_gid(STUDY + grid.studies[index])
    return artists


def draw_light(page: Page, x: float, y: float, word: str) -> list[Any]:
    """One judgement."""
    colour, sign = style.LIGHTS[style.light_of(word)]
    light = area(page, Circle((x, y), CELL * 0.4, fc=colour, ec=style.INK, lw=0.5))
    look: dict[str, Any] = {
        "ha": "center",
        "va": "center_baseline",
        "fontsize": style.SIZE,
        "fontweight": "bold",
    }
    return [light, text_at(page, x, y, sign, color=style.INK, **look)]


def draw_share(page: Page, x: float, y: float, word: str) -> list[Any]:
    """One class of missing values; no cell where the trial has no row."""
    return draw_swatch(page, (x - CELL / 2, y - CELL / 2), (CELL, CELL), word) if word else []


def draw_swatch(page: Page, corner: tuple[float, float], size: tuple[float, float], word: str) -> list[Any]:
    """A shade; what was never measured is crossed out."""
    colour, crossed = SHARES[word]
    (x, y), (width, height) = corner, size
    drawn: list[Any] = [area(page, Rectangle(corner, width, height, fc=colour, ec=style.RULE, lw=0.5))]
    if crossed:
        strokes = [x, x + width, math.nan, x, x + width], [y, y + height, math.nan, y + height, y]
        drawn.append(stroke(page, *strokes, color=style.FAINT, lw=0.5))
    return drawn


def draw_grid_page(grid: Grid) -> Figure:
    """The figure with legend or summary bars."""
    names = [*grid.rows, *(grid.columns if grid.kind == "lights" else ())]
    left = style.EDGE + min(max(text_width(name, style.SMALL) for name in names), 2.5) + 0.1
    heads = max(text_width(h, style.SMALL) for h in grid.columns)
    bars = BAR * len(grid.columns) + 0.25 if grid.kind == "lights" else 0.0
    sheet = Sheet(grid.title, grid.footer, grid.stamp, bars + CELL * len(grid.rows) + 0.75 * heads + 0.2)
    page = sheet.figure
    top = sheet.foot + bars + CELL * len(grid.rows) + 0.02
    draw_grid(grid, page, left, top)
    if grid.kind == "lights":
        draw_bars(grid, page, left, sheet.foot + bars - 0.2)
    else:
        draw_legend(page, sheet.width - 1.2, top)
    return sheet.figure


def pages_of(grid: Grid) -> list[Grid]:
    """The grid on as many pages as its rows need."""
    most = int((style.TALL - 3.4) / CELL)
    parts = [slice(start, start + most) for start in range(0, len(grid.rows), most)]
    titles = [grid.title, *(f"{grid.title} (continued)" for _ in parts[1:])]
    return [
        replace(grid, title=title, rows=grid.rows[part], cells=grid.cells[part], studies=grid.studies[part])
        for title, part in zip(titles, parts, strict=True)
    ]


def draw_legend(page: Page, x: float, top: float) -> None:
    """What the shades mean."""
    for index, word in enumerate(SHARES):
        y = top - (index + 0.5) * 0.2
        draw_swatch(page, (x, y - 0.06), (0.22, 0.13), word)
        label = {"never": "never measured", "none": "none missing"}.get(word, word)
        text_at(page, x + 0.3, y, label, va="center", fontsize=style.SMALL)


def draw_bars(grid: Grid, page: Page, left: float, top: float) -> None:
    """Share of trials with each judgement, per domain: lengths only."""
    for index, head in enumerate(grid.columns):
        y = top - index * BAR
        words = [style.light_of(cells[index]) for cells in grid.cells]
        text_at(page, left - 0.08, y, head, ha="right", va="center", fontsize=style.SMALL)
        x = left
        for word in ("low", "some", "high", "none"):
            span = 2.2 * words.count(word) / len(words)
            if span:
                colour, sign = style.LIGHTS[word]
                area(page, Rectangle((x, y - 0.075), span, 0.15, fc=colour, ec=style.INK, lw=0.4))
                text_at(page, x + span / 2, y, sign, ha="center", va="center_baseline", fontsize=style.SMALL)
            x += span


def draw_balance(
    rows: Sequence[tuple[str, tuple[float, ...]]], reach: float, axes: Axes
) -> dict[str, list[Any]]:
    """A mark per difference about a line of none; the axis ends at `reach` standard deviations either way."""
    artists: dict[str, list[Any]] = {"mark": []}
    artists["zero"] = [axes.axvline(0, color=style.INK, lw=0.7)]
    for bound in (-0.25, 0.25):
        axes.axvline(bound, color=style.FAINT, lw=0.7, ls=":")
    for index, (_, values) in enumerate(rows):
        look: dict[str, Any] = {"mfc": style.BLUE, "mec": style.INK, "ms": 4, "mew": 0.5, "ls": ""}
        artists["mark"] += axes.plot(values, [index] * len(values), "o", **look)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.tick_params(axis="y", length=0)
    return artists


def draw_balance_page(balance: Balance) -> Figure:
    """One panel per variable beside each other; a row of panels is as tall as its longest."""
    names = max(text_width(n, style.SMALL) for _, rows in balance.panels for n, _ in rows) + 0.12
    heads = max(text_width(name, style.SIZE, "bold") for name, _ in balance.panels)
    room = style.WIDE - 2 * style.EDGE
    across = max(1, min(4, len(balance.panels), int(room / max(names + 1.0, heads + 0.1))))
    cell = room / across
    ranks = [balance.panels[i : i + across] for i in range(0, len(balance.panels), across)]
    longest = sum(max(len(rows) for _, rows in rank) for rank in ranks)
    each = share_height(longest, 0.135, 0.5 * len(ranks) + 1.0)
    talls = [each * max(len(rows) for _, rows in rank) + 0.1 for rank in ranks]
    values = [abs(v) for _, rows in balance.panels for _, found in rows for v in found]
    sheet = Sheet(balance.title, balance.footer, balance.stamp, sum(talls) + 0.46 * len(ranks))
    top = sheet.top - 0.2
    for rank, tall in zip(ranks, talls, strict=True):
        for column, (name, rows) in enumerate(rank):
            x, size = style.EDGE + column * cell, each * len(rows) + 0.1
            axes = sheet.axes(x + names, top - size, cell - names - 0.12, size)
            draw_balance(rows, 1.08 * max([0.3, *values]), axes)
            sheet.text(x, top + 0.08, name, fontsize=style.SIZE, fontweight="bold")
        top -= tall + 0.46
    return sheet.figure
