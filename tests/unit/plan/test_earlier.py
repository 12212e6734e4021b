"""A plan.yaml of an earlier version is refused where it leaves a method to a default that is another now."""

import pytest

from ipdma.errors import PlanError
from ipdma.plan import Plan

SMALL = {"studies": "trials", "contrasts": {"main": {"active": ["stpp"], "reference": ["tau"]}}}
WRITTEN = [
    *("title", "footer", "studies", "registry", "aggregate", "results", "codebook", "instruments"),
    *("standardise", "external", "hedges", "time_points", "contrasts", "outcomes", "secondary"),
    *("reliable_change", "models", "primary_model", "level", "moderators", "moderator_analysis", "pool"),
    *("subgroups", "risk_of_bias", "prognosis", "longitudinal", "sensitivity", "multiverse", "missing"),
    *("aggregate_trials", "absolute", "explanations", "engines", "tree", "integrity", "minimum_cell", "seed"),
]


def earlier(**changes):
    """A plan.yaml as a version before `interval` wrote it: every key, and no method that was left out."""
    values = Plan.from_mapping({**SMALL, "models": {"primary": {"residual": "by_study"}}}).as_mapping()
    for model in values["models"].values():
        del model["df"]
    values["pool"] = {}
    return {**{name: values[name] for name in WRITTEN}, **changes}


def test_it_is_refused_naming_each_method_that_it_leaves_open():
    with pytest.raises(PlanError) as error:
        Plan.from_mapping(earlier())
    said = str(error.value).splitlines()
    assert len(said) == 2
    assert "models.primary.df: not named" in said[0]
    assert "pool.ci: not named" in said[1]


def test_it_runs_once_the_methods_are_named():
    named = earlier(models={"primary": {"df": "kenward_roger"}}, pool={"ci": "modified_hksj"})
    assert Plan.from_mapping(named).models["primary"].df == "kenward_roger"
    assert Plan.from_mapping(earlier(interval="kenward_roger")).models["primary"].df == "kenward_roger"


def test_a_plan_of_today_and_its_plan_yaml_are_read():
    plan = Plan.from_mapping(SMALL)
    assert Plan.from_mapping(plan.as_mapping()).as_yaml() == plan.as_yaml()
    few = {name: value for name, value in earlier().items() if name != "integrity"}
    assert Plan.from_mapping(few).models["primary"].df == "nst", "a person's plan lacks some key"
