"""Rubin's rules: fits of completed data sets in, one fit out.

m data sets give estimates Q and variances U; Qbar and Ubar are their means, B the variance of Q,
T = Ubar + (1 + 1/m) B, r = (1 + 1/m) B / Ubar, lambda = (1 + 1/m) B / T.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from ipdma.errors import FitError
from ipdma.model.df.nst import TrialRow, predict_by_pivot, trial_row
from ipdma.model.df.trials import TrialEstimates
from ipdma.model.imputed_trials import combine_trials
from ipdma.model.interval import f_upper_p, make_estimate, quantile
from ipdma.model.records import Estimate, Fit, JointTest, Prediction, StudyEstimate
from ipdma.model.term import Term
from ipdma.model.variance import VarianceComponents

# Below this share of between-imputation variance the imputations agree to the digit (mice's own floor).
LAMBDA_FLOOR = 1e-4
# Below this one the data sets are the same: nothing was imputed that the estimate uses.
IDENTICAL = 1e-12


def pool_rubin(fits: Sequence[Fit], level: float = 0.95) -> Fit:
    """Pool the same model fitted to m completed data sets.

    Parameters
    ----------
    fits : sequence of Fit, length m
        One per data set.
    level : float
        Confidence level.

    Returns
    -------
    Fit
        `std_error` is the root of T, `df` Barnard and Rubin's (1999) with the mean of the fits' df as that
        of the complete data; each estimate carries `fmi`, `riv`, `mc_error`. `variance` is the mean over the
        data sets, `variance_range` its lowest and highest; `criterion` is None.

    Raises
    ------
    FitError
        Where there is no fit, no term is in all of them, or a joint test has no covariance to be pooled.
    """
    if not fits:
        raise FitError("no completed data set to pool")
    terms = [e.term for e in fits[0].estimates if all(has_term(fit, e.term) for fit in fits)]
    if not terms:
        raise FitError("no term is estimated in every completed data set; expected the same model in each")
    trials = combine_trials(fits)
    rows = {term: trial_row(one, level) for term, one in trials.items() if one.k}
    estimates = tuple(
        pool_term([fit.estimate(term) for fit in fits], level, rows.get(term)) for term in terms
    )
    variance, variance_range = pool_variances([fit.variance for fit in fits])
    first = fits[0]
    return Fit(
        estimates=estimates,
        tests=tuple(
            pool_test(fits, test.name) for test in first.tests if all(has_test(f, test) for f in fits)
        ),
        contrasts=pool_contrasts(fits, level),
        prediction=pool_prediction(fits, estimates, variance, level, trials),
        variance=variance,
        variance_range=variance_range,
        criterion=None,
        criterion_name=first.criterion_name,
        n_studies=max(fit.n_studies for fit in fits),
        n_rows=one_or_list([fit.n_rows for fit in fits]),
        n_rows_excluded=one_or_list([fit.n_rows_excluded for fit in fits]),
        df_method=first.df_method,
        converged=all(fit.converged for fit in fits),
        singular=any(fit.singular for fit in fits),
        warnings=pool_warnings(fits, terms, rows),
        engine=first.engine,
        studies_by_term=fewest([fit.studies_by_term for fit in fits]),
        informing=informing_in_all(fits),
        rows_by_term=fewest([fit.rows_by_term for fit in fits]),
        study_estimates=pool_study_estimates(fits, level),
        covariance=total_covariance(fits, terms),
        trials=trials,
    )


def has_term(fit: Fit, term: Term) -> bool:
    """Whether the fit estimates the term."""
    return term in fit.by_term


def between_variance(values: np.ndarray) -> float:
    """B: the variance of the estimates over the data sets, 0 for a single one."""
    return float(np.var(values, ddof=1)) if len(values) > 1 else 0.0


def barnard_rubin(m: int, b: float, t: float, df_complete: float | None) -> float | None:
    """Barnard and Rubin's (1999) degrees of freedom; None where they are infinite.

    `b` and `t` are the variance between the m data sets and the total one, B and T; `df_complete` is what
    complete data would have, None for a normal reference.
    """
    share = (1 + 1 / m) * b / t
    if m == 1 or share < IDENTICAL:
        return df_complete
    df_old = (m - 1) / max(share, LAMBDA_FLOOR) ** 2
    if df_complete is None:
        return None if share < LAMBDA_FLOOR else df_old
    df_observed = (df_complete + 1) / (df_complete + 3) * df_complete * (1 - share)
    return df_old * df_observed / (df_old + df_observed)


def mean_df(values: Sequence[float | None]) -> float | None:
    """The mean of the fits' degrees of freedom; None (normal) where any fit has none."""
    finite = [v for v in values if v is not None and math.isfinite(v)]
    return float(np.mean(finite)) if len(finite) == len(values) else None


