"""Logistic mixed models: Laplace or adaptive Gauss-Hermite, standard errors from the joint Hessian."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from ipdma.errors import FitError, SpecError, join_faults, nearest
from ipdma.model.binomial_problem import BinomialProblem, build_problem
from ipdma.model.design import Design, build_design
from ipdma.model.glmm import factors
from ipdma.model.glmm_profile import variance_intervals
from ipdma.model.glmm_search import Maximum, maximise
from ipdma.model.interval import f_upper_p, make_estimate, quantile
from ipdma.model.records import Estimate, Fit, JointTest, Prediction, StudyEstimate
from ipdma.model.spec import ModelSpec
from ipdma.model.stage_one import fit_studies

Array = np.ndarray


def fit_binomial(rows: pd.DataFrame, spec: ModelSpec, profile: bool = True) -> Fit:
    """Fit a logistic mixed model by maximum likelihood.

    Parameters
    ----------
    rows : DataFrame
        One row per participant, the outcome 0 or 1.
    spec : ModelSpec
        `family: binomial`; `quadrature` 1 is Laplace, more is adaptive Gauss-Hermite (one random effect).
    profile : bool
        Whether to compute profile-likelihood intervals of the variances.

    Returns
    -------
    Fit
        Log odds ratios; standard errors from the joint Hessian of fixed effects and variance parameters.

    Raises
    ------
    SpecError
        Keys that exclude each other, quadrature with several random effects, a contrast of an unknown term.
    DataError, FitError
        Unusable columns, a rank-deficient design, separation, a standard error that is not positive.
    """
    conflicts = spec.conflicts()
    if conflicts:
        raise SpecError(join_faults(conflicts))
    design = build_design(rows, spec)
    check_quadrature(design)
    problem = build_problem(design)
    maximum = maximise(problem.data, problem.layout, problem.start)
    return record(design, problem, maximum, profile)


def check_quadrature(design: Design) -> None:
    """Quadrature needs one random effect."""
    n = design.random.shape[1]
    if design.spec.quadrature > 1 and n > 1:
        raise SpecError(
            f"quadrature: {design.spec.quadrature} needs one random effect, got {n} "
            f"({', '.join(design.random_terms)}); use quadrature: 1 (Laplace)"
        )


def record(design: Design, problem: BinomialProblem, maximum: Maximum, profile: bool) -> Fit:
    """The record of a fit."""
    spec, P = design.spec, len(problem.terms)
    beta = problem.to_data @ maximum.psi[:P]
    covariance = problem.to_data @ fixed_covariance(maximum, P) @ problem.to_data.T
    D = between(problem, maximum)
    warnings = [*design.warnings, *problem.warnings]
    df = degrees_of_freedom(problem, spec, warnings)
    estimates = coefficient_rows(problem, beta, covariance, df, spec.level)
    variance = variance_components(design, D)
    ends = variance_intervals(problem.data, problem.layout, maximum, spec.level) if profile else []
    intervals = dict(zip(design.random_terms, ends, strict=False))
    singular = is_singular(problem, maximum)
    warnings += fit_warnings(spec, maximum, singular)
    return Fit(
        estimates=estimates,
        tests=joint_tests(design, problem, beta, covariance, df),
        contrasts=contrast_rows(problem, beta, covariance, df, spec),
        prediction=prediction(estimates, problem, variance, spec, warnings),
        variance=variance,
        variance_ci=intervals,
        criterion=maximum.deviance,
        criterion_name="minus_two_loglik",
        n_studies=len(design.studies),
        n_rows=design.n_rows,
        n_rows_excluded=design.n_excluded,
        df_method=spec.df or "k_minus_1",
        converged=maximum.converged,
        singular=singular,
        warnings=tuple(warnings),
        studies_by_term=dict(problem.informed),
        study_estimates=study_rows(design, variance),
        covariance=covariance,
    )


def fixed_covariance(maximum: Maximum, P: int) -> Array:
    """The fixed-effect block of the inverse joint Hessian of the log likelihood.

    Directions of theta in which the likelihood is flat (a factor that is not unique at the boundary) are
    left out.
    """
    values, vectors = np.linalg.eigh(maximum.hessian / 2)
    fine = values > 1e-10 * values.max()
    flat = ~fine & (np.abs(vectors[:P]).max(axis=0, initial=0.0) > 1e-3)
    if flat.any():
        raise FitError(
            "the likelihood has no strict maximum in some coefficient, so that a standard error would not be "
            "positive; use fewer covariates or random effects"
        )
    return (vectors[:P, fine] / values[fine]) @ vectors[:P, fine].T


def between(problem: BinomialProblem, maximum: Maximum) -> Array:
    """D = L L' at the maximum."""
    m = problem.layout.m
    if m == 0:
        return np.zeros((0, 0))
    L = factors(maximum.psi[-m:][None], problem.data)[0]
    return L @ L.T


