"""Two stages: each study's own fit of the same terms, then pooled."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ipdma.errors import FitError
from ipdma.model.factor import is_singular
from ipdma.model.interval import quantile
from ipdma.model.multivariate import MultivariateFit, StudyVector, pool_multivariate, wald_test
from ipdma.model.pool import Pooled, pool_effects
from ipdma.model.pooled_prediction import prediction_of
from ipdma.model.records import Estimate, Fit, JointTest, StudyEstimate
from ipdma.model.rubin import missing_information
from ipdma.model.spec import ModelSpec, PoolSpec
from ipdma.model.stage_one import NO_VARIATION, StudyFit
from ipdma.model.stages import StageOne, imputed_stage, stage_one
from ipdma.model.table_fit import fit_tables
from ipdma.model.term import OWN_EFFECTS, TREATMENT, Term
from ipdma.model.variance import VarianceComponents, effects_of

INTERVAL = ("estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high")


def fit_two_stage(rows: pd.DataFrame, spec: ModelSpec) -> Fit:
    """Fit each study by itself, then pool each term as docs/interface/pool.md does.

    Parameters
    ----------
    rows : DataFrame
        One row per participant (or per measurement, with `participant`).
    spec : ModelSpec
        `stages: two`. `pool.tau2` left open is `common` for a term whose one-stage effect is common, else
        `reml`.

    Returns
    -------
    Fit
        Each estimate carries the keys of docs/interface/pool.md; joint tests come from multivariate pooling.
        Over visits each also carries `multivariate_estimate` and `multivariate_std_error`, pooled with the
        other visits.

    Raises
    ------
    DataError, FitError
        As `build_design`; and where no study can estimate the treatment effect, or an interval has no width
        because all estimates are equal.
    """
    if spec.pool.by_tables and spec.moderator is None and not spec.imputation:
        return fit_tables(rows, spec)
    stage = imputed_stage(rows, spec) if spec.imputation else stage_one(rows, spec)
    pooled = {term: pool_term(stage, term, spec) for term in stage.terms if informing(stage, term)}
    if not any(term.kind in OWN_EFFECTS for term in pooled):
        raise FitError("no study can estimate the treatment effect: " + "; ".join(silent_notes(stage)))
    return assemble(stage, pooled, spec)


def pool_spec_of(spec: ModelSpec, kind: str) -> PoolSpec:
    """The pooling of one kind of term: `tau2` left open follows the one-stage effect."""
    if spec.pool.tau2 is not None:
        return spec.pool
    random = {
        "treatment": spec.treatment_effect == "random",
        "within": spec.interaction_effect == "random",
        "naive": spec.interaction_effect == "random",
        "intercept": spec.intercept == "random",
    }
    return replace(spec.pool, tau2="reml" if random.get(kind, False) else "common")


def informing(stage: StageOne, term: Term) -> list[StudyFit]:
    """The studies that estimate a term."""
    return [fit for fit in stage.fits if term in fit.terms]


def values_of(fits: Sequence[StudyFit], term: Term) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names, estimates and standard errors of one term."""
    at = [fit.terms.index(term) for fit in fits]
    y = np.array([fit.estimate[i] for fit, i in zip(fits, at, strict=True)])
    se = np.array([math.sqrt(fit.covariance[i, i]) for fit, i in zip(fits, at, strict=True)])
    return [fit.study for fit in fits], y, se


def pool_term(stage: StageOne, term: Term, spec: ModelSpec) -> Pooled:
    """Pool the studies' estimates of one term."""
    fits = informing(stage, term)
    try:
        return pool_effects(*values_of(fits, term), pool_spec_of(spec, term.kind))
    except FitError as error:
        raise type(error)(f"{term}: {error}") from None


