"""Dates of every kind: read right, or refused with the cause; good columns are left in peace."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from tests.builders.small_study import names, only, values

BIRTHS = [date(1950 + 3 * i, 1 + i % 12, 3 + 2 * i) for i in range(12)]
ENTRIES = [date(2009 + i % 3, 1 + (5 * i) % 12, 2 + (7 * i) % 27) for i in range(12)]
AGES = [e.year - b.year - ((e.month, e.day) < (b.month, b.day)) for b, e in zip(BIRTHS, ENTRIES, strict=True)]
DMY, MDY, ISO = "%d-%m-%Y", "%m/%d/%Y", "%Y-%m-%d"


def ages(small, births: list[str], entries: list[str], **source: str):
    small.column("geb", births).column("datum", entries)
    small.variable("age", days_between=["geb", "datum"])
    small.map["source"] |= source
    return small.check()


def written(days: list[date], form: str) -> list[str]:
    return [day.strftime(form) for day in days]


@pytest.mark.parametrize(
    ("births", "entries"),
    [(DMY, DMY), (MDY, MDY), (ISO, ISO), (ISO, DMY), ("%d.%m.%Y", ISO), ("%d %b %Y", DMY)],
)
def test_one_order_is_read_without_a_word(small, births, entries):
    result = ages(small, written(BIRTHS, births), written(ENTRIES, entries))
    assert names(result) == []
    assert values(result, "age") == AGES


def test_each_column_is_read_in_its_own_order_and_that_is_asked_about(small):
    result = ages(small, written(BIRTHS, DMY), written(ENTRIES, MDY))
    assert names(result) == ["date_orders_differ"]
    assert values(result, "age") == AGES


@pytest.mark.parametrize("declared", ["DMY", "MDY"])
def test_a_declared_order_that_a_column_contradicts_must_be_fixed(small, declared):
    result = ages(small, written(BIRTHS, DMY), written(ENTRIES, MDY), dates=declared)
    finding = only(result, "date_order_contradicts")
    assert finding.column == ("datum" if declared == "DMY" else "geb")


def test_two_orders_in_one_column_must_be_fixed(small):
    mixed = written(BIRTHS[:6], DMY) + written(BIRTHS[6:], "%m-%d-%Y")
    assert names(ages(small, mixed, written(ENTRIES, ISO))) == ["dates_mixed"]


def swapped(days: list[date], real: str, text: str) -> list[str]:
    """What a spreadsheet of another country makes of dates: it turns those round that it can."""
    return [date(d.year, d.day, d.month).strftime(real) if d.day <= 12 else d.strftime(text) for d in days]


@pytest.mark.parametrize(
    ("real", "text"), [(ISO, DMY), (ISO, "%m/%d/%Y"), ("%m/%d/%Y", "%d.%m.%Y"), ("%d/%m/%Y", "%m-%d-%Y")]
)
def test_days_and_months_that_a_spreadsheet_exchanged_are_named(small, real, text):
    days = [date(2009 + i % 3, 1 + i, 1 + 2 * i) for i in range(12)]
    result = ages(small, written(BIRTHS, ISO), swapped(days, real, text))
    assert names(result) == ["dates_swapped"]
    assert values(result, "age") == [None] * 12


def test_real_dates_beside_texts_are_fine_where_nothing_was_exchanged(small):
    mixed = [d.strftime(ISO if i % 2 else DMY) for i, d in enumerate(ENTRIES)]
    result = ages(small, written(BIRTHS, ISO), mixed)
    assert names(result) == []
    assert values(result, "age") == AGES


def test_one_text_beside_real_dates_is_no_proof(small):
    entries = written([date(2010, 3, 5)] * 12, ISO)
    entries[3] = "25-03-2010"
    assert "dates_swapped" not in names(ages(small, written(BIRTHS, ISO), entries))


def since(days: list[date], zero: date, per_day: int = 1) -> list[str]:
    return [str((day - zero).days * per_day) for day in days]


@pytest.mark.parametrize(
    ("zero", "per_day", "word"),
    [
        (date(1899, 12, 30), 1, "Excel days (since 1900)"),
        (date(1904, 1, 1), 1, "1904"),
        (date(1960, 1, 1), 1, "Stata or SAS days"),
        (date(1960, 1, 1), 86_400_000, "milliseconds"),
        (date(1970, 1, 1), 1, "R days"),
        (date(1960, 1, 1), 86_400, "SAS seconds"),
    ],
)
def test_day_numbers_are_refused_with_the_program_that_can_have_made_them(small, zero, per_day, word):
    result = ages(small, since(BIRTHS, zero, per_day), since(ENTRIES, zero, per_day))
    assert names(result) == ["excel_day", "excel_day"]
    assert all(word in entry["message"] for entry in result.as_json()["findings"][:2])


def test_only_programs_whose_days_make_sense_are_named(small):
    result = ages(small, since(BIRTHS, date(1960, 1, 1)), since(ENTRIES, date(1960, 1, 1)))
    assert "Excel" not in result.as_json()["findings"][0]["message"]


@pytest.mark.parametrize(("parts", "word"), [(12, "%tm"), (4, "%tq"), (52, "%tw")])
def test_stata_months_quarters_and_weeks_are_named(small, parts, word):
    def count(day: date) -> str:
        return str((day.year - 1960) * parts + (day.timetuple().tm_yday - 1) * parts // 366)

    result = ages(small, list(map(count, BIRTHS)), list(map(count, ENTRIES)))
    assert names(result) == ["excel_day", "excel_day"]
    assert word in result.as_json()["findings"][0]["message"]


def test_spss_seconds_are_read(small):
    zero = date(1582, 10, 14)
    result = ages(small, since(BIRTHS, zero, 86400), since(ENTRIES, zero, 86400))
    assert names(result) == ["dates_from_seconds", "dates_from_seconds"]
    assert values(result, "age") == AGES


@pytest.mark.parametrize("form", ["%Y", "%m/%Y", "%Y-%m", "%b %Y"])
def test_a_year_or_month_without_a_day_is_named(small, form):
    assert names(ages(small, written(BIRTHS, form), written(ENTRIES, ISO))) == ["bare_year"]


def test_spans_are_rounded_to_the_step_of_the_codebook(small):
    starts = [ENTRIES[0] - timedelta(days=40 * (i + 1)) for i in range(12)]
    small.column("start", written(starts, ISO)).column("datum", written([ENTRIES[0]] * 12, ISO))
    small.variable("episode_duration_months", days_between=["start", "datum"])
    found = values(small.check(), "episode_duration_months")
    assert found == [1, 3, 4, 5, 7, 8, 9, 11, 12, 13, 14, 16]
