"""The letters of a PDF: of each face those that a drawing uses, as TrueType, with what a reader asks of them.

A cut face keeps the numbers of its glyphs and loses the shapes of all that are not used: bytes of a table are
left out, and nothing is parsed. fontTools, which parses and writes every table, takes fifty times as long.
"""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from fontTools.ttLib import TTFont
from fontTools.ttLib.sfnt import SFNTWriter
from matplotlib.font_manager import FontProperties, findfont

from ipdma.report.fonts import provide_fonts
from ipdma.report.style import DRAWN, FONT

TABLES = (
    "cvt ",
    "fpgm",
    "glyf",
    "head",
    "hhea",
    "hmtx",
    "loca",
    "maxp",
    "prep",
)  # that a PDF asks of TrueType
LONG = 1  # the format of places of glyphs: four bytes each
EM = 1000  # a PDF's units to the size of a letter


@dataclass(frozen=True)
class Face:
    """One face of a TrueType font."""

    font: TTFont

    @cached_property
    def glyphs(self) -> dict[int, str]:
        """The glyph of each letter."""
        return dict(self.font.getBestCmap())

    @cached_property
    def places(self) -> np.ndarray:
        """Where the shape of each glyph begins, and where the last one ends."""
        return np.array(self.font["loca"].locations, dtype=np.int64)

    @cached_property
    def shapes(self) -> bytes:
        """The table of shapes."""
        return bytes(self.font.reader["glyf"])

    def in_em(self, units: float) -> int:
        """A length of the font in a PDF's units."""
        return round(units * EM / self.font["head"].unitsPerEm)

    def glyph(self, letter: str) -> int:
        """The number of a letter's glyph; 0 is the box for what is not there."""
        return int(self.font.getGlyphID(self.glyphs.get(ord(letter), ".notdef")))

    def width(self, letter: str) -> int:
        """How far a letter moves the pen."""
        name = self.glyphs.get(ord(letter), ".notdef")
        return self.in_em(self.font["hmtx"].metrics[name][0])

    def with_parts(self, letters: Iterable[str]) -> list[int]:
        """The glyphs of letters, and of the accents and letters that these are put together of."""
        table, order = self.font["glyf"], self.font.getGlyphOrder()
        found = {0, *map(self.glyph, letters)}
        left = list(found)
        while left:
            shape = table[order[left.pop()]]
            parts = shape.getComponentNames(table) if shape.isComposite() else ()
            more = {self.font.getGlyphID(name) for name in parts} - found
            found |= more
            left += more
        return sorted(found)

    def cut(self, letters: Collection[str]) -> bytes:
        """The face with the shapes of these letters alone."""
        used = self.with_parts(letters)
        sizes = np.zeros(len(self.places) - 1, dtype=np.int64)
        sizes[used] = np.diff(self.places)[used]
        kept = b"".join(self.shapes[self.places[i] : self.places[i + 1]] for i in used)
        places = np.concatenate([[0], np.cumsum(sizes)]).astype(">u4").tobytes()
        head = bytearray(self.font.reader["head"])
        head[50:52] = struct.pack(">h", LONG)
        changed = {"glyf": kept, "loca": places, "head": bytes(head)}
        there = [tag for tag in TABLES if tag in self.font.reader]
        held = io.BytesIO()
        writer = SFNTWriter(held, len(there))
        for tag in there:
            writer[tag] = changed.get(tag) or self.font.reader[tag]
        writer.close()
        return held.getvalue()


@dataclass
class Used:
    """A face in one drawing.

    Attributes
    ----------
    face : Face
    codes : dict of str to int
        What stands for each letter in the drawing, in the order in which they are first used.
    """

    face: Face
    codes: dict[str, int] = field(default_factory=dict)

    def written(self, letters: str) -> str:
        """Letters as a PDF's text."""
        return "".join(f"{self.codes.setdefault(letter, len(self.codes) + 1):04X}" for letter in letters)

    @property
    def name(self) -> str:
        """The face's name with the mark of a part, which is another for other letters."""
        digest = hashlib.sha256("".join(self.codes).encode()).digest()
        own = self.face.font["name"].getDebugName(6) or "Face"
        return "".join(chr(65 + byte % 26) for byte in digest[:6]) + "+" + own

    @property
    def widths(self) -> str:
        """How far each code moves the pen."""
        return " ".join(str(self.face.width(letter)) for letter in self.codes)

    @property
    def glyphs(self) -> bytes:
        """The glyph of each code, from 0 on."""
        return struct.pack(f">{len(self.codes) + 1}H", 0, *map(self.face.glyph, self.codes))

    @property
    def meaning(self) -> bytes:
        """The letter of each code, so that text can be searched and copied."""
        pairs = [f"<{code:04X}> <{letter.encode('utf-16-be').hex()}>" for letter, code in self.codes.items()]
        runs = [pairs[i : i + 100] for i in range(0, len(pairs), 100)]
        lines = "\n".join("\n".join([f"{len(r)} beginbfchar", *r, "endbfchar"]) for r in runs)
        return (
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo\n"
            "<< /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n/CMapName /Adobe-Identity-UCS def\n"
            "/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
            f"{lines}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
        ).encode()


@lru_cache(maxsize=4)
def face_of(family: str, weight: str) -> Face:
    """A face as matplotlib finds it."""
    provide_fonts()
    return Face(TTFont(findfont(FontProperties(family=family, weight=weight)), lazy=True))


@lru_cache(maxsize=4096)
def family_of(letter: str, weight: str) -> str:
    """The family that has a letter: the one that figures are drawn with, or the whole one."""
    has = [family for family in (DRAWN, FONT) if ord(letter) in face_of(family, weight).glyphs]
    return has[0] if has else DRAWN