def degrees_of_freedom(
    problem: BinomialProblem, spec: ModelSpec, warnings: list[str]
) -> dict[str, float | None]:
    """Each term's reference: K - 1 for shared terms, residual for a study's own, None for normal."""
    residual = float(len(problem.data.y) - len(problem.terms))
    if residual < 1:
        raise FitError(
            f"{len(problem.data.y)} informative rows are too few for {len(problem.terms)} coefficients"
        )
    if spec.df == "normal":
        return dict.fromkeys(problem.terms)
    if spec.df == "residual":
        return dict.fromkeys(problem.terms, residual)
    alone = [term for term, k in problem.informed.items() if k < 2]
    if alone:
        warnings.append(
            f"one study informs {', '.join(alone)}: k - 1 would be zero, so its df are the residual ones"
        )
    return {
        term: float(k - 1) if (k := problem.informed.get(term, 0)) > 1 else residual for term in problem.terms
    }


def coefficient_rows(
    problem: BinomialProblem, beta: Array, covariance: Array, df: dict[str, float | None], level: float
) -> tuple[Estimate, ...]:
    """Every coefficient with its interval."""
    variances = np.diag(covariance)
    bad = [t for t, v in zip(problem.terms, variances, strict=True) if not (np.isfinite(v) and v > 0)]
    if bad:
        raise FitError(f"the standard error is not positive for {', '.join(bad)}; use fewer columns")
    return tuple(
        make_estimate(term, float(b), math.sqrt(v), df[term], level)
        for term, b, v in zip(problem.terms, beta, variances, strict=True)
    )


def contrast_rows(
    problem: BinomialProblem, beta: Array, covariance: Array, df: dict[str, float | None], spec: ModelSpec
) -> tuple[Estimate, ...]:
    """Linear combinations of terms; their df are the fewest of their terms'."""
    rows = []
    for name, weights in spec.contrasts.items():
        unknown = [term for term in weights if term not in problem.terms]
        if unknown:
            hint = nearest(unknown[0], problem.terms) or f"; terms: {', '.join(problem.terms)}"
            raise SpecError(f"contrast '{name}': unknown term '{unknown[0]}'{hint}")
        l = np.array([weights.get(term, 0.0) for term in problem.terms])
        v = float(l @ covariance @ l)
        if not v > 0:
            raise FitError(
                f"contrast '{name}': its standard error is not positive; expected a nonzero weight"
            )
        own = [df[term] for term, weight in weights.items() if weight]
        fewest = None if any(d is None for d in own) else min(d for d in own if d is not None)
        rows.append(make_estimate(name, float(l @ beta), math.sqrt(v), fewest, spec.level))
    return tuple(rows)


def joint_tests(
    design: Design, problem: BinomialProblem, beta: Array, covariance: Array, df: dict[str, float | None]
) -> tuple[JointTest, ...]:
    """Wald tests that several terms are zero, referred to F on the fewest df of their terms."""
    tests = []
    for name, group in design.joint.items():
        terms = tuple(term for term in group if term in problem.terms)
        if not terms:
            continue
        at = [problem.terms.index(term) for term in terms]
        q = len(at)
        f = float(beta[at] @ np.linalg.solve(covariance[np.ix_(at, at)], beta[at])) / q
        own = [df[term] for term in terms]
        fewest = None if any(d is None for d in own) else min(d for d in own if d is not None)
        tests.append(JointTest(name, terms, f, float(q), fewest, f_upper_p(f, q, fewest)))
    return tuple(tests)


