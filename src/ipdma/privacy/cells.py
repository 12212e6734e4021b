"""Single counts: how a small one is said where there is no plan."""

from __future__ import annotations

from ipdma.privacy.few import ALL_BUT, is_few, say_few

FEW = 5


def say_count(count: int, fewest: int = FEW, of: int = 0) -> str:
    """A count as text; one below `fewest` as `<5`, and `all but <5` where so few of `of` are left.

    Nobody at all is said as 0: it points at no one.
    """
    if is_few(count, fewest):
        return say_few(fewest)
    return ALL_BUT + say_few(fewest) if is_few(of - count, fewest) else str(count)
