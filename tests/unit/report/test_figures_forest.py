"""Which forests a large plan draws."""

from __future__ import annotations

import pandas as pd


def test_a_large_plan_draws_forests_of_its_main_outcomes_alone(material):
    assert material.forested == material.analyses
    outcomes = {f"extra_{i}": {"family": "gaussian"} for i in range(9)}
    outcomes |= {"self_rated": {"family": "gaussian", "rating": "self"}}
    plan = {**material.plan, "outcomes": {**material.plan["outcomes"], **outcomes}}
    rows = material.estimates[material.estimates["outcome"] == "depression"]
    more = [material.estimates, *[rows.assign(outcome=name) for name in outcomes]]
    large = type(material)(pd.concat(more), material.study_estimates, material.counts, plan)
    assert len(large.analyses) == 24
    assert {a.outcome for a in large.forested} == {"depression", "response", "self_rated"}
