"""Letters in all formats: text in a PDF, outlines in a PNG; dollars and unknown letters stop nothing."""

import shutil
import subprocess

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg

from ipdma.report.exhibit import page_axes
from ipdma.report.fonts import provide_fonts
from ipdma.report.formats.figure import figure_bytes
from ipdma.report.formats.recording import Recording
from ipdma.report.style import STYLE

WORDS = "Łódź, Ångström: τ² ≥ 0.1 $x$"


def drawing(words: str):
    provide_fonts()
    with rc_context(STYLE):
        figure, axes = page_axes(3, 2)
        axes.text(0.2, 1.6, words)
    return figure


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no poppler on this machine")
def test_the_letters_of_a_pdf_can_be_read(tmp_path):
    files = dict(figure_bytes(drawing(WORDS), "words"))
    (tmp_path / "a.pdf").write_bytes(files["pdf"])
    told = subprocess.run(["pdftotext", tmp_path / "a.pdf", "-"], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == WORDS


@pytest.mark.filterwarnings("ignore:Glyph")
def test_a_letter_that_no_face_has_is_drawn_as_a_box():
    assert {kind for kind, _ in figure_bytes(drawing("中"), "box")} == {"pdf", "svg", "png", "page"}


def test_outlined_letters_stand_where_matplotlib_has_them():
    def ink(outlined: bool) -> np.ndarray:
        with rc_context(STYLE):
            canvas = FigureCanvasAgg(record.as_figure(outlined))
            canvas.figure.set_dpi(180)
            canvas.draw()
            return np.asarray(canvas.buffer_rgba())[..., 3] / 255.0

    with rc_context(STYLE):
        record = Recording.of(drawing(WORDS))
    pictures = [ink(outlined) for outlined in (True, False)]
    for axis in (0, 1):
        ends = [np.flatnonzero((picture > 0.5).any(axis=axis))[[0, -1]] for picture in pictures]
        assert np.abs(ends[0] - ends[1]).max() <= 2  # pixels
