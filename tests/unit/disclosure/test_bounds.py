"""The least and the most of every unknown count, against trying all numbers."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest

from ipdma.disclosure.bounds import Contradiction, Part, build_part, split_unknown, unknown_rows
from ipdma.disclosure.cells import Cell
from ipdma.disclosure.ties import Tie

LIMIT = 9


def cell(name: str) -> Cell:
    """A cell of that name."""
    return Cell("main", variable=name, level="x")


def random_ties(draw: random.Random, names: list[str], truth: dict[str, int]):
    """Sums of two or three unknowns, and some that are at most a number."""
    ties, known = [], {}
    for i in range(draw.randint(1, 4)):
        parts = draw.sample(names, draw.randint(2, 3))
        whole, exact = cell(f"whole{i}"), draw.random() < 0.7
        known[whole] = sum(truth[p] for p in parts) + (0 if exact else draw.randint(0, 2))
        ties.append(Tie(whole, tuple(map(cell, parts)), exact))
    return ties, known


def fits(ties, known, values) -> bool:
    """Whether numbers satisfy all ties."""
    for tie in ties:
        parts = sum(values[p] for p in tie.parts)
        if parts != known[tie.whole] if tie.exact else parts > known[tie.whole]:
            return False
    return True


@pytest.mark.parametrize("seed", range(40))
def test_ranges_are_those_of_all_numbers_that_fit(seed):
    draw = random.Random(seed)
    names = list("abcde")
    truth = {name: draw.randint(1, LIMIT) for name in names}
    ties, known = random_ties(draw, names, truth)
    unknown = sorted({part for tie in ties for part in tie.parts})
    answers = [
        values
        for numbers in product(range(1, LIMIT + 1), repeat=len(unknown))
        if fits(ties, known, values := dict(zip(unknown, numbers, strict=True)))
    ]
    for part in split_unknown(unknown_rows(ties, known.get), lambda _: (1.0, float(LIMIT))):
        ranges = part.ranges(part.cells, enough=100)
        close = part.tighten()
        for i, one in enumerate(part.cells):
            seen = {values[one] for values in answers}
            assert (ranges[one].low, ranges[one].high) == (min(seen), max(seen))
            assert close[0, i] <= min(seen)
            assert close[1, i] >= max(seen)


def test_numbers_that_contradict_each_other_are_said():
    ties = [Tie(cell("w"), (cell("a"), cell("b")))]
    (part,) = split_unknown(unknown_rows(ties, {cell("w"): 30}.get), lambda _: (1.0, 9.0))
    with pytest.raises(Contradiction):
        part.ranges(part.cells)


def test_a_count_that_no_search_found_in_time_counts_as_told(monkeypatch):
    cells = [*map(cell, "abc")]
    part = build_part([(dict.fromkeys(cells, 1.0), 8.0, 8.0)], lambda _: (0.0, 6.0))
    assert all(found.values >= 3 for found in part.ranges(cells).values())
    monkeypatch.setattr(Part, "solve", lambda self, aim: np.full(len(self.cells), np.nan))
    assert {found.values for found in part.ranges(cells).values()} == {1}
