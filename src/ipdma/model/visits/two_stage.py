"""Two stages over visits: each trial's own model, its vector of effects, multivariate pooling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ipdma.errors import DataError, FitError, IpdmaError
from ipdma.model.columns import as_text
from ipdma.model.interval import make_estimate, quantile
from ipdma.model.multivariate import MultivariateFit, StudyVector, pool_multivariate, wald_test
from ipdma.model.records import Estimate, Fit, JointTest, StudyEstimate
from ipdma.model.spec import ModelSpec
from ipdma.model.visits.design import VisitDesign, build_visit_design
from ipdma.model.visits.fit import fit_visits

Array = NDArray[Any]


@dataclass(frozen=True)
class TrialVector:
    """What one trial says of the treatment terms: names, estimates, covariance and residual df."""

    study: str
    terms: tuple[str, ...]
    estimate: Array
    covariance: Array
    df: float


def fit_visits_two_stage(rows: pd.DataFrame, spec: ModelSpec) -> Fit:
    """Fit each trial over its own visits, then pool the vectors of effects by REML.

    Parameters
    ----------
    rows : DataFrame
        One row per participant and visit.
    spec : ModelSpec
        `stages: two` with `visit`; `pool.tau2` left open is `common` where the one-stage effect is.

    Raises
    ------
    DataError, SpecError, FitError
        As `fit_visits`; and where no trial can estimate an effect.

    Notes
    -----
    Multivariate random-effects pooling after Jackson, Riley and White (2011), with the scale of
    Jackson and Riley (2014) for `hksj` and `modified_hksj`.
    """
    design = build_visit_design(rows, spec.replace(stages="one", treatment_effect="common", contrasts={}))
    trials, silent = trial_vectors(rows, spec, design)
    terms = pooled_terms(design, trials)
    if not terms:
        raise FitError("no study can estimate the treatment effect: " + "; ".join(silent))
    common = spec.pool.tau2 == "common" or (spec.pool.tau2 is None and spec.treatment_effect == "common")
    pooled = pool_multivariate([vector_of(t, terms) for t in trials], len(terms), common)
    return record(design, spec, trials, terms, pooled, common, silent)


def trial_vectors(
    rows: pd.DataFrame, spec: ModelSpec, design: VisitDesign
) -> tuple[list[TrialVector], list[str]]:
    """Each trial's own fit, and a sentence for each trial that has none."""
    own = spec.replace(
        stages="one", treatment_effect="common", intercept="stratified", covariate_slopes="stratified",
        moderator_slopes="stratified", residual="common", interaction_effect="common", df="residual",
        contrasts={}, covariance="intercept" if spec.covariance == "intercept" else "unstructured",
    )  # fmt: skip
    study = as_text(rows[spec.study])
    trials, silent = [], []
    for name in design.base.studies:
        try:
            trials.append(trial_vector(rows[study == name], own, name))
        except IpdmaError as error:
            silent.append(f"no estimate from {name} ({str(error).splitlines()[0]})")
    return trials, silent


def trial_vector(rows: pd.DataFrame, spec: ModelSpec, name: str) -> TrialVector:
    """One trial's treatment terms with their covariance."""
    text = as_text(rows[spec.visit])
    baseline = spec.baseline_visit if spec.baseline_visit in set(text) else None
    if spec.baseline_visit is not None and baseline is None:
        raise DataError(f"no row at the baseline visit '{spec.baseline_visit}'")
    fit = fit_visits(rows, spec)
    keep = [i for i, e in enumerate(fit.estimates) if e.term.startswith("treatment[")]
    assert fit.covariance is not None
    return TrialVector(
        name,
        tuple(fit.estimates[i].term for i in keep),
        np.array([fit.estimates[i].estimate for i in keep]),
        fit.covariance[np.ix_(keep, keep)],
        float(fit.estimates[keep[0]].df or math.inf),
    )


def pooled_terms(design: VisitDesign, trials: Sequence[TrialVector]) -> tuple[str, ...]:
    """Treatment terms that some trial estimates, in the design's order."""
    estimated = {term for trial in trials for term in trial.terms}
    return tuple(t.name for t in design.fixed if t.name in estimated)


def vector_of(trial: TrialVector, terms: Sequence[str]) -> StudyVector:
    """A trial's vector by position among the pooled terms."""
    return StudyVector(
        np.array([list(terms).index(t) for t in trial.terms]), trial.estimate, trial.covariance
    )


