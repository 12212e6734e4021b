"""What may be said about few people: one rule for tables, figures, pages and records (docs/privacy.md)."""

from __future__ import annotations

ALL_BUT = "all but "
OTHER = "*"


def is_few(count: float | None, minimum: int) -> bool:
    """Whether a count is of few people: 1 up to but not including the minimum. Nobody points at no one."""
    return count is not None and 0 < count < minimum


def say_few(minimum: int) -> str:
    """What stands in the place of a count of few people: `<10`."""
    return f"<{minimum}"


def why_withheld(count: float, whole: float | None, minimum: int) -> str:
    """The word for a withheld count.

    Parameters
    ----------
    count : float
    whole : float or None
        The people that it is from, where the rest of them is what the word may tell of.
    minimum : int
        The smallest count that is published.

    Returns
    -------
    str
        `<10` for few people, `all but <10` where all but few have it, `*` for a count that would give
        another one away.
    """
    if is_few(count, minimum):
        return say_few(minimum)
    if whole is not None and is_few(whole - count, minimum):
        return ALL_BUT + say_few(minimum)
    return OTHER
