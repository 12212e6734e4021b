"""Tipping points."""

from __future__ import annotations

import pytest
from tests.builders.report_mock import mock_material

from ipdma.report.figures import list_exhibits
from ipdma.report.ledger import Ledger

MINUS = "\u2212"


@pytest.fixture(scope="module")
def material():
    return mock_material(11)


@pytest.fixture(scope="module")
def drawn(material):
    """What each new exhibit draws."""
    return {e.name.split(".")[0]: e.draw.args[0] for e in list_exhibits(material, Ledger())}


def test_tipping_map_shades_what_excludes_no_effect(drawn):
    found = drawn["tipping_points"]
    assert [label for _, label in found.columns] == [f"{MINUS}0.50", "0.00", "0.50"]
    assert len(found.cells) == 9
    for (effect, interval), clear in found.cells.values():
        low, high = (float(t.replace(MINUS, "-")) for t in interval.strip("[]").split(", "))
        assert clear == (low > 0 or high < 0)
        assert low < float(effect.replace(MINUS, "-")) < high
