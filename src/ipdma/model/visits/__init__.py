"""Repeated measures: one treatment effect per visit, exact from cross-products (docs/interface/model.md)."""

from ipdma.model.visits.fit import fit_visits
from ipdma.model.visits.two_stage import trial_fits, whole_design

__all__ = ["fit_visits", "trial_fits", "whole_design"]
