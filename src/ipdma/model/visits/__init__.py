"""Repeated measures: one treatment effect per visit, exact from cross-products (INTERFACE section 2.2)."""

from ipdma.model.visits.fit import fit_visits
from ipdma.model.visits.two_stage import fit_visits_two_stage

__all__ = ["fit_visits", "fit_visits_two_stage"]
