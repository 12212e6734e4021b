"""Small counts."""

from __future__ import annotations

import pytest

from ipdma.privacy import needs_hiding, say_count


@pytest.mark.parametrize(("count", "said"), [(0, "0"), (1, "<5"), (4, "<5"), (5, "5"), (120, "120")])
def test_few_are_said_as_few(count, said):
    assert say_count(count) == said


def test_a_count_is_small_when_its_rest_is():
    assert needs_hiding(58, of=60)
    assert needs_hiding(3)
    assert not needs_hiding(30, of=60)
    assert not needs_hiding(0, of=60)
    assert not needs_hiding(60, of=60)
