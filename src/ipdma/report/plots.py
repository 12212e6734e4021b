"""Funnel, specification curve, and one stage against two: drawn on axes in the units of the effect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ipdma.report import style
from ipdma.report.exhibit import Sheet, share_height
from ipdma.report.style import text_width

MARKED = 100  # specifications from which the points are one line
SHADES = ("#ffffff", "#e3e3e3", "#c6c6c6", "#a8a8a8")


@dataclass(frozen=True)
class Funnel:
    """Studies as (effect, standard error, `ipd` or `aggregate`); contours as (p value, its critical z),
    widest last. Effects and errors are in the units of `xlabel`."""

    title: str
    xlabel: str
    studies: Sequence[tuple[float, float, str]]
    pooled: float
    contours: Sequence[tuple[str, float]]
    footer: Sequence[str]
    stamp: str


@dataclass(frozen=True)
class Specifications:
    """Estimates as (effect, low, high), sorted; `choices` are (dimension, choice, whether each estimate made
    it), in the same order."""

    title: str
    ylabel: str
    estimates: Sequence[tuple[float, float | None, float | None]]
    choices: Sequence[tuple[str, str, tuple[bool, ...]]]
    headline: float | None
    footer: Sequence[str]
    stamp: str


@dataclass(frozen=True)
class Agreement:
    """A panel per scale, (name, analyses as (two-stage effect, one-stage effect, matched or not))."""

    title: str
    panels: Sequence[tuple[str, Sequence[tuple[float, float, bool]]]]
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
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=2, columnspacing=1.0, handlelength=1.6)
    return artists


def draw_funnel_page(funnel: Funnel) -> Figure:
    """One column wide, the legend under the axis."""
    sheet = Sheet(funnel.title, funnel.footer, funnel.stamp, 3.2, style.NARROW)
    draw_funnel(funnel, sheet.axes(0.5, sheet.foot + 0.95, sheet.width - 0.6, 2.2))
    return sheet.figure


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
    many = len(x) > MARKED
    artists["point"] = above.plot(x, values, "-" if many else "o", color=style.BLUE, ms=3, lw=1.6 * many)
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
        height = float(row)
        strokes = [((a - 0.4, height), (b + 0.4, height)) for a, b in runs_of(which)]
        artists["choice"] += draw_segments(strokes, below, style.INK, 5.0)
    label_choices(found, below)
    return artists


def runs_of(chosen: Sequence[bool]) -> list[tuple[int, int]]:
    """First and last of each run of neighbours."""
    starts = [i for i, c in enumerate(chosen) if c and (i == 0 or not chosen[i - 1])]
    ends = [i for i, c in enumerate(chosen) if c and (i + 1 == len(chosen) or not chosen[i + 1])]
    return list(zip(starts, ends, strict=True))


def draw_segments(
    segments: Sequence[tuple[tuple[float, float], tuple[float, float]]], axes: Axes, colour: str, width: float
) -> list[Any]:
    """Strokes as one broken line: a twentieth of the file that as many marks would take."""
    x = [n for a, b in segments for n in (a[0], b[0], math.nan)]
    y = [n for a, b in segments for n in (a[1], b[1], math.nan)]
    return axes.plot(x, y, color=colour, lw=width, solid_capstyle="butt")


def choice_names(found: Specifications) -> list[str]:
    """Each choice's name, its dimension in front of the first."""
    names = []
    for index, (dimension, choice, _) in enumerate(found.choices):
        lead = dimension if index == 0 or found.choices[index - 1][0] != dimension else ""
        names.append(f"{lead}: {choice}" if lead else choice)
    return names


def label_choices(found: Specifications, axes: Axes) -> None:
    """Each choice's name at its row."""
    axes.set_yticks(range(len(found.choices)), choice_names(found))
    axes.set_ylim(len(found.choices) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Specifications, by size of the effect")


def draw_specifications_page(found: Specifications) -> Figure:
    """The figure of a specification curve."""
    left = max([text_width(n, style.SMALL) for n in choice_names(found)] + [0.55]) + 0.12
    left, tall, below = min(left, 0.55 * style.WIDE), 2.1, 0.45
    rows = share_height(len(found.choices), 0.135, tall + below + 1.2) * len(found.choices) + 0.08
    sheet = Sheet(found.title, found.footer, found.stamp, below + rows + 0.1 + tall)
    plot = sheet.width - left - 0.1
    lower = sheet.axes(left, sheet.foot + below, plot, rows)
    upper = sheet.axes(left, sheet.foot + below + rows + 0.1, plot, tall)
    draw_specifications(found, upper, lower)
    upper.tick_params(labelbottom=False)
    return sheet.figure


def draw_agreement(
    name: str, points: Sequence[tuple[float, float, bool]], axes: Axes
) -> dict[str, list[Any]]:
    """One-stage against two-stage estimates about the line of identity."""
    artists: dict[str, list[Any]] = {"plan": [], "matched": []}
    numbers = [n for x, y, _ in points for n in (x, y)]
    pad = 0.08 * (max(numbers) - min(numbers)) or 0.1
    limits = (min(numbers) - pad, max(numbers) + pad)
    artists["identity"] = axes.plot(limits, limits, color=style.RULE, lw=1.0)
    looks = (
        ("plan", False, "o", "none", style.BLUE, "As planned"),
        ("matched", True, "x", "none", style.ORANGE, "Matched pair"),
    )
    for role, matched, mark, face, edge, label in looks:
        chosen = [(x, y) for x, y, flag in points if flag is matched]
        if chosen:
            x, y = zip(*chosen, strict=True)
            artists[role] = axes.plot(x, y, mark, mfc=face, mec=edge, ms=4.5, mew=1.0, ls="", label=label)
    axes.set_xlim(limits)
    axes.set_ylim(limits)
    axes.set_title(name, loc="left", fontsize=style.SIZE, fontweight="bold")
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.set_xlabel("Two stages")
    return artists


def draw_agreement_page(found: Agreement) -> Figure:
    """A square for each scale beside the others."""
    side = min(2.4, (style.WIDE - 0.1) / len(found.panels) - 0.62)
    sheet = Sheet(found.title, found.footer, found.stamp, side + 0.7)
    for index, (name, points) in enumerate(found.panels):
        axes = sheet.axes(0.55 + index * (side + 0.6), sheet.foot + 0.42, side, side)
        draw_agreement(name, points, axes)
        if index == 0:
            axes.set_ylabel("One stage")
            axes.legend(loc="upper left", borderaxespad=0.2, handletextpad=0.2)
    return sheet.figure
