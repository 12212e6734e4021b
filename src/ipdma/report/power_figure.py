"""The power before the data, drawn: with the trials that are expected, and if every trial came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ipdma.analysis.planning import Answer
from ipdma.report.exhibit import Sheet, share_height
from ipdma.report.fonts import provide_fonts
from ipdma.report.power_words import label, points, question_text
from ipdma.report.style import BLUE, FAINT, INK, ORANGE, RULE, SMALL, STYLE, text_width

WANTED = 0.8  # the power that planners ask for


def draw_power(plan: Mapping[str, Any], answers: Sequence[Answer]) -> Figure:
    """A page with a line for each question, grouped by outcome and contrast."""
    provide_fonts()
    with rc_context(STYLE):
        lines = list(ordered(plan, answers))
        each = share_height(len(lines), 0.19, 1.6)
        foot = [
            "Filled: with the trials that are expected. Open: if every trial of the registry came. Broken "
            f"line: {100 * WANTED:.0f}%. Right: the trial whose data would add most, in percentage points. "
            "Exploratory moderators are left out."
        ]
        sheet = Sheet("Power before the data", foot, str(plan["footer"] or ""), each * len(lines) + 0.6)
        names = max(text_width(text, SMALL, "bold" if own is None else "normal") for text, own in lines) + 0.2
        axes = sheet.axes(names, sheet.foot + 0.45, sheet.width - names - 1.4, each * len(lines))
        draw_lines(axes, lines)
    return sheet.figure


def ordered(plan: Mapping[str, Any], answers: Sequence[Answer]) -> list[tuple[str, Answer | None]]:
    """Headings and questions from above to below."""
    found: list[tuple[str, Answer | None]] = []
    earlier = None
    for own in answers:
        moderator = own.question.moderator
        if moderator and plan["moderators"][moderator]["exploratory"]:
            continue
        group = (own.question.outcome, own.question.contrast)
        if group != earlier:
            heading = f"{label(plan, 'outcomes', group[0])}: {label(plan, 'contrasts', group[1])}"
            found.append((heading, None))
            earlier = group
        found.append((question_text(plan, own.question), own))
    return found


def draw_lines(axes: Axes, lines: Sequence[tuple[str, Answer | None]]) -> None:
    """The points on an axis of power from 0 to 100%."""
    axes.set_xlim(0, 100)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.axvline(100 * WANTED, color=FAINT, linewidth=0.7, linestyle=(0, (4, 3)))
    for y, (text, own) in enumerate(lines):
        look: dict[str, Any] = {"va": "center", "fontsize": SMALL, "color": INK, "parse_math": False}
        weight = "bold" if own is None else "normal"
        axes.annotate(
            text, (0, y), (-8, 0), textcoords="offset points", ha="right", fontweight=weight, **look
        )
        if own is None:
            continue
        now, everybody = 100 * own.expected.power, 100 * own.everybody.power
        axes.plot([now, everybody], [y, y], color=RULE, linewidth=1, zorder=1)
        axes.plot([everybody], [y], "o", markersize=5, mfc="white", mec=ORANGE, clip_on=False)
        axes.plot([now], [y], "o", markersize=4.5, color=BLUE, clip_on=False)
        if own.gains and own.gains[0][1] > 0:
            study, gain = own.gains[0]
            axes.annotate(
                f"{study} {points(gain)}", (100, y), (8, 0), textcoords="offset points", ha="left", **look
            )
    axes.set_yticks([])
    axes.set_xlabel("Power, %")
    axes.spines["left"].set_visible(False)
