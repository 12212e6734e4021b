"""Logistic mixed models: Laplace or adaptive Gauss-Hermite, standard errors from the joint Hessian."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ipdma.errors import FitError, SpecError, join_faults
from ipdma.model.alone import answered_alone, trials_alone
from ipdma.model.arrow import Arrow
from ipdma.model.binomial_problem import BinomialProblem, build_problem, fixed_columns, whole_problem
from ipdma.model.design import Design, build_design
from ipdma.model.df import DenseCovariance, Inference, OwnEstimates, WholeCovariance, df_method
from ipdma.model.glmm_profile import variance_intervals
from ipdma.model.glmm_search import Marginal, common_factor, maximise
from ipdma.model.inference import (
    contrast_estimates,
    joint_tests,
    reported_by_all,
    reported_covariance,
    term_estimates,
)
from ipdma.model.interval import quantile
from ipdma.model.logistic import fit_firth
from ipdma.model.newton import Optimum
from ipdma.model.rank import rows_informing
from ipdma.model.records import Fit, StudyEstimate
from ipdma.model.spec import ModelSpec
from ipdma.model.spec_keys import FIRTH
from ipdma.model.stage_one import fit_studies
from ipdma.model.term import INTERCEPT, OWN_EFFECTS, TREATMENT, Term
from ipdma.model.variance import VarianceComponents, effects_of

Array = np.ndarray


def fit_binomial(rows: pd.DataFrame, spec: ModelSpec, profile: bool | str = True) -> Fit:
    """Fit a logistic mixed model by maximum likelihood.

    Parameters
    ----------
    rows : DataFrame
        One row per participant, the outcome 0 or 1.
    spec : ModelSpec
        `family: binomial`; `quadrature` 1 is Laplace, more is adaptive Gauss-Hermite (one random effect).
    profile : bool or str
        Whether to compute profile-likelihood intervals of the variances; a name asks for no fewer here.

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
    if design.spec.estimator == FIRTH:
        problem, optimum = penalise(design)
    else:
        problem = build_problem(design)
        optimum = maximise(problem.data, problem.layout, problem.start)
    return record(design, problem, optimum, profile)


def penalise(design: Design) -> tuple[BinomialProblem, Optimum[Marginal]]:
    """All trials by fixed effects under Firth's penalty: no row is separated, no estimate infinite."""
    problem = whole_problem(design)
    psi, information, loglik, converged = fit_firth(fixed_columns(problem).toarray(), problem.data.y)
    point = Marginal(psi, -2 * loglik, np.zeros(len(psi)), None, 2 * information)
    return problem, Optimum(point, converged, singular=False)


def check_quadrature(design: Design) -> None:
    """Quadrature needs one random effect. Raises SpecError for quadrature with several."""
    n = design.random.shape[1]
    if design.spec.quadrature > 1 and n > 1:
        raise SpecError(
            f"quadrature: {design.spec.quadrature} needs one random effect, got {n} "
            f"({', '.join(name for name, _, _ in design.components)}); use quadrature: 1 (Laplace)"
        )


def record(design: Design, problem: BinomialProblem, optimum: Optimum[Marginal], profile: bool | str) -> Fit:
    """The record of a fit."""
    spec, method = design.spec, df_method(design.spec.df)
    variance = variance_components(problem.design, between(problem, optimum))
    own = own_estimates(design, variance)
    covariance = fixed_covariance(optimum, len(problem.terms))
    inference = infer(problem, optimum, covariance, own)
    estimates = term_estimates(inference, method)
    treatment = next(e for e in estimates if e.term == TREATMENT)
    prediction, note = method.predict(inference, treatment, variance.treatment)
    warnings = [*design.warnings, *problem.warnings, *method.notes(inference, list(inference.informs))]
    warnings += [note] if note else []
    ends = variance_intervals(problem.data, problem.layout, optimum, spec.level) if profile else []
    intervals = {
        name: (times * low, times * high)
        for (name, _, times), (low, high) in zip(design.components, ends, strict=False)
    }
    warnings += fit_warnings(spec, optimum)
    trials = method.trials(inference)
    behind = {**problem.informed, **answered_alone(trials)}
    return Fit(
        estimates=tuple(estimates),
        tests=tuple(joint_tests(inference, method, design.joint)),
        contrasts=tuple(contrast_estimates(inference, method, spec.contrasts)),
        prediction=prediction,
        variance=variance,
        variance_ci=intervals,
        criterion=optimum.point.deviance,
        criterion_name="minus_two_loglik",
        n_studies=len(problem.design.studies),
        n_rows=problem.design.n_rows,
        n_rows_excluded=design.n_excluded + design.n_rows - problem.design.n_rows,
        df_method=method.name,
        converged=optimum.converged,
        singular=optimum.singular,
        warnings=tuple(warnings),
        studies_by_term={term: len(behind[term]) for term in inference.informs},
        informing=behind,
        rows_by_term=rows_informing(problem.design, behind),
        study_estimates=study_rows(design, own),
        covariance=reported_covariance(inference, method, estimates[: problem.layout.p]),
        whole_covariance=reported_by_all(covariance, inference, estimates),
        trials=trials,
    )