def assemble(stage: StageOne, pooled: dict[Term, Pooled], spec: ModelSpec) -> Fit:
    """The record of a two-stage fit."""
    together = pool_groups(stage, pooled, spec)
    beside = multivariate_keys(together) if spec.visit else {}
    estimates = tuple(
        term_estimate(stage, term, result, spec, beside.get(term, {})) for term, result in pooled.items()
    )
    variance = visit_variances(stage, together) if spec.visit else variances(pooled)
    treatment = pooled.get(TREATMENT)
    silent = silent_studies(stage, pooled)
    return Fit(
        estimates=estimates,
        tests=tuple(joint_test(group, spec) for group in together),
        prediction=prediction_of(treatment, spec.pool),
        variance=variance,
        variance_ci={} if spec.visit else tau2_intervals(pooled, variance),
        criterion=None,
        criterion_name="minus_two_reml_loglik" if spec.family == "gaussian" else "minus_two_loglik",
        n_studies=len(stage.studies) - len(silent),
        n_rows=shifted(stage.n_rows, -sum(silent.values())),
        n_rows_excluded=shifted(stage.n_excluded, sum(silent.values())),
        df_method="wald" if estimates[0].df is None else spec.pool.ci,
        singular=any(is_boundary(term, result, spec) for term, result in pooled.items()),
        warnings=tuple([*stage.warnings, *silent_notes(stage), *pool_warnings(pooled)]),
        studies_by_term={term: result.k for term, result in pooled.items()},
        informing=(behind := informing_by_term(stage, pooled)),
        rows_by_term={name: sum(stage.sizes[study] for study in own) for name, own in behind.items()},
        study_estimates=tuple(study_rows(stage, pooled, spec.level)),
    )


def informing_by_term(stage: StageOne, pooled: Mapping[Term, Pooled]) -> dict[Term, tuple[str, ...]]:
    """The studies that each term, and each joint test, is pooled from; none over visits."""
    wanted = {term: (term,) for term in pooled} | {
        name: tuple(t for t in group if t in pooled) for name, group in stage.joint.items()
    }
    return {
        name: tuple(fit.study for fit in stage.fits if set(fit.terms) & set(terms))
        for name, terms in wanted.items()
        if stage.sizes
    }


def silent_studies(stage: StageOne, pooled: Mapping[Term, Pooled]) -> dict[str, int]:
    """Studies left out late (no event, separation, too few rows), and their rows: no part of the answer.

    A study of one arm is known as such from the design, and stays counted.
    """
    effects = [term for term in pooled if term.kind in OWN_EFFECTS]
    used = {fit.study for fit in stage.fits if any(term in fit.terms for term in effects)}
    used |= {fit.study for fit in stage.fits if fit.silent.get(TREATMENT) == NO_VARIATION}
    return {study: n for study, n in stage.sizes.items() if study not in used}


def shifted(count: int | list[int], by: int) -> int | list[int]:
    """A count of rows, or one for each completed data set, with `by` more."""
    return [one + by for one in count] if isinstance(count, list) else count + by


def term_estimate(
    stage: StageOne, term: Term, result: Pooled, spec: ModelSpec, beside: Mapping[str, object]
) -> Estimate:
    """One pooled estimate with the keys of docs/interface/pool.md, and Rubin's where data were imputed."""
    extra = {**result.second_stage(), **beside, **imputation_keys(stage, term, result)}
    own = {name: getattr(result, name) for name in INTERVAL}
    method = "wald" if result.df is None else None  # a common effect, or one study
    return Estimate(term=term, **own, extra=extra, df_method=method, beside=result.beside)


def imputation_keys(stage: StageOne, term: Term, result: Pooled) -> dict[str, float | None]:
    """What imputation cost a pooled estimate, from its value in each data set at the pooled weights."""
    m = len(stage.sets)
    if m < 2:
        return {}
    weight = {fit.study: w for fit, w in zip(informing(stage, term), result.weights.values(), strict=True)}
    total = sum(weight.values())
    values = [
        sum(weight[fit.study] * fit.estimate[fit.terms.index(term)] for fit in fits if fit.study in weight)
        for fits in stage.sets
    ]
    b = float(np.var(np.array(values) / total, ddof=1))
    complete = result.std_error**2 - (1 + 1 / m) * b
    if complete <= 0:
        return {"mc_error": math.sqrt(b / m)}
    return missing_information(m, b, complete, result.df)


def variances(pooled: Mapping[Term, Pooled]) -> VarianceComponents:
    """tau2 of the treatment effect and of its interactions."""
    return VarianceComponents({t: result.tau2 for t, result in pooled.items() if t.kind in OWN_EFFECTS})


def tau2_intervals(
    pooled: Mapping[Term, Pooled], variance: VarianceComponents
) -> dict[str, tuple[float, float]]:
    """Q-profile intervals of these tau2, where there is one."""
    found = {}
    for term, name in variance.names.items():
        low, high = pooled[term].tau2_ci_low, pooled[term].tau2_ci_high
        if low is not None and high is not None:
            found[name] = (low, high)
    return found


