"""Figures as PDF: a renderer for matplotlib that writes one page and the letters that it uses.

matplotlib's own writer lays out each text anew and has fontTools cut up to four faces for each file; here
letters stand where the record has them, and faces are cut by bytes (`letters.py`).
"""

from __future__ import annotations

import math
import zlib
from itertools import groupby
from typing import Any

from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path

from ipdma.report.formats.letters import Used, face_of, family_of
from ipdma.report.formats.recording import Recording, weight_of
from ipdma.report.formats.vector import number

CAPS = {"butt": 0, "round": 1, "projecting": 2}
JOINS = {"miter": 0, "round": 1, "bevel": 2}
MADE_BY = "ipdma"
Colour = tuple[float, ...]


def figure_pdf(recording: Recording, title: str) -> bytes:
    """A drawing as a PDF of one page of its true size; no date, so that two runs write the same file."""
    renderer = PageRenderer(recording.width, recording.height)
    recording.play(renderer)
    return renderer.document(title)


class PageRenderer(RendererBase):
    """Collects the strokes and letters of one page.

    Attributes
    ----------
    words : list of str
        The page's content.
    faces : dict of (family, weight) to Used
    opacities : dict of (of strokes, of areas) to str
        Their names in the page's resources.
    """

    def __init__(self, width: float, height: float) -> None:
        super().__init__()
        self.width, self.height = width, height
        self.words: list[str] = ["q"]
        self.look = ""
        self.faces: dict[tuple[str, str], Used] = {}
        self.opacities: dict[tuple[float, float], str] = {}

    def get_canvas_width_height(self) -> tuple[float, float]:
        """In points."""
        return self.width, self.height

    def flipy(self) -> bool:
        """Heights are from below."""
        return False

    def points_to_pixels(self, points: Any) -> Any:
        """A unit is a point."""
        return points

    def draw_path(self, gc: GraphicsContextBase, path: Path, transform: Any, rgbFace: Any = None) -> None:
        """A stroke or an area."""
        ink: Colour = gc.get_rgb()
        strokes = gc.get_linewidth() > 0 and ink[3] > 0
        fills = rgbFace is not None and (len(rgbFace) < 4 or rgbFace[3] > 0)
        if not (strokes or fills):
            return
        self.enter(self.look_of(gc, ink, rgbFace if fills else None))
        frame = gc.get_clip_rectangle()
        room = (0.0, 0.0, self.width, self.height) if frame is None or fills else frame.extents
        segments = path.iter_segments(transform, clip=None if fills else room, simplify=False)
        self.words += path_words(segments)
        self.words.append({(True, True): "B", (True, False): "S", (False, True): "f"}[strokes, fills])

    def look_of(self, gc: GraphicsContextBase, ink: Colour, face: Colour | None) -> str:
        """Frame, colours, opacity and line as the page's words."""
        opaque = gc.get_alpha() if gc.get_forced_alpha() else None
        filled = 1.0 if face is None or len(face) < 4 else face[3]
        words = [self.opacity(*((ink[3], filled) if opaque is None else (opaque, opaque)))]
        frame: Any = gc.get_clip_rectangle()
        if frame is not None:
            words.append(" ".join(map(number, (frame.x0, frame.y0, frame.width, frame.height))) + " re W n")
        line: Any = gc.get_dashes()
        offset, dashes = line
        pattern = " ".join(map(number, () if dashes is None else dashes))
        words.append(f"{number(gc.get_linewidth())} w [{pattern}] {number(offset or 0.0)} d")
        words.append(f"{CAPS[gc.get_capstyle()]} J {JOINS[gc.get_joinstyle()]} j {colour(ink)} RG")
        words.append("" if face is None else f"{colour(face)} rg")
        return " ".join(filter(None, words))

    def opacity(self, of_strokes: float, of_areas: float) -> str:
        """The word that sets opacities, where something shines through."""
        if of_strokes >= 1 and of_areas >= 1:
            return ""
        pair = (round(of_strokes, 3), round(of_areas, 3))
        return f"/{self.opacities.setdefault(pair, f'A{len(self.opacities) + 1}')} gs"

    def enter(self, look: str) -> None:
        """What follows looks so."""
        if look != self.look:
            self.words.append(f"Q q {look}")
            self.look = look

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
        """A line of text, letter by letter where the record says that it begins."""
        ink: Colour = gc.get_rgb()
        opaque = gc.get_alpha() if gc.get_forced_alpha() else ink[3]
        self.enter(f"{self.opacity(opaque, opaque)} {colour(ink)} rg".strip())
        weight, size = weight_of(prop), number(prop.get_size_in_points())
        across, up = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        turned = f"{across:.5f} {up:.5f} {-up:.5f} {across:.5f}" if angle else "1 0 0 1"
        self.words.append(f"BT {turned} {number(x)} {number(y)} Tm")
        for family, letters in groupby(s, lambda letter: family_of(letter, weight)):
            used = self.faces.setdefault((family, weight), Used(face_of(family, weight)))
            name = f"/F{list(self.faces).index((family, weight)) + 1}"
            self.words.append(f"{name} {size} Tf <{used.written(''.join(letters))}> Tj")
        self.words.append("ET")

    def document(self, title: str) -> bytes:
        """The file."""
        document = Document()
        content = document.stream("\n".join([*self.words, "Q"]).encode())
        fonts = " ".join(f"/F{i} {font_of(document, u)}" for i, u in enumerate(self.faces.values(), 1))
        states = " ".join(
            f"/{name} << /CA {number(of_strokes)} /ca {number(of_areas)} >>"
            for (of_strokes, of_areas), name in self.opacities.items()
        )
        pages = document.reserve()
        page = document.add(
            f"<< /Type /Page /Parent {pages} /MediaBox [0 0 {number(self.width)} {number(self.height)}] "
            f"/Resources << /Font << {fonts} >> /ExtGState << {states} >> >> /Contents {content} "
            "/Group << /Type /Group /S /Transparency /CS /DeviceRGB >> >>"
        )
        document.put(pages, f"<< /Type /Pages /Kids [{page}] /Count 1 >>")
        root = document.add(f"<< /Type /Catalog /Pages {pages} >>")
        named = f"\ufeff{title}".encode("utf-16-be").hex()
        info = document.add(f"<< /Title <{named}> /Creator ({MADE_BY}) /Producer ({MADE_BY}) >>")
        return document.finish(root, info)


