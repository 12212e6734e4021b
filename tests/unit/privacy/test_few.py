"""The word for a withheld count."""

from __future__ import annotations

import pytest

from ipdma.privacy.few import is_few, why_withheld


@pytest.mark.parametrize(
    ("count", "whole", "word"),
    [
        (3, 60, "<10"),
        (9, None, "<10"),
        (55, 60, "all but <10"),
        (60, 60, "*"),
        (30, 60, "*"),
        (10, None, "*"),
    ],
)
def test_words(count, whole, word):
    assert why_withheld(count, whole, 10) == word


def test_nobody_is_no_few():
    assert [is_few(n, 10) for n in (None, 0, 1, 9, 10)] == [False, False, True, True, False]
