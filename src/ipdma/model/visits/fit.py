"""Fit the model over visits: design, search, inference, record."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ipdma.errors import FitError, SpecError, nearest
from ipdma.model.interval import make_estimate, quantile
from ipdma.model.records import Estimate, Fit, JointTest
from ipdma.model.spec import ModelSpec
from ipdma.model.visits.build import (
    build_cells,
    build_covariance,
    build_problem,
    check_rank,
    informed_studies,
)
from ipdma.model.visits.cells import Cell
from ipdma.model.visits.covariance import Covariance
from ipdma.model.visits.criterion import Evaluation, Problem, between_matrix, evaluate, within_matrix
from ipdma.model.visits.design import Term, VisitDesign, build_visit_design
from ipdma.model.visits.hksj import hksj_errors
from ipdma.model.visits.inference import Inference, infer, joint_f, kenward_roger_test, satterthwaite_df
from ipdma.model.visits.search import Optimum, minimise
from ipdma.model.visits.starts import starting_points

Array = NDArray[Any]
MOST_COLUMNS = (
    400  # past this many columns the nuisance is not reported, as its inference would cost more than the fit
)


@dataclass(frozen=True)
class Fitted:
    """A design at its optimum, with the columns that are reported."""

    design: VisitDesign
    problem: Problem
    optimum: Optimum
    terms: tuple[Term, ...]
    reported: Problem
    point: Evaluation
    inference: Inference

    @property
    def factors(self) -> Array:
        """What turns scaled coefficients into the outcome's units, shape (p,)."""
        scale = self.design.scale
        return np.array([scale[-1] / scale[t.feature] for t in self.terms])


def fit_visits(rows: pd.DataFrame, spec: ModelSpec) -> Fit:
    """Fit a model over visits by (RE)ML (INTERFACE section 2.2).

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
    check_contrasts(design, [t.name for t in (*design.fixed, *design.nuisance)])
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
    design: VisitDesign, cells: tuple[Cell, ...], covariance: Covariance, problem: Problem, optimum: Optimum
) -> Fitted:
    """Take the nuisance among the fixed effects once more, so that its rows have inference as well."""
    terms = (*design.fixed, *design.nuisance)
    if len(terms) > MOST_COLUMNS:
        return Fitted(
            design, problem, optimum, design.fixed, problem, optimum.point, infer(problem, optimum.point)
        )
    whole = build_problem(design, cells, covariance, nuisance_in=True)
    point = evaluate(whole, optimum.point.theta)
    if point is None:
        raise FitError("the fixed effects cannot be told apart from each other in these data")
    return Fitted(design, problem, optimum, terms, whole, point, infer(whole, point))


def record(fitted: Fitted, notes: list[str]) -> Fit:
    """The frozen record of the fit."""
    design, spec = fitted.design, fitted.design.spec
    method = str(spec.df)
    informed = informed_studies(design, fitted.problem)
    singular = is_singular(fitted)
    warnings = [*design.warnings, *notes, *boundary_warnings(fitted, singular, method)]
    estimates, more = estimate_terms(fitted, informed, method)
    return Fit(
        estimates=tuple(estimates),
        tests=tuple(joint_tests(fitted, informed, method)),
        contrasts=tuple(contrast_rows(fitted, informed, method)),
        prediction=None,
        variance=variances(fitted),
        criterion=criterion(fitted),
        criterion_name="minus_two_reml_loglik" if spec.estimator == "reml" else "minus_two_loglik",
        n_studies=design.n_studies,
        n_rows=len(design.visit),
        n_rows_excluded=design.base.n_excluded,
        df_method=method,
        converged=fitted.optimum.converged,
        singular=singular,
        warnings=tuple(dict.fromkeys([*warnings, *more])),
        studies_by_term=informed,
        covariance=reported_covariance(fitted, method),
    )


def criterion(fitted: Fitted) -> float:
    """Minus twice the (restricted) log likelihood in the outcome's units, as lme4 and nlme report it."""
    scale, problem, design = fitted.design.scale, fitted.problem, fitted.design
    value = fitted.optimum.point.value + 2.0 * problem.degrees * math.log(scale[-1])
    if problem.reml:
        value += 2.0 * sum(math.log(scale[t.feature]) for t in (*design.fixed, *design.nuisance))
    return float(value)


def reported_covariance(fitted: Fitted, method: str) -> Array:
    """Covariance of the estimates in the outcome's units."""
    found = fitted.inference
    chosen = found.adjusted if method == "kenward_roger" else found.covariance
    return chosen * np.outer(fitted.factors, fitted.factors)


