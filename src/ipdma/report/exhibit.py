"""A figure that is ready to be drawn: its name, its caption fit for print, its text for those who cannot
see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ipdma.report import style
from ipdma.report.fonts import provide_fonts
from ipdma.report.formats.figure import figure_bytes
from ipdma.report.style import wrap

LINE = 0.15  # inches between lines of a footer


@dataclass(frozen=True)
class Exhibit:
    """One figure.

    `draw` returns the finished matplotlib figure; it is called when the figure is rendered, not before.
    """

    name: str
    section: str
    caption: str
    alt: str
    draw: Callable[[], Figure]


def render_exhibit(exhibit: Exhibit) -> Iterator[tuple[str, bytes]]:
    """Yield (`pdf` | `svg` | `png`, bytes)."""
    provide_fonts()
    with rc_context(style.STYLE):
        figure = exhibit.draw()
    yield from figure_bytes(figure, exhibit.name)


def blank_figure(width: float, height: float) -> Figure:
    """A figure of so many inches with its canvas, outside pyplot's list of open figures."""
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def page_axes(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure and an axes that covers it."""
    figure = blank_figure(width, height)
    return figure, figure.add_axes((0, 0, 1, 1))


def framed(
    size: tuple[float, float],
    title: str,
    footer: Sequence[str],
    stamp: str,
    margins: tuple[float, float, float] = (0.75, 0.2, 0.55),
    panels: int = 1,
    gap: float = 0.6,
) -> tuple[Figure, list[Any]]:
    """A figure whose axes measure `size` inches in all, with a title above and notes below.

    `margins` are left, right and below the axes, for labels.
    """
    left, right, below = margins
    width = left + size[0] + right
    width = max(width, style.text_width(title, style.SIZE + 1.5, "bold") + 0.3)
    lines = [part for line in footer for part in wrap(line, width - 0.3)]
    foot = 0.1 + LINE * (len(lines) + bool(stamp))
    height = 0.45 + size[1] + below + foot
    figure = blank_figure(width, height)
    put_title(figure, title, width, height)
    put_footer(figure, lines, stamp, width, height)
    each = (size[0] - gap * (panels - 1)) / panels
    boxes = [(left + index * (each + gap), foot + below, each, size[1]) for index in range(panels)]
    return figure, [figure.add_axes((x / width, y / height, w / width, h / height)) for x, y, w, h in boxes]


def put_footer(figure: Figure, lines: Sequence[str], stamp: str, width: float, height: float) -> None:
    """Notes, then the stamp of synthetic data in the last line."""
    y = 0.08 + LINE * (len(lines) + bool(stamp)) - LINE / 2
    for line in lines:
        figure.text(
            0.15 / width,
            y / height,
            line,
            fontsize=style.SMALL,
            color="#333333",
            va="center",
            parse_math=False,
        )
        y -= LINE
    if stamp:
        look: dict[str, Any] = {"fontsize": style.SMALL, "fontweight": "bold", "color": style.ORANGE}
        figure.text(0.15 / width, y / height, stamp, va="center", **look)


def put_title(figure: Figure, title: str, width: float, height: float) -> None:
    """The title in the upper left corner."""
    look: dict[str, Any] = {"fontsize": style.SIZE + 1.5, "fontweight": "bold", "va": "center"}
    figure.text(0.15 / width, 1 - 0.18 / height, title, parse_math=False, **look)