def visit_variances(stage: StageOne, together: Sequence[TermGroup]) -> VarianceComponents:
    """The covariance of the visits' effects between studies, by multivariate pooling."""
    group = next((g for g in together if g.name == TREATMENT), None)
    varies = group is not None and not group.common
    return VarianceComponents(
        **(effects_of(group.terms, group.fit.psi) if group is not None and varies else {}),
        visits={
            "visits": list(stage.visits),
            "within": None,
            "between": group.fit.psi.tolist() if group is not None and varies else None,
            "between_visits": [] if group is None else [t.visit for t in group.terms],
        },
    )


def is_boundary(term: Term, result: Pooled, spec: ModelSpec) -> bool:
    """Whether a random effect's variance is estimated as zero."""
    random = pool_spec_of(spec, term.kind).tau2 != "common" and result.k > 1
    return random and bool(is_singular(np.sqrt([[result.tau2]]), 0.0))


@dataclass(frozen=True)
class TermGroup:
    """Terms that are pooled as vectors with their covariance: levels of a moderator, or visits.

    Attributes
    ----------
    common : bool
        Whether their effects are common to all studies.
    """

    name: Term
    terms: tuple[Term, ...]
    common: bool
    fit: MultivariateFit


def pool_groups(stage: StageOne, pooled: dict[Term, Pooled], spec: ModelSpec) -> list[TermGroup]:
    """Multivariate pooling of each group of terms; a term that no study estimates takes no part."""
    groups = []
    for name, group in stage.joint.items():
        terms = tuple(t for t in group if t in pooled)
        if not terms:
            continue
        common = pool_spec_of(spec, terms[0].kind).tau2 == "common"
        vectors = [vector_of(fit, terms) for fit in stage.fits if set(fit.terms) & set(terms)]
        groups.append(TermGroup(name, terms, common, pool_multivariate(vectors, len(terms), common)))
    return groups


def multivariate_keys(together: Sequence[TermGroup]) -> dict[Term, dict[str, float]]:
    """What multivariate pooling says of each visit's effect, beside its own pooled answer.

    It borrows from a study's other visits where a visit is absent; the standard error is its Wald one.
    """
    found = {}
    for group in together:
        errors = np.sqrt(np.diag(group.fit.covariance))
        for term, estimate, error in zip(group.terms, group.fit.mu, errors, strict=True):
            found[term] = {"multivariate_estimate": float(estimate), "multivariate_std_error": float(error)}
    return found


def joint_test(group: TermGroup, spec: ModelSpec) -> JointTest:
    """The test that all terms of a group are zero; `ci: nst` takes that of `modified_hksj`."""
    f, df_den, p_value = wald_test(group.fit, "wald" if group.common else spec.pool.ci)
    return JointTest(group.name, group.terms, f, float(len(group.terms)), df_den, p_value)


def vector_of(fit: StudyFit, terms: Sequence[Term]) -> StudyVector:
    """A study's estimates of those of `terms` that it has."""
    have = [t for t in terms if t in fit.terms]
    at = [fit.terms.index(t) for t in have]
    return StudyVector(
        np.array([list(terms).index(t) for t in have]), fit.estimate[at], fit.covariance[np.ix_(at, at)]
    )


def silent_notes(stage: StageOne) -> list[str]:
    """Name the studies that cannot inform a term, by reason."""
    notes = []
    for term in stage.terms:
        reasons: dict[str, list[str]] = {}
        for fit in stage.fits:
            if term not in fit.terms:
                reasons.setdefault(fit.silent.get(term, "not estimable there"), []).append(fit.study)
        for why, studies in reasons.items():
            notes.append(f"{term}: no information from {', '.join(studies)} ({why})")
    return notes


def pool_warnings(pooled: dict[Term, Pooled]) -> list[str]:
    """What pooling warns of, by term; a nuisance term's are left out."""
    return [
        f"{term}: {warning}"
        for term, result in pooled.items()
        if term.kind in OWN_EFFECTS
        for warning in result.warnings
    ]


def study_rows(stage: StageOne, pooled: dict[Term, Pooled], level: float) -> list[StudyEstimate]:
    """Each study's own estimate of the treatment terms, on its residual df, with its weight."""
    made = []
    for term, result in pooled.items():
        if term.kind not in OWN_EFFECTS:
            continue
        fits = informing(stage, term)
        names, y, se = values_of(fits, term)
        for fit, name, value, error, weight in zip(fits, names, y, se, result.weights.values(), strict=True):
            half = quantile(fit.df, level) * error
            made.append(
                StudyEstimate(name, term, float(value), float(error), value - half, value + half, weight)
            )
    return made