def estimate_terms(fitted: Fitted, informed: dict[str, int], method: str) -> tuple[list[Estimate], list[str]]:
    """One row per column of the model."""
    shifts = outcome_shifts(fitted)
    scaled = hksj_errors(fitted, informed) if method == "hksj" else {}
    rows, left = [], []
    df: float | None
    for i, term in enumerate(fitted.terms):
        weights = np.eye(len(fitted.terms))[i]
        if term.name in scaled:
            error, df = scaled[term.name]
        else:
            use = "satterthwaite" if method == "hksj" else method
            left += [term.name] if method == "hksj" and term.study is None else []
            error, df = error_and_df(fitted, weights, term_df(fitted, term, informed, use), use)
            error *= fitted.factors[i]
        value = fitted.inference.beta[i] * fitted.factors[i] + shifts[i]
        rows.append(
            make_estimate(
                term.name,
                value,
                error,
                df,
                fitted.design.spec.level,
                prediction_of(fitted, term, value, error, informed),
            )
        )
    notes = [f"df: hksj does not apply to {', '.join(left)}: these rows carry satterthwaite"] if left else []
    return rows, notes


def outcome_shifts(fitted: Fitted) -> Array:
    """What the intercepts lost when the mean of each visit was taken off the outcome."""
    means = fitted.design.outcome_mean
    return np.array(
        [
            means[t.visit] if t.visit is not None and t.name.startswith("intercept[") else 0.0
            for t in fitted.terms
        ]
    )


def error_and_df(
    fitted: Fitted, weights: Array, plain_df: float | None, method: str
) -> tuple[float, float | None]:
    """Standard error (scaled units) and df of one linear combination."""
    found = fitted.inference
    chosen = found.adjusted if method == "kenward_roger" else found.covariance
    variance = float(weights @ chosen @ weights)
    if not variance > 0:
        raise FitError("a standard error is not positive: these data do not inform the model")
    if method == "kenward_roger":
        df = kenward_roger_test(found, weights)[0]
        return math.sqrt(variance), df if math.isfinite(df) else None
    if method == "satterthwaite":
        return math.sqrt(variance), satterthwaite_df(found, weights)
    return math.sqrt(variance), plain_df


def term_df(fitted: Fitted, term: Term, informed: dict[str, int], method: str) -> float | None:
    """Degrees of freedom of the methods that only count."""
    residual = fitted.problem.n_rows - len(fitted.design.fixed) - len(fitted.design.nuisance)
    if method == "normal":
        return None
    if method == "residual" or term.study is not None:
        return float(residual)
    if method == "k_minus_1":
        return (
            float(max(informed.get(term.name, 1) - 1, 1))
            if informed.get(term.name, 1) > 1
            else float(residual)
        )
    return None


def prediction_of(
    fitted: Fitted, term: Term, value: float, error: float, informed: dict[str, int]
) -> dict[str, float]:
    """The interval for the effect at this visit in a new study, where it varies between studies."""
    names = [t.name for t in fitted.design.random]
    k = informed.get(term.name, 0)
    if term.name not in names or k < 3:
        return {}
    tau2 = between_variances(fitted)[names.index(term.name)]
    half = quantile(k - 2, fitted.design.spec.level) * math.sqrt(tau2 + error**2)
    return {"pi_low": value - half, "pi_high": value + half, "tau2": tau2}


def between_variances(fitted: Fitted) -> Array:
    """Variances of the random effects in the outcome's units."""
    return np.diag(scaled_between(fitted))


def scaled_between(fitted: Fitted) -> Array:
    """Covariance of the random effects in the outcome's units."""
    gamma = fitted.problem.covariance.gamma(fitted.optimum.point.theta)
    scale = fitted.design.scale
    factors = np.array([scale[-1] / scale[t.feature] for t in fitted.design.random])
    return between_matrix(fitted.problem, gamma) * np.outer(factors, factors)


def joint_tests(fitted: Fitted, informed: dict[str, int], method: str) -> list[JointTest]:
    """The treatment over visits, and each interaction over its visits and levels."""
    names = [t.name for t in fitted.terms]
    tests = []
    for label, members in fitted.design.joint.items():
        rows = np.eye(len(names))[[names.index(m) for m in members]]
        counts = [term_df(fitted, fitted.terms[names.index(m)], informed, method) for m in members]
        plain = None if any(c is None for c in counts) else min(c for c in counts if c is not None)
        use = "satterthwaite" if method == "hksj" else method
        f, df_num, df_den, p = joint_f(fitted.inference, rows, use, plain)
        tests.append(JointTest(label, members, f, df_num, df_den, p))
    return tests


