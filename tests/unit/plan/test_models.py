"""The plan's models are specifications, with the plan's level and second stage where they name none."""

import pytest

from ipdma.model.spec import ModelSpec, PoolSpec
from ipdma.plan import Plan

SMALL = {"studies": "trials", "contrasts": {"main": {"active": ["stpp"], "reference": ["tau"]}}}


def make(**changes):
    return Plan.from_mapping({**SMALL, **changes})


def test_a_model_has_the_plans_level_and_pool_unless_it_names_its_own():
    models = {"plain": {"label": "Plain"}, "own": {"level": 0.9, "pool": {"ci": "wald"}}}
    plan = make(models=models, level=0.8, pool={"tau2": "dl"})
    assert plan.models["plain"] == ModelSpec(
        outcome="outcome", level=0.8, pool=PoolSpec(tau2="dl", ci="", level=0.8)
    )
    assert plan.models["own"].level == 0.9
    assert plan.models["own"].pool == PoolSpec(tau2="dl", ci="wald", level=0.9)
    assert plan.pool == PoolSpec(tau2="dl", ci="", level=0.8)


@pytest.mark.parametrize(("k", "ci"), [(2, "modified_hksj"), (9, "modified_hksj"), (10, "hksj")])
def test_the_number_of_studies_decides_an_open_interval(k, ci):
    assert make().pool.for_studies(k).ci == ci
    assert make(pool={"ci": "wald"}).pool.for_studies(k).ci == "wald"


def test_a_binary_outcome_takes_what_its_family_has():
    model = {"residual": "by_study", "estimator": "reml", "df": "satterthwaite", "covariates": ["baseline"]}
    plan = make(models={"primary": model})
    binary = plan.primary("binomial")
    assert (binary.family, binary.residual, binary.estimator, binary.df) == ("binomial", "common", None, None)
    assert binary.covariates == ("baseline",)
    assert binary.conflicts() == []
    assert make(models={"primary": {"df": "normal"}}).primary("binomial").df == "normal"


def test_a_sensitivity_analysis_changes_the_primary_model_alone():
    plan = make(
        models={"primary": {"covariates": ["baseline"], "residual": "by_study"}},
        sensitivity={"bare": {"model": {"covariates": []}}, "observer": {"rating": "observer"}},
    )
    assert plan.model_under("bare", "gaussian") == plan.models["primary"].replace(covariates=())
    assert plan.model_under("observer", "gaussian") == plan.models["primary"]


def test_a_sensitivity_analysis_is_for_the_first_outcome_unless_it_says_so():
    outcomes = {"depression": {}, "other": {}}
    entry = {"leave_one_out": True}
    plan = make(outcomes=outcomes, sensitivity={"a": entry, "b": {**entry, "outcomes": ["other"]}})
    assert plan.concerns("a", "main", "depression", "post")
    assert not plan.concerns("a", "main", "other", "post")
    assert plan.concerns("b", "main", "other", "post")
    late = make(sensitivity={"a": {**entry, "time_points": ["follow_up"]}})
    assert not late.concerns("a", "main", "depression", "post")


def test_rows_are_built_anew_only_where_an_entry_changes_them():
    entries = {
        "observer": {"rating": "observer"},
        "low": {"registry": {"rob_overall": ["low"]}},
        "open": {"weeks_after_post": None, "leave_one_out": True},
    }
    assert make(sensitivity=entries).row_variants() == ["observer"]
