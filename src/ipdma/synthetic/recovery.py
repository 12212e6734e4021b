"""Does the analysis find what was put in? Draws consortia, fits, counts covering intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from ipdma.codebook import load_codebook
from ipdma.cohort import Cohort, build_rows, stack
from ipdma.errors import DataError, FitError
from ipdma.model.gaussian import fit_gaussian
from ipdma.model.records import Fit
from ipdma.model.spec import ModelSpec
from ipdma.plan import Plan
from ipdma.synthetic.consortium import draw_consortium
from ipdma.synthetic.expected import CHRONICITY, expected_terms
from ipdma.synthetic.truth import Truth
from ipdma.synthetic.uploads import uploads_of

HEADLINE = ("nst", "kenward_roger", "hksj")
MODERATOR = ("kenward_roger", "hksj", "nst")  # of a common interaction; the last of one that varies
MODERATORS: dict[str, dict[str, Any]] = {
    "severity": {},
    "chronicity": {"moderator_type": "categorical", "levels": ("under 1 year", *CHRONICITY)},
    "antidepressant": {"moderator_type": "categorical", "levels": ("no", "yes")},
    "age": {},
}
KEYS = ["contrast", "timepoint", "moderator", "term", "df_method"]


def plan_of(truth: Truth) -> Plan:
    """The plan that asks the truth's contrasts, everything else by default."""
    contrasts = {
        name: {"active": list(effect.active), "reference": list(effect.reference)}
        for name, effect in truth.effects.items()
    }
    return Plan.from_mapping({"studies": "drawn in memory", "contrasts": contrasts})


def recover(
    truth: Truth, seeds: Iterable[int], progress: Callable[[int], None] | None = None
) -> pd.DataFrame:
    """Draw and fit one consortium per seed.

    Parameters
    ----------
    truth : Truth
    seeds : iterable of int
        One consortium each.
    progress : callable, optional
        Called with each seed before it is drawn.

    Returns
    -------
    DataFrame
        One row per seed, contrast, time point, moderator (empty: the headline), term and df method: the true
        `value`, `estimate, std_error, df, ci_low, ci_high, tau2, k, n, singular`. A model that the data of a
        seed cannot carry leaves a row without estimate for each of its terms.
    """
    plan, rows = plan_of(truth), []
    for seed in seeds:
        if progress:
            progress(seed)
        cohort = stack(uploads_of(draw_consortium(truth, seed)), load_codebook())
        rows += [{"seed": seed, **row} for row in fit_consortium(cohort, plan, truth)]
    return pd.DataFrame(rows)


def fit_consortium(cohort: Cohort, plan: Plan, truth: Truth) -> Iterator[dict[str, Any]]:
    """Fit headline and moderators of every contrast and time point; a row per term."""
    expected = expected_terms(truth)
    for (contrast, time), terms in expected.groupby(["contrast", "timepoint"], sort=False):
        rows = with_moderators(build_rows(cohort, plan, str(contrast), "depression", str(time)).rows)
        for moderator, wanted in terms.groupby("moderator", sort=False):
            for method in MODERATOR if moderator else HEADLINE:
                fit = try_fit(rows, spec_of(str(moderator), method))
                yield from rows_of(fit, wanted, method)


def with_moderators(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the moderators' columns: severity is baseline, chronicity three categories, age per 10 years."""
    months = rows["episode_duration_months"]
    names = MODERATORS["chronicity"]["levels"]
    level = pd.cut(months, [-np.inf, 12, 24, np.inf], right=False, labels=list(names))
    return rows.assign(
        severity=rows["baseline"],
        chronicity=level.astype("str").where(months.notna()),
        antidepressant=rows["antidepressant_at_baseline"],
        age=rows["age"] / 10,
    )


def spec_of(moderator: str, method: str) -> ModelSpec:
    """The primary model; severity takes the place of the covariate baseline.

    The null-standardised interval of an interaction is that of one which varies between trials.
    """
    covariates = () if moderator == "severity" else ("baseline",)
    own = {"moderator": moderator, **MODERATORS[moderator]} if moderator else {}
    if moderator and method == "nst":
        own["interaction_effect"] = "random"
    return ModelSpec(outcome="outcome", covariates=covariates, residual="by_study", df=method, **own)


def try_fit(rows: pd.DataFrame, spec: ModelSpec) -> Fit | None:
    """The fit, or None where the data cannot carry the model or no trial holds the contrast."""
    if rows.empty:
        return None
    try:
        return fit_gaussian(rows, spec, profile=False)
    except (DataError, FitError):
        return None


def rows_of(fit: Fit | None, wanted: pd.DataFrame, method: str) -> Iterator[dict[str, Any]]:
    """One row per wanted term, without numbers where there is no fit or no such term."""
    found = {} if fit is None else {e.term: e for e in fit.estimates}
    for line in wanted.to_dict("records"):
        row = {str(key): value for key, value in line.items()} | {"df_method": method}
        estimate = found.get(row["term"])
        if fit is not None and estimate is not None:
            row |= {k: getattr(estimate, k) for k in ("estimate", "std_error", "df", "ci_low", "ci_high")}
            row |= {"tau2": fit.variance.treatment, "k": fit.studies_by_term.get(row["term"])}
            row |= {"n": fit.n_rows, "singular": fit.singular}
        yield row


def tabulate_coverage(found: pd.DataFrame) -> pd.DataFrame:
    """Bias, spread and coverage of every term and df method, over the fits that gave an estimate.

    Parameters
    ----------
    found : DataFrame
        As `recover` gives it.

    Returns
    -------
    DataFrame
        `contrast, timepoint, moderator, term, df_method, value, fits, mean, bias, bias_error, sd, mean_se,
        coverage, rejected, k`. `sd` is that of the estimates, `mean_se` the mean of their standard errors,
        `bias_error` the Monte Carlo standard error of the bias; `coverage` is the share of intervals that
        hold the true value, `rejected` that of intervals without 0; `k` is the median number of studies that
        inform the term.
    """
    done = found[found["estimate"].notna()].copy()
    done["covered"] = (done["ci_low"] <= done["value"]) & (done["value"] <= done["ci_high"])
    done["rejected"] = (done["ci_low"] > 0) | (done["ci_high"] < 0)
    groups = done.groupby(KEYS, sort=False)
    table = groups.agg(
        value=("value", "first"),
        fits=("estimate", "size"),
        mean=("estimate", "mean"),
        sd=("estimate", "std"),
        mean_se=("std_error", "mean"),
        coverage=("covered", "mean"),
        rejected=("rejected", "mean"),
        k=("k", "median"),
    ).reset_index()
    table.insert(8, "bias", table["mean"] - table["value"])
    table.insert(9, "bias_error", table["sd"] / np.sqrt(table["fits"]))
    return table
