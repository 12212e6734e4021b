"""The plan's models are specifications, with the plan's level and second stage where they name none."""

import pytest

from ipdma.errors import PlanError
from ipdma.model.spec import ModelSpec, PoolSpec
from ipdma.plan import Plan

SMALL = {"studies": "trials", "contrasts": {"main": {"active": ["stpp"], "reference": ["tau"]}}}


def make(**changes):
    return Plan.from_mapping({**SMALL, **changes})


def test_a_model_has_the_plans_level_and_pool_unless_it_names_its_own():
    models = {"plain": {"label": "Plain"}, "own": {"level": 0.9, "pool": {"ci": "wald"}}}
    plan = make(models=models, level=0.8, pool={"tau2": "dl"})
    assert plan.models["plain"] == ModelSpec(
        outcome="outcome", df="nst", level=0.8, pool=PoolSpec(tau2="dl", ci="nst", level=0.8)
    )
    assert plan.models["own"].level == 0.9
    assert plan.models["own"].pool == PoolSpec(tau2="dl", ci="wald", level=0.9)
    assert plan.pool == PoolSpec(tau2="dl", ci="nst", level=0.8)


@pytest.mark.parametrize(
    ("model", "df"),
    [
        ({}, "nst"),
        ({"covariates": ["baseline"], "residual": "by_study"}, "nst"),
        ({"treatment_effect": "common"}, "kenward_roger"),
        ({"estimator": "ml"}, "k_minus_1"),
        ({"intercept": "random"}, "kenward_roger"),
        ({"covariates": ["baseline"], "covariate_slopes": "common"}, "kenward_roger"),
        ({"df": "satterthwaite"}, "satterthwaite"),
    ],
)
def test_a_model_that_names_no_df_has_the_null_standardised_t_where_it_can(model, df):
    plan = make(models={"primary": model})
    assert plan.models["primary"].df == df
    assert plan["models"]["primary"]["df"] == df, "plan.yaml names it"


def test_one_line_of_a_plan_makes_what_reviewers_know_the_headline():
    plan = make(
        interval="kenward_roger", models={"primary": {}, "own": {"df": "nst", "pool": {"ci": "hksj"}}}
    )
    assert (plan.models["primary"].df, plan.models["primary"].pool.ci) == ("kenward_roger", "modified_hksj")
    assert plan.primary("binomial").resolved().df == "k_minus_1"
    assert (plan.models["own"].df, plan.models["own"].pool.ci) == ("nst", "hksj")


def test_a_sensitivity_analysis_that_rules_the_headlines_interval_out_has_the_usual_one():
    entry = {"model": {"treatment_effect": "common"}}
    changed = {"common": entry, "named": {"model": {"df": "residual"}}}
    plan = make(models={"primary": {}}, sensitivity=changed)
    again = Plan.from_mapping(plan.as_mapping())
    for one in (plan, again):
        assert one.model_under("common", "gaussian").df == "kenward_roger"
        assert one.model_under("common", "binomial").resolved().df == "k_minus_1"
        assert one.model_under("named", "gaussian").df == "residual"
    with pytest.raises(PlanError, match="df: nst needs an effect that varies"):
        make(models={"primary": {"df": "nst", "treatment_effect": "common"}})


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
