"""Trajectories follow the model means."""

from __future__ import annotations

import pytest
from matplotlib import rc_context

from ipdma.report.exhibit import blank_figure
from ipdma.report.style import STYLE
from ipdma.report.trajectories import draw_trajectories


def test_trajectories_follow_the_model_means_in_weeks(drawn):
    found = drawn["trajectories"]
    with rc_context(STYLE):
        axes = blank_figure(4, 4).subplots()
        artists = draw_trajectories(found, axes)
    assert list(artists["line"][0].get_xdata()) == [0, 16, 52]
    assert list(artists["line"][1].get_ydata()) == pytest.approx([4.02, 2.81, 2.68])
    assert [c.sizes[0] for c in found.courses] == ["350", "350"]
