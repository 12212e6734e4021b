"""Leaks of every kind, planted in bundles of invented people: each is found, and by the attack that is meant.

The table of docs/privacy.md is this test's.
"""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from tests.builders.bundles import HEADLINE, SCALE, moments, people, score_columns, sex_columns, small_bundle

from ipdma.bundle.records import BEND, Arm, ArmCount, Block, CellCounts, Column, ScaleSquares, Serves
from ipdma.model.spline import spline_basis
from ipdma.release.attack import attack_bundle
from ipdma.release.attacks.bends import attack_bends
from ipdma.release.attacks.cells import attack_persons
from ipdma.release.attacks.reconstruction import Effort, recovered
from ipdma.release.attacks.sets import attack_drawn, attack_sets
from ipdma.release.attacks.unions import attack_unions, levels_of_few
from ipdma.release.counts import tellable

ARMS = {"A": Arm("stpp", "", 80), "B": Arm("waitlist", "", 80)}
OTHER = Serves("main", "depression", "post", "sensitivity.other")


def block(rows, columns=None, serves=HEADLINE):
    """A block of rows by arm."""
    columns = columns or score_columns()
    return Block((serves,), SCALE, None, columns, {arm: moments(own) for arm, own in rows.items()})


def bundle(*blocks, **changes):
    """A trial of two arms of 80 people with some blocks and nothing else."""
    return small_bundle(arms=ARMS, cells=(), scales=(), blocks=blocks, **changes)


def rows(n=80):
    """Outcome, baseline, female, male of both arms."""
    return {"A": people(n, 1), "B": people(n, 2)}


def scores(own):
    """Outcome and baseline alone."""
    return {arm: values[:, :2] for arm, values in own.items()}


def with_indicator(own, name, at):
    """Rows with an indicator that is 1 at some places of arm A, and the two columns of its levels."""
    columns = tuple(Column(name, name, "level", level, None, True) for level in ("no", "yes"))
    out = {}
    for arm, values in own.items():
        yes = np.zeros(len(values))
        yes[at if arm == "A" else slice(0, 30)] = 1.0
        out[arm] = np.column_stack([values, 1 - yes, yes])
    return out, columns


def found(made, minimum=10):
    """Attacks that find somebody."""
    return {find.attack for _, find in attack_bundle(made, minimum)[0]}


def test_nobody_is_found_where_nothing_is_planted():
    own = rows()
    made = bundle(block(scores(own)), block(own, (*score_columns(), *sex_columns())))
    assert found(made) == set()


@pytest.mark.parametrize("size", [1, 2, 9, 71, 79])
def test_a_small_category_or_complement(size):
    own, columns = with_indicator(scores(rows()), "smoker", slice(0, size))
    assert "cells" in found(bundle(block(own, (*score_columns(), *columns))))


@pytest.mark.parametrize("size", [10, 40, 70])
def test_a_category_of_enough_people_stays(size):
    own, columns = with_indicator(scores(rows()), "smoker", slice(0, size))
    assert found(bundle(block(own, (*score_columns(), *columns)))) == set()


def test_a_small_arm():
    own = scores(rows())
    assert "cells" in found(bundle(block({"A": own["A"][:9], "B": own["B"]})))


def test_a_small_crossing_of_two_categories():
    first, a = with_indicator(scores(rows()), "smoker", slice(0, 30))
    both, b = with_indicator(first, "alone", slice(25, 60))
    columns = (*score_columns(), *a, *b)
    assert "cells" in found(bundle(block(both, columns)))


@pytest.mark.parametrize("gone", [1, 3, 9])
def test_two_sets_that_differ_by_few(gone):
    own = scores(rows())
    fewer = {arm: values[gone:] for arm, values in own.items()}
    assert "differences" in found(bundle(block(own), block(fewer, serves=OTHER)))


def test_two_sets_that_differ_by_enough_stay():
    own = scores(rows())
    fewer = {arm: values[12:] for arm, values in own.items()}
    assert found(bundle(block(own), block(fewer, serves=OTHER))) == set()


