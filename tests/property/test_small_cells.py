"""No small count that is hidden can be worked out from what is printed: checked by trying every table."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipdma.privacy import Suppressed, suppress_table


def printed(shown: Suppressed) -> list[tuple[tuple[int, int], int]]:
    """Everything that is printed, as position and count."""
    rows, columns = len(shown.cells), len(shown.cells[0])
    places = {(i, j): c for i, row in enumerate(shown.cells) for j, c in enumerate(row)}
    places |= {(i, columns): c for i, c in enumerate(shown.row_totals)}
    places |= {(rows, j): c for j, c in enumerate(shown.column_totals)}
    places[rows, columns] = shown.total
    return [(at, c) for at, c in places.items() if c is not None]


def with_totals(cells: list[list[int]]) -> dict[tuple[int, int], int]:
    """A table and its totals, by position."""
    rows, columns = len(cells), len(cells[0])
    places = {(i, j): c for i, row in enumerate(cells) for j, c in enumerate(row)}
    places |= {(i, columns): sum(cells[i]) for i in range(rows)}
    places |= {(rows, j): sum(row[j] for row in cells) for j in range(columns)}
    places[rows, columns] = sum(map(sum, cells))
    return places


def every_table(shown: Suppressed, highest: int) -> list[dict[tuple[int, int], int]]:
    """Every table of counts up to `highest` that agrees with all that is printed (the outsider's attack)."""
    by_row = []
    for row, total in zip(shown.cells, shown.row_totals, strict=True):
        ranges = [[c] if c is not None else range(highest + 1) for c in row]
        by_row.append([cells for cells in product(*ranges) if total in (None, sum(cells))])
    fixed = printed(shown)
    tables = (with_totals(list(rows)) for rows in product(*by_row))
    return [table for table in tables if all(table[at] == c for at, c in fixed)]


shapes = st.sampled_from([(1, 2), (1, 3), (2, 2), (3, 2), (2, 3)])
tables = shapes.flatmap(
    lambda s: st.lists(
        st.lists(st.integers(0, 4), min_size=s[1], max_size=s[1]), min_size=s[0], max_size=s[0]
    )
)


@settings(max_examples=60, deadline=None)
@given(tables)
def test_no_hidden_small_count_can_be_worked_out(cells):
    shown = suppress_table(cells, minimum=3, spread=1)
    truth = with_totals(cells)
    possible = every_table(shown, highest=5)
    assert truth in possible
    for at in shown.primary - shown.exposed:
        assert len({table[at] for table in possible}) > 1, (cells, shown, at)


@settings(max_examples=40, deadline=None)
@given(tables, st.data())
def test_exempt_counts_are_shown_and_what_they_expose_is_named(cells, data):
    places = sorted(with_totals(cells))
    exempt = data.draw(st.sets(st.sampled_from(places), max_size=4))
    shown = suppress_table(cells, minimum=3, exempt=exempt, spread=1)
    assert exempt <= {at for at, _ in printed(shown)}
    possible = every_table(shown, highest=5)
    for at in shown.primary:
        assert (len({table[at] for table in possible}) > 1) == (at not in shown.exposed)


@settings(max_examples=100, deadline=None)
@given(tables)
def test_nothing_small_is_printed_and_nothing_is_hidden_for_nothing(cells):
    shown = suppress_table(cells, minimum=3)
    assert all(c == 0 or c >= 3 for _, c in printed(shown))
    if not shown.primary:
        assert not shown.secondary


def test_one_small_count_in_a_table_hides_a_square_of_the_smallest():
    shown = suppress_table([[3, 40, 50], [60, 12, 70], [80, 90, 15]], minimum=10)
    assert shown.primary == {(0, 0)}
    assert shown.secondary == {(0, 1), (1, 0), (1, 1)}
    assert shown.row_totals == (93, 142, 185)


def test_bounds_are_as_wide_as_asked():
    shown = suppress_table([[3, 20], [20, 20]], minimum=10, spread=4)
    values = {table[0, 0] for table in every_table(shown, highest=23)}
    assert max(values) - min(values) >= 4


def test_zero_is_no_small_cell_and_a_large_table_is_left_alone():
    shown = suppress_table([[0, 25], [30, 40]])
    assert shown.cells == ((0, 25), (30, 40))
    assert shown.total == 95


def test_published_arm_sizes_that_give_a_count_away_are_reported():
    shown = suppress_table([[3, 37]], minimum=10, exempt={(0, 1), (0, 2)})
    assert shown.exposed == {(0, 0), (1, 0)}  # the cell and its column's total


@pytest.mark.parametrize("cells", [[[9, 9], [9, 9]], [[1]], [[1, 1, 1]], [[4, 0], [0, 4]]])
def test_tables_of_nothing_but_small_counts_end(cells):
    shown = suppress_table(cells)
    assert not shown.exposed or len(cells) == 1
