"""Stage one of two over visits: each trial's own model and its vector of effects."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ipdma.errors import DataError, IpdmaError
from ipdma.model.columns import as_text
from ipdma.model.spec import ModelSpec
from ipdma.model.stage_one import StudyFit, nothing, study_of_fit
from ipdma.model.term import Term
from ipdma.model.visits.design import VisitDesign, build_visit_design
from ipdma.model.visits.fit import fit_visits


def whole_design(rows: pd.DataFrame, spec: ModelSpec) -> VisitDesign:
    """The design of all trials together, which says what is wrong with the rows and names the terms."""
    return build_visit_design(rows, spec.replace(stages="one", treatment_effect="common", contrasts={}))


def trial_fits(rows: pd.DataFrame, spec: ModelSpec, design: VisitDesign, terms: list[Term]) -> list[StudyFit]:
    """Each trial's own fit over its visits; a trial that has none says why."""
    covariance = "intercept" if spec.covariance == "intercept" else "unstructured"
    own = spec.of_one_study("residual").replace(covariance=covariance)
    study = as_text(rows[spec.study])
    return [trial_fit(rows[study == name], own, name, terms) for name in design.base.studies]


def trial_fit(rows: pd.DataFrame, spec: ModelSpec, name: str, terms: list[Term]) -> StudyFit:
    """One trial's treatment terms with their covariance, or why it has none."""
    try:
        if spec.baseline_visit is not None and spec.baseline_visit not in set(as_text(rows[spec.visit])):
            raise DataError(f"no row at the baseline visit '{spec.baseline_visit}'")
        fit = study_of_fit(name, fit_visits(rows, spec))
    except IpdmaError as error:
        return nothing(name, terms, str(error).splitlines()[0])
    at = [i for i, term in enumerate(fit.terms) if term in terms]
    silent = {term: "no such visit there" for term in terms if term not in fit.terms}
    kept = tuple(fit.terms[i] for i in at)
    return StudyFit(name, kept, fit.estimate[at], fit.covariance[np.ix_(at, at)], fit.df, silent)
