"""Small counts."""

from __future__ import annotations

import pytest

from ipdma.privacy import say_count


@pytest.mark.parametrize(("count", "said"), [(0, "0"), (1, "<5"), (4, "<5"), (5, "5"), (120, "120")])
def test_few_are_said_as_few(count, said):
    assert say_count(count) == said
