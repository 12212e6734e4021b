"""The benefit in points against a moderator, a panel per contrast, with the trials' ranges below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ipdma.report import style
from ipdma.report.curves import Point
from ipdma.report.effect_curve import points_of, trials_of
from ipdma.report.exhibit import LINE, Exhibit, Sheet, share_height
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import first, select
from ipdma.report.style import WIDE, wrap
from ipdma.report.words import in_sentence

PLOT, RUG = 2.3, 0.07  # heights in inches: the curve, and each trial's line
LEFT, BETWEEN, RIGHT = 0.62, 0.3, 0.12


@dataclass(frozen=True)
class Panel:
    """One contrast: curve and trials (mean, SD), both in the units of the axes."""

    title: str
    curve: Sequence[Point]
    trials: Sequence[tuple[float, float | None]]


@dataclass(frozen=True)
class Benefit:
    """What the figure shows."""

    title: str
    xlabel: str
    ylabel: str
    panels: Sequence[Panel]
    footer: Sequence[str]
    stamp: str


def benefit_exhibits(material: Material, ledger: Ledger) -> Iterator[Exhibit]:
    """A figure by baseline severity and one by the duration of the episode in months, where the plan has the
    moderator and the run told effects in points."""
    for name, column in (("severity", "baseline"), ("duration", "episode_duration_months")):
        moderator = moderator_of(material, column)
        pen = ledger.pen(f"figures/benefit.{name}")
        found = benefit_of(material, moderator, pen) if moderator else None
        if found is not None:
            texts = "; ".join(f"{p.title}: {ends_text(p)}" for p in found.panels)
            alt = f"{found.title}. {texts}."
            caption = f"{found.title}. {' '.join(found.footer)}"
            yield Exhibit(
                f"benefit.{name}", "Moderators", caption, alt, partial(draw_benefit, found), main=True
            )


def moderator_of(material: Material, column: str) -> str:
    """The plan's first continuous, untransformed moderator on a column."""
    for name, entry in material.plan.get("moderators", {}).items():
        own = entry or {}
        plain = own.get("type", "continuous") != "categorical" and own.get("transform", "none") == "none"
        if own.get("column") == column and plain:
            return str(name)
    return ""


def benefit_of(material: Material, moderator: str, pen: Pen) -> Benefit | None:
    """A panel for each contrast at its first time point, or None where no effect can be told in points."""
    firsts: dict[str, Analysis] = {}
    for analysis in material.detailed:
        firsts.setdefault(analysis.contrast, analysis)
    panels = [p for a in firsts.values() if (p := panel_of(material, a, moderator)) is not None]
    if not panels:
        return None
    tests = [test_text(material, a, moderator, pen) for a in firsts.values()]
    baseline = (material.plan["moderators"][moderator] or {}).get("column") == "baseline"
    return Benefit(
        f"Benefit by {in_sentence(material.moderator(moderator))}",
        f"Baseline, {material.points}" if baseline else material.axis_of(moderator),
        f"Difference, {material.points}",
        panels,
        (
            "Below zero the treatment named first is better. Interaction within trials: "
            f"{'; '.join(t for t in tests if t)}. Lines below: mean of each trial, one SD each way.",
        ),
        material.stamp,
    )


def panel_of(material: Material, analysis: Analysis, moderator: str) -> Panel | None:
    """One contrast's curve in points; None where the run made no curve or told no effect in points."""
    sd = material.points_per_sd(analysis)
    head = analysis.ident(material.primary, "one", moderator)
    curve = points_of(material, head.but(variant="curve"), moderator)
    if sd is None or len(curve) < 2:
        return None
    entry = material.plan["moderators"][moderator] or {}
    scaled = entry.get("column") == "baseline" and material.standardise(analysis.outcome) != "none"
    across = sd if scaled else 1.0
    return Panel(
        material.contrast(analysis.contrast),
        [(x * across, y * sd, low * sd, high * sd) for x, y, low, high in curve],
        [
            (mean * across, None if spread is None else spread * across)
            for _, mean, spread in trials_of(material, head)
        ],
    )


def test_text(material: Material, analysis: Analysis, moderator: str, pen: Pen) -> str:
    """`STPP against control, p = .001`."""
    head = analysis.ident(material.primary, "one", moderator)
    rows = select(material.records.of("estimates", head), moderator=moderator)
    row = first(rows, term=f"treatment:within:{moderator}")
    if row is None or row.number("p_value") is None:
        return ""
    return f"{material.contrast(analysis.contrast)}, {pen.p_phrase(row)}"


def ends_text(panel: Panel) -> str:
    """Where the curve begins and ends."""
    begin, end = panel.curve[0], panel.curve[-1]
    return f"from {begin[1]:.1f} at {begin[0]:.0f} to {end[1]:.1f} at {end[0]:.0f}".replace("-", "\u2212")


def draw_benefit(found: Benefit) -> Figure:
    """Panels side by side with one vertical axis, trials' lines below each."""
    count = len(found.panels)
    each = (WIDE - LEFT - RIGHT - BETWEEN * (count - 1)) / count
    titles = [wrap(p.title, each, style.SIZE, "bold") for p in found.panels]
    above = 0.1 + LINE * max(len(t) for t in titles)
    most = max(len(p.trials) for p in found.panels)
    rug = share_height(most, RUG, PLOT + above + 1.2) * most + 0.08
    sheet = Sheet(found.title, found.footer, found.stamp, 0.42 + rug + PLOT + above)
    shared: Any = None
    for index, (panel, title) in enumerate(zip(found.panels, titles, strict=True)):
        x, y = LEFT + index * (each + BETWEEN), sheet.foot + 0.42
        below = sheet.axes(x, y, each, rug)
        axes = sheet.axes(x, y + rug, each, PLOT)
        if shared is not None:
            axes.sharey(shared)
        shared = shared or axes
        draw_panel(panel, axes, below, title, found)
        axes.tick_params(labelleft=index == 0, labelbottom=False)
    low = min(p.curve[0][0] for p in found.panels)
    high = max(p.curve[-1][0] for p in found.panels)
    for axes in sheet.figure.axes:
        axes.set_xlim(low, high)
    shared.set_ylabel(found.ylabel, parse_math=False)
    middle = sheet.figure.axes[len(found.panels) // 2 * 2]
    middle.set_xlabel(found.xlabel, parse_math=False)
    return sheet.figure


def draw_panel(panel: Panel, axes: Axes, below: Axes, title: Sequence[str], found: Benefit) -> None:
    """Band, line and no effect above; a line per trial below, on the same horizontal axis."""
    x, y, low, high = zip(*panel.curve, strict=True)
    axes.fill_between(x, low, high, color=style.SKY, alpha=0.35, lw=0)
    axes.axhline(0, color=style.INK, lw=0.7)
    axes.plot(x, y, color=style.BLUE, lw=1.8)
    axes.set_title("\n".join(title), fontsize=style.SIZE, fontweight="bold", loc="left", parse_math=False)
    for index, (mean, spread) in enumerate(panel.trials):
        if spread is not None:
            below.plot([mean - spread, mean + spread], [index, index], color=style.FAINT, lw=1.1)
        below.plot([mean], [index], "|", color=style.INK, ms=4, mew=1.2)
    below.set_ylim(len(panel.trials), -1)
    below.set_yticks([])
    below.spines["left"].set_visible(False)
