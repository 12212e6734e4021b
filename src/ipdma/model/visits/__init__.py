"""Repeated measures: one treatment effect per visit, exact from cross-products (INTERFACE section 2.2)."""

from ipdma.model.visits.fit import fit_visits

__all__ = ["fit_visits"]