def test_few_of_a_level_in_the_difference_of_two_sets():
    own, columns = with_indicator(scores(rows()), "smoker", slice(8, 40))
    fewer = {arm: values[12:] for arm, values in own.items()}
    columns = (*score_columns(), *columns)
    assert "differences" in found(bundle(block(own, columns), block(fewer, columns, OTHER)))


def test_an_earlier_release_with_one_person_more():
    own = scores(rows())
    without = {"A": own["A"][1:], "B": own["B"]}
    finds, _, _ = attack_bundle(bundle(block(without)), 10, earlier=[bundle(block(own))])
    assert {find.attack for _, find in finds} == {"releases"}


def test_a_combination_of_indicators_that_is_few_people():
    first, a = with_indicator(scores(rows()), "smoker", slice(0, 30))
    second, b = with_indicator(first, "drinker", slice(30, 55))
    third, c = with_indicator(second, "either", slice(0, 58))
    columns = (*score_columns(), a[1], b[1], c[1])
    three = {arm: values[:, [0, 1, 3, 5, 7]] for arm, values in third.items()}
    finds, _, _ = attack_bundle(bundle(block(three, columns)), 5)
    assert "leverage" in {find.attack for _, find in finds}


def test_a_combination_of_columns_that_is_one_person_by_the_rows():
    values = people(40, 3)[:, :2]
    assert not attack_persons(values, 10)
    twin = values[:, [0]] + 0.0
    twin[7] += 1.0
    assert attack_persons(np.column_stack([values, twin]), 10)


def test_more_columns_than_people_carry():
    own = {arm: values[:14, :2] for arm, values in rows().items()}
    rng = np.random.default_rng(5)
    wide = {arm: np.column_stack([values, rng.normal(size=(14, 4))]) for arm, values in own.items()}
    columns = (*score_columns(), *(Column(f"x{i}", f"x{i}", "number") for i in range(4)))
    assert "rank" in found(bundle(block(wide, columns)))


def test_whole_scores_that_have_one_solution():
    own = scores(rows())
    own["A"][:, 1] = 20.0
    own["A"][0, 1] = 21.0
    assert "reconstruction" in found(bundle(block(own)))


def test_an_indicator_leaves_one_of_two_solutions():
    """0, 3, 3 and 1, 1, 4 have the same sums; that those without the indicator are all at 0 settles it."""
    values = np.array([[3.0, 1.0], [3.0, 1.0], *([[0.0, 0.0]] * 8)])
    columns = (score_columns()[1], Column("smoker", "smoker", "level", "yes", None, True))
    made, arm = block({"A": values}, columns), moments(values)
    assert not recovered(made, arm, 0, None, 10, Effort(1000))
    assert recovered(made, arm, 0, 1, 10, Effort(1000))


def test_a_search_without_steps_says_that_it_was_not_made():
    values = people(12, 1)[:, :2]
    effort = Effort(0)
    assert not recovered(block({"A": values}), moments(values), 0, None, 10, effort)
    assert (effort.left, effort.tried) == (1, 0)


def test_a_search_that_its_limit_ends_is_not_tried(monkeypatch):
    stopped = SimpleNamespace(status=1, x=None, mip_node_count=5)
    monkeypatch.setattr("ipdma.release.attacks.reconstruction.milp", lambda *a, **k: stopped)
    values, effort = people(12, 1)[:, :2], Effort(1000)
    assert not recovered(block({"A": values}), moments(values), 0, None, 10, effort)
    assert (effort.left, effort.tried) == (1, 0)


def test_what_is_tried_depends_on_no_clock(monkeypatch):
    """The same number of searches comes to an end however slow the machine is."""
    values = people(12, 1)[:, :2]
    ticks = iter(range(0, 10**9, 10**6))
    monkeypatch.setattr("time.monotonic", lambda: float(next(ticks)))
    monkeypatch.setattr("time.process_time", lambda: float(next(ticks)))
    effort = Effort(1000)
    recovered(block({"A": values}), moments(values), 0, None, 10, effort)
    assert (effort.left, effort.tried) == (0, 1)
    assert 0 < effort.spent < 1000


