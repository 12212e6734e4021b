"""From a model of the plan to a fit or a reason, and to the rows that it leaves in the records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell, DesignRows
from ipdma.analysis.digest_table import digest_table
from ipdma.analysis.guest_notes import note_silent
from ipdma.analysis.records import Ident, Ledger
from ipdma.errors import IpdmaError, SpecError, UndeclaredReading, join_faults
from ipdma.model.binomial import fit_binomial
from ipdma.model.df import df_method
from ipdma.model.fit import fit_model
from ipdma.model.gaussian import fit_gaussian
from ipdma.model.nst import NoWidth
from ipdma.model.records import Estimate, Fit, JointTest
from ipdma.model.spec import ModelSpec
from ipdma.model.tau2 import typical_variance
from ipdma.model.term import Term

NST = "nst"
FOUND: dict[tuple[str, str, bool | str], Fit] = {}
PROFILED = (True, "treatment", "interaction")  # which intervals of variances a fit can have been made with
MOST_FOUND = 100_000  # estimates of the fits that are kept: of 2,000 trials one has 4,001, in 3 MB
CANNOT = (IpdmaError, ArithmeticError, np.linalg.LinAlgError, ValueError)


def specify(spec: ModelSpec, stage: str) -> ModelSpec:
    """The specification of one stage; an interval that this model cannot have gives way to the usual one.

    Raises
    ------
    SpecError
        When the model's keys exclude each other.
    """
    contrasts = spec.contrasts if stage == "one" else {}
    ready = spec.replace(stages=stage, contrasts=contrasts)
    if ready.df == NST and df_method(NST).conflicts(ready.resolved()):
        ready = ready.replace(df=None)  # a plan's own, decided before moderators and stages were known
    faults = ready.conflicts()
    if faults:
        raise SpecError(join_faults(f"the plan's model: {fault}" for fault in faults))
    return ready


def fit_rows(frame: pd.DataFrame, spec: ModelSpec, profile: bool | str = False, digest: str = "") -> Fit:
    """Fit, or find the fit of the same rows and model again, which several analyses ask for.

    The profile intervals of the variances, half of a fit's time, are there only where they are shown (of one
    variance, where `profile` is its name); two stages have them as they are. `digest` is that of the frame,
    where it is known.
    """
    model = (digest or digest_table(frame), repr(spec))
    key = (*model, profile if spec.stages == "one" else False)
    if key not in FOUND:
        if sum(len(fit.estimates) for fit in FOUND.values()) >= MOST_FOUND:
            FOUND.clear()
        shown = next((FOUND[*model, known] for known in PROFILED if (*model, known) in FOUND), None)
        take = None if key[-1] else shown
        FOUND[key] = fit_anew(frame, spec, key[-1]) if take is None else replace(take, variance_ci={})
    return FOUND[key]


def fit_anew(frame: pd.DataFrame, spec: ModelSpec, profile: bool | str) -> Fit:
    """Fit with the engine of the model's family and stages."""
    if spec.stages == "one" and not spec.visit and not spec.imputation:
        return (fit_gaussian if spec.family == "gaussian" else fit_binomial)(frame, spec, profile)
    return fit_model(frame, spec)


def attempt(ledger: Ledger, ident: Ident, make: Callable[[], Fit]) -> Fit | None:
    """Fit, or write why it cannot be fitted and return None. The run goes on."""
    try:
        fit = make()
    except UndeclaredReading:
        raise
    except Exception as error:  # one fit of hundreds: said in the report, and the others are worth having
        ledger.note(ident, "not_fitted", first_line(error))
        return None
    if not any(np.isfinite(e.estimate) and np.isfinite(e.std_error) for e in fit.estimates):
        ledger.note(ident, "not_fitted", "no estimate with a finite standard error came out")
        return None
    for warning in fit.warnings:
        ledger.note(ident, "warning", warning)
    return fit


def first_line(error: BaseException) -> str:
    """The message of an error on one line; of another library's the kind alone, since it may quote values."""
    if isinstance(error, IpdmaError):
        return " ".join(str(error).split())
    return f"the fit failed numerically ({type(error).__name__})"


def try_fit(
    ledger: Ledger, ident: Ident, rows: DesignRows, spec: ModelSpec, profile: bool | str = False
) -> Fit | None:
    """Fit `ident.stage` of a model on some rows, or write why not."""

    def make() -> Fit:
        ready = specify(spec, ident.stage)
        try:
            fit = fit_rows(rows.frame, ready, profile, rows.digest)
            fault = not_held(fit)
        except NoWidth as error:
            fault = first_line(error)
        if not fault:
            return fit
        ledger.note(ident, "warning", f"{fault}: the customary interval stands in its place")
        pool = replace(ready.pool, ci="modified_hksj")
        return fit_rows(rows.frame, ready.replace(df=None, pool=pool), profile, rows.digest)

    return attempt(ledger, ident, make)


