"""A figure that is ready to be drawn: its name, its caption fit for print, its text for those who cannot
see it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from ipdma.report import style
from ipdma.report.fonts import provide_fonts
from ipdma.report.formats.figure import FORMATS, figure_bytes
from ipdma.report.marks import in_inches
from ipdma.report.style import wrap

LINE = 0.13  # inches between lines of a footer
HEAD = 0.16  # between those of a title


@dataclass(frozen=True)
class Exhibit:
    """One figure.

    `draw` returns the finished matplotlib figure; it is called when the figure is rendered, not before.
    `name` is that of its files; `section` is the part of the supplement in which it stands; `alt` says what
    it shows for those who cannot see it. `main` figures are those that a paper prints; the plan has a list
    of formats for them, and one for the others.
    """

    name: str
    section: str
    caption: str
    alt: str
    draw: Callable[[], Figure]
    main: bool = False


def render_exhibit(exhibit: Exhibit, formats: Collection[str] = FORMATS) -> Iterator[tuple[str, bytes]]:
    """Yield (`pdf` | `svg` | `png` | `page`, bytes): the formats asked for, then the drawing for the page."""
    provide_fonts()
    with rc_context(style.STYLE):
        figure = exhibit.draw()
    yield from figure_bytes(figure, exhibit.name, formats)


def blank_figure(width: float, height: float) -> Figure:
    """A figure of so many inches with its canvas, outside pyplot's list of open figures."""
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def page_axes(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure and axes that cover it, whose units are inches."""
    figure = blank_figure(width, height)
    axes = figure.add_axes((0, 0, 1, 1))
    in_inches(axes, width, height)
    return figure, axes


class Sheet:
    """A figure as it is printed: a title above, notes and the stamp of synthetic data below, a body between.

    Parameters
    ----------
    title, stamp : str
        An empty stamp takes no room.
    footer : sequence of str
        The notes; each is wrapped, and empty ones are left out.
    body : float
        Height of the body in inches; the sheet is as much taller as title and notes need.
    width : float
        Inches.

    Attributes
    ----------
    figure : Figure
    width, height : float
        Inches; no wider than a journal's page.
    foot, top : float
        Where the body ends and begins, in inches from below.
    """

    def __init__(
        self, title: str, footer: Sequence[str], stamp: str, body: float, width: float = style.WIDE
    ) -> None:
        room = width - 2 * style.EDGE
        heads = wrap(title, room, style.TITLE, "bold")
        lines = [part for line in footer if line for part in wrap(line, room)]
        self.width = width
        self.foot = 0.05 + LINE * (len(lines) + bool(stamp))
        self.height = self.foot + body + head_height(len(heads))
        self.top = self.foot + body
        self.figure = blank_figure(width, self.height)
        bold: dict[str, Any] = {"fontweight": "bold"}
        for index, line in enumerate(heads):
            self.text(style.EDGE, self.height - 0.1 - HEAD * index, line, fontsize=style.TITLE, **bold)
        for index, line in enumerate(lines):
            self.text(style.EDGE, self.foot - LINE * (index + 0.5), line, color="#333333")
        if stamp:
            self.text(style.EDGE, 0.05 + LINE / 2, stamp, color=style.ORANGE, **bold)

    def text(self, x: float, y: float, words: str, **look: Any) -> Text:
        """One line of text whose middle stands at height y; inches."""
        look = {"fontsize": style.SMALL, "va": "center_baseline", "parse_math": False, **look}
        return self.figure.text(x / self.width, y / self.height, words, **look)

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Axes at a place in inches."""
        box = (x / self.width, y / self.height, width / self.width, height / self.height)
        return self.figure.add_axes(box)

    def page(self) -> Axes:
        """Axes over the whole sheet, in inches and without a frame."""
        axes = self.axes(0, 0, self.width, self.height)
        in_inches(axes, self.width, self.height)
        return axes


def head_height(lines: int) -> float:
    """Room for a title of so many lines, in inches."""
    return 0.1 + HEAD * lines


def share_height(count: int, each: float, rest: float) -> float:
    """The height of a row, so that `count` of them and the rest stay on one page; inches."""
    return min(each, (style.TALL - rest) / max(count, 1))
