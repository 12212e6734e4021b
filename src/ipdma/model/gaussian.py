"""One-stage Gaussian mixed models of trials grouped in studies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import special
from scipy.linalg import lapack

from ipdma.errors import FitError, SpecError
from ipdma.model.alone import answered_alone, trials_alone
from ipdma.model.by_study import varies_by_study
from ipdma.model.criterion import Point
from ipdma.model.design import Design, build_design
from ipdma.model.df import DfMethod, Inference, OwnEstimates, df_method
from ipdma.model.fixed_effects import FixedEffects, fixed_effects, log_scale
from ipdma.model.inference import contrast_estimates, joint_tests, reported_covariance, term_estimates
from ipdma.model.newton import Optimum
from ipdma.model.own_estimates import own_estimates
from ipdma.model.problem import Prepared, prepare
from ipdma.model.profile import variance_intervals
from ipdma.model.rank import (
    drop_aliased,
    drop_unidentified,
    informing,
    informing_studies,
    nuisance_notes,
    rows_informing,
)
from ipdma.model.records import Fit, StudyEstimate
from ipdma.model.residual_groups import residual_groups
from ipdma.model.search import State, minimise
from ipdma.model.spec import ModelSpec
from ipdma.model.term import TREATMENT, Term
from ipdma.model.uncertainty import GaussianUncertainty
from ipdma.model.variance import VarianceComponents, effects_of

BOUNDARY = 1e-8  # of the residual variance: a variance below it is zero, and written so
PLAINLY_LEFT = 1e-9  # residual share of the outcome's sum of squares that rounding cannot make
EXACT_FIT = 1e-18  # residual share of the outcome's sum of squares below which the fit is exact


def fit_gaussian(rows: pd.DataFrame, spec: ModelSpec, profile: bool | str = True) -> Fit:
    """Fit a one-stage Gaussian mixed model (docs/interface/model.md, without `visit`).

    Parameters
    ----------
    rows : DataFrame
        One row per participant, or per measurement with `participant`.
    spec : ModelSpec
    profile : bool or str
        Whether to compute profile-likelihood intervals of the variances; a name asks for that one's alone.

    Returns
    -------
    Fit
        Estimates in units of the outcome; variances in its square.

    Raises
    ------
    SpecError
        A column with two roles, a contrast of an unknown term.
    DataError
        Absent or unusable columns, no complete row.
    FitError
        A model that these data cannot carry: aliased columns, more terms than rows, an outcome without
        residual variance.
    """
    return fit_design(build_design(rows, spec), profile)


def fit_design(design: Design, profile: bool | str = True) -> Fit:
    """Fit a design that is built already.

    Raises
    ------
    SpecError
        Where the model is not Gaussian, or has visits.
    FitError
        Where columns can hardly be told apart; they are named.
    """
    if design.spec.family != "gaussian" or design.spec.visit:
        raise SpecError("this engine needs family: gaussian without visit")
    try:
        return fit_prepared(prepare_design(design), profile)
    except np.linalg.LinAlgError as error:
        raise FitError(
            "the design is so close to rank-deficient that it cannot be fitted; columns: "
            f"{', '.join([*design.shared_terms, *design.nuisance_terms])}; leave out those that nearly agree"
        ) from error


def fit_prepared(prepared: Prepared, profile: bool | str = True) -> Fit:
    """Fit what `prepare_design` has made of a design.

    Raises
    ------
    LinAlgError
        Where columns can hardly be told apart.
    FitError
        Where a standard error is not positive.
    """
    return record_fit(prepared, minimise(prepared.swept), profile)


def prepare_design(design: Design) -> Prepared:
    """Cross-products, residual groups and columns that can be told apart.

    Raises
    ------
    FitError
        Aliased columns, no residual degrees of freedom, or no residual variance to estimate.
    """
    shared = list(range(design.shared.shape[1]))
    prepared = prepare(design, shared, np.zeros(len(design.studies), dtype=int))
    prepared = drop_aliased(replace(prepared, warnings=nuisance_notes(prepared)))
    if design.spec.residual == "by_study":
        prepared = group_residuals(prepared)
    check_residual(prepared)
    return drop_unidentified(constant_outcomes(prepared))


def constant_outcomes(prepared: Prepared) -> Prepared:
    """Name the trials whose outcome does not vary: no residual variance of their own can be estimated.

    Raises
    ------
    FitError
        Under `residual: by_study`, where such a variance would run to zero and the trial take over.
    """
    design, group = prepared.design, prepared.full.group
    constant = ~varies_by_study(design.outcome, design.study, len(design.studies)) & (design.study_sizes > 1)
    by_study = design.spec.residual == "by_study"
    alone = np.array([by_study and constant[group == g].all() for g in group])
    named = ", ".join(np.array(design.studies)[alone if alone.any() else constant])
    if alone.any():
        raise FitError(
            f"column '{design.spec.outcome}': the outcome is constant in {named}, so that there is no "
            "residual variance to estimate there; expected an outcome that varies in every study: look at "
            "its data, leave it out, or use residual: common"
        )
    if not constant.any():
        return prepared
    note = f"column '{design.spec.outcome}': the outcome is constant in {named}; look at its data"
    return replace(prepared, warnings=[*prepared.warnings, note])


def group_residuals(prepared: Prepared) -> Prepared:
    """Give each study, or group of tiny studies, a residual variance."""
    rows = prepared.products.rows
    free = rows - prepared.full.keep.sum(axis=1)
    group, notes = residual_groups(rows, informing(prepared), free, prepared.design.studies)
    return replace(
        prepared,
        full=replace(prepared.full, group=group),
        swept=replace(prepared.swept, group=group),
        warnings=[*prepared.warnings, *notes],
    )


def check_residual(prepared: Prepared) -> None:
    """Raise FitError for a design without residual df, or that reproduces the outcome exactly."""
    swept, full = prepared.swept, prepared.full
    if float(swept.n.sum()) - swept.n_nuisance - len(swept.x) <= 0:
        raise FitError(
            f"more terms than rows: no residual degrees of freedom in {prepared.design.n_rows} rows; "
            "leave out covariates, take common slopes, or use intercept: random"
        )
    total = float(full.gram[:, :, full.y, full.y].sum())
    left = np.add.reduce(swept.gram, axis=(0, 1))
    x, y = swept.x, swept.y
    root, failed = lapack.dpotrf(left[swept.columns[:, None], swept.columns], lower=1)
    if not failed and root[-1, -1] ** 2 > PLAINLY_LEFT * total:
        return
    beta = np.linalg.lstsq(left[x[:, None], x], left[x, y], rcond=None)[0]
    if left[y, y] - left[x, y] @ beta <= EXACT_FIT * total:
        raise FitError(
            f"column '{prepared.design.spec.outcome}': the model reproduces the outcome exactly, "
            "so there is no residual variance to estimate; is a column a copy of the outcome?"
        )


def record_fit(prepared: Prepared, optimum: Optimum[State], profile: bool | str) -> Fit:
    """Everything that a fit leaves behind."""
    design, spec = prepared.design, prepared.design.spec
    variance = variances(prepared, optimum)
    effects = fixed_effects(prepared, optimum.point)
    own = own_estimates(prepared, optimum.point, variance)
    inference = infer(prepared, optimum, effects, own)
    method = df_method(spec.df)
    estimates = term_estimates(inference, method)
    treatment = next(e for e in estimates if e.term == TREATMENT)
    prediction, note = method.predict(inference, treatment, variance.treatment)
    warnings = [*design.warnings, *prepared.warnings, *([note] if note else [])]
    warnings += fit_warnings(prepared, optimum, inference, method)
    trials = method.trials(inference)
    behind = {**informing_studies(prepared), **answered_alone(trials)}
    return Fit(
        estimates=tuple(estimates),
        tests=tuple(joint_tests(inference, method, design.joint)),
        contrasts=tuple(contrast_estimates(inference, method, spec.contrasts)),
        prediction=prediction,
        variance=variance,
        variance_ci=variance_intervals(prepared, optimum, "" if profile is True else profile)
        if profile
        else {},
        criterion=optimum.point.value.deviance + log_scale(prepared),
        criterion_name="minus_two_reml_loglik" if prepared.full.reml else "minus_two_loglik",
        n_studies=len(design.studies),
        n_rows=design.n_rows,
        n_rows_excluded=design.n_excluded,
        df_method=method.name,
        converged=optimum.converged,
        singular=optimum.singular,
        warnings=tuple(warnings),
        studies_by_term={term: len(behind.get(term, [term])) for term in inference.terms},
        informing=behind,
        rows_by_term=rows_informing(design, behind),
        study_estimates=tuple(study_records(prepared, own, inference)),
        covariance=reported_covariance(inference, method, estimates[: len(prepared.shared_terms)]),
        trials=trials,
    )


def infer(
    prepared: Prepared, optimum: Optimum[State], effects: FixedEffects, own: list[OwnEstimates]
) -> Inference:
    """What the df methods ask of this fit."""
    return Inference(
        terms=effects.terms,
        beta=effects.beta,
        to_data=effects.to_data,
        covariance=effects,
        uncertainty=GaussianUncertainty(prepared, optimum, effects),
        informs=count_informing(prepared, effects),
        residual_df=float(prepared.full.raw_n.sum()) - len(effects.terms),
        find_own=lambda: {o.term: o for o in own},
        find_alone=lambda: trials_alone(prepared.design),
        level=prepared.design.spec.level,
    )


def count_informing(prepared: Prepared, effects: FixedEffects) -> dict[Term, int]:
    """Studies that inform each term; one for a nuisance term of one study."""
    shared = informing(prepared).sum(axis=0)
    counts = dict(zip(prepared.shared_terms, (int(n) for n in shared), strict=True))
    return {term: counts.get(term, 1) for term in effects.terms}


def variances(prepared: Prepared, optimum: Optimum[Point]) -> VarianceComponents:
    """Variance components on the scale of the data."""
    design, full, scale = prepared.design, prepared.full, prepared.scaling.scale
    unit = scale[full.y] ** 2
    between = optimum.point.between * unit / np.outer(scale[full.z], scale[full.z])
    gone = np.diag(optimum.point.between) < BOUNDARY * float(optimum.point.sigma2.mean())
    between[gone[:, None] | gone] = 0.0
    by_study = design.spec.residual == "by_study"
    sigma2 = optimum.point.sigma2 * unit
    phi = optimum.point.phi if optimum.point.phi >= BOUNDARY * float(optimum.point.sigma2.mean()) else 0.0
    within = float(phi * unit) if full.participant else None
    each = dict(zip(design.studies, (float(s) for s in sigma2[full.group]), strict=True))
    return VarianceComponents(
        **effects_of(design.random_terms, between, design.tied),
        intercept_treatment_cov=float(between[1, 0]) if (1, 0) in full.pairs else None,
        participant=within if design.spec.clustered == "participant" else None,
        nesting=within if design.spec.clustered == "nesting" else None,
        residual=None if by_study else float(sigma2[0]),
        residual_by_study=each if by_study else None,
    )


def study_records(prepared: Prepared, own: list[OwnEstimates], inference: Inference) -> list[StudyEstimate]:
    """Each study's own estimate with its share of the pooled answer in percent."""
    found = []
    dfs = own_df(prepared, inference)
    for one in own:
        share = 100 * one.weight / max(one.weight.sum(), 1e-300)
        for i in np.flatnonzero(one.informed):
            estimate, error = float(one.estimate[i]), float(np.sqrt(one.variance[i]))
            reach = float(special.stdtrit(dfs[i], (1 + inference.level) / 2)) * error
            study = prepared.design.studies[i]
            found.append(
                StudyEstimate(
                    study, one.term, estimate, error, estimate - reach, estimate + reach, float(share[i])
                )
            )
    return found


