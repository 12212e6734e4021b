"""Observed against imputed values, traces of the chains, and tipping points."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ipdma.report import style
from ipdma.report.curves import label_effect
from ipdma.report.exhibit import Sheet
from ipdma.report.style import text_width

LOOKS = ((style.BLUE, "o", "-"), (style.ORANGE, "s", "--"), (style.INK, "^", ":"), (style.FAINT, "D", "-."))


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


Shift = tuple[float, float, float, float]  # shift of the active arm, effect, low, high


@dataclass(frozen=True)
class Tipping:
    """Effects under shifts: a line over the active arm's shift for each shift of the reference arm."""

    title: str
    xlabel: str
    ylabel: str
    lines: Sequence[tuple[str, Sequence[Shift]]]
    directions: tuple[str, str]
    footer: Sequence[str]
    stamp: str


def draw_shares(shares: Shares, axes: Axes) -> dict[str, list[Any]]:
    """Two marks per bin, joined: full for observed, open for imputed."""
    rows = range(len(shares.bins))
    observed, imputed = ([b[i] for b in shares.bins] for i in (1, 2))
    artists: dict[str, list[Any]] = {
        "gap": [axes.hlines(rows, observed, imputed, color=style.RULE, lw=1.4)],
        "observed": axes.plot(observed, rows, "o", color=style.INK, ms=4, label="Observed"),
        "imputed": axes.plot(
            imputed, rows, "D", mfc="white", mec=style.ORANGE, mew=1.3, ms=4, label="Imputed"
        ),
    }
    axes.set_yticks(rows, [name for name, _, _ in shares.bins])
    axes.set_ylim(len(shares.bins) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.margins(x=0.1)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(4))
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
    """Panels beside each other as the page allows; the trace last."""
    names = max([text_width(b[0], style.SMALL) for p in found.panels for b in p.bins] or [0.5]) + 0.15
    heads = max([text_width(p.name, style.SIZE, "bold") for p in found.panels] or [0.5])
    lines = max([text_width(p.line, style.SMALL) for p in found.panels] or [0.5])
    count = len(found.panels) + bool(found.trace)
    room = style.WIDE - 2 * style.EDGE
    across = max(1, min(3, count, int(room / max(names + 1.1, heads + 0.15, lines + 0.1))))
    cell, ranks = room / across, -(-count // across)
    tall = max([0.14 * len(p.bins) + 0.1 for p in found.panels] + [1.0])
    rank = tall + 0.78
    sheet = Sheet(found.title, found.footer, found.stamp, ranks * rank + 0.16)
    for index in range(count):
        x, y = style.EDGE + index % across * cell, sheet.top - 0.5 - index // across * rank
        axes = sheet.axes(x + names, y - tall, cell - names - 0.15, tall)
        traced = index == len(found.panels)
        head, line = (
            ("Trace of the chains", "") if traced else (found.panels[index].name, found.panels[index].line)
        )
        sheet.text(x, y + 0.21, head, fontsize=style.SIZE, fontweight="bold")
        sheet.text(x, y + 0.08, line)
        if traced:
            draw_trace(found.trace, axes)
            continue
        draw_shares(found.panels[index], axes)
        if index == 0:
            corner = (1 - style.EDGE / sheet.width, (sheet.top + 0.02) / sheet.height)
            look: dict[str, Any] = {"loc": "upper right", "bbox_to_anchor": corner, "ncols": 2}
            sheet.figure.legend(*axes.get_legend_handles_labels(), borderaxespad=0, **look)
    return sheet.figure


def draw_tipping(found: Tipping, axes: Axes) -> dict[str, list[Any]]:
    """A line per shift of the reference arm: marks are full where the interval excludes no effect."""
    artists: dict[str, list[Any]] = {"line": [], "whisker": [], "mark": []}
    artists["zero"] = [axes.axhline(0, color=style.INK, lw=0.7)]
    shifts = sorted({s[0] for _, points in found.lines for s in points})
    step = min([b - a for a, b in itertools.pairwise(shifts)], default=1.0)
    for index, (label, points) in enumerate(found.lines):
        colour, mark, dash = LOOKS[index % len(LOOKS)]
        x = [s[0] + step * 0.08 * (index - (len(found.lines) - 1) / 2) for s in points]
        artists["line"] += axes.plot(x, [s[1] for s in points], dash, color=colour, lw=1.2, label=label)
        for at, (_, effect, low, high) in zip(x, points, strict=True):
            clear = low > 0 or high < 0
            artists["whisker"] += axes.plot([at, at], [low, high], color=colour, lw=1.0)
            look: dict[str, Any] = {"mfc": colour if clear else "white", "mec": colour, "ms": 5}
            artists["mark"] += axes.plot([at], [effect], mark, **look)
    axes.set_xticks(shifts)
    axes.set_xlabel(found.xlabel)
    axes.margins(x=0.08)
    label_effect(axes, found.ylabel, found.directions)
    if len(found.lines) > 1:
        axes.legend(loc="best", borderaxespad=0.2)
    return artists


def draw_tipping_page(found: Tipping) -> Figure:
    """The figure of tipping points."""
    sheet = Sheet(found.title, found.footer, found.stamp, 2.8)
    draw_tipping(found, sheet.axes(0.75, sheet.foot + 0.45, sheet.width - 0.9, 2.3))
    return sheet.figure