def pool_term(estimates: Sequence[Estimate], level: float, row: TrialRow | None = None) -> Estimate:
    """Rubin's rules for one coefficient or contrast; `row` is its trials' interval, if any."""
    m = len(estimates)
    q = np.array([e.estimate for e in estimates])
    u_bar = float(np.mean([e.std_error**2 for e in estimates]))
    b = between_variance(q)
    t = u_bar + (1 + 1 / m) * b
    df = barnard_rubin(m, b, t, mean_df([e.df for e in estimates]))
    extra = missing_information(m, b, u_bar, df)
    pooled = make_estimate(estimates[0].term, float(q.mean()), math.sqrt(t), df, level, extra)
    if row is None:
        return replace(pooled, df_method=estimates[0].df_method)
    return row.beside(pooled, pooled_beside(estimates, level))


def pooled_beside(estimates: Sequence[Estimate], level: float) -> dict[str, Estimate]:
    """Rubin's rules for the intervals beside, by method; the common effect is that of the pooled trials."""
    names = [n for n in estimates[0].beside if n != "common" and all(n in e.beside for e in estimates)]
    return {name: pool_term([e.beside[name] for e in estimates], level) for name in names}


def missing_information(m: int, b: float, u_bar: float, df: float | None) -> dict[str, float | None]:
    """What the imputation costs: `riv`, `lambda`, `fmi` and the Monte-Carlo error of the estimate.

    lambda = riv / (1 + riv) is the share of the variance that is between the sets; fmi adds what their small
    number costs (Rubin 1987). A single data set says nothing of them: they are None. Where the sets do not
    differ nothing is missing, and they are 0.
    """
    if m == 1:
        return {"fmi": None, "lambda": None, "riv": None, "mc_error": None}
    riv = (1 + 1 / m) * b / u_bar
    if riv < IDENTICAL:
        return {"fmi": 0.0, "lambda": 0.0, "riv": 0.0, "mc_error": 0.0}
    tail = 0.0 if df is None else 2 / (df + 3)
    return {
        "fmi": (riv + tail) / (riv + 1),
        "lambda": riv / (riv + 1),
        "riv": riv,
        "mc_error": math.sqrt(b / m),
    }


def pool_contrasts(fits: Sequence[Fit], level: float) -> tuple[Estimate, ...]:
    """Rubin's rules for each contrast, in the order of the first fit."""
    rows = zip(*[fit.contrasts for fit in fits], strict=True)
    return tuple(pool_term(row, level) for row in rows)


def total_covariance(fits: Sequence[Fit], terms: Sequence[Term]) -> np.ndarray | None:
    """T for the terms of which each fit holds covariances, the first ones; None where a fit holds none."""
    first = min(0 if fit.covariance is None else len(fit.covariance) for fit in fits)
    held = set.intersection(*({e.term for e in fit.estimates[:first]} for fit in fits))
    parts = within_and_between(fits, [term for term in terms if term in held])
    if parts is None:
        return None
    u_bar, b, _ = parts
    return u_bar + (1 + 1 / len(fits)) * b