def own_df(prepared: Prepared, inference: Inference) -> np.ndarray:
    """Degrees of freedom of the residual variance that each study's own standard error rests on."""
    full = prepared.full
    if full.n_groups == 1:
        return np.full(len(full.group), inference.residual_df)
    spent = full.keep.sum(axis=1) + informing(prepared).sum(axis=1)
    per_group = np.bincount(full.group, weights=full.raw_n.sum(axis=1) - spent)
    found: np.ndarray = np.maximum(per_group[full.group], 1.0)
    return found


def fit_warnings(
    prepared: Prepared, optimum: Optimum[Point], inference: Inference, method: DfMethod
) -> list[str]:
    """What a reader must know about this optimum and its df method."""
    spec, found = prepared.design.spec, []
    if not optimum.converged:
        found.append("the search did not converge; do not report these numbers")
    if optimum.singular:
        found.append(singular_note(prepared, optimum, method))
    biased = spec.estimator == "ml" and spec.intercept == "stratified" and not spec.centre_treatment
    if biased and TREATMENT in prepared.design.random_terms:
        found.append(
            "estimator: ml with stratified intercepts and an uncentred treatment: the variance of the "
            "treatment effect is biased towards zero; use reml, or centre_treatment: true"
        )
    return [*found, *method.notes(inference, prepared.shared_terms)]


def singular_note(prepared: Prepared, optimum: Optimum[Point], method: DfMethod) -> str:
    """What is zero at the boundary, and what that does to the df method."""
    zero = [
        name
        for name, i, _ in prepared.design.components
        if optimum.point.between[i, i] < BOUNDARY * float(optimum.point.sigma2.mean())
    ]
    if prepared.full.participant and optimum.point.phi < BOUNDARY * float(optimum.point.sigma2.mean()):
        zero.append(prepared.design.spec.clustered)
    what = (
        f"the variance of {', '.join(zero)} is zero"
        if zero
        else "the random effects are perfectly correlated"
    )
    return f"singular fit: {what}; {method.singular}"