def record(
    design: VisitDesign,
    spec: ModelSpec,
    trials: list[TrialVector],
    terms: tuple[str, ...],
    pooled: MultivariateFit,
    common: bool,
    silent: list[str],
) -> Fit:
    """The record of the pooled vectors."""
    counts = {t: sum(t in trial.terms for trial in trials) for t in terms}
    scale, df = error_scale(pooled, spec, common)
    return Fit(
        estimates=tuple(pooled_rows(terms, pooled, counts, scale, df, spec)),
        tests=tuple(joint_tests(design, terms, pooled, "wald" if common else spec.pool.ci)),
        variance=variances(design, terms, pooled, common),
        criterion=None,
        n_studies=design.n_studies,
        n_rows=len(design.visit),
        n_rows_excluded=design.base.n_excluded,
        df_method="wald" if df is None else spec.pool.ci,
        singular=not common
        and float(np.linalg.eigvalsh(pooled.psi).min()) < 1e-9 * np.trace(pooled.covariance),
        warnings=tuple([*design.warnings, *silent]),
        studies_by_term=counts,
        study_estimates=tuple(study_rows(trials, terms, pooled, spec.level)),
        covariance=pooled.covariance * scale,
    )


def error_scale(pooled: MultivariateFit, spec: ModelSpec, common: bool) -> tuple[float, float | None]:
    """What the covariance is multiplied by, and the df of its t reference."""
    if common or spec.pool.ci == "wald" or pooled.df < 1:
        return 1.0, None
    scale = max(1.0, pooled.scale) if spec.pool.ci == "modified_hksj" else pooled.scale
    return scale, float(pooled.df)


def pooled_rows(
    terms: Sequence[str],
    pooled: MultivariateFit,
    counts: dict[str, int],
    scale: float,
    df: float | None,
    spec: ModelSpec,
) -> list[Estimate]:
    """Each pooled effect with its between-study variance and prediction interval."""
    rows = []
    for j, term in enumerate(terms):
        wald = math.sqrt(pooled.covariance[j, j])
        error, tau2, k = wald * math.sqrt(scale), float(pooled.psi[j, j]), counts[term]
        extra: dict[str, Any] = {"tau2": tau2, "k": k, "pi_low": None, "pi_high": None}
        if k >= 3 and pooled.psi.any():
            used = error if spec.pool.prediction_se == "ci" else wald
            reference = {"k_minus_2": k - 2, "k_minus_1": k - 1, "normal": None}[spec.pool.prediction_df]
            half = quantile(reference, spec.level) * math.sqrt(tau2 + used**2)
            extra.update(pi_low=float(pooled.mu[j]) - half, pi_high=float(pooled.mu[j]) + half)
        rows.append(make_estimate(term, float(pooled.mu[j]), error, df, spec.level, extra))
    return rows


def joint_tests(
    design: VisitDesign, terms: Sequence[str], pooled: MultivariateFit, ci: str
) -> list[JointTest]:
    """The joint tests of the one-stage model, from the pooled vector."""
    tests = []
    for name, group in design.joint.items():
        members = tuple(t for t in group if t in terms)
        if not members:
            continue
        at = [list(terms).index(t) for t in members]
        part = MultivariateFit(
            pooled.mu[at], pooled.covariance[np.ix_(at, at)], pooled.psi[np.ix_(at, at)],
            pooled.criterion, pooled.scale, pooled.df,
        )  # fmt: skip
        f, df_den, p_value = wald_test(part, ci)
        tests.append(JointTest(name, members, f, float(len(members)), df_den, p_value))
    return tests


def variances(
    design: VisitDesign, terms: Sequence[str], pooled: MultivariateFit, common: bool
) -> dict[str, Any]:
    """Between-study covariance of the effects; each trial keeps its own covariance within participants."""
    names = ("intercept", "treatment", "intercept_treatment_cov", "interaction", "participant", "residual")
    at = [j for j, t in enumerate(terms) if ":" not in t]
    between = None if common else pooled.psi[np.ix_(at, at)].tolist()
    visits = {
        "visits": list(design.visits),
        "within": None,
        "between": between,
        "between_visits": [terms[j][len("treatment[") : -1] for j in at],
    }
    return {**dict.fromkeys(names), "residual_by_study": None, "visits": visits}


def study_rows(
    trials: Sequence[TrialVector], terms: Sequence[str], pooled: MultivariateFit, level: float
) -> list[StudyEstimate]:
    """Each trial's own effect at each visit; weights by 1 / (variance + tau2) at that visit, in percent."""
    rows = []
    for j, term in enumerate(terms):
        have = [(t, t.terms.index(term)) for t in trials if term in t.terms]
        weights = np.array([1 / (t.covariance[i, i] + pooled.psi[j, j]) for t, i in have])
        for (trial, i), weight in zip(have, 100 * weights / weights.sum(), strict=True):
            value, error = float(trial.estimate[i]), math.sqrt(trial.covariance[i, i])
            half = quantile(trial.df, level) * error
            rows.append(
                StudyEstimate(trial.study, term, value, error, value - half, value + half, float(weight))
            )
    return rows
