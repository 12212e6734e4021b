"""Funnel, specification curve, and one stage against two: drawn on axes in the units of the effect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ipdma.report import style
from ipdma.report.exhibit import blank_figure, framed, put_footer, put_title
from ipdma.report.style import text_width, wrap

SHADES = ("#ffffff", "#e3e3e3", "#c6c6c6", "#a8a8a8")


@dataclass(frozen=True)
class Funnel:
    """Studies as (effect, standard error, source); contours as (level, critical z), widest last."""

    title: str
    xlabel: str
    studies: Sequence[tuple[float, float, str]]
    pooled: float
    contours: Sequence[tuple[str, float]]
    footer: Sequence[str]
    stamp: str


@dataclass(frozen=True)
class Specifications:
    """Estimates as (effect, low, high), sorted; `choices` are (dimension, choice, which specifications)."""

    title: str
    ylabel: str
    estimates: Sequence[tuple[float, float | None, float | None]]
    choices: Sequence[tuple[str, str, tuple[bool, ...]]]
    headline: float | None
    footer: Sequence[str]
    stamp: str


@dataclass(frozen=True)
class Agreement:
    """Analyses as (two-stage effect, one-stage effect, matched or not)."""

    title: str
    points: Sequence[tuple[float, float, bool]]
    footer: Sequence[str]
    stamp: str


def draw_funnel(funnel: Funnel, axes: Axes) -> dict[str, list[Any]]:
    """Studies over the contours of significance about no effect; the pooled effect as a line."""
    artists: dict[str, list[Any]] = {"contour": [], "ipd": [], "aggregate": []}
    deepest = 1.08 * max(error for _, error, _ in funnel.studies)
    reach = max(
        [abs(value) for value, _, _ in funnel.studies]
        + [z * deepest for _, z in funnel.contours]
        + [abs(funnel.pooled)]
    )
    axes.set_xlim(-1.05 * reach, 1.05 * reach)
    axes.set_ylim(deepest, 0)
    shades = SHADES[1 : len(funnel.contours) + 1][::-1]
    axes.set_facecolor("#fafafa")
    for (level, z), shade in reversed(list(zip(funnel.contours, shades, strict=True))):
        label = f"p > {level}"
        artists["contour"].append(
            axes.fill_betweenx(
                [0, deepest], [0, -z * deepest], [0, z * deepest], color=shade, lw=0, label=label
            )
        )
    artists["zero"] = [axes.axvline(0, color=style.INK, lw=0.6)]
    artists["pooled"] = [
        axes.axvline(funnel.pooled, color=style.BLUE, lw=1.2, ls="--", label="Pooled, two stages")
    ]
    for source, mark, face in (("ipd", "o", style.INK), ("aggregate", "D", "white")):
        found = [(v, e) for v, e, s in funnel.studies if s == source]
        if found:
            label = "Participant data" if source == "ipd" else "Published results only"
            x, y = zip(*found, strict=True)
            artists[source] = axes.plot(x, y, mark, mfc=face, mec=style.INK, ms=5, ls="", label=label)
    axes.set_xlabel(funnel.xlabel)
    axes.set_ylabel("Standard error")
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return artists


def draw_funnel_page(funnel: Funnel) -> Figure:
    """The figure of a funnel plot."""
    figure, axes = framed((4.4, 3.4), funnel.title, funnel.footer, funnel.stamp, (0.75, 1.9, 0.55))
    draw_funnel(funnel, axes[0])
    return figure


def draw_specifications(found: Specifications, above: Axes, below: Axes) -> dict[str, list[Any]]:
    """Estimates above, the choices of each below."""
    artists: dict[str, list[Any]] = {"whisker": [], "choice": []}
    x = list(range(len(found.estimates)))
    values = [value for value, _, _ in found.estimates]
    bounds = [
        (i, low, high)
        for i, (_, low, high) in enumerate(found.estimates)
        if low is not None and high is not None
    ]
    if bounds:
        segments = [((i, low), (i, high)) for i, low, high in bounds]
        width = max(0.4, min(2.0, 150 / len(x)))
        artists["whisker"] = draw_segments(segments, above, style.RULE, width)
    size = max(1.5, min(4.0, 250 / len(x)))
    artists["point"] = above.plot(x, values, "o", color=style.BLUE, ms=size, ls="")
    artists["zero"] = [above.axhline(0, color=style.INK, lw=0.7)]
    if found.headline is not None:
        artists["headline"] = [
            above.axhline(found.headline, color=style.ORANGE, lw=1.1, ls="--", label="Primary analysis")
        ]
        above.legend(loc="best")
    above.set_ylabel(found.ylabel)
    for axes in (above, below):
        axes.set_xlim(-1, len(x))
    for row, (_, _, which) in enumerate(found.choices):
        at = tuple(i for i, chosen in enumerate(which) if chosen)
        segments = [((i, row - 0.32), (i, row + 0.32)) for i in at]
        artists["choice"] += draw_segments(segments, below, style.INK, max(0.5, min(1.8, 120 / len(x))))
    label_choices(found, below)
    return artists


def draw_segments(
    segments: Sequence[tuple[tuple[float, float], tuple[float, float]]], axes: Axes, colour: str, width: float
) -> list[Any]:
    """Strokes as one broken line: a twentieth of the file that as many marks would take."""
    x = [n for a, b in segments for n in (a[0], b[0], math.nan)]
    y = [n for a, b in segments for n in (a[1], b[1], math.nan)]
    return axes.plot(x, y, color=colour, lw=width, solid_capstyle="butt")


def label_choices(found: Specifications, axes: Axes) -> None:
    """Each choice's name at its row, its dimension in front of the first."""
    names = []
    for index, (dimension, choice, _) in enumerate(found.choices):
        lead = dimension.replace("_", " ") if index == 0 or found.choices[index - 1][0] != dimension else ""
        names.append(f"{lead}: {choice}" if lead else choice)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Specifications, by size of the effect")


