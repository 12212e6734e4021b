"""The frozen analysis plan: read, checked against its schema, defaults filled in."""

from ipdma.plan.record import NETWORK, PROGNOSIS, Plan, is_good_event, read_plan

__all__ = ["NETWORK", "PROGNOSIS", "Plan", "is_good_event", "read_plan"]
