"""One door to every model: a table of rows and a specification in, a fit out."""

from __future__ import annotations

import pandas as pd

from ipdma.errors import SpecError, join_faults
from ipdma.model.imputed import fit_imputed
from ipdma.model.records import Fit
from ipdma.model.spec import ModelSpec


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
        return fit_in_two_stages(rows, spec)
    if spec.imputation:
        return fit_imputed(rows, spec, fit_one)
    return fit_one(rows, spec)


def fit_one(rows: pd.DataFrame, spec: ModelSpec) -> Fit:
    """Fit a one-stage model to one data set with the engine that its family and visits need."""
    if spec.visit:
        return fit_with_visits(rows, spec)
    if spec.family == "binomial":
        from ipdma.model.binomial import fit_binomial

        return fit_binomial(rows, spec)
    from ipdma.model.gaussian import fit_gaussian

    return fit_gaussian(rows, spec)


def fit_in_two_stages(rows: pd.DataFrame, spec: ModelSpec) -> Fit:
    """Fit each study, then pool."""
    if spec.visit:
        from ipdma.model.visits import fit_visits_two_stage

        return fit_visits_two_stage(rows, spec)
    from ipdma.model.two_stage import fit_two_stage

    return fit_two_stage(rows, spec)


def fit_with_visits(rows: pd.DataFrame, spec: ModelSpec) -> Fit:
    """Fit a repeated-measures model."""
    from ipdma.model.visits import fit_visits

    return fit_visits(rows, spec)
