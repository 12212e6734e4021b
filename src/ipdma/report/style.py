"""One look for every figure: fonts, ink, and colours that survive colour blindness and a photocopier."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import LoadFlags
from matplotlib.path import Path

FONT = "DejaVu Sans"  # ships with matplotlib, so every machine draws the same letters
DRAWN = "Ipdma Sans"  # the same letters without layout tables (fonts.py)
UNITS = re.compile(r"\bper \d+ (?=\w)")
HELD = "\0"  # for a blank at which no line breaks
WIDE = 175 / 25.4  # inches: a figure over both columns of a journal's page
NARROW = 85 / 25.4  # one that needs no more than one column
TALL = 230 / 25.4
EDGE = 0.06
TITLE = 8.5  # points, as printed: a figure is drawn at its size on the page
SIZE = 7.5
SMALL = 7.0  # nothing is smaller
INK = "#1a1a1a"
FAINT = "#767676"
RULE = "#b8b8b8"
BLUE = "#0072b2"  # Okabe and Ito's palette, ordered so that neighbours differ in lightness too
ORANGE = "#d55e00"
SKY = "#56b4e9"
LIGHTS = {  # lightness falls from low to high, so that a photocopy tells them apart; the sign says the same
    "low": ("#cfe8f7", "+"),
    "some": ("#f0c35a", "?"),
    "high": ("#d9694a", "\u2212"),
    "none": ("#ffffff", ""),
}

STYLE: Any = {
    "font.family": [DRAWN, FONT],
    "font.size": SIZE,
    "axes.titlesize": TITLE,
    "axes.labelsize": SIZE,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "text.color": INK,
    "pdf.fonttype": 42,  # TrueType, so that letters stay letters
    "ps.fonttype": 42,  # which matplotlib asks for a PDF too: else a minus has a font of its own
    "path.simplify": False,
    "text.hinting": "none",  # letters as designed, and a third of the time of a bitmap
}


@lru_cache(maxsize=8)
def font_file(weight: str) -> str:
    """The path of the regular or bold face."""
    return findfont(FontProperties(family=FONT, weight=weight))


@lru_cache(maxsize=4096)
def letter_box(letter: str, weight: str) -> tuple[float, float, float]:
    """How far one letter moves the pen, and its top and bottom about the line; points of a one-point font."""
    font = get_font(font_file(weight))
    font.set_size(100, 72)
    index = font.get_char_index(ord(letter))  # 0, a box, for one that the face does not have
    glyph = font.load_glyph(index, flags=LoadFlags.NO_HINTING)
    _, bottom, _, top = (edge / 64 / 100 for edge in glyph.bbox)
    return float(glyph.linearHoriAdvance) / 65536 / 100, top, bottom


@lru_cache(maxsize=4096)
def letter_outline(letter: str, weight: str) -> tuple[Any, Any]:
    """The outline of one letter, its points and codes as matplotlib's Path has them, of a one-point font."""
    font = get_font(font_file(weight))
    font.set_size(100, 72)
    font.load_glyph(font.get_char_index(ord(letter)), flags=LoadFlags.NO_HINTING)
    points, codes = font.get_path()
    return points / 100, codes


def text_outline(text: str, weight: str = "normal") -> Path | None:
    """The outlines of one line of text from its start on the line, of a one-point font; None of blanks."""
    points, codes, at = [], [], 0.0
    for letter in text:
        own, steps = letter_outline(letter, weight)
        points.append(np.add(own, (at, 0.0)))
        codes.append(steps)
        at += letter_box(letter, weight)[0]
    whole = np.concatenate(points) if points else np.empty((0, 2))
    return Path(whole, np.concatenate(codes)) if len(whole) else None


@lru_cache(maxsize=65536)
def text_width(text: str, size: float = SIZE, weight: str = "normal") -> float:
    """Width of one line of text in inches, with room for the rounding of letters to pixels."""
    return 1.03 * sum(letter_box(letter, weight)[0] for letter in text) * size / 72


def text_box(text: str, size: float, weight: str = "normal") -> tuple[float, float, float]:
    """Width, height and depth under the line of one line of text, in points."""
    if not text:
        return 0.0, 0.0, 0.0
    widths, tops, bottoms = zip(*(letter_box(letter, weight) for letter in text), strict=True)
    return size * sum(widths), size * (max(tops) - min(bottoms)), -size * min(bottoms)


@lru_cache(maxsize=64)
def line_box(size: float, weight: str = "normal") -> tuple[float, float, float]:
    """How far a line of text reaches up and down at least, and the gap to the next, in points."""
    font = get_font(font_file(weight))
    table: Any = font.get_sfnt_table("OS/2")
    scale = 1 / font.units_per_EM * size
    return table["sTypoAscender"] * scale, -table["sTypoDescender"] * scale, table["sTypoLineGap"] * scale


def wrap(text: str, width: float, size: float = SMALL, weight: str = "normal") -> list[str]:
    """Break a sentence into lines no wider than `width` inches; a longer word keeps its own line, and
    `per 12 months` is not parted."""
    lines, current = [], ""
    words = UNITS.sub(lambda found: found[0].replace(" ", HELD), text).split()
    for word in (one.replace(HELD, " ") for one in words):
        trial = f"{current} {word}".strip()
        if current and text_width(trial, size, weight) > width:
            lines.append(current)
            trial = word
        current = trial
    return [*lines, current] if current else lines


def light_of(judgement: str) -> str:
    """`low`, `some` or `high` for the words that risk-of-bias tools use; `none` for no judgement."""
    word = judgement.strip().lower()
    if word in {"low", "low risk", "+"}:
        return "low"
    if word in {"high", "high risk", "-", "serious", "critical"}:
        return "high"
    return "some" if word in {"some", "some concerns", "unclear", "moderate", "?"} else "none"
