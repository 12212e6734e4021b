"""The engine table."""

from __future__ import annotations

import pytest
from tests.builders.report_mock import mock_material

from ipdma.report.ledger import Ledger
from ipdma.report.table import Section
from ipdma.report.tables import tabulate_all


@pytest.fixture(scope="module")
def material():
    return mock_material(11)


@pytest.fixture(scope="module")
def tables(material):
    return {table.name: table for table in tabulate_all(material, Ledger())}


def cells_of(table):
    """Rows without headings."""
    return [row for row in table.rows if not isinstance(row, Section)]


def test_an_engine_short_of_the_optimum_is_flagged_whether_or_not_it_admits_it(tables):
    rows = cells_of(tables["engines"])
    post, follow = rows[:3], rows[3:6]
    assert "\u2021" not in post[0][2] + post[2][2]
    assert "\u2021" in post[1][2]  # says that it converged, 18 above our criterion
    assert post[1][-1] == "Did not reach the optimum"
    assert "\u2021" in follow[1][2]
    assert follow[1][-1] == "Statsmodels reports that it did not converge"
    assert any("\u2021" in note for note in tables["engines"].notes)
