"""Risk of bias: items one at a time, and beside moderators."""

from __future__ import annotations

import pytest
from tests.builders.analysis_rows import pick, run, small_plan

NAME = "stpp_control.depression.post"


def test_risk_of_bias_items_one_at_a_time(rows):
    got = run(rows, ["risk_of_bias"], small_plan(moderators={}))
    e = got.estimates
    assert set(e.moderator) == {"rob_d1", "rob_overall", "quality"}
    bias = pick(
        e, analysis_id=f"{NAME}.risk_of_bias.one.rob_overall", term="treatment:across:rob_overall[high]"
    )
    twin = pick(
        e, analysis_id=f"{NAME}.risk_of_bias.two.rob_overall", term="treatment:across:rob_overall[high]"
    )
    assert bias.estimate == pytest.approx(twin.estimate, abs=0.2 * bias.std_error)
    adjusted = e[e.model == "rob_covariate"]
    assert set(adjusted.term) == {"treatment"}
    assert set(adjusted.stage) == {"one"}
    assert adjusted.estimate.between(-1.2, -0.2).all()


def test_moderators_beside_risk_of_bias(rows):
    got = run(rows, ["rob_moderators"], small_plan())
    row = pick(got.estimates, model="rob_moderator", moderator="severity")
    assert row.term == "treatment:within:severity"
