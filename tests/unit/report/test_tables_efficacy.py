"""Efficacy: visits and imputed results beside the headline."""

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


def test_longitudinal_and_imputed_stand_beside_the_headline(tables):
    names = [row[0] for row in cells_of(tables["efficacy_models"])]
    assert names.count("All visits in one model") == 4
    assert names.count("Gaps filled in (multiple imputation)") == 2
    gains = [r[-1] for r in cells_of(tables["one_stage_two_stage"]) if r[0] == "longitudinal"]
    assert gains[0] == "801 participants in the model, 763 at this visit alone"