def check_contrasts(design: VisitDesign, names: list[str]) -> None:
    """Refuse a contrast of a term that is not among `names`."""
    for label, weights in design.spec.contrasts.items():
        absent = [t for t in weights if t not in names]
        if absent:
            raise SpecError(
                f"contrasts: '{label}': no term '{absent[0]}'"
                f"{nearest(absent[0], names) or '; terms: ' + ', '.join(t.name for t in design.fixed)}"
            )


def contrast_rows(fitted: Fitted, informed: dict[str, int], method: str) -> list[Estimate]:
    """Linear combinations that the specification names."""
    names = [t.name for t in fitted.terms]
    check_contrasts(fitted.design, names)
    rows = []
    for label, weights in fitted.design.spec.contrasts.items():
        vector = np.zeros(len(names))
        for term, weight in weights.items():
            vector[names.index(term)] = weight * fitted.factors[names.index(term)]
        counts = [term_df(fitted, fitted.terms[names.index(t)], informed, method) for t in weights]
        plain = None if any(c is None for c in counts) else min(c for c in counts if c is not None)
        error, df = error_and_df(fitted, vector, plain, method)
        shift = sum(w * outcome_shifts(fitted)[names.index(t)] for t, w in weights.items())
        value = float(vector @ fitted.inference.beta) + shift
        rows.append(make_estimate(label, value, error, df, fitted.design.spec.level))
    return rows


def variances(fitted: Fitted) -> dict:
    """Variance components in the outcome's units; what the model does not have is None."""
    design, problem = fitted.design, fitted.problem
    gamma = problem.covariance.gamma(fitted.optimum.point.theta) * 1.0
    unit = float(design.scale[-1] ** 2)
    between = scaled_between(fitted)
    names = [t.name for t in design.random]
    out: dict = dict.fromkeys(
        (
            "intercept",
            "treatment",
            "intercept_treatment_cov",
            "interaction",
            "participant",
            "residual",
            "residual_by_study",
        )
    )
    if "intercept" in names:
        out["intercept"] = float(between[names.index("intercept"), names.index("intercept")])
    if design.spec.covariance == "intercept":
        out["participant"] = float(gamma[0]) * unit
        if design.spec.residual == "by_study":
            out["residual_by_study"] = {
                name: float(gamma[problem.covariance.within_parameters(k)[1][0]]) * unit
                for k, name in enumerate(design.base.studies)
            }
        else:
            out["residual"] = float(gamma[1]) * unit
    out["visits"] = visit_matrices(fitted, gamma, unit, between, names)
    return out


def visit_matrices(fitted: Fitted, gamma: Array, unit: float, between: Array, names: list[str]) -> dict:
    """Covariance over the visits: within participants (per study where it differs), between studies."""
    design, problem = fitted.design, fitted.problem
    by_study = design.spec.covariance == "unstructured_by_study" or design.spec.residual == "by_study"
    matrices = {
        name: (within_matrix(problem, gamma, k) * unit).tolist() for k, name in enumerate(design.base.studies)
    }
    varying = [i for i, n in enumerate(names) if n.startswith("treatment[")]
    return {
        "visits": list(design.visits),
        "within": matrices if by_study else matrices[design.base.studies[0]],
        "between": between[np.ix_(varying, varying)].tolist() if varying else None,
        "between_visits": [design.visits[j] for j in design.effect_visits] if varying else None,
    }


def is_singular(fitted: Fitted) -> bool:
    """A random-effect covariance, or the participants' variance, on its boundary."""
    problem = fitted.problem
    gamma = problem.covariance.gamma(fitted.optimum.point.theta)
    typical = float(np.mean([np.trace(within_matrix(problem, gamma, s.study)) for s in problem.studies]))
    typical /= problem.n_visits
    between = between_matrix(problem, gamma)
    if fitted.design.spec.covariance == "intercept" and gamma[0] < 1e-7 * typical:
        return True
    return bool(len(between)) and float(np.linalg.eigvalsh(between).min()) < 1e-7 * typical


def boundary_warnings(fitted: Fitted, singular: bool, method: str) -> list[str]:
    """What a reader must know of a fit on the boundary, of few studies, of a search that stopped."""
    notes = []
    if singular:
        unreliable = {
            "satterthwaite": "satterthwaite degrees of freedom depend on the parameterisation there; "
            "prefer kenward_roger or k_minus_1",
            "normal": "the normal reference ignores how uncertain the variances are; prefer kenward_roger",
            "kenward_roger": "kenward_roger stays valid but is conservative there",
        }
        note = unreliable.get(method, f"df: {method} does not depend on the variances")
        notes.append(f"singular fit: a variance or correlation is on its boundary; {note}")
    if not fitted.optimum.converged:
        notes.append("the search did not converge; do not report these estimates")
    return notes
