"""A plan as one trial alone can follow it: what other trials or the registry decide is the centre's."""

from __future__ import annotations

from collections.abc import Iterable

from ipdma.bundle.records import BASELINE
from ipdma.plan import Plan

CENTRE = ("registry", "exclude_studies", "standardise", "aggregate", "leave_one_out")


def site_plan(plan: Plan) -> Plan:
    """The plan in points, without what takes more than one trial to decide.

    Scores stay in points: a constant over all trials is not known here, nor is where it puts the cuts of a
    baseline. An outcome that few trials measured, and a sensitivity analysis that keeps some trials, are
    decided where all of them are.
    """
    values = plan.as_mapping()
    cut = cut_scores(plan)
    values["standardise"], values["hedges"] = "none", False
    for name, own in values["outcomes"].items():
        if plan.outcome(name)["standardise"] != "none":
            own["moderators"] = without(own["moderators"], values["moderators"], cut)
        own.update({"standardise": "none", "hedges": False, "minimum_studies": 1})
    values["sensitivity"] = {
        name: {key: value for key, value in own.items() if key not in CENTRE}
        for name, own in values["sensitivity"].items()
    }
    for name, own in plan["sensitivity"].items():
        if own.get("moderators") and own.get("standardise", "none") != "none":
            values["sensitivity"][name]["moderators"] = without(own["moderators"], (), cut)
    asked = values["prognosis"]
    if any(plan.outcome(name)["standardise"] != "none" for name in asked["outcomes"]):
        asked["predictors"] = without(asked["predictors"], values["moderators"], cut)
    values["moderator_analysis"]["minimum_studies"] = 1
    return Plan(values)


def cut_scores(plan: Plan) -> list[str]:
    """Moderators that cut the baseline score."""
    return [name for name, own in plan["moderators"].items() if own["column"] == BASELINE and own["cuts"]]


def without(named: Iterable[str] | None, every: Iterable[str], gone: Iterable[str]) -> list[str]:
    """Names (None: every one) less some."""
    return [name for name in (every if named is None else named) if name not in set(gone)]
