"""Observed against imputed values, traces of the chains, and the map of tipping points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from ipdma.report import style
from ipdma.report.exhibit import blank_figure, page_axes, put_footer, put_title
from ipdma.report.style import text_width, wrap

CELL = (0.95, 0.42)


@dataclass(frozen=True)
class Shares:
    """One variable: (bin, observed share, imputed share), and a line on both means."""

    name: str
    bins: Sequence[tuple[str, float, float]]
    line: str


@dataclass(frozen=True)
class Diagnostics:
    """What the diagnostics figure shows; `trace` is (sweep, mean of the imputed outcomes)."""

    title: str
    panels: Sequence[Shares]
    trace: Sequence[tuple[float, float]]
    footer: Sequence[str]
    stamp: str


@dataclass(frozen=True)
class Tipping:
    """Effects under shifts: `cells` by (shift of the reference arm, shift of the active arm).

    A cell is (text lines, whether the interval excludes no effect, the effect).
    """

    title: str
    xlabel: str
    ylabel: str
    columns: Sequence[tuple[float, str]]
    rows: Sequence[tuple[float, str]]
    cells: dict[tuple[float, float], tuple[tuple[str, str], bool]]
    footer: Sequence[str]
    stamp: str


def draw_shares(shares: Shares, axes: Axes) -> dict[str, list[Any]]:
    """Two marks per bin, joined: full for observed, open for imputed."""
    rows = range(len(shares.bins))
    observed, imputed = ([b[i] for b in shares.bins] for i in (1, 2))
    artists: dict[str, list[Any]] = {
        "gap": [axes.hlines(rows, observed, imputed, color=style.RULE, lw=1.4)],
        "observed": axes.plot(observed, rows, "o", color=style.INK, ms=4.5, label="Observed"),
        "imputed": axes.plot(
            imputed, rows, "D", mfc="white", mec=style.ORANGE, mew=1.3, ms=4.5, label="Imputed"
        ),
    }
    axes.set_yticks(rows, [name for name, _, _ in shares.bins])
    axes.set_ylim(len(shares.bins) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.margins(x=0.1)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Share of values")
    return artists


def draw_trace(trace: Sequence[tuple[float, float]], axes: Axes) -> list[Any]:
    """Mean of the imputed outcomes over the sweeps."""
    axes.set_xlabel("Sweep")
    axes.set_ylabel("Mean of imputed outcomes")
    axes.margins(0.08, 0.25)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    return axes.plot(*zip(*trace, strict=True), "-o", color=style.BLUE, ms=3, lw=1.2)


def draw_diagnostics_page(found: Diagnostics) -> Figure:
    """Panels three beside each other; the trace last."""
    names = max([text_width(b[0], style.SMALL) for p in found.panels for b in p.bins] or [0.5]) + 0.2
    heads = max([text_width(p.name, style.SIZE, "bold") for p in found.panels] or [0.5])
    plot = max(1.5, heads - names + 0.1)
    count = len(found.panels) + bool(found.trace)
    across = min(3, count)
    ranks = -(-count // across)
    tall = max([0.17 * len(p.bins) + 0.15 for p in found.panels] or [1.2])
    cell, rank = names + plot + 0.3, max(tall, 1.2) + 1.0
    width = max(across * cell + 0.3, text_width(found.title, style.SIZE + 1.5, "bold") + 2.4, 4.2)
    lines = [part for line in found.footer for part in wrap(line, width - 0.3)]
    foot = 0.14 + 0.15 * (len(lines) + bool(found.stamp))
    height = foot + ranks * rank + 0.35
    figure = blank_figure(width, height)
    put_title(figure, found.title, width, height)
    for index in range(count):
        x, y = 0.15 + index % across * cell, height - 0.75 - index // across * rank
        box = ((x + names) / width, (y - max(tall, 1.2)) / height, plot / width, max(tall, 1.2) / height)
        axes = figure.add_axes(box)
        if index < len(found.panels):
            panel = found.panels[index]
            draw_shares(panel, axes)
            put_head(figure, panel.name, panel.line, (x / width, y / height), height)
            if index == 0:
                corner = (1 - 0.1 / width, 1 - 0.06 / height)
                figure.legend(
                    *axes.get_legend_handles_labels(), loc="upper right", bbox_to_anchor=corner, ncols=2
                )
        else:
            draw_trace(found.trace, axes)
            put_head(figure, "Trace of the chains", "", (x / width, y / height), height)
    put_footer(figure, lines, found.stamp, width, height)
    return figure


def put_head(figure: Figure, name: str, line: str, at: tuple[float, float], height: float) -> None:
    """A panel's name, and what its means are."""
    look: dict[str, Any] = {"va": "center", "parse_math": False}
    figure.text(at[0], at[1] + 0.23 / height, name, fontsize=style.SIZE, fontweight="bold", **look)
    if line:
        figure.text(at[0], at[1] + 0.08 / height, line, fontsize=style.SMALL - 0.5, **look)


