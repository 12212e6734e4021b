"""The frozen analysis plan: read, checked against its schema, defaults filled in."""

from ipdma.plan.record import Plan, read_plan

__all__ = ["Plan", "read_plan"]
