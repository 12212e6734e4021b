"""Fit the model over visits: design, search, inference, record."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ipdma.errors import FitError
from ipdma.model.df import DenseCovariance, DfMethod, Inference, df_method
from ipdma.model.inference import (
    check_contrast,
    contrast_estimates,
    joint_tests,
    reported_covariance,
    term_estimates,
)
from ipdma.model.newton import Optimum
from ipdma.model.records import Estimate, Fit
from ipdma.model.spec import ModelSpec
from ipdma.model.term import Term
from ipdma.model.variance import VarianceComponents, effects_of
from ipdma.model.visits.build import (
    build_cells,
    build_covariance,
    build_problem,
    check_rank,
    informed_studies,
)
from ipdma.model.visits.cells import Cell
from ipdma.model.visits.covariance import Covariance
from ipdma.model.visits.criterion import Evaluation, VisitsProblem, between_matrix, evaluate, within_matrix
from ipdma.model.visits.design import Column, VisitDesign, build_visit_design
from ipdma.model.visits.own_estimates import own_estimates
from ipdma.model.visits.search import minimise
from ipdma.model.visits.starts import starting_points
from ipdma.model.visits.uncertainty import VisitsUncertainty

Array = NDArray[Any]
MOST_COLUMNS = (
    400  # past this many columns the nuisance is not reported, as its inference would cost more than the fit
)


@dataclass(frozen=True)
class Fitted:
    """A design at its optimum, with the columns that are reported."""

    design: VisitDesign
    problem: VisitsProblem
    optimum: Optimum[Evaluation]
    terms: tuple[Column, ...]
    reported: VisitsProblem
    point: Evaluation

    @property
    def factors(self) -> Array:
        """What turns scaled coefficients into the outcome's units, shape (p,)."""
        scale = self.design.scale
        return np.array([scale[-1] / scale[t.feature] for t in self.terms])


def fit_visits(rows: pd.DataFrame, spec: ModelSpec) -> Fit:
    """Fit a model over visits by (RE)ML (docs/interface/model.md).

    Parameters
    ----------
    rows : DataFrame
        One row per participant and visit.
    spec : ModelSpec
        With `visit` and `participant`.

    Raises
    ------
    DataError, SpecError, FitError
        Rows or a specification that this model cannot take; see `build_visit_design`.
    """
    design = build_visit_design(rows, spec)
    for name, weights in spec.contrasts.items():
        check_contrast(name, weights, [t.name for t in (*design.fixed, *design.nuisance)])
    cells = build_cells(design)
    covariance, notes = build_covariance(design, cells)
    problem = build_problem(design, cells, covariance)
    check_rank(design, problem)
    optimum = minimise(problem, starting_points(problem))
    if optimum is None:
        raise FitError("the likelihood cannot be evaluated for these data; try covariance: intercept")
    fitted = report_columns(design, cells, covariance, problem, optimum)
    return record(fitted, notes)


def report_columns(
    design: VisitDesign,
    cells: tuple[Cell, ...],
    covariance: Covariance,
    problem: VisitsProblem,
    optimum: Optimum[Evaluation],
) -> Fitted:
    """Take the nuisance among the fixed effects once more, so that its rows have inference as well."""
    terms = (*design.fixed, *design.nuisance)
    if len(terms) > MOST_COLUMNS:
        return Fitted(design, problem, optimum, design.fixed, problem, optimum.point)
    whole = build_problem(design, cells, covariance, nuisance_in=True)
    point = evaluate(whole, optimum.point.theta)
    if point is None:
        raise FitError("the fixed effects cannot be told apart from each other in these data")
    return Fitted(design, problem, optimum, terms, whole, point)


def record(fitted: Fitted, notes: list[str]) -> Fit:
    """The frozen record of the fit."""
    design, spec = fitted.design, fitted.design.spec
    method, inference = df_method(spec.df), infer(fitted)
    variance = variances(fitted)
    shared = [t.name for t in fitted.terms if t.study is None]
    warnings = [*design.warnings, *notes, *boundary_warnings(fitted, method)]
    warnings += method.notes(inference, shared)
    estimates = term_estimates(inference, method)
    return Fit(
        estimates=with_prediction(variance, inference, method, estimates),
        tests=tuple(joint_tests(inference, method, design.joint)),
        contrasts=tuple(contrast_estimates(inference, method, spec.contrasts)),
        prediction=None,
        variance=variance,
        criterion=criterion(fitted),
        criterion_name="minus_two_reml_loglik" if spec.estimator == "reml" else "minus_two_loglik",
        n_studies=design.n_studies,
        n_rows=len(design.visit),
        n_rows_excluded=design.base.n_excluded,
        df_method=method.name,
        converged=fitted.optimum.converged,
        singular=fitted.optimum.singular,
        warnings=tuple(dict.fromkeys(warnings)),
        studies_by_term=dict(inference.informs),
        covariance=reported_covariance(inference, method, estimates),
    )