COUNTS = {"A": ArmCount(80, 80), "B": ArmCount(80, 80)}


@pytest.mark.parametrize(
    "changes",
    [
        {"arms": {**ARMS, "C": Arm("cbt", "", 4)}},
        {"arms": {**ARMS, "C": Arm("cbt", "", None)}, "study": {"id": "T01", "randomised": 164}},
        {"cells": (CellCounts(HEADLINE, SCALE, COUNTS, (("arm takes no part in this contrast", 4),)),)},
        {"cells": (CellCounts(HEADLINE, SCALE, {**COUNTS, "B": ArmCount(4, 4)}, ()),)},
        {"cells": (CellCounts(HEADLINE, SCALE, {**COUNTS, "B": ArmCount(80, 4)}, ()),)},
        {"cells": (CellCounts(HEADLINE, SCALE, {**COUNTS, "B": ArmCount(76, 76)}, ()),)},
        {
            "cells": (
                CellCounts(HEADLINE, SCALE, {**COUNTS, "B": ArmCount(66, 60)}, ()),
                CellCounts(OTHER, SCALE, {**COUNTS, "B": ArmCount(62, 60)}, ()),
            )
        },
    ],
)
def test_a_number_of_few_people_beside_the_blocks(changes):
    made = replace(bundle(block(scores(rows()))), **changes)
    assert found(made) == {"cells"}
    assert found(tellable(made, 10)) == set()


def test_numbers_of_enough_people_beside_the_blocks_stay():
    left = (("arm takes no part in this contrast", 12), ("no outcome", None))
    cells = (CellCounts(HEADLINE, SCALE, {**COUNTS, "B": ArmCount(80, 77)}, left),)
    assert found(replace(bundle(block(scores(rows()))), cells=cells)) == set()


def test_whole_scores_that_have_many_solutions_stay():
    own = {arm: values[:15] for arm, values in scores(rows()).items()}
    assert found(bundle(block(own))) == set()


@pytest.mark.parametrize("value", [0.0, 52.0, 20.0])
def test_everybody_at_one_value(value):
    own = scores(rows())
    own["B"][:, 0] = value
    assert "extremes" in found(bundle(block(own)))


def test_all_but_few_at_the_floor():
    own = scores(rows())
    own["B"][:, 0] = 0.0
    own["B"][:4, 0] = 2.0
    assert "extremes" in found(bundle(block(own)))


def test_sums_of_squares_of_few_more_people_than_a_block_has():
    own = scores(rows())
    words = ("instrument_baseline_sd", "", "", "hamd17", "observer", "")
    for n, expected in ((160, set()), (161, {"standardisers"}), (169, {"standardisers"}), (171, set())):
        squares = ScaleSquares(*words, n, n - 2, 4000.0)
        assert found(replace(bundle(block(own)), scales=(squares,))) == expected, n


def test_people_without_an_attribute_where_the_arm_is_told():
    own = rows()
    everyone = Serves("", "", "", "everyone")
    few = {arm: values[5:, 2:] for arm, values in own.items()}
    made = Block((everyone,), None, None, sex_columns(), {arm: moments(v) for arm, v in few.items()})
    assert "cells" in found(bundle(made))


@pytest.mark.parametrize(
    ("own", "others", "leaks"),
    [
        (range(60), [range(55)], True),
        (range(60), [range(45)], False),
        (range(60), [range(30), range(30, 55)], True),
        (range(60), [range(30), range(30, 60)], False),
        (range(30), [range(60), range(30, 55)], True),
        (range(60), [range(5, 65)], False),
        (range(36), [range(20), range(20, 37)], True),  # two between them hold one person more
    ],
)
def test_unions_of_sets_of_people(own, others, leaks):
    sets = [frozenset(map(str, other)) for other in others]
    assert attack_unions(frozenset(map(str, own)), sets, 10) is leaks


