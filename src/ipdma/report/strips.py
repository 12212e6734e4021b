"""Participants' flow per trial and arm: one strip of linked boxes each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from ipdma.report import style
from ipdma.report.exhibit import page_axes
from ipdma.report.style import text_width, wrap

ROW = 0.22
BOX = 0.62
STEP = 0.42


@dataclass(frozen=True)
class Strip:
    """One arm of one trial; `trial` is empty on its second arm."""

    trial: str
    arm: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Strips:
    """All arms of a contrast."""

    title: str
    heads: tuple[str, ...]
    strips: tuple[Strip, ...]
    footer: tuple[str, ...]
    stamp: str
    lost: frozenset[int] = frozenset()  # columns of those who leave the flow


def draw_strips(strips: Strips, axes: Axes, size: tuple[float, float], foot: float) -> dict[str, list[Any]]:
    """Draw on an axes whose units are inches."""
    width, height = size
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.set_axis_off()
    artists: dict[str, list[Any]] = {"box": [], "arrow": [], "text": []}
    trial, arm = columns_of(strips)
    start = 0.15 + trial + arm
    bold: dict[str, Any] = {"fontweight": "bold", "va": "center", "fontsize": style.SIZE}
    axes.text(0.15, height - 0.18, strips.title, **{**bold, "fontsize": style.SIZE + 1.5})
    top = height - 0.78
    for index, head in enumerate(strips.heads):
        for line, part in enumerate(wrap(head, BOX + STEP - 0.06, style.SMALL)):
            x = start + index * (BOX + STEP) + BOX / 2
            axes.text(x, top + 0.35 - 0.13 * line, part, ha="center", **{**bold, "fontsize": style.SMALL})
    for row, strip in enumerate(strips.strips):
        y = top - (row + 0.5) * ROW
        if strip.trial and row:
            axes.plot([0.15, width - 0.15], [y + ROW / 2] * 2, color=style.RULE, lw=0.4)
        look: dict[str, Any] = {"va": "center", "fontsize": style.SMALL + 0.5, "parse_math": False}
        artists["text"].append(axes.text(0.15, y, strip.trial, **look))
        artists["text"].append(axes.text(0.15 + trial, y, strip.arm, **look))
        draw_strip(strip, axes, artists, start, y, strips.lost)
    y = foot - 0.1
    for line_text in strips.footer:
        axes.text(0.15, y, line_text, fontsize=style.SMALL, color="#333333", va="center", parse_math=False)
        y -= 0.15
    if strips.stamp:
        axes.text(
            0.15, y, strips.stamp, fontsize=style.SMALL, fontweight="bold", color=style.ORANGE, va="center"
        )
    return artists


def draw_strip(
    strip: Strip,
    axes: Axes,
    artists: dict[str, list[Any]],
    start: float,
    y: float,
    lost: frozenset[int] = frozenset(),
) -> None:
    """The linked boxes of one arm; an empty cell belongs to the arm above."""
    for index, cell in enumerate(strip.cells):
        if not cell:
            continue
        x = start + index * (BOX + STEP)
        look: dict[str, Any] = {"fc": "white", "ec": style.INK, "lw": 0.6}
        if index in lost:
            look |= {"fc": "#eeeeee", "ec": style.FAINT, "ls": (0, (3, 2))}
        frame = Rectangle((x, y - ROW * 0.4), BOX, ROW * 0.8, **look)
        artists["box"].append(axes.add_patch(frame))
        artists["text"].append(
            axes.text(x + BOX / 2, y, cell, ha="center", va="center", fontsize=style.SMALL + 0.5)
        )
        if index and strip.cells[index - 1]:
            arrow = FancyArrowPatch(
                (x - STEP, y),
                (x, y),
                arrowstyle="-|>",
                mutation_scale=7,
                lw=0.6,
                color=style.INK,
                shrinkA=0,
                shrinkB=0,
            )
            artists["arrow"].append(axes.add_patch(arrow))


def columns_of(strips: Strips) -> tuple[float, float]:
    """Widths of the trial's and the arm's column."""
    trial = max(text_width(s.trial, style.SMALL + 0.5) for s in strips.strips) + 0.2
    return trial, max(text_width(s.arm, style.SMALL + 0.5) for s in strips.strips) + 0.2


def draw_strips_page(strips: Strips) -> Figure:
    """The figure, as large as it needs to be."""
    trial, arm = columns_of(strips)
    width = 0.15 + trial + arm + len(strips.heads) * (BOX + STEP) - STEP + 0.45
    width = max(width, text_width(strips.title, style.SIZE + 1.5, "bold") + 0.3)
    lines = tuple(part for line in strips.footer for part in wrap(line, width - 0.3))
    held = Strips(strips.title, strips.heads, strips.strips, lines, strips.stamp, strips.lost)
    foot = 0.12 + 0.15 * (len(lines) + bool(strips.stamp))
    height = foot + ROW * len(strips.strips) + 0.1 + 0.78
    figure, axes = page_axes(width, height)
    draw_strips(held, axes, (width, height), foot)
    return figure
