"""Grids of trials by columns: risk-of-bias lights, the map of missing values; and the balance of means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from ipdma.report import style
from ipdma.report.exhibit import blank_figure, page_axes, put_footer, put_title
from ipdma.report.style import text_width, wrap

CELL = 0.27
SHARES = {
    "none": ("#ffffff", ""),
    "few": ("#d6e6f2", ""),
    "under a quarter": ("#9cc4df", ""),
    "under a half": ("#4f94c4", ""),
    "half or more": ("#1f5a8a", ""),
    "never": ("#f0f0f0", "////"),
}


@dataclass(frozen=True)
class Grid:
    """Trials by columns. `kind` is `lights` (words of risk-of-bias tools) or `shares` (classes of missing
    values)."""

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    kind: str
    footer: tuple[str, ...]
    stamp: str


@dataclass(frozen=True)
class Balance:
    """Standardised differences per variable and trial."""

    title: str
    panels: Sequence[tuple[str, Sequence[tuple[str, tuple[float, ...]]]]]
    footer: tuple[str, ...]
    stamp: str


def draw_grid(grid: Grid, axes: Axes, left: float, top: float) -> dict[str, list[Any]]:
    """Draw cells and labels on an axes whose units are inches."""
    artists: dict[str, list[Any]] = {"cell": [], "text": []}
    for column, head in enumerate(grid.columns):
        look: dict[str, Any] = {
            "rotation": 45,
            "ha": "left",
            "va": "bottom",
            "fontsize": style.SMALL,
            "parse_math": False,
        }
        artists["text"].append(axes.text(left + (column + 0.35) * CELL, top + 0.04, head, **look))
    for index, (name, cells) in enumerate(zip(grid.rows, grid.cells, strict=True)):
        y = top - (index + 0.5) * CELL
        label: dict[str, Any] = {
            "ha": "right",
            "va": "center",
            "fontsize": style.SMALL + 0.5,
            "parse_math": False,
        }
        artists["text"].append(axes.text(left - 0.08, y, name, **label))
        for column, word in enumerate(cells):
            draw = draw_light if grid.kind == "lights" else draw_share
            artists["cell"] += draw(axes, left + (column + 0.5) * CELL, y, word)
    return artists


def draw_light(axes: Axes, x: float, y: float, word: str) -> list[Any]:
    """One judgement."""
    colour, sign = style.LIGHTS[style.light_of(word)]
    light = axes.add_patch(Circle((x, y), CELL * 0.4, fc=colour, ec=style.INK, lw=0.5))
    look: dict[str, Any] = {
        "ha": "center",
        "va": "center_baseline",
        "fontsize": style.SIZE,
        "fontweight": "bold",
    }
    axes.text(x, y, sign, color="white" if sign == "\u2212" else style.INK, **look)
    return [light]


def draw_share(axes: Axes, x: float, y: float, word: str) -> list[Any]:
    """One class of missing values; no cell where the trial has no row."""
    if not word:
        return []
    colour, hatch = SHARES[word]
    corner = (x - CELL / 2, y - CELL / 2)
    return [axes.add_patch(Rectangle(corner, CELL, CELL, fc=colour, ec=style.RULE, lw=0.5, hatch=hatch))]


def draw_grid_page(grid: Grid) -> Figure:
    """The figure with legend or summary bars, as large as it needs to be."""
    names = [*grid.rows, *(grid.columns if grid.kind == "lights" else ())]
    left = 0.2 + max(text_width(name, style.SMALL + 0.5) for name in names) + 0.08
    heads = max(text_width(h, style.SMALL) for h in grid.columns)
    wide = len(grid.columns) * CELL
    legend = 2.3
    width = max(
        left + max(wide + max(0.75 * heads, legend * (grid.kind == "shares")), 2.2) + 0.2,
        text_width(grid.title, style.SIZE + 1.5, "bold") + 0.3,
    )
    lines = [part for line in grid.footer for part in wrap(line, width - 0.3)]
    foot = 0.12 + 0.15 * (len(lines) + bool(grid.stamp))
    bars = 0.24 * len(grid.columns) + 0.35 if grid.kind == "lights" else 0.0
    height = foot + bars + CELL * len(grid.rows) + 0.75 * heads + 0.15 + 0.4
    figure, axes = page_axes(width, height)
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.set_axis_off()
    look: dict[str, Any] = {"fontsize": style.SIZE + 1.5, "fontweight": "bold", "va": "center"}
    axes.text(0.15, height - 0.18, grid.title, **look)
    top = foot + bars + CELL * len(grid.rows) + 0.02
    draw_grid(grid, axes, left, top)
    if grid.kind == "lights":
        draw_bars(grid, axes, left, foot + bars - 0.25)
    else:
        draw_legend(axes, left + wide + 0.25, top)
    put_footer(figure, lines, grid.stamp, width, height)
    return figure


def draw_legend(axes: Axes, x: float, top: float) -> None:
    """What the shades mean."""
    for index, (word, (colour, hatch)) in enumerate(SHARES.items()):
        y = top - (index + 0.5) * 0.2
        axes.add_patch(Rectangle((x, y - 0.06), 0.22, 0.13, fc=colour, ec=style.RULE, lw=0.5, hatch=hatch))
        label = {"never": "never measured", "none": "none missing"}.get(word, word)
        axes.text(x + 0.3, y, label, va="center", fontsize=style.SMALL)


def draw_bars(grid: Grid, axes: Axes, left: float, top: float) -> None:
    """Share of trials with each judgement, per domain: lengths only."""
    for index, head in enumerate(grid.columns):
        y = top - index * 0.24
        words = [style.light_of(cells[index]) for cells in grid.cells]
        axes.text(left - 0.08, y, head, ha="right", va="center", fontsize=style.SMALL)
        x = left
        for word in ("low", "some", "high", "none"):
            span = 2.2 * words.count(word) / len(words)
            if span:
                colour, sign = style.LIGHTS[word]
                axes.add_patch(Rectangle((x, y - 0.08), span, 0.16, fc=colour, ec=style.INK, lw=0.4))
                ink = "white" if sign == "\u2212" else style.INK
                axes.text(
                    x + span / 2, y, sign, ha="center", va="center_baseline", fontsize=style.SMALL, color=ink
                )
            x += span


def draw_balance(
    rows: Sequence[tuple[str, tuple[float, ...]]], reach: float, axes: Axes
) -> dict[str, list[Any]]:
    """A mark per difference about a line of none."""
    artists: dict[str, list[Any]] = {"mark": []}
    artists["zero"] = [axes.axvline(0, color=style.INK, lw=0.7)]
    for bound in (-0.25, 0.25):
        axes.axvline(bound, color=style.FAINT, lw=0.7, ls=":")
    for index, (_, values) in enumerate(rows):
        look: dict[str, Any] = {"mfc": style.BLUE, "mec": style.INK, "ms": 4.5, "mew": 0.5, "ls": ""}
        artists["mark"] += axes.plot(values, [index] * len(values), "o", **look)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.tick_params(axis="y", length=0)
    return artists


def draw_balance_page(balance: Balance) -> Figure:
    """One panel per variable, four beside each other; a row of panels is as tall as its longest."""
    across = min(4, len(balance.panels))
    ranks = [balance.panels[i : i + across] for i in range(0, len(balance.panels), across)]
    talls = [0.17 * max(len(rows) for _, rows in rank) + 0.1 for rank in ranks]
    values = [abs(v) for _, rows in balance.panels for _, found in rows for v in found]
    names = max(text_width(n, style.SMALL) for _, rows in balance.panels for n, _ in rows) + 0.2
    heads = max(text_width(name, style.SIZE, "bold") for name, _ in balance.panels)
    plot = max(1.4, heads - names + 0.1)
    cell = names + plot + 0.2
    width = max(across * cell + 0.3, text_width(balance.title, style.SIZE + 1.5, "bold") + 0.3, 4.2)
    lines = [part for line in balance.footer for part in wrap(line, width - 0.3)]
    foot = 0.12 + 0.15 * (len(lines) + bool(balance.stamp))
    height = foot + sum(talls) + 0.6 * len(ranks) + 0.45
    figure = blank_figure(width, height)
    put_title(figure, balance.title, width, height)
    top = height - 0.62
    for rank, tall in zip(ranks, talls, strict=True):
        for column, (name, rows) in enumerate(rank):
            x, size = 0.15 + column * cell, 0.17 * len(rows) + 0.1
            box = ((x + names) / width, (top - size) / height, plot / width, size / height)
            draw_balance(rows, 1.08 * max([0.3, *values]), figure.add_axes(box))
            look: dict[str, Any] = {"fontsize": style.SIZE, "fontweight": "bold", "va": "center"}
            figure.text(x / width, (top + 0.12) / height, name, parse_math=False, **look)
        top -= tall + 0.6
    put_footer(figure, lines, balance.stamp, width, height)
    return figure
