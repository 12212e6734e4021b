"""Figures as SVG that a page can carry by the dozen: a renderer for matplotlib that writes few, short words.

matplotlib's own writer spends half a kilobyte on each stroke and styles every mark by an attribute that a
strict content policy refuses. Here neighbours of one look share a path, coordinates have a hundredth of a
point, text stays text, and what belongs to a trial stands in a group with `data-study`.
"""

from __future__ import annotations

import math
import re
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.colors import to_hex
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from ipdma.report.formats.recording import BOLD, Recording
from ipdma.report.style import DRAWN, FONT, INK, SIZE

STUDY = "study:"  # an artist's gid that says to which trial it belongs
LETTERS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C"}
ANCHORS = {"left": "", "center": ' text-anchor="middle"', "right": ' text-anchor="end"'}
SPACES = re.compile(r"^ | {2,}")
LEAD = f'"{FONT}", Verdana, sans-serif'


def figure_svg(recording: Recording, title: str) -> str:
    """A drawing as an SVG document of its true size, its title first."""
    renderer = VectorRenderer(recording.width, recording.height)
    recording.play(renderer)
    across, up = number(recording.width), number(recording.height)
    size = f'width="{across}pt" height="{up}pt" viewBox="0 0 {across} {up}"'
    family = quoteattr(f"'{DRAWN}', {LEAD}".replace('"', "'"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family={family} font-size="{number(SIZE)}" '
        f'fill="{INK}"><title>{escape(title)}</title>{renderer.finish()}</svg>\n'
    )


def number(value: float) -> str:
    """A coordinate to a hundredth of a point, without what can be left out."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


class VectorRenderer(RendererBase):
    """Collects the words of one SVG."""

    def __init__(self, width: float, height: float) -> None:
        super().__init__()
        self.width, self.height = width, height
        self.words: list[str] = []
        self.look, self.strokes = "", ""  # of the path that is still open
        self.study = ""  # the trial whose group is open
        self.flip = Affine2D().scale(1, -1).translate(0, height)

    def get_canvas_width_height(self) -> tuple[float, float]:
        """In points."""
        return self.width, self.height

    def open_group(self, s: str, gid: str | None = None) -> None:
        """An artist begins; those of one trial in a row share a group."""
        if s not in {"figure", "axes"}:
            self.enter(gid.removeprefix(STUDY) if gid and gid.startswith(STUDY) else "")

    def enter(self, study: str) -> None:
        """What follows belongs to that trial, or to none."""
        if study == self.study:
            return
        self.flush()
        self.words.append("</g>" if self.study else "")
        self.words.append(f"<g data-study={quoteattr(study)}>" if study else "")
        self.study = study

    def flush(self) -> None:
        """Write the open path."""
        if self.strokes:
            self.words.append(f'<path{self.look} d="{self.strokes}"/>')
        self.look, self.strokes = "", ""

    def finish(self) -> str:
        """All words."""
        self.enter("")
        self.flush()
        return "".join(self.words)

    def draw_path(self, gc: GraphicsContextBase, path: Path, transform: Any, rgbFace: Any = None) -> None:
        """A stroke or an area; consecutive strokes of one look are one element."""
        look = look_of(gc, rgbFace)
        if not look:
            return
        place = transform + self.flip
        if is_circle(path):
            centre, edge = place.transform([(0.0, 0.0), (1.0, 0.0)])
            radius = number(math.dist(centre, edge))
            self.flush()
            self.words.append(
                f'<circle{look} cx="{number(centre[0])}" cy="{number(centre[1])}" r="{radius}"/>'
            )
            return
        drawn = self.path_words(gc, path, place, rgbFace is not None)
        if look != self.look or rgbFace is not None:
            self.flush()
            self.look = look
        self.strokes += drawn

    def path_words(self, gc: GraphicsContextBase, path: Path, place: Any, filled: bool) -> str:
        """The path's `d`, cut at the axes' frame."""
        frame = gc.get_clip_rectangle()
        clip = None
        if frame is not None:
            box = frame.transformed(self.flip)
            clip = (box.x0, min(box.y0, box.y1), box.x1, max(box.y0, box.y1))
            if filled and not within(path.get_extents(place), clip):
                polygons = place.transform_path(path).to_polygons(closed_only=False)
                return "".join(polygon_words(cut_polygon(p, clip)) for p in polygons)
        segments = path.iter_segments(place, clip=None if filled else clip, simplify=False)
        return "".join(segment_words(segments))

    def draw_markers(
        self,
        gc: GraphicsContextBase,
        marker_path: Path,
        marker_trans: Any,
        path: Path,
        trans: Any,
        rgbFace: Any = None,
    ) -> None:
        """A mark at each point of a path, unless it lies outside the frame."""
        frame = gc.get_clip_rectangle()
        for points, _ in path.iter_segments(trans, simplify=False):
            place = marker_trans + Affine2D().translate(*points[-2:])
            box = marker_path.get_extents(place)
            if frame is None or frame.overlaps(box):
                self.draw_path(gc, marker_path, place, rgbFace)

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
        """Text as text, anchored where matplotlib anchored it, so that another font still fits."""
        self.flush()
        size, weight = prop.get_size_in_points(), prop.get_weight()
        look = "" if math.isclose(size, SIZE) else f' font-size="{number(size)}"'
        look += ' font-weight="bold"' if weight in BOLD else ""
        ink = to_hex(gc.get_rgb())
        look += "" if ink == INK else f' fill="{ink}"'
        anchor = ""
        if mtext is not None and angle == 0:
            anchor = ANCHORS[mtext.get_ha()]
            x = mtext.get_transform().transform(mtext.get_unitless_position())[0]
        if angle:
            look += f' transform="rotate({number(-angle)} {number(x)} {number(y)})"'
        words = escape(SPACES.sub(lambda found: "\u00a0" * len(found.group()), s))
        where = f'x="{number(x)}" y="{number(y)}"'
        self.words.append(f"<text{look}{anchor} {where}>{words}</text>")


def look_of(gc: GraphicsContextBase, face: Any) -> str:
    """Fill and stroke as attributes; nothing where neither is seen."""
    opaque = gc.get_alpha() if gc.get_forced_alpha() else None
    fill = None if face is None or (len(face) > 3 and face[3] == 0) else face
    stroke = gc.get_rgb() if gc.get_linewidth() > 0 and gc.get_rgb()[3] > 0 else None
    if fill is None and stroke is None:
        return ""
    words = ' fill="none"' if fill is None else f' fill="{to_hex(fill)}"' * (to_hex(fill) != INK)
    faint = opaque if opaque is not None else (fill[3] if fill is not None and len(fill) > 3 else 1.0)
    if fill is not None and faint < 1:
        words += f' fill-opacity="{number(faint)}"'
    if stroke is None:
        return words or f' fill="{INK}"'
    words += f' stroke="{to_hex(stroke)}" stroke-width="{number(gc.get_linewidth())}"'
    dashes: Any = gc.get_dashes()[1]
    if dashes is not None:
        words += f' stroke-dasharray="{" ".join(number(d) for d in dashes)}"'
    return words


def is_circle(path: Path) -> bool:
    """Whether a path is matplotlib's unit circle."""
    circle = Path.unit_circle()
    return np.array_equal(path.vertices, circle.vertices)


def within(box: Any, clip: tuple[float, float, float, float]) -> bool:
    """Whether a box lies inside the frame."""
    return bool(
        box.x0 >= clip[0] - 0.01
        and box.y0 >= clip[1] - 0.01
        and box.x1 <= clip[2] + 0.01
        and box.y1 <= clip[3] + 0.01
    )


def cut_polygon(points: Any, clip: tuple[float, float, float, float]) -> Any:
    """A polygon cut at the frame (Sutherland and Hodgman)."""
    for axis, bound, sign in ((0, clip[0], 1), (0, clip[2], -1), (1, clip[1], 1), (1, clip[3], -1)):
        kept = []
        for a, b in zip(points, np.roll(points, -1, axis=0), strict=True):
            inside = [sign * (p[axis] - bound) >= 0 for p in (a, b)]
            if inside[0]:
                kept.append(a)
            if inside[0] != inside[1]:
                kept.append(a + (b - a) * (bound - a[axis]) / (b[axis] - a[axis]))
        points = np.array(kept)
        if not len(points):
            break
    return points


def polygon_words(points: Any) -> str:
    """A closed path through points."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points) + "z" if len(points) else ""


def segment_words(segments: Any) -> Any:
    """Segments as the words of a path, each from where the last one ended if that is shorter."""
    at = (math.nan, math.nan)
    for points, code in segments:
        if code == Path.CLOSEPOLY:
            yield "z"
            at = (math.nan, math.nan)
            continue
        end = (round(points[-2], 2), round(points[-1], 2))
        x, y = (number(value) for value in end)
        across, up = (number(b - a) for a, b in zip(at, end, strict=True))
        if code == Path.LINETO and up == "0":
            yield min(f"H{x}", f"h{across}", key=len)
        elif code == Path.LINETO and across == "0":
            yield min(f"V{y}", f"v{up}", key=len)
        elif code in {Path.LINETO, Path.MOVETO}:
            word = LETTERS[code]
            moved = f"{word.lower()}{across} {up}"
            yield f"{word}{x} {y}" if at[0] != at[0] else min(f"{word}{x} {y}", moved, key=len)
        else:
            yield LETTERS[code] + " ".join(map(number, points))
        at = end
