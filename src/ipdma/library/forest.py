"""The forest plot of an answer: its studies, the pooled effect, the interval of a new study."""

from __future__ import annotations

import math

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ipdma.library.answer import Studies
from ipdma.report.exhibit import page_axes
from ipdma.report.fonts import provide_fonts
from ipdma.report.forest import draw_forest
from ipdma.report.forest_layout import Forest, Line, measure_forest
from ipdma.report.marks import in_inches
from ipdma.report.style import STYLE

COLUMNS = (("", "Study", "left"), ("", "Estimate [interval]", "right"), ("", "Weight", "right"))


def draw_on(shows: Studies, axes: Axes) -> Axes:
    """The forest plot on axes that it takes whole."""
    plot = forest_of(shows)
    provide_fonts()
    with rc_context(STYLE):
        layout = measure_forest(plot)
        in_inches(axes, layout.width, layout.height)
        draw_forest(plot, layout, axes)
    return axes


def draw_page(shows: Studies) -> Figure:
    """The forest plot on a figure of its own size."""
    plot = forest_of(shows)
    provide_fonts()
    with rc_context(STYLE):
        layout = measure_forest(plot)
        figure, axes = page_axes(layout.width, layout.height)
        draw_forest(plot, layout, axes)
    return figure


def forest_of(shows: Studies) -> Forest:
    """The lines of the plot, studies in their own order."""
    odds = shows.odds
    lines = [
        Line("study", (name, text(odds, y, low, high), f"{weight:.1f}"), y, low, high, weight, (), name)
        for name, y, low, high, weight in shows.studies
    ]
    lines.append(Line("pooled", ("Pooled", text(odds, *shows.pooled), ""), *shows.pooled))
    if shows.predicted is not None:
        cells = ("A new study", text(odds, *shows.predicted), "")
        lines.append(Line("interval", cells, None, *shows.predicted))
    axis = "Odds ratio (log scale)" if odds else "Effect"
    return Forest(shows.title, COLUMNS, 1, lines, ("", ""), axis, odds=odds, footer=[shows.footer])


def text(odds: bool, *values: float) -> str:
    """`-0.42 [-0.65, -0.18]`, or an interval alone; odds ratios from their logarithms."""
    shown = [f"{math.exp(min(v, 700.0)) if odds else v:.2f}".replace("-", "\u2212") for v in values]
    return f"[{shown[-2]}, {shown[-1]}]" if len(shown) == 2 else f"{shown[0]} [{shown[1]}, {shown[2]}]"