def criterion(fitted: Fitted) -> float:
    """Minus twice the (restricted) log likelihood in the outcome's units, as lme4 and nlme report it."""
    scale, problem, design = fitted.design.scale, fitted.problem, fitted.design
    value = fitted.optimum.point.value + 2.0 * problem.degrees * math.log(scale[-1])
    if problem.reml:
        value += 2.0 * sum(math.log(scale[t.feature]) for t in (*design.fixed, *design.nuisance))
    return float(value)


def infer(fitted: Fitted) -> Inference:
    """What the df methods ask of this fit."""
    design, factors = fitted.design, fitted.factors
    informed = informed_studies(design, fitted.problem)
    return Inference(
        terms=tuple(t.name for t in fitted.terms),
        beta=fitted.point.beta * factors + outcome_shifts(fitted),
        to_data=np.diag(factors),
        covariance=DenseCovariance(fitted.point.covariance),
        uncertainty=VisitsUncertainty(fitted.reported, fitted.point),
        informs=informed,
        residual_df=float(fitted.problem.n_rows - len(design.fixed) - len(design.nuisance)),
        find_own=lambda: own_estimates(design, fitted.optimum.point, factors),
        level=design.spec.level,
    )


def with_prediction(
    variance: VarianceComponents, inference: Inference, method: DfMethod, estimates: list[Estimate]
) -> tuple[Estimate, ...]:
    """The estimates, with the interval in a new study where an effect varies between studies."""
    found = []
    for one in estimates:
        tau2 = variance.of(one.term) if one.term.kind == "treatment" else None
        interval = method.predict(inference, one, tau2)[0]
        if interval is not None:
            beside = {"pi_low": interval.low, "pi_high": interval.high, "tau2": tau2}
            one = replace(one, extra={**one.extra, **beside})
        found.append(one)
    return tuple(found)


def outcome_shifts(fitted: Fitted) -> Array:
    """What the intercepts lost when the mean of each visit was taken off the outcome."""
    means = fitted.design.outcome_mean
    return np.array(
        [means[t.visit] if t.visit is not None and t.name.kind == "intercept" else 0.0 for t in fitted.terms]
    )


def scaled_between(fitted: Fitted) -> Array:
    """Covariance of the random effects in the outcome's units."""
    gamma = fitted.problem.covariance.gamma(fitted.optimum.point.theta)
    scale = fitted.design.scale
    factors = np.array([scale[-1] / scale[t.feature] for t in fitted.design.random])
    return between_matrix(fitted.problem, gamma) * np.outer(factors, factors)


def variances(fitted: Fitted) -> VarianceComponents:
    """Variance components in the outcome's units."""
    design, problem = fitted.design, fitted.problem
    gamma = problem.covariance.gamma(fitted.optimum.point.theta) * 1.0
    unit = float(design.scale[-1] ** 2)
    between = scaled_between(fitted)
    names = [t.name for t in design.random]
    with_participants = design.spec.covariance == "intercept"
    by_study = with_participants and design.spec.residual == "by_study"
    each = {
        name: float(gamma[problem.covariance.within_parameters(k)[1][0]]) * unit
        for k, name in enumerate(design.base.studies if by_study else ())
    }
    return VarianceComponents(
        **effects_of(names, between),
        participant=float(gamma[0]) * unit if with_participants else None,
        residual=float(gamma[1]) * unit if with_participants and not by_study else None,
        residual_by_study=each or None,
        visits=visit_matrices(fitted, gamma, unit, between, names),
    )


def visit_matrices(
    fitted: Fitted, gamma: Array, unit: float, between: Array, names: Sequence[Term]
) -> dict[str, object]:
    """Covariance over the visits: within participants (per study where it differs), between studies."""
    design, problem = fitted.design, fitted.problem
    by_study = design.spec.covariance == "unstructured_by_study" or design.spec.residual == "by_study"
    matrices = {
        name: (within_matrix(problem, gamma, k) * unit).tolist() for k, name in enumerate(design.base.studies)
    }
    varying = [i for i, n in enumerate(names) if n.kind == "treatment"]
    return {
        "visits": list(design.visits),
        "within": matrices if by_study else matrices[design.base.studies[0]],
        "between": between[np.ix_(varying, varying)].tolist() if varying else None,
        "between_visits": [design.visits[j] for j in design.effect_visits] if varying else None,
    }


def boundary_warnings(fitted: Fitted, method: DfMethod) -> list[str]:
    """What a reader must know of a fit on the boundary, and of a search that stopped."""
    notes = []
    if fitted.optimum.singular:
        notes.append(f"singular fit: a variance or correlation is on its boundary; {method.singular}")
    if not fitted.optimum.converged:
        notes.append("the search did not converge; do not report these numbers")
    return notes