def not_held(fit: Fit) -> str:
    """Which estimate its null-standardised interval does not hold; nothing where each is held.

    The interval weighs trials by their errors' roots, the estimate by variances: with hundreds of trials
    whose effects and errors go together (sparse tables) the two part by more than the interval is wide.
    """
    for one in fit.estimates if fit.df_method == NST else ():
        if one.df_method is None and not one.ci_low <= one.estimate <= one.ci_high:
            return (
                f"{one.term}: the null-standardised interval [{one.ci_low:.6g}, {one.ci_high:.6g}] does not "
                f"hold the estimate {one.estimate:.6g}"
            )
    return ""


def try_fit_design(
    ledger: Ledger, ident: Ident, cell: Cell, spec: ModelSpec, profile: bool | str = False
) -> tuple[Fit, DesignRows] | None:
    """Fit a model on the outcome, treatment and covariates of a cell.

    Returns
    -------
    tuple of Fit and DesignRows, or None
        The fit and its rows; None, with the reason in the ledger, where there is no fit.
    """
    try:
        rows = cell.design(spec.covariates)
    except KeyError as error:
        ledger.note(ident, "not_fitted", f"the covariate {error} is no column of the rows")
        return None
    fit = try_fit(ledger, ident, rows, spec.replace(covariates=rows.covariates), profile=profile)
    note_silent(ledger, ident, cell, spec.covariates)
    return None if fit is None else (fit, rows)


def number(value: Any) -> float | None:
    """A float, infinite where there is no limit; None for a missing value or one that is no number."""
    return None if value is None or np.isnan(value) else float(value)


def rows_analysed(fit: Fit) -> int | None:
    """Participants analysed; of imputed data the largest set."""
    n = fit.n_rows
    return max(n) if isinstance(n, list) else n


def estimate_row(
    ident: Ident, fit: Fit, estimate: Estimate, term: str | None = None, level: str = ""
) -> dict[str, object]:
    """One row of estimates.csv from an estimate of a fit."""
    extra = estimate.extra
    two = ident.stage == "two"
    prediction = fit.prediction if fit.prediction and fit.prediction.term == estimate.term else None
    pi = (
        (extra.get("pi_low"), extra.get("pi_high"))
        if two
        else (prediction and (prediction.low, prediction.high))
    )
    return {
        **ident.columns,
        "term": term or estimate.term,
        "level": level,
        "estimate": number(estimate.estimate),
        "std_error": number(estimate.std_error),
        "df": number(estimate.df),
        "statistic": number(estimate.statistic),
        "p_value": number(estimate.p_value),
        "ci_low": number(estimate.ci_low),
        "ci_high": number(estimate.ci_high),
        "tau2": number(extra.get("tau2")) if two else number(fit.variance.of(estimate.term)),
        "i2": number(extra.get("i2")) if two else None,
        **widened(pi, estimate.ci_low, estimate.ci_high),
        "k": studies_of(fit, estimate),
        "n": fit.rows_by_term.get(estimate.term) or rows_analysed(fit),
        "df_method": estimate.df_method or fit.df_method,
        "converged": fit.converged,
        "singular": fit.singular,
    }


def widened(pi: Any, ci_low: float, ci_high: float) -> dict[str, float | None]:
    """A prediction interval as a record holds it: it contains the interval of its row."""
    low, high = (number(end) for end in pi or (None, None))
    if low is None or high is None:
        return {"pi_low": None, "pi_high": None}
    return {"pi_low": min(low, float(ci_low)), "pi_high": max(high, float(ci_high))}


def studies_of(fit: Fit, estimate: Estimate) -> int:
    """Studies that inform a term."""
    return int(estimate.extra.get("k") or fit.studies_by_term.get(estimate.term) or fit.n_studies)


def joint_row(
    ident: Ident, fit: Fit, test: JointTest, term: str | None = None, level: str = "", k: int | None = None
) -> dict[str, object]:
    """One row of estimates.csv from a joint test: F, its denominator df and p."""
    behind = len(fit.informing.get(test.name, ())) or fit.n_studies
    return {
        **ident.columns,
        "term": term or test.name,
        "level": level,
        "df": number(test.df_den),
        "statistic": number(test.f),
        "p_value": number(test.p_value),
        "k": k or behind,
        "n": fit.rows_by_term.get(test.name) or rows_analysed(fit),
        "df_method": joint_method(ident, fit) if number(test.df_den) is not None else "wald",
        "converged": fit.converged,
        "singular": fit.singular,
    }


def joint_method(ident: Ident, fit: Fit) -> str:
    """The method of a joint test: there is no null-standardised one of several terms together."""
    if fit.df_method != NST:
        return fit.df_method
    return (
        "modified_hksj"
        if ident.stage == "two"
        else next((e.df_method for e in fit.estimates if e.df_method), NST)
    )


