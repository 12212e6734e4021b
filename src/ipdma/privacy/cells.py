"""Single counts: how a small one is said, and when a count gives away its complement."""

from __future__ import annotations

FEW = 5


def say_count(count: int, fewest: int = FEW) -> str:
    """A count as text; one below `fewest` as `<5`. Nobody at all is said as 0: it points at no one."""
    return f"<{fewest}" if 0 < count < fewest else str(count)


def needs_hiding(count: int, of: int | None = None, minimum: int = 10) -> bool:
    """Whether a count, or the rest of the group it is taken from, is too small to be printed.

    Parameters
    ----------
    count : int
        People counted.
    of : int, optional
        People in the group, where that is printed beside it: 58 of 60 tells of the other 2.
    minimum : int
        The smallest cell that may be printed.
    """
    rest = 0 if of is None else of - count
    return 0 < count < minimum or 0 < rest < minimum