@pytest.mark.parametrize(
    ("left", "of_level", "leaks"),
    [(12, 4, True), (12, 9, True), (20, 16, True), (12, 0, False), (20, 10, False), (20, 20, False)],
)
def test_levels_of_the_people_between_three_sets(left, of_level, leaks):
    key = ("level", "sex", "female")
    own = frozenset(map(str, range(60 + left)))
    others = {frozenset(map(str, range(30))): {key: 15.0}, frozenset(map(str, range(30, 60))): {key: 14.0}}
    found = levels_of_few((own, {key: 29.0 + of_level}), others, 10)
    assert found == ({key} if leaks else set())


KNOTS = (10.0, 20.0, 30.0, 40.0, 50.0)
AGES = {
    "three beyond the last knot but two": [15.0] * 40 + [25.0] * 37 + [35.0] * 3,
    "four before the third": [25.0] * 4 + [35.0] * 40 + [45.0] * 36,
    "five between the first and the last": [60.0] * 40 + [5.0] * 35 + [25.0] * 5,
}


@pytest.mark.parametrize("ages", AGES.values(), ids=AGES)
def test_a_curve_that_bends_about_few_people_is_found(ages):
    columns = (*score_columns(), Column("age", "age", "number"))
    bends = tuple(Column(f"moderator.age.s{j}", "age", BEND) for j in (2, 3, 4))
    values = np.column_stack([people(80, 1)[:, :2], ages, spline_basis(np.array(ages), KNOTS)[:, 1:]])
    made = block({"A": values}, (*columns, *bends))
    assert [own.attack for own in attack_bends(made, "A", values, KNOTS, 10)] == ["leverage"]
    assert not list(attack_bends(made, "A", values, KNOTS, 1))
    many = np.repeat(values, 10, axis=0)
    assert not list(attack_bends(made, "A", many, KNOTS, 10))


def completed(drawn, m=8):
    """Completed data sets of 80 people an arm, the first ones' outcomes drawn."""
    own, rng = scores(rows()), np.random.default_rng(3)
    for number in range(1, m + 1):
        filled = {arm: values.copy() for arm, values in own.items()}
        for values in filled.values():
            values[:drawn, 0] = rng.integers(0, 40, drawn)
        yield replace(block(filled), imputation=number)


def real_score_of_the_one(sets):
    """Of one person whose outcome was drawn: the baseline, from two sets alone."""
    first, second = (own.arms["A"].totals for own in sets[:2])
    gap = first - second
    return gap[1, 2] / gap[0, 1]


def test_completed_data_sets_side_by_side_give_the_scores_of_one_person_away_and_it_is_found():
    sets = list(completed(1))
    assert real_score_of_the_one(sets) == pytest.approx(scores(rows())["A"][0, 1])
    assert "sets" in found(bundle(*sets))


@pytest.mark.parametrize("drawn", [0, 10, 25])
def test_completed_data_sets_of_nobody_and_of_many_pass(drawn):
    assert "sets" not in found(bundle(*completed(drawn)))


@pytest.mark.parametrize(("drawn", "tells"), [(0, False), (1, True), (9, True), (10, False)])
def test_at_the_site_drawn_values_of_few_people_are_found_whatever_they_are(drawn, tells):
    one = next(completed(max(drawn, 1)))
    assert bool(list(attack_drawn(one, {"A": drawn, "B": 40}, 10))) == tells
    assert not list(attack_drawn(one, {"A": drawn, "B": 40}, 1))


def test_completed_data_sets_of_another_number_of_people_are_found_in_the_file():
    sets = list(completed(25))
    arms = {**sets[1].arms, "A": moments(scores(rows())["A"][1:])}
    sets[1] = replace(sets[1], arms=arms)
    reasons = [own.reason for own in attack_sets(sets, 10)]
    assert reasons == ["completed data sets are of different people of arm A"]
    assert not list(attack_sets(sets, 1))