def within_and_between(
    fits: Sequence[Fit], terms: Sequence[Term]
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Ubar, B and Qbar of several terms together."""
    if any(fit.covariance is None for fit in fits):
        return None
    u, q = [], []
    for fit in fits:
        names = [e.term for e in fit.estimates]
        at = [names.index(term) for term in terms]
        u.append(np.asarray(fit.covariance)[np.ix_(at, at)])
        q.append([fit.estimates[i].estimate for i in at])
    values = np.array(q, dtype=float)
    k = len(terms)
    b = np.atleast_2d(np.cov(values, rowvar=False)) if len(fits) > 1 else np.zeros((k, k))
    return np.mean(u, axis=0), b, values.mean(axis=0)


def has_test(fit: Fit, test: JointTest) -> bool:
    """Whether the fit has the same joint test of the same terms."""
    return any(other.name == test.name and other.terms == test.terms for other in fit.tests)


def pool_test(fits: Sequence[Fit], name: str) -> JointTest:
    """The joint Wald test D1 of Li, Raghunathan and Rubin (1991); see `d1_df` for small samples.

    Raises
    ------
    FitError
        Where the fits hold no covariance of the tested terms.
    """
    tests = [next(test for test in fit.tests if test.name == name) for fit in fits]
    test = tests[0]
    if len(fits) == 1:
        return test
    parts = within_and_between(fits, test.terms)
    if parts is None:
        raise FitError(f"test '{test.name}': the fits hold no covariance to pool")
    u_bar, b, q_bar = parts
    k, m = len(test.terms), len(fits)
    r = float((1 + 1 / m) * np.trace(np.linalg.solve(u_bar, b)) / k)
    f = float(q_bar @ np.linalg.solve(u_bar, q_bar) / (k * (1 + r)))
    df_den = d1_df(k, m, r, mean_df([each.df_den for each in tests]))
    return JointTest(test.name, test.terms, f, float(k), df_den, f_upper_p(f, k, df_den))


def d1_df(k: int, m: int, r: float, df_complete: float | None) -> float | None:
    """Denominator df of D1: those of Li, Raghunathan and Rubin (1991), with infinite complete-data df.

    k terms, m data sets and r, the average relative increase in variance; None where df are infinite. Where
    the complete data have fewer df than these, they decide: Reiter's (2007, eq. 1-2) form is used, or Barnard
    and Rubin's harmonic one where so few are left that Reiter's expansion does not hold.
    """
    if r < IDENTICAL:
        return df_complete
    if r < LAMBDA_FLOOR:
        return df_complete if df_complete is None else (df_complete + 1) / (df_complete + 3) * df_complete
    t = k * (m - 1)
    large = 4 + (t - 4) * (1 + (1 - 2 / t) / r) ** 2 if t > 4 else t * (1 + 1 / k) * (1 + 1 / r) ** 2 / 2
    if df_complete is None or df_complete >= large:
        return large
    observed = (df_complete + 1) / (df_complete + 3) * df_complete
    reiter = reiter_df(t, r, observed) if t > 4 else None
    share = r / (1 + r)
    return reiter or large * observed * (1 - share) / (large + observed * (1 - share))


def reiter_df(t: float, r: float, observed: float) -> float | None:
    """Reiter's small-sample df, or None where his expansion does not hold (not within 0 to `observed`)."""
    a = r * t / (t - 2)
    c0, c1, c2 = 1 / (t - 4), observed - 2 * (1 + a), observed - 4 * (1 + a)
    if c2 <= 0:
        return None
    z = (
        1 / c2
        + c0 * a**2 * c1 / ((1 + a) ** 2 * c2)
        + c0 * (8 * a**2 * c1 / ((1 + a) * c2**2) + 4 * a**2 / ((1 + a) * c2))
        + c0 * (4 * a**2 / (c2 * c1) + 16 * a**2 * c1 / c2**3)
        + c0 * 8 * a**2 / c2**2
    )
    df = 4 + 1 / z
    return df if 0 < df <= observed else None


def pool_variances(
    variances: Sequence[VarianceComponents],
) -> tuple[VarianceComponents, dict[str, object]]:
    """The mean of each variance component over the data sets; its lowest and highest, by OUT.json's names."""
    names = [f.name for f in fields(VarianceComponents)]
    mean = {name: pool_component([getattr(v, name) for v in variances])[0] for name in names}
    written = [v.as_json() for v in variances]
    spread = {name: pool_component([w.get(name) for w in written])[1] for name in written[0]}
    return VarianceComponents(**mean), {name: pair for name, pair in spread.items() if pair is not None}


def pool_component(values: Sequence[Any]) -> tuple[Any, Any]:
    """Mean and range of one component: a number, or a mapping of numbers; None where a data set has none."""
    if any(value is None for value in values):
        return None, None
    if isinstance(values[0], bool):
        return values[0], None
    if isinstance(values[0], Mapping):
        keys = [key for key in values[0] if all(key in value for value in values)]
        pairs = {key: pool_component([value[key] for value in values]) for key in keys}
        spread = {key: pair[1] for key, pair in pairs.items() if pair[1] is not None}
        return {key: pair[0] for key, pair in pairs.items()}, spread or None
    if isinstance(values[0], (list, tuple, np.ndarray)):
        return pool_array(values)
    return float(np.mean(values)), (float(min(values)), float(max(values)))


def pool_array(values: Sequence[Any]) -> tuple[Any, None]:
    """The mean of a matrix; a list of names stands as it is."""
    if any(isinstance(item, str) for item in values[0]):
        return values[0], None
    return np.mean([np.asarray(value, dtype=float) for value in values], axis=0), None


def pool_prediction(
    fits: Sequence[Fit],
    estimates: Sequence[Estimate],
    variance: VarianceComponents,
    level: float,
    trials: Mapping[Term, TrialEstimates],
) -> Prediction | None:
    """The prediction interval from the pooled standard error and the mean between-study variance."""
    first = fits[0].prediction
    if any(fit.prediction is None for fit in fits) or first is None or variance.treatment is None:
        return None
    row = next((e for e in estimates if e.term == first.term), None)
    if row is None:
        return None
    if first.term in trials and trials[first.term].k >= 3:
        return predict_by_pivot(row, trials[first.term], level)
    df = mean_df([fit.prediction.df for fit in fits if fit.prediction])
    half = quantile(df, level) * math.sqrt(variance.treatment + row.std_error**2)
    return Prediction(first.term, row.estimate - half, row.estimate + half, df)


def fewest(counts: Sequence[Mapping[Term, int]]) -> dict[Term, int]:
    """The smallest count of each term that all data sets have."""
    return {
        term: min(own[term] for own in counts) for term in counts[0] if all(term in own for own in counts)
    }


def informing_in_all(fits: Sequence[Fit]) -> dict[Term, tuple[str, ...]]:
    """The studies that inform each term in every data set."""
    return {
        term: tuple(s for s in own if all(s in fit.informing.get(term, ()) for fit in fits))
        for term, own in fits[0].informing.items()
    }


def pool_study_estimates(fits: Sequence[Fit], level: float) -> tuple[StudyEstimate, ...]:
    """Each study's own estimate by Rubin's rules, with a normal interval as weights are."""
    tables = [{(s.study, s.term): s for s in fit.study_estimates} for fit in fits]
    pooled = []
    for key, first in tables[0].items():
        if not all(key in table for table in tables):
            continue
        rows = [table[key] for table in tables]
        estimate = float(np.mean([row.estimate for row in rows]))
        b = between_variance(np.array([row.estimate for row in rows]))
        u_bar = float(np.mean([row.std_error**2 for row in rows]))
        se = math.sqrt(u_bar + (1 + 1 / len(rows)) * b)
        half = quantile(None, level) * se
        weight = float(np.mean([row.weight for row in rows]))
        pooled.append(
            StudyEstimate(first.study, first.term, estimate, se, estimate - half, estimate + half, weight)
        )
    return tuple(pooled)


def one_or_list(counts: Sequence[Any]) -> Any:
    """One number where all data sets agree, else the list of them."""
    return counts[0] if len(set(counts)) == 1 else list(counts)


def rows_note(counts: Sequence[object]) -> list[str]:
    """Say where the completed data sets differ in analysed rows, which completed data should not."""
    if len(set(map(str, counts))) == 1:
        return []
    return [
        f"the completed data sets differ in analysed rows ({', '.join(map(str, counts))}); completed "
        "data normally agree (mice's long format numbers the incomplete data 0: leave that out)"
    ]


def pool_warnings(
    fits: Sequence[Fit], terms: Sequence[Term], rows: Mapping[Term, TrialRow]
) -> tuple[str, ...]:
    """Each warning once, with the number of data sets that gave it, and what the pooling itself says."""
    m = len(fits)
    said: list[str] = []
    if m == 1:
        said.append("one completed data set: nothing is known of the variation between imputations")
    said += rows_note([fit.n_rows for fit in fits])
    dropped = sorted({e.term for fit in fits for e in fit.estimates} - set(terms))
    if dropped:
        said.append(f"not estimated in every completed data set, so left out: {', '.join(dropped)}")
    every = dict.fromkeys(warning for fit in fits for warning in fit.warnings)
    said += [f"{term}: {note}" for term, row in rows.items() for note in row.notes]
    of_rows = tuple(f"{term}: " for term in rows)
    for warning in every:
        if of_rows and warning.startswith(of_rows):
            continue  # said of one set; the interval is that of all of them together
        count = sum(warning in fit.warnings for fit in fits)
        said.append(warning if count == m else f"in {count} of {m} completed data sets: {warning}")
    return tuple(said)
