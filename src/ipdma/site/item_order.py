"""Whether a range of item columns stands in the order of its numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from ipdma.codebook import Scoring

DIGITS = re.compile(r"(\d+)")


def order_matters(scoring: Scoring) -> bool:
    """Whether two items that change places change the total: reversed, grouped or unlike ones."""
    ranges = {one.bounds for one in scoring.item_ranges}
    return bool(scoring.reversed_items or scoring.highest_of or len(ranges) > 1)


def numbers_of(names: Sequence[str]) -> list[int | None]:
    """The item number in each name: the one part of digits that differs between names of one form.

    A name of another form has none; nobody has one where no part, or more than one, differs.
    """
    parts = [DIGITS.split(name) for name in names]
    forms = [tuple(p[0::2]) for p in parts]
    common = Counter(forms).most_common(1)[0][0] if forms else ()
    alike = [p[1::2] for p, form in zip(parts, forms, strict=True) if form == common]
    slots = [at for at in range(len(common) - 1) if len({int(numbers[at]) for numbers in alike}) > 1]
    if len(slots) != 1:
        return [None] * len(names)
    return [int(p[1::2][slots[0]]) if form == common else None for p, form in zip(parts, forms, strict=True)]


def is_ordered(names: Sequence[str]) -> bool:
    """Whether the numbers rise, and no name without one stands among most that have one."""
    numbers = numbers_of(names)
    known = [number for number in numbers if number is not None]
    rising = all(a < b for a, b in pairwise(known))
    return rising and not any(is_stranger(names[at], at, numbers) for at in range(len(names)))


def is_stranger(name: str, at: int, numbers: Sequence[int | None]) -> bool:
    """Whether a name of another form holds no number that fits between its neighbours' (`h16a` does)."""
    if numbers[at] is not None or sum(n is not None for n in numbers) < 0.8 * len(numbers):
        return False
    before = max((n for n in numbers[:at] if n is not None), default=-1)
    after = min((n for n in numbers[at + 1 :] if n is not None), default=10**9)
    return not any(before <= int(digits) <= after for digits in DIGITS.findall(name))


def in_number_order(names: Sequence[str]) -> list[str]:
    """Names by their number; as they are where they have none."""
    numbers = numbers_of(names)
    if any(number is None for number in numbers):
        return list(names)
    return [name for _, name in sorted(zip(numbers, names, strict=True), key=lambda pair: pair[0] or 0)]


def same_form(name: str, names: Sequence[str]) -> list[str]:
    """The names that differ from this one in their numbers alone, in the order of the number that differs."""
    form = DIGITS.sub("#", name)
    alike = [other for other in names if DIGITS.sub("#", other) == form]
    return in_number_order(alike)
