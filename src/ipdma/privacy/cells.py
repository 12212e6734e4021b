"""Single counts: how a small one is said where there is no plan."""

from __future__ import annotations

FEW = 5


def say_count(count: int, fewest: int = FEW) -> str:
    """A count as text; one below `fewest` as `<5`. Nobody at all is said as 0: it points at no one."""
    return f"<{fewest}" if 0 < count < fewest else str(count)
