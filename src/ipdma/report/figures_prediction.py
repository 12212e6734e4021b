"""Predicted benefit by the first two variables of the plan's prediction, a panel per contrast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ipdma.model.term import TREATMENT
from ipdma.report import style, wording
from ipdma.report.exhibit import LINE, Exhibit, Sheet
from ipdma.report.ledger import Ledger
from ipdma.report.material import Analysis, Material
from ipdma.report.prediction_words import (
    INTERVAL,
    head_of,
    lead,
    named,
    predicted,
    unit_of,
    variables_of,
)
from ipdma.report.records import first
from ipdma.report.style import wrap
from ipdma.report.words import unit_words

PLOT, LEFT, BETWEEN, RIGHT = 2.4, 0.62, 0.3, 0.12  # inches
LOOKS = ((style.BLUE, "-"), (style.ORANGE, "--"), (style.INK, "-."), (style.SKY, ":"))
Line = Sequence[tuple[float, float, float, float]]


@dataclass(frozen=True)
class Panel:
    """One contrast, benefits in points.

    `lines` holds (value of the first variable, benefit, low, high) by the value of the second in words, under
    an empty name where there is no second; `average` is the benefit with everybody alike.
    """

    title: str
    lines: dict[str, Line]
    average: float


@dataclass(frozen=True)
class Picture:
    """What the figure shows."""

    title: str
    xlabel: str
    ylabel: str
    panels: Sequence[Panel]
    footer: Sequence[str]
    stamp: str


def prediction_exhibits(material: Material, ledger: Ledger) -> Iterator[Exhibit]:
    """The figure, where any benefit was predicted over a scale."""
    asked = [a for a in predicted(material) if lead(material, a) and points_of(material, a)]
    if not asked:
        return
    shown = [a for a in asked if (a.outcome, a.timepoint) == (asked[0].outcome, asked[0].timepoint)]
    found = picture_of(material, shown)
    told = "; ".join(f"{p.title}: {ends_text(p)}" for p in found.panels)
    caption = f"{found.title}. {' '.join(found.footer)}"
    yield Exhibit(
        "prediction",
        "Moderators",
        caption,
        f"{found.title}. {told}.",
        partial(draw_prediction, found),
        main=True,
    )


def points_of(material: Material, analysis: Analysis) -> list[Any]:
    """The rows of the curves."""
    return material.records.of("estimates", head_of(analysis).but(variant="curve"))


def picture_of(material: Material, asked: Sequence[Analysis]) -> Picture:
    """Panels of all contrasts of one question."""
    names = variables_of(material, asked[0])[:2]
    _, points = unit_of(material, asked[0])
    words = wording.several([named(material, name) for name in names])
    said = [f"{material.contrast(a.contrast)}: {lead(material, a)}" for a in asked]
    return Picture(
        f"Predicted benefit by {words}",
        axis_words(material, asked[0], names[0]),
        f"Benefit, {points}",
        [panel_of(material, a) for a in asked],
        [*said, f"Bands: {material.level} intervals. Grey: the average effect, everybody alike. {INTERVAL}"],
        material.stamp,
    )


def axis_words(material: Material, analysis: Analysis, name: str) -> str:
    """The first variable with its unit."""
    column = str((material.plan["moderators"].get(name) or {}).get("column"))
    if column == "baseline":
        return f"{material.moderator(name)}, {unit_of(material, analysis)[1]}"
    unit = unit_words(column)
    return f"{wording.heading(named(material, name))}{f', {unit}' if unit else ''}"


def panel_of(material: Material, analysis: Analysis) -> Panel:
    """One contrast's lines, in points of benefit."""
    unit, _ = unit_of(material, analysis)
    mean = first(material.records.of("estimates", head_of(analysis)), term=TREATMENT)
    names = variables_of(material, analysis)
    lines: dict[str, list[tuple[float, float, float, float]]] = {}
    for row in points_of(material, analysis):
        value, _, other = row.text("level").partition(" at ")
        ends = [row.number(name) for name in ("estimate", "ci_high", "ci_low")]
        if None not in ends:
            key = line_words(material, names[1], other) if other else ""
            lines.setdefault(key, []).append((float(value), *(-unit * float(e or 0.0) for e in ends)))  # type: ignore[arg-type]
    average = (mean.number("estimate") or 0.0) if mean is not None else 0.0
    return Panel(material.contrast(analysis.contrast), dict(lines), -unit * average)


def line_words(material: Material, name: str, value: str) -> str:
    """`Duration 12 months`."""
    entry = material.plan["moderators"].get(name) or {}
    unit = "" if entry.get("type") == "categorical" else unit_words(str(entry.get("column")))
    return f"{value.replace('_', ' ')}{f' {unit}' if unit else ''}"


def ends_text(panel: Panel) -> str:
    """Where each line begins and ends."""
    found = [
        f"{f'{name}, ' if name else ''}from {begin[1]:.1f} at {begin[0]:.4g} to {end[1]:.1f} at {end[0]:.4g}"
        for name, (begin, *_, end) in panel.lines.items()
    ]
    return "; ".join(found).replace("-", "\u2212")


def draw_prediction(found: Picture) -> Figure:
    """Panels side by side with one vertical axis."""
    count = len(found.panels)
    each = (style.WIDE - LEFT - RIGHT - BETWEEN * (count - 1)) / count
    titles = [wrap(p.title, each, style.SIZE, "bold") for p in found.panels]
    above = 0.1 + LINE * max(len(t) for t in titles)
    sheet = Sheet(found.title, found.footer, found.stamp, 0.42 + PLOT + above)
    shared: Any = None
    for index, (panel, title) in enumerate(zip(found.panels, titles, strict=True)):
        axes = sheet.axes(LEFT + index * (each + BETWEEN), sheet.foot + 0.42, each, PLOT)
        if shared is not None:
            axes.sharey(shared)
        shared = shared or axes
        draw_panel(panel, axes, title)
        axes.tick_params(labelleft=index == 0)
    shared.set_ylabel(found.ylabel, parse_math=False)
    sheet.figure.axes[len(found.panels) // 2].set_xlabel(found.xlabel, parse_math=False)
    return sheet.figure


def draw_panel(panel: Panel, axes: Axes, title: Sequence[str]) -> None:
    """The average, then each line with its band."""
    axes.axhline(0, color=style.INK, lw=0.7)
    axes.axhline(panel.average, color=style.FAINT, lw=1.1)
    for (name, line), (colour, dash) in zip(panel.lines.items(), LOOKS, strict=False):
        x, y, low, high = zip(*line, strict=True)
        axes.fill_between(x, low, high, color=colour, alpha=0.12, lw=0)
        axes.plot(x, y, color=colour, ls=dash, lw=1.6, label=name)
    if any(panel.lines):
        axes.legend(loc="upper left")
    axes.set_title("\n".join(title), fontsize=style.SIZE, fontweight="bold", loc="left", parse_math=False)
