"""Parts are solved once for the same numbers, and in two processes to the same ranges as in one."""

from __future__ import annotations

import pytest

from ipdma.analysis.kept import Kept
from ipdma.disclosure import bounds
from ipdma.disclosure import solve as module
from ipdma.disclosure.bounds import Contradiction, split_unknown, unknown_rows
from ipdma.disclosure.cells import Cell
from ipdma.disclosure.solve import deal, find_all_ranges, find_ranges, wanted_in
from ipdma.disclosure.ties import Tie

LIMIT = 9.0


def cell(name: str) -> Cell:
    """A cell of that name."""
    return Cell("main", variable=name, level="x")


def parts_of(sums: dict[str, float]):
    """Three unknown counts under each whole."""
    ties = [Tie(cell(name), tuple(cell(f"{name}{i}") for i in range(3))) for name in sums]
    known = {cell(name): total for name, total in sums.items()}
    return split_unknown(unknown_rows(ties, known.get), lambda _: (1.0, LIMIT))


@pytest.fixture(autouse=True)
def always_worth(monkeypatch):
    """Also where a test before this one has solved: these parts ask for no threads."""
    monkeypatch.setattr(module, "WORTH", 1)
    monkeypatch.setattr(module, "STARTED", set())


@pytest.mark.parametrize("started", [False, True])
def test_a_process_that_has_solved_is_not_forked(started, monkeypatch):
    """HiGHS keeps threads on a machine of more than two cores; a forked process would wait for them."""
    parts, forked = parts_of({"a": 4, "b": 5}), []
    within = module.beside
    monkeypatch.setattr(module, "beside", lambda *asked: forked.append(1) or within(*asked))
    if started:
        monkeypatch.setattr(module, "STARTED", bounds.STARTED)
        find_ranges(parts[0], parts[0].cells, Kept({}))
    found = list(find_all_ranges([(part, part.cells) for part in parts], Kept({}), 2))
    assert [set(spans) for spans in found] == [set(part.cells) for part in parts]
    assert len(forked) == (0 if started else 1)


@pytest.mark.parametrize("processes", [1, 2])
def test_ranges_come_in_the_order_of_the_parts(processes):
    parts = parts_of({"a": 3, "b": 4, "c": 27, "d": 5})
    found = list(find_all_ranges([(part, part.cells) for part in parts], Kept({}), processes))
    assert [set(spans) for spans in found] == [set(part.cells) for part in parts]
    assert [{tuple(span) for span in spans.values()} for spans in found] == [
        {(1, 1)}, {(1, 2)}, {(9, 9)}, {(1, 3)}
    ]  # fmt: skip


def test_two_processes_keep_what_one_keeps():
    parts = parts_of({name: 3 + 2 * i for i, name in enumerate("abcdefg")})
    asked = [(part, part.cells) for part in parts]
    kept = {processes: Kept({}) for processes in (1, 2)}
    found = {processes: list(find_all_ranges(asked, kept[processes], processes)) for processes in kept}
    assert found[1] == found[2]
    assert kept[1].text() == kept[2].text()
    assert kept[1].again == kept[2].again == len(parts)
    again = Kept({}, kept[2].text())
    assert list(find_all_ranges(asked, again, 2)) == found[2]
    assert again.again == 0


@pytest.mark.parametrize("processes", [1, 2])
def test_a_part_that_nothing_fits_is_told_wherever_it_is_solved(processes):
    parts = parts_of({"a": 5, "b": 2})  # three people at least in each
    ranges = find_all_ranges([(part, part.cells) for part in parts], Kept({}), processes)
    assert set(next(ranges)) == set(parts[0].cells)
    with pytest.raises(Contradiction):
        next(ranges)


def test_a_part_in_which_nothing_is_wanted_is_still_looked_at():
    (good,), (bad,) = parts_of({"a": 5}), parts_of({"b": 2})
    assert find_ranges(good, [], Kept({})) == {}
    with pytest.raises(Contradiction):
        find_ranges(bad, [], Kept({}))


def test_shares_have_about_as_many_wanted_counts():
    asked = {str(n): (None, list(range(n))) for n in (50, 3, 20, 9, 22, 1)}
    first, second = deal(asked)
    assert first.keys() | second.keys() == asked.keys()
    assert not first.keys() & second.keys()
    assert 0 <= wanted_in(first) - wanted_in(second) <= 5