def fixed_covariance(optimum: Optimum[Marginal], P: int) -> WholeCovariance:
    """The block of the P fixed effects in the inverse of minus the joint Hessian of the log likelihood.

    Directions of theta in which the likelihood is flat (a factor that is not unique at the boundary) are
    left out.

    Raises
    ------
    FitError
        Where the likelihood is flat in a coefficient too.
    """
    curvature = optimum.point.hessian
    if not isinstance(curvature, Arrow):
        return dense_inverse(curvature / 2, P)
    if curvature.inverses is None:
        return dense_inverse(curvature.matrix / 2, P)
    corner = inverse_of_coefficients(curvature.rest, curvature.shared < P)
    return curvature.inverse(corner).first(P, 2.0)


def dense_inverse(information: Array, P: int) -> DenseCovariance:
    """The same as a matrix."""
    return DenseCovariance(inverse_of_coefficients(information, np.arange(len(information)) < P)[:P, :P])


def inverse_of_coefficients(information: Array, coefficient: NDArray[np.bool_]) -> Array:
    """The inverse without flat directions of parameters that are no coefficient; raises as above."""
    values, vectors = np.linalg.eigh(information)
    fine = values > 1e-10 * values.max()
    flat = ~fine & (np.abs(vectors[coefficient]).max(axis=0, initial=0.0) > 1e-3)
    if flat.any():
        raise FitError(
            "the likelihood has no strict maximum in some coefficient, so that a standard error would not be "
            "positive; use fewer covariates or random effects"
        )
    found: Array = (vectors[:, fine] / values[fine]) @ vectors[:, fine].T
    return found


def between(problem: BinomialProblem, optimum: Optimum[Marginal]) -> Array:
    """D = L L' at the optimum."""
    L = common_factor(problem.data, problem.layout, optimum.point.psi)
    found: Array = L @ L.T
    return found


def infer(
    problem: BinomialProblem,
    optimum: Optimum[Marginal],
    covariance: WholeCovariance,
    own: Mapping[Term, OwnEstimates],
) -> Inference:
    """What the df methods ask of this fit. Raises FitError where no residual df are left."""
    terms, n = problem.terms, len(problem.data.y)
    if n <= len(terms):
        raise FitError(f"{n} informative rows are too few for {len(terms)} coefficients")
    return Inference(
        terms=terms,
        beta=problem.to_data @ optimum.point.psi[: len(terms)],
        to_data=problem.to_data,
        covariance=covariance,
        uncertainty=None,
        informs={term: len(problem.informed[term]) for term in terms if term in problem.informed},
        residual_df=float(n - len(terms)),
        find_own=lambda: own,
        find_alone=lambda: trials_alone(problem.design),
        level=problem.design.spec.level,
    )


def variance_components(design: Design, D: Array) -> VarianceComponents:
    """The variances between studies at the optimum."""
    correlated = design.correlated and design.random_terms[:2] == (INTERCEPT, TREATMENT)
    return VarianceComponents(
        **effects_of(design.random_terms, D, design.tied),
        intercept_treatment_cov=float(D[1, 0]) if correlated else None,
    )


def fit_warnings(spec: ModelSpec, optimum: Optimum[Marginal]) -> list[str]:
    """What the reader must know of this fit."""
    said = []
    if spec.intercept == "stratified" and spec.treatment_effect == "random" and not spec.centre_treatment:
        said.append(
            "stratified intercepts with an uncentred random treatment effect: its variance is biased towards "
            "zero; leave centre_treatment out"
        )
    if optimum.singular:
        said.append(
            "singular fit: a between-study variance or its correlation is at its boundary; standard errors "
            "take it as known to be there, so that intervals may be too narrow"
        )
    if not optimum.converged:
        said.append("the search did not converge; the estimates are its best point")
    return said


def own_estimates(design: Design, variance: VarianceComponents) -> dict[Term, OwnEstimates]:
    """Each study's own logistic estimate of the treatment terms; NaN where it has none."""
    fits, found = fit_studies(design), {}
    for term in design.shared_terms:
        if term.kind not in OWN_EFFECTS:
            continue
        estimate, error2 = np.full(len(fits), np.nan), np.full(len(fits), np.nan)
        for k, fit in enumerate(fits):
            if term in fit.terms:
                i = fit.terms.index(term)
                estimate[k], error2[k] = fit.estimate[i], fit.covariance[i, i]
        found[term] = OwnEstimates(term, estimate, error2, variance.of(term) or 0.0)
    return found


def study_rows(design: Design, own: Mapping[Term, OwnEstimates]) -> tuple[StudyEstimate, ...]:
    """Each study's own estimate of the treatment terms, weighted by 1 / (v + tau2)."""
    made, z = [], quantile(None, design.spec.level)
    for term, one in own.items():
        share = 100 * one.weight / max(one.weight.sum(), 1e-300)
        for k in np.flatnonzero(one.informed):
            y, error = float(one.estimate[k]), math.sqrt(one.variance[k])
            study, reach = design.studies[k], z * error
            made.append(StudyEstimate(study, term, y, error, y - reach, y + reach, float(share[k])))
    return tuple(made)