def draw_specifications_page(found: Specifications) -> Figure:
    """The figure of a specification curve."""
    names = [f"{d.replace('_', ' ')}: {c}" for d, c, _ in found.choices]
    left = max([text_width(n, style.SMALL) for n in names] + [0.6]) + 0.25
    plot, tall, rows = 5.6, 2.4, 0.16 * len(found.choices) + 0.15
    width = max(left + plot + 0.25, text_width(found.title, style.SIZE + 1.5, "bold") + 0.3)
    lines = [part for line in found.footer for part in wrap(line, width - 0.3)]
    foot = 0.12 + 0.15 * (len(lines) + bool(found.stamp))
    height = foot + 0.45 + rows + 0.15 + tall + 0.4
    figure = blank_figure(width, height)
    put_title(figure, found.title, width, height)
    below = figure.add_axes((left / width, (foot + 0.45) / height, plot / width, rows / height))
    above = figure.add_axes((left / width, (foot + 0.6 + rows) / height, plot / width, tall / height))
    draw_specifications(found, above, below)
    above.tick_params(labelbottom=False)
    put_footer(figure, lines, found.stamp, width, height)
    return figure


def draw_agreement(found: Agreement, axes: Axes) -> dict[str, list[Any]]:
    """One-stage against two-stage estimates about the line of identity."""
    artists: dict[str, list[Any]] = {"plan": [], "matched": []}
    numbers = [n for x, y, _ in found.points for n in (x, y)]
    pad = 0.08 * (max(numbers) - min(numbers)) or 0.1
    limits = (min(numbers) - pad, max(numbers) + pad)
    artists["identity"] = axes.plot(limits, limits, color=style.RULE, lw=1.0)
    looks = (
        ("plan", False, "o", "white", "As planned"),
        ("matched", True, "x", style.ORANGE, "Matched pair"),
    )
    for role, matched, mark, face, label in looks:
        points = [(x, y) for x, y, flag in found.points if flag is matched]
        if points:
            x, y = zip(*points, strict=True)
            edge = style.ORANGE if matched else style.BLUE
            artists[role] = axes.plot(x, y, mark, mfc=face, mec=edge, ms=5.5, mew=1.3, ls="", label=label)
    axes.set_xlim(limits)
    axes.set_ylim(limits)
    axes.set_aspect("equal")
    axes.set_xlabel("Two stages")
    axes.set_ylabel("One stage")
    axes.legend(loc="upper left")
    return artists


def draw_agreement_page(found: Agreement) -> Figure:
    """The figure of one stage against two."""
    figure, axes = framed((3.6, 3.6), found.title, found.footer, found.stamp, (0.75, 0.3, 0.55))
    draw_agreement(found, axes[0])
    return figure
