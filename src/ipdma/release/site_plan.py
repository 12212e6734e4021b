"""A plan as one trial alone can follow it: what other trials or the registry decide is the centre's."""

from __future__ import annotations

from ipdma.plan import Plan

CENTRE = ("registry", "exclude_studies", "standardise", "aggregate", "leave_one_out")


def site_plan(plan: Plan) -> Plan:
    """The plan in points, without what takes more than one trial to decide.

    Scores stay in points: a constant over all trials is not known here. An outcome that few trials measured,
    and a sensitivity analysis that keeps some trials, are decided where all of them are.
    """
    values = plan.as_mapping()
    values["standardise"], values["hedges"] = "none", False
    for own in values["outcomes"].values():
        own.update({"standardise": "none", "hedges": False, "minimum_studies": 1})
    values["sensitivity"] = {
        name: {key: value for key, value in own.items() if key not in CENTRE}
        for name, own in values["sensitivity"].items()
    }
    values["moderator_analysis"]["minimum_studies"] = 1
    return Plan(values)
