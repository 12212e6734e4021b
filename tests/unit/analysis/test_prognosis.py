"""Prognosis inside arms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.builders.analysis_rows import as_table, count, small_plan

from ipdma.analysis.run import analyse
from ipdma.model.pool import pool_effects
from ipdma.model.spec import PoolSpec
from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.report.tables_prognosis import tabulate_prognosis

WORDS = {
    "contrasts": {"prognosis": {}},
    "outcomes": {"depression": {}},
    "time_points": {"post": {}},
    "prognosis": {"conditions": ["stpp"]},
}


def test_prognosis_takes_arms_without_a_control(rows):
    arms = rows[rows.treat == 1].copy()
    cohort = arms[arms.study == "S03"].assign(study="COHORT")
    arms = pd.concat([arms, cohort], ignore_index=True)
    plan = small_plan(prognosis={"conditions": ["stpp"], "covariates": ["baseline"]})
    got = analyse({("prognosis", "depression", "post"): as_table(arms)}, plan)
    e = got.estimates
    assert set(e.contrast) == {"prognosis"}
    assert e.term.str.startswith("prognosis:").all()
    severity = e[e.moderator == "severity"].set_index("stage")
    assert severity.k.tolist() == [7, 7]
    assert severity.estimate["one"] == pytest.approx(severity.estimate["two"], abs=severity.std_error["one"])
    slopes, errors = [], []
    for _, part in arms.groupby("study"):
        x, y = part.baseline - part.baseline.mean(), part.outcome
        beta = (x * y).sum() / (x**2).sum()
        residual = y - y.mean() - beta * x
        slopes.append(beta)
        errors.append(np.sqrt((residual**2).sum() / (len(y) - 2) / (x**2).sum()))
    expected = pool_effects([str(i) for i in range(7)], slopes, errors, PoolSpec(ci="modified_hksj"))
    assert severity.estimate["two"] == pytest.approx(expected.estimate, rel=1e-6)
    assert set(e[e.moderator == "chronicity"].level) == {"1 to under 2 years", "2 years or more"}


def test_the_unit_of_a_predictor_is_that_of_its_moderator(rows):
    """The coefficient is per `per` units of the column, and each stage says so, as an interaction does."""
    arms = rows[rows.treat == 1]
    key = ("prognosis", "depression", "post")
    ids = [f"prognosis.depression.post.prognosis.{stage}.age" for stage in ("one", "two")]
    found = {}
    for per in (1, 10):
        plan = small_plan(
            prognosis={"conditions": ["stpp"]}, moderators={"age": {"column": "age", "per": per}}
        )
        got = analyse({key: as_table(arms)}, plan)
        unit = count(got, what="moderator_unit")
        assert unit.level.tolist() == [f"per {per} of age"] * 2
        assert unit.analysis_id.tolist() == ids
        found[per] = got.estimates.set_index("stage").estimate
        written = {**WORDS, "moderators": plan["moderators"], "primary_model": "primary"}
        material = Material(got.estimates, got.study_estimates, got.counts, written)
        table = tabulate_prognosis(material, Ledger())
        words = "per year" if per == 1 else "per 10 years"
        assert {row[1] for row in table.rows if isinstance(row, tuple)} == {words}
    assert found[10].tolist() == pytest.approx((10 * found[1]).tolist(), rel=1e-5)