class Document:
    """The objects of a PDF (ISO 32000-1, 7.3 and 7.5), named as they are referred to."""

    def __init__(self) -> None:
        self.objects: list[bytes] = []

    def reserve(self) -> str:
        """The name of an object that is put later."""
        self.objects.append(b"")
        return f"{len(self.objects)} 0 R"

    def put(self, name: str, content: bytes | str) -> None:
        """The content of a reserved object."""
        held = content.encode("ascii") if isinstance(content, str) else content
        self.objects[int(name.split()[0]) - 1] = held

    def add(self, content: bytes | str) -> str:
        """An object; its name."""
        name = self.reserve()
        self.put(name, content)
        return name

    def stream(self, content: bytes, more: str = "") -> str:
        """A compressed stream with further entries; its name."""
        packed = zlib.compress(content)
        head = f"<< /Length {len(packed)} /Filter /FlateDecode {more}>>\nstream\n".encode()
        return self.add(head + packed + b"\nendstream")

    def finish(self, root: str, info: str) -> bytes:
        """The file: every object, and where each begins."""
        file, places = b"%PDF-1.4\n%\xac\xdc \xab\xba\n", []
        for at, content in enumerate(self.objects, 1):
            places.append(f"{len(file):010d} 00000 n \n")
            file += b"%d 0 obj\n%s\nendobj\n" % (at, content)
        count = len(self.objects) + 1
        table = f"xref\n0 {count}\n0000000000 65535 f \n{''.join(places)}"
        end = f"trailer\n<< /Size {count} /Root {root} /Info {info} >>\nstartxref\n{len(file)}\n%%EOF\n"
        return file + table.encode() + end.encode()


def font_of(document: Document, used: Used) -> str:
    """A face with the letters that a page uses (ISO 32000-1, 9.7); its name."""
    face, font = used.face, used.face.font
    cut = face.cut(used.codes)
    file = document.stream(cut, f"/Length1 {len(cut)} ")
    head, line = font["head"], font["hhea"]
    box = " ".join(str(face.in_em(edge)) for edge in (head.xMin, head.yMin, head.xMax, head.yMax))
    name = used.name
    descriptor = document.add(
        f"<< /Type /FontDescriptor /FontName /{name} /Flags 4 /FontBBox [{box}] /ItalicAngle 0 "
        f"/Ascent {face.in_em(line.ascent)} /Descent {face.in_em(line.descent)} "
        f"/CapHeight {face.in_em(line.ascent)} /StemV 80 /FontFile2 {file} >>"
    )
    own = document.add(
        f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} /FontDescriptor {descriptor} "
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
        f"/W [1 [{used.widths}]] /CIDToGIDMap {document.stream(used.glyphs)} >>"
    )
    return document.add(
        f"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H "
        f"/DescendantFonts [{own}] /ToUnicode {document.stream(used.meaning)} >>"
    )


def colour(ink: Colour) -> str:
    """A colour's shares of red, green and blue."""
    return " ".join(f"{share:.4f}".rstrip("0").rstrip(".") for share in ink[:3])


def path_words(segments: Any) -> list[str]:
    """Segments as a page's words; a curve with one handle gets the two that stand for it."""
    words, at = [], (0.0, 0.0)
    for points, code in segments:
        if code == Path.CLOSEPOLY:
            words.append("h")
            continue
        if code == Path.CURVE3:
            (x, y), handle, end = at, points[:2], points[2:]
            points = [
                *(a + 2 / 3 * (b - a) for a, b in zip((x, y), handle, strict=True)),
                *(b + 2 / 3 * (a - b) for a, b in zip(handle, end, strict=True)),
                *end,
            ]
        word = {Path.MOVETO: "m", Path.LINETO: "l"}.get(code, "c")
        words.append(f"{' '.join(map(number, points))} {word}")
        at = (points[-2], points[-1])
    return words
