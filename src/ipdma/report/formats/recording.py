"""A drawing, recorded once and played to the writer of each format.

matplotlib asks every artist anew for each format: where it stands, how wide its letters are. Here a figure is
asked once, in points; what it says is played to the renderers of SVG, PDF and PNG, so that all three have
the same places.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import partial
from typing import Any

from matplotlib.artist import Artist
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox

from ipdma.report.style import line_box, text_box, text_outline

POINTS = 72  # to an inch
BOLD = {"bold", 700}

Call = Callable[[RendererBase, float], None]


class Recording(RendererBase):
    """A renderer that keeps what it is told: strokes, areas, marks and texts, in points from below.

    Attributes
    ----------
    width, height : float
        Points.
    calls : list of callable
        Each draws one thing with a renderer, so many of whose units are a point.
    """

    def __init__(self, width: float, height: float) -> None:
        super().__init__()
        self.width, self.height = width, height
        self.calls: list[Call] = []

    @classmethod
    def of(cls, figure: Figure) -> Recording:
        """The record of a figure; the figure is left at one unit a point."""
        figure.set_dpi(POINTS)
        made = cls(*(figure.get_size_inches() * POINTS))
        figure.draw(made)
        return made

    def play(self, renderer: RendererBase) -> None:
        """Draw everything with another renderer, of any resolution."""
        unit: Any = renderer.points_to_pixels(1.0)
        for call in self.calls:
            call(renderer, unit)

    def as_figure(self, outlined: bool = False) -> Figure:
        """A figure whose only artist is this record, for the formats that matplotlib writes.

        Its letters are letters, or outlines, each where the record has it to a fraction of a pixel.
        """
        figure = Figure(figsize=(self.width / POINTS, self.height / POINTS), frameon=False)
        figure.add_artist(Player(self, outlined))
        return figure

    def get_canvas_width_height(self) -> tuple[float, float]:
        """In points."""
        return self.width, self.height

    def flipy(self) -> bool:
        """Heights are from below."""
        return False

    def points_to_pixels(self, points: Any) -> Any:
        """A unit is a point."""
        return points

    def get_text_width_height_descent(self, s: str, prop: FontProperties, ismath: Any) -> Any:
        """From the letters' own boxes, which are looked up once, where matplotlib would set the line anew."""
        return text_box(s, prop.get_size_in_points(), weight_of(prop))

    def _get_font_height_metrics(self, prop: FontProperties) -> tuple[float, float, float]:
        """Likewise; where a matplotlib does not ask for it, it finds the font anew for every text."""
        return line_box(prop.get_size_in_points(), weight_of(prop))

    def open_group(self, s: str, gid: str | None = None) -> None:
        """An artist begins."""
        self.calls.append(lambda renderer, unit: renderer.open_group(s, gid))

    def draw_path(self, gc: GraphicsContextBase, path: Path, transform: Any, rgbFace: Any = None) -> None:
        """A stroke or an area."""
        self.calls.append(partial(play_path, copy(gc), path, transform.frozen(), rgbFace))

    def draw_markers(
        self,
        gc: GraphicsContextBase,
        marker_path: Path,
        marker_trans: Any,
        path: Path,
        trans: Any,
        rgbFace: Any = None,
    ) -> None:
        """A mark at each point of a path."""
        places = (marker_trans.frozen(), trans.frozen())
        self.calls.append(partial(play_markers, copy(gc), marker_path, path, places, rgbFace))

    def draw_text(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: Any = False,
        mtext: Any = None,
    ) -> None:
        """A line of text; a label with dollars in it is no formula."""
        self.calls.append(partial(play_text, copy(gc), (x, y), s, (prop, angle, False, mtext)))


class Player(Artist):
    """An artist that plays a record, its letters as outlines where it is told so."""

    def __init__(self, recording: Recording, outlined: bool) -> None:
        super().__init__()
        self.recording, self.outlined = recording, outlined

    def draw(self, renderer: RendererBase) -> None:
        """Play it."""
        self.recording.play(Outlining(renderer) if self.outlined else renderer)


class Outlining(RendererBase):
    """Passes everything on to a renderer, letters as areas: a line at once, each outline looked up."""

    def __init__(self, renderer: RendererBase) -> None:
        super().__init__()
        self.renderer = renderer
        for name in ("get_canvas_width_height", "points_to_pixels", "new_gc", "draw_path", "draw_markers"):
            setattr(self, name, getattr(renderer, name))

    def flipy(self) -> bool:
        """Heights are from below, as those of paths are."""
        return False

    def draw_text(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: Any = False,
        mtext: Any = None,
    ) -> None:
        """The outlines of a line of text."""
        outline = text_outline(s, weight_of(prop))
        if outline is None:
            return
        size: Any = self.points_to_pixels(prop.get_size_in_points())
        place = Affine2D().scale(size).rotate_deg(angle).translate(x, y)
        ink = gc.get_rgb()
        gc.set_linewidth(0.0)
        gc.set_snap(False)
        self.draw_path(gc, outline, place, ink)


def weight_of(prop: FontProperties) -> str:
    """`bold` or `normal`."""
    return "bold" if prop.get_weight() in BOLD else "normal"


def play_path(
    look: GraphicsContextBase, path: Path, place: Any, face: Any, renderer: RendererBase, unit: float
) -> None:
    """A stroke or an area, `unit` of the renderer's units to a point."""
    renderer.draw_path(own_look(look, renderer, unit), path, in_units(place, unit), face)


def play_markers(
    look: GraphicsContextBase,
    mark: Path,
    path: Path,
    places: tuple[Any, Any],
    face: Any,
    renderer: RendererBase,
    unit: float,
) -> None:
    """Marks; `places` is where each stands about its point, and where the points stand."""
    each, points = (in_units(place, unit) for place in places)
    renderer.draw_markers(own_look(look, renderer, unit), mark, each, path, points, face)


def play_text(
    look: GraphicsContextBase,
    at: tuple[float, float],
    words: str,
    rest: tuple[FontProperties, float, Any, Any],
    renderer: RendererBase,
    unit: float,
) -> None:
    """A line of text; `rest` is its font, its angle, whether it is mathematics, and its artist."""
    x, y = at[0] * unit, at[1] * unit
    if renderer.flipy():
        y = renderer.get_canvas_width_height()[1] - y
    prop, angle, ismath, artist = rest
    renderer.draw_text(own_look(look, renderer, unit), x, y, words, prop, angle, ismath, artist)


def in_units(place: Any, unit: float) -> Any:
    """Where something stands, in a renderer's units."""
    return place if unit == 1.0 else Affine2D(place.get_matrix() * [[unit], [unit], [1.0]])


def own_look(look: GraphicsContextBase, renderer: RendererBase, unit: float) -> GraphicsContextBase:
    """A look as a renderer keeps it, its frame in the renderer's units."""
    own = renderer.new_gc()
    own.copy_properties(look)
    frame = look.get_clip_rectangle()
    if frame is not None:
        own.set_clip_rectangle(Bbox(frame.get_points() * unit))
    return own
