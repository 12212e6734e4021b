"""Tipping points."""

from __future__ import annotations

from matplotlib import rc_context

from ipdma.report.exhibit import blank_figure
from ipdma.report.imputation_plots import draw_tipping
from ipdma.report.style import STYLE


def test_tipping_points_are_a_line_per_shift_of_the_reference_arm(drawn):
    found = drawn["tipping_points"]
    assert len(found.lines) == 3
    for _, points in found.lines:
        assert [shift for shift, *_ in points] == [-0.5, 0.0, 0.5]
        assert all(low < effect < high for _, effect, low, high in points)


def test_a_mark_is_open_where_the_interval_holds_no_effect(drawn):
    found = drawn["tipping_points"]
    with rc_context(STYLE):
        artists = draw_tipping(found, blank_figure(4, 3).subplots())
    shifts = [shift for _, points in found.lines for shift in points]
    clear = [low > 0 or high < 0 for _, _, low, high in shifts]
    assert [mark.get_markerfacecolor() != "white" for mark in artists["mark"]] == clear
