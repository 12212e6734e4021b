"""Strokes, areas and words in inches on a whole page, or on axes whose units are inches.

A page is the figure itself: axes that nobody sees cost more time than all that stands on them.
"""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.transforms import Transform

Page = Axes | Figure


def inches(page: Page) -> Transform:
    """From inches to the page."""
    return page.dpi_scale_trans if isinstance(page, Figure) else page.transData


def stroke(page: Page, xs: Any, ys: Any, **look: Any) -> Line2D:
    """A line through points; NaN breaks it."""
    line = Line2D(xs, ys, transform=inches(page), **look)
    page.add_artist(line)
    return line


def area(page: Page, patch: Patch) -> Patch:
    """A rectangle, a polygon, a circle."""
    patch.set_transform(inches(page))
    page.add_artist(patch)
    return patch


def text_at(page: Page, x: float, y: float, text: str, **look: Any) -> Text:
    """A piece of text at a point, `va` and `ha` as matplotlib has them."""
    written = Text(x, y, text, transform=inches(page), clip_on=False, **look)
    page.add_artist(written)
    return written


def in_inches(axes: Axes, width: float, height: float) -> None:
    """Make inches the units of axes, and take their frame away."""
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.set_axis_off()
