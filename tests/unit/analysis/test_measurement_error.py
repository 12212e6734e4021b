"""Interactions with a severity that is measured with error: recovered, and refused where they must be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.builders.analysis_rows import KEY, as_table, count, draw_rows, pick, small_plan

from ipdma.analysis.cell import cell_of
from ipdma.analysis.measurement_error import correct_baseline
from ipdma.analysis.records import Ledger
from ipdma.analysis.run import analyse
from ipdma.errors import PlanError

PLAIN = {"moderators": {"severity": {"column": "baseline"}}, "subgroups": {}, "risk_of_bias": []}


def run(rows, stated=0.8, **entry):
    plan = small_plan(**PLAIN, sensitivity={"error": {"reliability": stated, **entry}})
    return analyse({KEY: as_table(rows)}, plan, parts=["moderators", "sensitivity"])


def blurred(rng, trials=6, n=120, true=-0.4, reliability=0.7):
    """Rows whose baseline is a true score and error; the interaction is with the true one."""
    parts = []
    for k in range(trials):
        x = rng.normal(size=n)
        w = x + rng.normal(scale=np.sqrt((1 - reliability) / reliability), size=n)
        treat = np.arange(n) % 2
        y = 0.5 * x + treat * (-0.5 + true * x) + rng.normal(scale=0.8, size=n)
        parts.append(draw_rows(sizes=(n,)).assign(study=f"S{k}", treat=treat, baseline=w, outcome=y))
    return pd.concat(parts, ignore_index=True).assign(instrument="hamd17")


def test_the_interaction_with_the_true_score_is_recovered_and_covered():
    rng = np.random.default_rng(8)
    term = {"term": "treatment:within:severity", "stage": "two"}
    found, naive = [], []
    for _ in range(20):
        got = run(blurred(rng), 0.7).estimates
        row = pick(got, model="error", **term)
        found.append((row.estimate, row.ci_low <= -0.4 <= row.ci_high))
        naive.append(pick(got, model="primary", moderator="severity", **term).estimate)
    values = np.array([value for value, _ in found])
    assert values.mean() == pytest.approx(-0.4, abs=3 * values.std(ddof=1) / np.sqrt(20))
    assert np.mean(naive) == pytest.approx(-0.28, abs=0.04)  # reliability times the truth
    assert sum(covered for _, covered in found) >= 16  # 95 % of 20 in all but 1 in 300 draws


def test_without_covariates_each_score_shrinks_to_its_trial_by_its_reliability_there():
    cell = cell_of(KEY, draw_rows().assign(instrument="hamd17"), "gaussian")
    rows = cell.analysed
    within = rows.baseline - rows.groupby(["study", "treat"]).baseline.transform("mean")
    error = 0.2 * (within**2).sum() / (len(rows) - 12)
    got = correct_baseline(Ledger(), cell, "error", 0.8, ["baseline"]).analysed
    for study, trial in rows.groupby("study"):
        spread = (within[trial.index] ** 2).sum() / (len(trial) - 2)
        mean = trial.baseline.mean()
        expected = mean + (1 - error / spread) * (trial.baseline - mean)
        assert got.baseline[got.study == study].tolist() == pytest.approx(expected.tolist())


def test_the_interaction_is_per_unit_of_the_true_score_and_stands_beside_no_headline():
    got = run(draw_rows())
    own = got.estimates[got.estimates.model == "error"]
    assert set(own.moderator) == {"severity"}
    assert set(own.stage) == {"one", "two"}
    assert count(got, what="choice").level.tolist() == ["0.8"]


def test_a_trial_of_an_instrument_without_a_reliability_is_left_out_by_name():
    got = run(draw_rows(), {"hamd17": 0.8})
    assert pick(got.estimates, model="error", stage="two", term="treatment:within:severity").k == 3
    left = count(got, what="not_estimable", analysis_id="stpp_control.depression.post.error")
    assert left.study.tolist() == ["S02", "S04", "S06"]
    assert set(left.level) == {"no reliability is stated for its instrument"}


def test_a_trial_whose_scores_vary_no_more_than_the_error_is_left_out_by_name():
    rows = draw_rows().assign(instrument="hamd17")
    at = rows.study == "S03"
    rows.loc[at, "baseline"] = 1 + 0.1 * rows.baseline[at]
    got = run(rows, 0.8)
    left = count(got, what="not_estimable", analysis_id="stpp_control.depression.post.error")
    assert left.study.tolist() == ["S03"]
    assert "no more than the stated error" in left.level.item()


@pytest.mark.parametrize("stated", [0, 1, 1.2, "high", {}, {"hamd17": 2}])
def test_a_reliability_lies_between_0_and_1(stated):
    with pytest.raises(PlanError, match="reliability"):
        small_plan(sensitivity={"error": {"reliability": stated}})


def test_without_a_moderator_that_is_the_score_nothing_is_run_and_it_is_said():
    plan = small_plan(
        moderators={"age": {"column": "baseline", "transform": "log"}},
        subgroups={},
        risk_of_bias=[],
        sensitivity={"error": {"reliability": 0.8}},
    )
    rows = draw_rows().assign(instrument="hamd17")
    rows["baseline"] = rows["baseline"].abs() + 1
    records = analyse({KEY: as_table(rows)}, plan, parts=["sensitivity"])
    told = records.notes[records.notes["kind"] == "not_run"]
    assert "is the baseline score" in " ".join(told["text"])


def test_an_entry_is_one_kind_of_sensitivity_analysis():
    with pytest.raises(PlanError, match="leave_one_out and reliability are sensitivity analyses"):
        small_plan(**PLAIN, sensitivity={"both": {"reliability": 0.8, "leave_one_out": True}})
