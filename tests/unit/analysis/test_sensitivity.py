"""Sensitivity analyses: each changes the one thing that it names."""

from __future__ import annotations

import pytest
from tests.builders.analysis_rows import KEY, as_table, count, draw_rows, pick, small_plan

from ipdma.analysis.run import analyse

PLAIN = {"moderators": {}, "subgroups": {}, "risk_of_bias": []}


@pytest.fixture(scope="module")
def rows():
    return draw_rows()


def run(rows, parts, plan=None, **extra):
    return analyse({KEY: as_table(rows)}, plan or small_plan(**PLAIN), parts=parts, **extra)


def test_leaving_one_study_out_is_the_model_without_it(rows):
    plan = small_plan(**PLAIN, sensitivity={"loo": {"leave_one_out": True}})
    got = run(rows, ["sensitivity"], plan)
    assert len(got.estimates) == 12
    without = run(rows[rows.study != "S04"], ["efficacy"])
    for stage in ("one", "two"):
        row = pick(got.estimates, model="leave_out:S04", stage=stage)
        assert row.estimate == pytest.approx(pick(without.estimates, model="primary", stage=stage).estimate)


@pytest.mark.parametrize(
    ("entry", "keep"),
    [
        ({"registry": {"rob_overall": ["low"]}}, lambda r: r.rob_overall == "low"),
        ({"registry": {"quality": [0, 1]}}, lambda r: r.quality < 2),
        ({"participants": {"dropout": ["no"]}}, lambda r: r.dropout == "no"),
        ({"exclude_studies": ["S01", "S02"]}, lambda r: ~r.study.isin(["S01", "S02"])),
    ],
)
def test_selections_keep_the_rows_that_they_name(rows, entry, keep):
    got = run(rows, ["sensitivity"], small_plan(**PLAIN, sensitivity={"chosen": entry}))
    row = pick(got.estimates, model="chosen", stage="one")
    other = pick(run(rows[keep(rows)], ["efficacy"]).estimates, model="primary", stage="one")
    assert (row.n, row.estimate) == (other.n, pytest.approx(other.estimate))


def test_a_changed_model_key(rows):
    entry = {"model": {"covariates": []}, "moderators": ["age"]}
    keys = {**PLAIN, "moderators": {"age": {"column": "age"}}, "sensitivity": {"unadjusted": entry}}
    got = run(rows, ["sensitivity"], small_plan(**keys))
    bare = small_plan(**PLAIN | {"models": {"primary": {"residual": "by_study"}}})
    other = pick(run(rows, ["efficacy"], bare).estimates, model="primary", stage="one")
    assert pick(got.estimates, model="unadjusted", stage="one", moderator="").estimate == pytest.approx(
        other.estimate
    )
    assert set(got.estimates[got.estimates.moderator == "age"].stage) == {"one", "two"}
    assert count(got, what="choice").level.tolist() == ["", "no"] or "model.covariates" in set(
        count(got, what="choice").variable
    )


def test_rebuilt_rows_come_from_the_variants(rows):
    plan = small_plan(**PLAIN, sensitivity={"observer": {"rating": "observer"}, "self": {"rating": "self"}})
    observer = rows[rows.rating == "observer"]
    got = run(rows, ["sensitivity"], plan, variants={"observer": {KEY: as_table(observer)}})
    other = pick(run(observer, ["efficacy"]).estimates, model="primary", stage="one")
    assert pick(got.estimates, model="observer", stage="one").estimate == pytest.approx(other.estimate)
    assert "self" not in set(got.estimates.model)
    assert count(got, what="not_run").level.tolist() == ["no rows could be built for it"]


def test_sensitivities_are_for_the_first_outcome_unless_they_say_so(rows):
    outcomes = {"depression": {"family": "gaussian"}, "other": {"family": "gaussian"}}
    key, changed = ("stpp_control", "other", "post"), {"model": {"covariates": []}}
    tables = {KEY: as_table(rows), key: as_table(rows)}
    for entry, concerned in ((changed, "depression"), ({**changed, "outcomes": ["other"]}, "other")):
        plan = small_plan(**PLAIN | {"outcomes": outcomes}, sensitivity={"u": entry})
        assert set(analyse(tables, plan, parts=["sensitivity"]).estimates.outcome) == {concerned}
