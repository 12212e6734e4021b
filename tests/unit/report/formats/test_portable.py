"""A figure's PDF: one page whose letters are letters, drawn as matplotlib draws it."""

import io
import re
import shutil
import subprocess
import zlib

import matplotlib.image
import numpy as np
import pytest
from fontTools.pens.recordingPen import RecordingPen
from fontTools.ttLib import TTFont
from matplotlib import rc_context
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.patches import FancyBboxPatch

from ipdma.report.exhibit import page_axes
from ipdma.report.fonts import provide_fonts
from ipdma.report.formats.figure import figure_png
from ipdma.report.formats.portable import figure_pdf
from ipdma.report.formats.recording import Recording
from ipdma.report.style import FONT, STYLE

DPI = 180
NEAR = range(-1, 2)  # pixels
WORDS = "Łódź, Ångström: τ² ≥ 0.1 $x$"
BEYOND = "Жé \U0001f600"  # outside the cut face


@pytest.fixture(scope="module")
def record():
    """A page with words level and turned, a curve, dashes, and colours that shine through."""
    provide_fonts()
    with rc_context(STYLE):
        figure, axes = page_axes(3, 2)
        axes.text(0.2, 1.6, WORDS)
        axes.text(0.2, 1.3, BEYOND, fontweight="bold", rotation=30)
        box = FancyBboxPatch((0.6, 0.4), 1.5, 0.5, boxstyle="round,pad=0.1", fc="#d55e00", ec="k", ls="--")
        box.set_alpha(0.4)
        axes.add_patch(box)
        axes.plot([0.1, 2.9], [0.2, 0.2], "o-", color="#0072b2", lw=3)
        return Recording.of(figure)


@pytest.fixture(scope="module")
def pdf(record):
    return figure_pdf(record, "forest (é)")


def objects(pdf: bytes) -> dict[int, bytes]:
    return {int(n): body for n, body in re.findall(rb"(?s)(\d+) 0 obj\n(.*?)\nendobj\n", pdf)}


def stream(body: bytes) -> bytes:
    return zlib.decompress(body.partition(b"stream\n")[2].rpartition(b"\nendstream")[0])


def referred(held: dict[int, bytes], body: bytes, key: str) -> bytes:
    found = re.search(rf"/{key} \[?(\d+) 0 R".encode(), body)
    assert found is not None
    return held[int(found[1])]


def fonts(pdf: bytes) -> list[tuple[str, TTFont, list[int], list[int]]]:
    """Of each face: the letters, the font inside, the glyph of each letter, and how far it moves the pen."""
    held, found = objects(pdf), []
    for body in held.values():
        if b"/Subtype /Type0" in body:
            own = referred(held, body, "DescendantFonts")
            meaning = stream(referred(held, body, "ToUnicode")).partition(b"beginbfchar")[2]
            letters = [
                bytes.fromhex(code.decode()).decode("utf-16-be")
                for code in re.findall(rb"^<\w{4}> <(\w+)>$", meaning, re.MULTILINE)
            ]
            file = stream(referred(held, referred(held, own, "FontDescriptor"), "FontFile2"))
            glyphs = np.frombuffer(stream(referred(held, own, "CIDToGIDMap")), ">u2").tolist()[1:]
            wide = re.search(rb"/W \[1 \[([\d ]*)\]\]", own)
            assert wide is not None
            found.append(("".join(letters), TTFont(io.BytesIO(file)), glyphs, [*map(int, wide[1].split())]))
    return found


def outline(font: TTFont, glyph: int) -> list:
    pen = RecordingPen()
    glyphs = font.getGlyphSet()
    glyphs[font.getGlyphOrder()[glyph]].draw(pen)
    parts = [value[0] for name, value in pen.value if name == "addComponent"]
    return [step for step in pen.value if step[0] != "addComponent"] + [
        step for part in parts for step in outline(font, font.getGlyphID(part))
    ]


def blurred(picture: np.ndarray) -> np.ndarray:
    """Each pixel as the mean of those near."""
    return np.mean([np.roll(picture, (i, j), (0, 1)) for i in NEAR for j in NEAR], axis=0)


def test_the_table_of_objects_points_at_them(pdf):
    start = int(pdf.rpartition(b"startxref\n")[2].split()[0])
    places = [int(line[:10]) for line in pdf[start:].split(b"\n")[3:] if line.endswith(b" n ")]
    assert len(places) == len(objects(pdf))
    for number, place in enumerate(places, 1):
        assert pdf[place:].startswith(b"%d 0 obj\n" % number)
    assert b"CreationDate" not in pdf
    assert "\ufeffforest (é)".encode("utf-16-be").hex().encode() in pdf


def test_letters_have_the_shapes_and_widths_of_the_face_and_no_other_letter_has_one(pdf):
    """Against the whole face, read by fontTools."""
    told = set()
    for letters, font, glyphs, widths in fonts(pdf):
        bold = set(letters) & set(BEYOND) - set(WORDS)
        whole = TTFont(findfont(FontProperties(family=FONT, weight="bold" if bold else "normal")))
        cmap = whole.getBestCmap()
        for letter, glyph, width in zip(letters, glyphs, widths, strict=True):
            name = cmap.get(ord(letter), ".notdef")
            assert width == round(whole["hmtx"][name][0] * 1000 / 2048), letter
            assert outline(font, glyph) == outline(whole, whole.getGlyphID(name)), letter
        drawn = sum(1 for i in range(len(font.getGlyphOrder())) if outline(font, i))
        assert drawn <= 2 * len(letters) + 3  # parts of put-together letters, the box
        told |= set(letters)
    assert told == set(WORDS) | set(BEYOND)


def test_a_letter_that_no_face_has_is_a_box():
    with rc_context(STYLE):
        figure, axes = page_axes(1, 1)
        axes.text(0.2, 0.5, "中")
        [(letters, font, glyphs, _)] = fonts(figure_pdf(Recording.of(figure), "a"))
    assert (letters, glyphs) == ("中", [0])
    assert outline(font, 0)


def test_two_drawings_are_the_same_bytes(record, pdf):
    assert figure_pdf(record, "forest (é)") == pdf


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="no poppler on this machine")
def test_another_program_shows_it_as_matplotlib_draws_it(record, pdf, tmp_path):
    (tmp_path / "a.pdf").write_bytes(pdf)
    subprocess.run(
        ["pdftoppm", "-r", str(DPI), "-png", "-singlefile", tmp_path / "a.pdf", tmp_path / "a"], check=True
    )
    shown = matplotlib.image.imread(tmp_path / "a.png")[..., :3].mean(axis=2)
    drawn = matplotlib.image.imread(io.BytesIO(figure_png(record, "a")), format="png")[..., :3].mean(axis=2)
    assert shown.shape == drawn.shape == (2 * DPI, 3 * DPI)
    assert (drawn < 0.5).mean() > 0.02
    near = [blurred(picture) for picture in (shown, drawn)]
    assert (np.abs(near[0] - near[1]) > 0.2).mean() < 0.002