def write_fit(ledger: Ledger, ident: Ident, fit: Fit, keep: Callable[[Term], bool]) -> None:
    """Write the estimates and joint tests that `keep` names, and what belongs to the fit."""
    for estimate in fit.estimates:
        if keep(estimate.term):
            ledger.estimates.append(estimate_row(ident, fit, estimate, level=estimate.term.level))
            write_heterogeneity(ledger, ident, fit, estimate)
            write_beside(ledger, ident, estimate)
    for test in fit.tests:
        if keep(test.name):
            write_test(ledger, ident, fit, test)
    write_variances(ledger, ident, fit)


def write_beside(ledger: Ledger, ident: Ident, estimate: Estimate) -> None:
    """Write the intervals that stand next to a row's own, by method."""
    for method, other in estimate.beside.items():
        numbers = (other.estimate, other.ci_low, other.ci_high, other.df, other.p_value)
        for end, value in zip(("", "_low", "_high", "_df", "_p"), numbers, strict=True):
            if number(value) is not None:
                ledger.count(ident, f"beside{end}", variable=estimate.term, level=method, value=number(value))


def write_test(
    ledger: Ledger, ident: Ident, fit: Fit, test: JointTest, term: str | None = None, level: str = ""
) -> None:
    """Write a joint test and its numerator df."""
    ledger.estimates.append(joint_row(ident, fit, test, term, level))
    ledger.count(ident, "df_num", variable=term or test.name, level=level, value=test.df_num)


SECOND_STAGE = {
    "tau2_ci_low": "tau2_low",
    "tau2_ci_high": "tau2_high",
    "i2_q": "i2_q",
    "h2": "h2",
    "q": "q",
    "q_df": "q_df",
    "q_p": "q_p",
}


def write_heterogeneity(ledger: Ledger, ident: Ident, fit: Fit, estimate: Estimate) -> None:
    """Intervals of tau2, and Q of the second stage."""
    if ident.stage == "two":
        for key, what in SECOND_STAGE.items():
            value = number(estimate.extra.get(key))
            if value is not None:
                ledger.count(ident, what, variable=estimate.term, value=value)
        write_i2_interval(ledger, ident, fit, estimate)
        return
    pair = fit.tau2_interval(estimate.term)
    if pair is not None:
        ledger.count(ident, "tau2_low", variable=estimate.term, value=number(pair[0]))
        ledger.count(ident, "tau2_high", variable=estimate.term, value=number(pair[1]))


def write_i2_interval(ledger: Ledger, ident: Ident, fit: Fit, estimate: Estimate) -> None:
    """Turn the Q-profile interval of tau2 into one of I2 = tau2 / (tau2 + s2), in per cent.

    s2 is the typical variance inside studies of Higgins and Thompson (2002).
    """
    v = np.array([s.std_error**2 for s in fit.study_estimates if s.term == estimate.term])
    if len(v) < 2:
        return
    s2 = typical_variance(v)
    for key, what in (("tau2_ci_low", "i2_low"), ("tau2_ci_high", "i2_high")):
        tau2 = number(estimate.extra.get(key))
        if tau2 is not None:
            share = 1.0 if np.isinf(tau2) else tau2 / (tau2 + s2)
            ledger.count(ident, what, variable=estimate.term, value=100 * share)


def write_variances(ledger: Ledger, ident: Ident, fit: Fit) -> None:
    """Variance components, the criterion, and rows left out for a missing value."""
    write_variances_of(ledger, ident, fit.variance.numbers, fit.variance.residual_by_study or {})
    if fit.criterion is not None:
        ledger.count(ident, "criterion", level=fit.criterion_name, value=number(fit.criterion))
    excluded = fit.n_rows_excluded
    ledger.count(ident, "excluded_rows", n=max(excluded) if isinstance(excluded, list) else excluded)


def write_variances_of(
    ledger: Ledger, ident: Ident, components: Mapping[str, float | None], by_study: Mapping[str, float]
) -> None:
    """Write variance components by name, and residual variances by study."""
    for name, component in components.items():
        if component is not None:
            ledger.count(ident, "variance", variable=name, value=number(component))
    for study, value in by_study.items():
        ledger.count(ident, "variance", variable="residual", study=study, value=number(value))


def write_studies(ledger: Ledger, ident: Ident, fit: Fit, rows: DesignRows, binomial: bool) -> None:
    """Write each study's own estimates; `rows` are those of the fit, for the sizes and means by side."""
    summaries = rows.summaries(binomial)
    if not ident.moderator:
        silent = sorted(set(summaries) - {s.study for s in fit.study_estimates})
        for study in silent:
            ledger.count(ident, "not_estimable", study=study, level="no estimate from its own rows alone")
    for found in fit.study_estimates:
        ledger.study_estimates.append(
            {
                **ident.columns,
                "study": found.study,
                "estimate": number(found.estimate),
                "std_error": number(found.std_error),
                "ci_low": number(found.ci_low),
                "ci_high": number(found.ci_high),
                "weight": number(found.weight),
                **summaries.get(str(found.study), {}),
                "source": "ipd",
                "term": found.term,
                "level": found.term.level,
            }
        )
