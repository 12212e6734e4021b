"""Thousands, decimals, dates, ranges and years in columns of numbers: read right, asked, or refused by
name."""

from __future__ import annotations

import pytest
from tests.builders.small_study import names, values

DURATION = "episode_duration_months"


def durations(small, cells: list[str], unit: str = "days", **source: str):
    cells = cells + [str(90 + 30 * i) for i in range(12 - len(cells))]
    small.separator = ";"
    small.column("dur", cells)
    small.variable(DURATION, **{"from": "dur", "unit": unit})
    small.map["source"] |= source
    return small.check()


@pytest.mark.parametrize("cells", [["1,460"], ["1.460"], ["1,460", "2,190", "365"], ["1.095", "730"]])
def test_one_group_of_three_digits_is_a_question(small, cells):
    result = durations(small, cells)
    assert names(result) == ["thousands"]
    assert values(result, DURATION)[0] is None
    assert result.findings[0].rows[0] == 2


@pytest.mark.parametrize(
    ("cell", "decimal"), [("1,460", "."), ("1.460", ","), ("1'460", "."), ("1 460", ","), ("1\u202f460", ".")]
)
def test_a_declared_sign_settles_it(small, cell, decimal):
    result = durations(small, [cell], decimal=decimal)
    assert names(result) == ["thousands_read"]
    assert values(result, DURATION)[0] == 47.97


@pytest.mark.parametrize(("cell", "decimal"), [("1,460", ","), ("1.460", ".")])
def test_a_declared_sign_may_also_say_decimals(small, cell, decimal):
    result = durations(small, [cell], decimal=decimal)
    assert names(result) == []
    assert values(result, DURATION)[0] == 0.05


@pytest.mark.parametrize(
    "cell",
    ["1 460", "1\u00a0460", "1\u202f460", "1'460", "1’460", "1.460,0", "1,460.00"],
)
def test_signs_beyond_doubt_are_read(small, cell):
    result = durations(small, [cell])
    assert set(names(result)) == {"thousands_read"}
    assert values(result, DURATION)[0] == 47.97


@pytest.mark.parametrize("other", ["27,5", "0,25"])
def test_another_column_shows_the_decimal_sign(small, other):
    small.column("weight", [other] * 12)
    result = durations(small, ["1.460", "1.095"])
    assert names(result) == ["thousands_read"]
    assert values(result, DURATION)[0] == 47.97


GOOD = {
    "three decimals everywhere": (["0.125", "1.460", "12.375"], "years"),
    "decimals of several lengths": (["1.5", "1.460", "2.25"], "years"),
    "comma decimals of several lengths": (["1,5", "1,460", "2,25"], "years"),
    "too large for thousands": (["27.000", "31.500"] * 6, "months"),
    "plain numbers": (["1460", "2190"], "days"),
}


@pytest.mark.parametrize("kind", GOOD)
def test_decimals_are_not_accused(small, kind):
    cells, unit = GOOD[kind]
    small.separator = ";"
    small.column("dur", (cells * 12)[:12])
    small.variable(DURATION, **{"from": "dur", "unit": unit})
    assert names(small.check()) == []


@pytest.mark.parametrize("cell", ["2010-05-12", "12.05.2010", "3-Apr", "Apr-03", "04. Mai", "12 May 2010"])
def test_a_date_for_a_number_is_named(small, cell):
    assert names(small.put(3, "post", cell).check()) == ["date_for_number"]


@pytest.mark.parametrize(
    "cell", ["12-24", "12 - 24", "3 to 6", ">24", "<= 6", "24+", "ca. 12", "2 years", "6 of 7"]
)
def test_a_range_for_a_number_is_named(small, cell):
    assert names(small.put(3, "post", cell).check()) == ["range_for_number"]


@pytest.mark.parametrize("cell", ["1O", "l2", "abc", "x", "1.2.3"])
def test_other_text_is_no_number(small, cell):
    assert names(small.put(3, "post", cell).check()) == ["not_a_number"]


@pytest.mark.parametrize(
    ("variable", "unit"), [("age", "years"), (DURATION, "days"), ("age_at_onset", "years")]
)
def test_years_for_a_length_of_time_are_named(small, variable, unit):
    small.column("jahr", [str(1950 + 3 * i) for i in range(12)])
    small.variable(variable, **{"from": "jahr", "unit": unit})
    assert names(small.check()) == ["years_for_number"]


def test_days_that_happen_to_look_like_years_are_not_accused(small):
    assert names(durations(small, ["1998", "2005", "2010"])) == []


def test_a_converted_number_has_two_decimals(small):
    result = durations(small, ["100"] * 12)
    assert values(result, DURATION) == [3.29] * 12
