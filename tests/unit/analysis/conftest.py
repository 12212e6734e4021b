"""Rows of six invented trials."""

import pytest
from tests.builders.analysis_rows import draw_rows


@pytest.fixture(scope="module")
def rows():
    return draw_rows()
