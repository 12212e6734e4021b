"""One door to every model: a table of rows and a specification in, a fit out."""

from __future__ import annotations

import pandas as pd

from ipdma.errors import SpecError, join_faults
from ipdma.model.binomial import fit_binomial
from ipdma.model.gaussian import fit_gaussian
from ipdma.model.imputed import fit_imputed
from ipdma.model.records import Fit
from ipdma.model.spec import ModelSpec
from ipdma.model.two_stage import fit_two_stage
from ipdma.model.visits import fit_visits


def fit_model(rows: pd.DataFrame, spec: ModelSpec) -> Fit:
    """Fit one mixed model, or its two-stage twin, as the specification says.

    Parameters
    ----------
    rows : DataFrame
        One row per participant, or per measurement with `participant`.
    spec : ModelSpec

    Returns
    -------
    Fit

    Raises
    ------
    SpecError
        Keys that exclude each other, a contrast of an unknown term.
    DataError
        Absent columns, text where numbers are needed, an outcome that does not vary.
    FitError
        A model that these data cannot carry.
    """
    conflicts = spec.conflicts()
    if conflicts:
        raise SpecError(join_faults(conflicts))
    if spec.stages == "two":
        return fit_two_stage(rows, spec)
    if spec.imputation:
        return fit_imputed(rows, spec, fit_without_profile)
    return fit_one(rows, spec)


def fit_one(rows: pd.DataFrame, spec: ModelSpec) -> Fit:
    """Fit a one-stage model to one data set with the engine that its family and visits need."""
    if spec.visit:
        return fit_visits(rows, spec)
    return fit_binomial(rows, spec) if spec.family == "binomial" else fit_gaussian(rows, spec)


def fit_without_profile(rows: pd.DataFrame, spec: ModelSpec) -> Fit:
    """Fit one completed data set: Rubin's rules have no use for profile intervals of its variances."""
    if spec.visit:
        return fit_visits(rows, spec)
    fit = fit_binomial if spec.family == "binomial" else fit_gaussian
    return fit(rows, spec, profile=False)
