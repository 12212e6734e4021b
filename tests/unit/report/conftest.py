"""The records of an invented run, and what the report makes of them."""

import pytest
from tests.builders.report_mock import mock_material

from ipdma.report.figures import list_exhibits
from ipdma.report.ledger import Ledger
from ipdma.report.tables import tabulate_all


@pytest.fixture(scope="module")
def material():
    return mock_material(11)


@pytest.fixture(scope="module")
def tables(material):
    """Each table by its name."""
    return {table.name: table for table in tabulate_all(material, Ledger())}


@pytest.fixture(scope="module")
def drawn(material):
    """What each exhibit draws, by the first word of its name."""
    return {e.name.split(".")[0]: e.draw.args[0] for e in list_exhibits(material, Ledger())}