def variance_components(design: Design, D: Array) -> dict[str, Any]:
    """The components of section 2; None for those that the model does not have."""
    variance: dict[str, Any] = dict.fromkeys(
        ("intercept", "treatment", "intercept_treatment_cov", "interaction", "participant", "residual")
    )
    own = {name: float(D[i, i]) for i, name in enumerate(design.random_terms)}
    levels = {name[len("interaction[") : -1]: v for name, v in own.items() if name.startswith("interaction[")}
    variance.update({name: own.get(name) for name in ("intercept", "treatment")})
    variance["interaction"] = levels or own.get("interaction")
    if design.random_terms[:2] == ("intercept", "treatment") and design.correlated:
        variance["intercept_treatment_cov"] = float(D[1, 0])
    return {**variance, "residual_by_study": None}


def is_singular(problem: BinomialProblem, maximum: Maximum) -> bool:
    """Whether the covariance of the random effects is on its boundary."""
    m = problem.layout.m
    if m == 0:
        return False
    L = factors(maximum.psi[-m:][None], problem.data)[0]
    return bool(np.linalg.svd(L, compute_uv=False).min() < 1e-4)


def fit_warnings(spec: ModelSpec, maximum: Maximum, singular: bool) -> list[str]:
    """What the reader must know of this fit."""
    said = []
    if spec.intercept == "stratified" and spec.treatment_effect == "random" and not spec.centre_treatment:
        said.append(
            "stratified intercepts with an uncentred random treatment effect: its variance is biased towards "
            "zero; leave centre_treatment out"
        )
    if singular:
        said.append(
            "singular fit: a between-study variance or its correlation is at its boundary; standard errors "
            "take it as known to be there, so that intervals may be too narrow"
        )
    if not maximum.converged:
        said.append("the search did not converge; the estimates are its best point")
    return said


def prediction(
    estimates: tuple[Estimate, ...],
    problem: BinomialProblem,
    variance: dict[str, Any],
    spec: ModelSpec,
    warnings: list[str],
) -> Prediction | None:
    """The treatment effect in a new study: t on K - 2, with the row's standard error and tau2."""
    tau2 = variance["treatment"]
    if tau2 is None:
        return None
    k = problem.informed.get("treatment", 0)
    if k < 3:
        warnings.append(f"no prediction interval: it needs at least 3 studies, got {k}")
        return None
    row = estimates[problem.terms.index("treatment")]
    half = quantile(k - 2, spec.level) * math.sqrt(tau2 + row.std_error**2)
    return Prediction("treatment", row.estimate - half, row.estimate + half, float(k - 2))


def study_rows(design: Design, variance: dict[str, Any]) -> tuple[StudyEstimate, ...]:
    """Each study's own logistic estimate of the treatment terms, weighted by 1 / (v + tau2)."""
    kinds = dict(zip(design.shared_terms, design.shared_kinds, strict=True))
    fits, made = fit_studies(design), []
    for term, kind in kinds.items():
        if kind not in ("treatment", "within", "naive"):
            continue
        have = [fit for fit in fits if term in fit.terms]
        values = [(f.study, f.estimate[f.terms.index(term)], f.covariance[f.terms.index(term)]) for f in have]
        v = np.array([row[f.terms.index(term)] for f, (_, _, row) in zip(have, values, strict=True)])
        w = 1 / (v + between_of(term, kind, variance))
        half = quantile(None, design.spec.level) * np.sqrt(v)
        for (study, y, _), error, h, weight in zip(values, np.sqrt(v), half, 100 * w / w.sum(), strict=True):
            made.append(
                StudyEstimate(study, term, float(y), float(error), float(y - h), float(y + h), float(weight))
            )
    return tuple(made)


def between_of(term: str, kind: str, variance: dict[str, Any]) -> float:
    """The between-study variance of a treatment term, 0 for a common effect."""
    component = variance["treatment" if kind == "treatment" else "interaction"]
    if isinstance(component, dict):
        component = component.get(term[term.rfind("[") + 1 : -1])
    return component or 0.0
