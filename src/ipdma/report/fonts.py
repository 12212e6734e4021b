"""DejaVu Sans cut down to the letters that reports use: the same shapes, embedded in a PDF ten times as fast.

Every PDF carries the letters that it uses as TrueType. Cutting them out of DejaVu's full file takes
matplotlib half a second per figure, nearly all of it in tables for scripts that no figure uses. A letter
outside the cut is drawn from the full font, which stands second in the list of families.
"""

from __future__ import annotations

import atexit
import io
import shutil
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from matplotlib.font_manager import FontProperties, findfont, fontManager

from ipdma.report.style import DRAWN, FONT

UNUSED = ("GSUB", "GPOS", "GDEF", "kern", "FFTM", "gasp", "BASE", "JSTF")
RANGES = (
    (0x20, 0x17F),  # Latin
    (0x391, 0x3C9),  # Greek
    (0x2010, 0x2044),  # punctuation
    (0x2070, 0x209F),  # raised and lowered digits
    (0x2190, 0x2195),  # arrows
    (0x2208, 0x2265),  # mathematics
    (0x25A0, 0x25FF),  # shapes
)
WEIGHTS = {"normal": ("", 400), "bold": ("Bold", 700)}


@lru_cache(maxsize=1)
def provide_fonts() -> None:
    """Make both faces known to matplotlib, once per process."""
    folder = Path(mkdtemp(prefix="ipdma-fonts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for weight in WEIGHTS:
        target = folder / f"{weight}.ttf"
        cut_font(findfont(FontProperties(family=FONT, weight=weight)), target, weight)
        fontManager.addfont(str(target))


def cut_font(source: str, target: Path, weight: str) -> None:
    """Write a face under its new name (the licence asks for one), with only the letters of `RANGES`."""
    font = TTFont(source, recalcTimestamp=False)
    for tag in UNUSED:
        if tag in font:
            del font[tag]
    options = Options(
        hinting=False, glyph_names=True, notdef_outline=True, name_IDs=[1, 2, 4, 6], recalc_timestamp=False
    )
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[code for low, high in RANGES for code in range(low, high + 1)])
    subsetter.subset(font)
    font["cmap"].tables = [t for t in font["cmap"].tables if (t.platformID, t.platEncID) == (3, 1)]
    rename(font, weight)
    font.save(target)


def cut_for_page(letters: str) -> tuple[bytes, bytes]:
    """The regular and the bold face with just these letters, as WOFF."""
    return cut_letters(letters, "normal"), cut_letters(letters, "bold")


def cut_letters(letters: str, weight: str) -> bytes:
    """One face as WOFF bytes, the same each time."""
    font = TTFont(findfont(FontProperties(family=FONT, weight=weight)), recalcTimestamp=False)
    for tag in UNUSED:
        if tag in font:
            del font[tag]
    subsetter = Subsetter(
        Options(hinting=False, glyph_names=False, notdef_outline=True, name_IDs=[1, 2, 4, 6])
    )
    subsetter.populate(unicodes=[ord(letter) for letter in letters or " "])
    subsetter.subset(font)
    rename(font, weight)
    font.flavor = "woff"
    held = io.BytesIO()
    font.save(held)
    return held.getvalue()


def rename(font: TTFont, weight: str) -> None:
    """Give a face its own family name, and a weight that font lists read as regular or bold."""
    suffix, number = WEIGHTS[weight]
    names = {
        1: DRAWN,
        2: suffix or "Regular",
        4: f"{DRAWN} {suffix}".strip(),
        6: DRAWN.replace(" ", "") + suffix,
    }
    for record in font["name"].names:
        record.string = names.get(record.nameID, str(record))
    font["OS/2"].usWeightClass = number
