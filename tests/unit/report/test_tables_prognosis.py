"""Prognosis has a table of its own."""

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


def test_prognosis_has_a_table_of_its_own_and_stands_in_no_other(tables):
    assert "not treatment effects" in tables["prognosis"].title
    assert [row[0] for row in cells_of(tables["prognosis"])][:2] == ["Severity", "Severity"]
    everywhere = [row for name in ("efficacy", "sensitivity") for row in cells_of(tables[name])]
    assert not any("rognosis" in cell for row in everywhere for cell in row)