def draw_tipping(found: Tipping, axes: Axes, left: float, top: float) -> dict[str, list[Any]]:
    """A cell per pair of shifts: shaded where the interval excludes no effect."""
    artists: dict[str, list[Any]] = {"cell": [], "text": []}
    wide, tall = CELL
    small: dict[str, Any] = {"va": "center", "fontsize": style.SMALL, "parse_math": False}
    for index, (_, label) in enumerate(found.columns):
        axes.text(left + (index + 0.5) * wide, top + 0.1, label, ha="center", **small)
    for row, (shift, label) in enumerate(found.rows):
        y = top - (row + 0.5) * tall
        axes.text(left - 0.08, y, label, ha="right", **small)
        for column, (other, _) in enumerate(found.columns):
            held = found.cells.get((other, shift))
            if held is None:
                continue
            (effect, interval), clear = held
            corner = (left + column * wide, y - tall / 2)
            frame = Rectangle(
                corner, wide, tall, fc="#cfe4f2" if clear else "white", ec=style.INK, lw=0.5,
                hatch="" if clear else "....", alpha=1.0,
            )  # fmt: skip
            frame.set_edgecolor(style.RULE)
            artists["cell"].append(axes.add_patch(frame))
            x = left + (column + 0.5) * wide
            back = {"fc": "#cfe4f2" if clear else "white", "ec": "none", "pad": 0.8}
            artists["text"].append(
                axes.text(x, y + 0.08, effect, ha="center", fontweight="bold", bbox=back, **small)
            )
            axes.text(x, y - 0.08, interval, ha="center", bbox=back, **{**small, "fontsize": style.SMALL - 1})
    return artists


def draw_tipping_page(found: Tipping) -> Figure:
    """The figure, as large as its grid."""
    wide, tall = CELL
    left = 0.55 + max(text_width(label, style.SMALL) for _, label in found.rows)
    width = max(
        left + wide * len(found.columns) + 0.2,
        text_width(found.title, style.SIZE + 1.5, "bold") + 0.3,
        left + text_width(found.xlabel, style.SIZE) + 0.2,
        4.0,
    )
    lines = [part for line in found.footer for part in wrap(line, width - 0.3)]
    foot = 0.16 + 0.15 * (len(lines) + bool(found.stamp))
    body = max(tall * len(found.rows), text_width(found.ylabel, style.SIZE) + 0.1)
    height = foot + body + 0.85
    figure, axes = page_axes(width, height)
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.set_axis_off()
    put_title(figure, found.title, width, height)
    top = height - 0.78
    draw_tipping(found, axes, left, top)
    axes.text(left, top + 0.28, found.xlabel, va="center", fontsize=style.SIZE, parse_math=False)
    axes.text(0.22, top - body / 2, found.ylabel, rotation=90, ha="center", va="center", fontsize=style.SIZE)
    put_footer(figure, lines, found.stamp, width, height)
    return figure
