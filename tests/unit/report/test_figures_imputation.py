"""Tipping points."""

from __future__ import annotations

import pytest
from matplotlib import rc_context
from tests.builders.report_mock import mock_material

from ipdma.report.exhibit import blank_figure
from ipdma.report.figures import list_exhibits
from ipdma.report.imputation_plots import draw_tipping
from ipdma.report.ledger import Ledger
from ipdma.report.style import STYLE


@pytest.fixture(scope="module")
def material():
    return mock_material(11)


@pytest.fixture(scope="module")
def drawn(material):
    """What each new exhibit draws."""
    return {e.name.split(".")[0]: e.draw.args[0] for e in list_exhibits(material, Ledger())}


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
