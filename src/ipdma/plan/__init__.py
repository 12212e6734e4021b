"""The frozen analysis plan: read, checked against its schema, defaults filled in."""

from ipdma.plan.record import PROGNOSIS, Plan, is_good_event, read_plan

__all__ = ["PROGNOSIS", "Plan", "is_good_event", "read_plan"]
