"""Two stages from trials' tables of events by arm: `pool: {method, measure}` of a model."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from ipdma.errors import DataError, FitError
from ipdma.model.columns import ModelColumns, read_columns
from ipdma.model.df import WALD, OwnEstimates
from ipdma.model.interval import quantile
from ipdma.model.pool import Pooled, pool_effects
from ipdma.model.pooled_prediction import prediction_of
from ipdma.model.records import Estimate, Fit, StudyEstimate
from ipdma.model.spec import ModelSpec
from ipdma.model.term import TREATMENT
from ipdma.model.two_by_two import Tables, mantel_haenszel, peto, study_effects
from ipdma.model.variance import VarianceComponents

Array = np.ndarray
NAMES = {"mantel_haenszel": "Mantel-Haenszel", "peto": "Peto"}


def fit_tables(rows: pd.DataFrame, spec: ModelSpec) -> Fit:
    """Pool the trials' tables of events by arm; covariates take no part, with a warning.

    Parameters
    ----------
    rows : DataFrame
        One row per participant; the treatment is 0 or 1.
    spec : ModelSpec
        `family: binomial`, `stages: two`, `pool.method` or `pool.measure`.

    Raises
    ------
    DataError
        For a treatment that is not 0 and 1.
    FitError
        Where no trial can tell of the measure (both arms, and for a ratio an event), or nobody in one of the
        arms had an event, so that a ratio is not finite.
    """
    columns = read_columns(rows, spec.replace(covariates=()))
    tables = tables_of(columns, spec)
    measure = spec.pool.measure
    keep = tables.informative(measure)
    if not keep.any():
        raise FitError(
            f"measure: {measure} cannot be estimated: each trial lacks an arm, has no event, or has nothing "
            "but events"
        )
    used = tables.pick(keep)
    pooled, own, variance = pool_tables(used, spec)
    treatment = estimate_of(pooled)
    dropped = int((tables.n1 + tables.n2)[~keep].sum())
    return Fit(
        estimates=(treatment,),
        tests=(),
        contrasts=(),
        prediction=prediction_of(pooled, spec.pool),
        variance=VarianceComponents({TREATMENT: pooled.tau2}),
        variance_ci={},
        criterion=None,
        criterion_name="minus_two_loglik",
        n_studies=len(used.study),
        n_rows=len(columns.study) - dropped,
        n_rows_excluded=columns.n_excluded + dropped,
        df_method="wald" if pooled.df is None else spec.pool.ci,
        singular=False,
        warnings=(*columns.warnings, *notes(tables, keep, spec), *pooled.warnings),
        studies_by_term={TREATMENT: pooled.k},
        informing={TREATMENT: tuple(map(str, used.study))},
        rows_by_term={TREATMENT: len(columns.study) - dropped},
        study_estimates=tuple(study_rows(used, own, variance, pooled, spec.level)),
    )


def tables_of(columns: ModelColumns, spec: ModelSpec) -> Tables:
    """Events and participants by study and arm. Raises DataError where the treatment is not 0 and 1."""
    t, y, k = columns.numeric[spec.treatment], columns.numeric[spec.outcome], len(columns.studies)
    if not np.isin(t, (0, 1)).all():
        raise DataError(
            f"column '{spec.treatment}': pool.method and pool.measure count events by arm, which needs a "
            "treatment of 0 and 1; got other numbers"
        )

    def count(which: Array) -> Array:
        return np.bincount(columns.study[which], minlength=k).astype(float)

    active, event = t == 1, y == 1
    return Tables(
        tuple(columns.studies), count(active & event), count(active), count(~active & event), count(~active)
    )


def pool_tables(used: Tables, spec: ModelSpec) -> tuple[Pooled, Array, Array]:
    """The pooled answer, and each trial's own effect and variance. Raises FitError where it is infinite."""
    y, v = study_effects(used, spec.pool.measure)
    if spec.pool.method == "inverse_variance":
        return pool_effects(used.study, y, np.sqrt(v), spec.pool), y, v
    if spec.pool.method == "peto":
        estimate, variance, weight, y = peto(used)
        v = 1 / weight
    else:
        estimate, variance, weight = mantel_haenszel(used, spec.pool.measure)
    if not np.isfinite(estimate) or not variance > 0:
        raise FitError(
            f"{NAMES[spec.pool.method]}: nobody in one of the arms had an event in any trial, so that "
            f"measure: {spec.pool.measure} has no finite estimate"
        )
    return without_heterogeneity(used, y, v, estimate, variance, weight, spec.level), y, v


def without_heterogeneity(
    used: Tables, y: Array, v: Array, estimate: float, variance: float, weight: Array, level: float
) -> Pooled:
    """The record of an estimate that takes the effect as common."""
    reach = quantile(None, level) * np.sqrt(variance)
    wald, _ = WALD.estimate(
        OwnEstimates(TREATMENT, np.array([estimate]), np.array([variance]), 0.0), estimate, level
    )
    share = 100 * weight / weight.sum()
    q, df = float(((y - estimate) ** 2 / v).sum()), len(y) - 1
    return Pooled(
        estimate=estimate,
        std_error=float(np.sqrt(variance)),
        df=None,
        statistic=wald.statistic,
        p_value=wald.p_value,
        ci_low=estimate - reach,
        ci_high=estimate + reach,
        tau2=0.0,
        tau2_ci_low=None,
        tau2_ci_high=None,
        i2=0.0,
        i2_q=100 * max(0.0, (q - df) / q) if q > 0 else 0.0,
        h2=1.0,
        q=q,
        q_df=df,
        q_p=float(special.chdtrc(df, q)) if df else None,
        pi_low=None,
        pi_high=None,
        k=len(used.study),
        weights=dict(zip(used.study, map(float, share), strict=True)),
    )


def estimate_of(pooled: Pooled) -> Estimate:
    """The treatment's estimate with the keys of the second stage."""
    own = ("estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high")
    return Estimate(
        term=TREATMENT, **{name: getattr(pooled, name) for name in own}, extra=pooled.second_stage()
    )


def notes(tables: Tables, keep: Array, spec: ModelSpec) -> list[str]:
    """What a reader must know of the trials and columns that this method treats in its own way."""
    found = []
    if spec.covariates:
        found.append(f"pooled from events by arm: {', '.join(spec.covariates)} took no part")
    empty = [s for s, e, k in zip(tables.study, tables.empty_cells(), keep, strict=True) if e and k]
    if empty and spec.pool.method in NAMES:
        found.append(
            f"{', '.join(empty)}: an empty cell; part of {NAMES[spec.pool.method]} as they are, with .5 in "
            "each cell where a trial is shown by itself"
        )
    elif empty:
        found.append(f"{', '.join(empty)}: an empty cell; .5 was added to each cell of these trials")
    silent = [s for s, k in zip(tables.study, keep, strict=True) if not k]
    if silent:
        found.append(f"{', '.join(silent)}: left out, for want of an arm or of the events that a ratio needs")
    return found


def study_rows(used: Tables, y: Array, v: Array, pooled: Pooled, level: float) -> list[StudyEstimate]:
    """Each trial's own effect, for the forest plot."""
    reach = quantile(None, level) * np.sqrt(v)
    weights = pooled.weights.values()
    return [
        StudyEstimate(
            study, TREATMENT, float(one), float(np.sqrt(var)), float(one - r), float(one + r), weight
        )
        for study, one, var, r, weight in zip(used.study, y, v, reach, weights, strict=True)
    ]
