from __future__ import annotations

import pytest
from tests.builders.small_study import Small


@pytest.fixture
def small(tmp_path):
    return Small(tmp_path / "S")
