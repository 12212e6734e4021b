"""A recorded figure played to another writer is the figure that matplotlib would have drawn there."""

import io

import matplotlib.image
import numpy as np
from matplotlib import rc_context

from ipdma.report.exhibit import blank_figure
from ipdma.report.fonts import provide_fonts
from ipdma.report.formats.recording import Recording
from ipdma.report.style import STYLE

DPI = 180


def drawing():
    """A figure with a line that its frame cuts, marks, an area, and words at several places."""
    figure = blank_figure(3, 2)
    axes = figure.add_axes((0.2, 0.2, 0.7, 0.7))
    axes.plot([0, 1, 2], [0, 5, 1], color="#0072b2", lw=2)
    axes.plot([0.5, 1.5], [1, 2], "o", ms=5)
    axes.fill_between([0, 1, 2], [0, 1, 0], alpha=0.3)
    axes.set_ylim(0, 3)
    axes.set_xlabel("weeks")
    axes.text(1, 2.5, "in the middle", ha="center", va="center_baseline", fontweight="bold")
    return figure


def pixels(figure):
    """The figure as a picture of greys, 0 to 1."""
    held = io.BytesIO()
    figure.savefig(held, format="png", dpi=DPI)
    return matplotlib.image.imread(io.BytesIO(held.getvalue()), format="png")[..., :3].mean(axis=2)


def test_what_is_played_at_another_resolution_is_what_would_have_been_drawn():
    provide_fonts()
    with rc_context(STYLE):
        direct = pixels(drawing())
        played = pixels(Recording.of(drawing()).as_figure())
    assert played.shape == direct.shape == (2 * DPI, 3 * DPI)
    assert (direct < 0.5).mean() > 0.01
    assert (np.abs(played - direct) > 0.25).mean() < 0.001


def test_a_record_can_be_played_twice():
    provide_fonts()
    with rc_context(STYLE):
        record = Recording.of(drawing())
        assert np.array_equal(pixels(record.as_figure()), pixels(record.as_figure()))
