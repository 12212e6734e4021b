"""Stage one of two: each study's own fit, with its own residual variance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ipdma.errors import FitError
from ipdma.model.design import Design
from ipdma.model.logistic import fit_firth, fit_logistic
from ipdma.model.records import Fit
from ipdma.model.remembered import remembered
from ipdma.model.separation import estimable, independent_columns, separated_rows
from ipdma.model.spec_keys import FIRTH
from ipdma.model.term import INTERACTIONS, Term

Array = np.ndarray
OWN_KINDS = ("treatment", "within", "naive", "covariate", "main", "intercept")
NO_VARIATION = "no variation of its own there"
LEAST_DF = 0.05  # the 97.5 % point of t is 1e26 there: no interval


@dataclass(frozen=True)
class StudyFit:
    """What one study says of the shared terms.

    Attributes
    ----------
    study : str
    terms : tuple of Term
        The shared terms that it can estimate.
    estimate : ndarray of shape (r,)
    covariance : ndarray of shape (r, r)
    df : float or None
        Residual degrees of freedom; None for a normal reference.
    silent : mapping of Term to str
        Why it cannot estimate each other term.
    """

    study: str
    terms: tuple[Term, ...]
    estimate: Array
    covariance: Array
    df: float | None
    silent: dict[Term, str]


def fit_studies(design: Design) -> list[StudyFit]:
    """Fit each study by itself, in the design's order: least squares, or a (Firth's) logistic regression."""
    own = design.shared_index(*OWN_KINDS)
    terms = [design.shared_terms[j] for j in own]
    fit = STUDY_FITS.get(design.spec.estimator or "") or STUDY_FITS[design.spec.family]
    starts = np.searchsorted(design.study, np.arange(len(design.studies) + 1))
    fits = []
    for k, study in enumerate(design.studies):
        rows = slice(starts[k], starts[k + 1])
        X, N = design.shared[rows][:, own], design.nuisance[rows]
        fits.append(fit(study, terms, np.column_stack([X, N]), design.outcome[rows]))
    return fits


def nothing(study: str, terms: Sequence[Term], why: str) -> StudyFit:
    """A study that cannot inform any term, and why."""
    return StudyFit(study, (), np.empty(0), np.empty((0, 0)), None, dict.fromkeys(terms, why))


def drop_aliased_interactions(A: Array, terms: Sequence[Term]) -> tuple[Array, Array]:
    """A with the interactions that hide the treatment effect taken out (zero), where that uncovers it.

    A study in which an arm has one level only cannot tell its interaction from its treatment effect; it
    still has a treatment effect, as it would without the moderator. Also which of its columns are estimable.
    """
    fine = estimable(A)
    at = [j for j, term in enumerate(terms) if term.kind in INTERACTIONS and not fine[j]]
    if "treatment" not in terms or fine[terms.index("treatment")] or not at:
        return A, fine
    reduced = A.copy()
    reduced[:, at] = 0.0
    uncovered = estimable(reduced)
    return (reduced, uncovered) if uncovered[terms.index("treatment")] else (A, fine)


def sort_terms(A: Array, terms: Sequence[Term], fine: Array) -> tuple[list[int], dict[Term, str]]:
    """Positions of the terms that A determines, and why it does not determine the others."""
    silent = {}
    for j, term in enumerate(terms):
        if not len(A) or not np.ptp(A[:, j]):
            silent[term] = NO_VARIATION
        elif not fine[j]:
            silent[term] = "cannot be told apart from other terms there"
    return [j for j in range(len(terms)) if fine[j]], silent


@remembered
def fit_gaussian_study(study: str, terms: Sequence[Term], A: Array, y: Array) -> StudyFit:
    """Least squares; a study without residual degrees of freedom, or fitted exactly, informs no term.

    Parameters
    ----------
    study : str
    terms : sequence of Term
        What the first columns of A stand for.
    A : ndarray of shape (n, number of terms + nuisance columns)
    y : ndarray of shape (n,)
    """
    A, fine = drop_aliased_interactions(A, terms)
    at, silent = sort_terms(A, terms, fine)
    order = [*at, *(j for j in range(A.shape[1]) if j not in at)]
    columns = [order[j] for j in independent_columns(A[:, order])]
    df = len(y) - len(columns)
    if df < 1:
        return nothing(study, terms, f"{len(y)} rows are too few for {len(columns)} columns")
    size = np.linalg.norm(A[:, columns], axis=0)
    Q, R = np.linalg.qr(A[:, columns] / size)
    residual = y - Q @ (Q.T @ y)
    sigma2 = float(residual @ residual) / df
    if sigma2 <= 1e-20 * max(float(y @ y) / len(y), 1e-300):
        return nothing(study, terms, "its outcome is fitted exactly, so that it has no residual variance")
    inverse = np.linalg.inv(R) / size[:, None]
    beta = inverse @ (Q.T @ y)
    covariance = sigma2 * inverse @ inverse.T
    r = len(at)
    return StudyFit(study, tuple(terms[j] for j in at), beta[:r], covariance[:r, :r], float(df), silent)


@remembered
def fit_binomial_study(study: str, terms: Sequence[Term], A: Array, y: Array) -> StudyFit:
    """Logistic regression on the rows that no combination of columns predicts without error.

    Takes what `fit_gaussian_study` takes, `y` 0 and 1; estimates are log odds ratios.
    """
    if np.ptp(y) == 0:
        what = "an event" if y[0] == 1 else "no event"
        return nothing(study, terms, f"all its participants had {what}")
    A, fine = drop_aliased_interactions(A, terms)
    before, silent = sort_terms(A, terms, fine)
    separated = separated_rows(A, y)
    left = A[~separated]
    at, _ = sort_terms(left, terms, estimable(left)) if separated.any() else (before, {})
    for j in set(before) - set(at):
        silent[terms[j]] = "separation: its estimate there is infinite (an empty cell of outcome by arm)"
    at = [j for j in at if j in before]
    order = [*at, *(j for j in range(A.shape[1]) if j not in at)]
    free = left[:, order]
    kept = independent_columns(free)
    if not at or len(kept) < len(at):
        return StudyFit(study, (), np.empty(0), np.empty((0, 0)), None, silent)
    beta, information, _, converged = fit_logistic(free[:, kept], y[~separated])
    if not converged:
        return nothing(study, terms, "its logistic regression did not converge")
    r = len(at)
    covariance = np.linalg.inv(information)[:r, :r]
    return StudyFit(study, tuple(terms[j] for j in at), beta[:r], covariance, None, silent)


@remembered
def fit_firth_study(study: str, terms: Sequence[Term], A: Array, y: Array) -> StudyFit:
    """Logistic regression under Firth's penalty, with all rows; takes what `fit_binomial_study` takes."""
    if np.ptp(y) == 0:
        what = "an event" if y[0] == 1 else "no event"
        return nothing(study, terms, f"all its participants had {what}")
    A, fine = drop_aliased_interactions(A, terms)
    at, silent = sort_terms(A, terms, fine)
    order = [*at, *(j for j in range(A.shape[1]) if j not in at)]
    kept = independent_columns(A[:, order])
    if not at:
        return StudyFit(study, (), np.empty(0), np.empty((0, 0)), None, silent)
    beta, information, _, converged = fit_firth(A[:, order][:, kept], y)
    if not converged:
        return nothing(study, terms, "its penalised logistic regression did not converge")
    r = len(at)
    covariance = np.linalg.inv(information)[:r, :r]
    return StudyFit(study, tuple(terms[j] for j in at), beta[:r], covariance, None, silent)


STUDY_FITS: dict[str, Callable[[str, Sequence[Term], Array, Array], StudyFit]] = {
    "gaussian": fit_gaussian_study,
    "binomial": fit_binomial_study,
    FIRTH: fit_firth_study,
}


def study_of_fit(study: str, fit: Fit) -> StudyFit:
    """The treatment terms of a one-study fit; a variance that its rows cannot tell informs none of them.

    Such a variance (one therapist in each arm) leaves an error that is rounding alone: negative, or
    with hardly any df. Raises FitError where the fit holds no covariance.
    """
    at = [i for i, e in enumerate(fit.estimates) if e.term.is_treatment]
    if fit.covariance is None:
        raise FitError("the fit of the study holds no covariance")
    covariance = np.asarray(fit.covariance)[np.ix_(at, at)]
    terms = tuple(fit.estimates[i].term for i in at)
    estimate = np.array([fit.estimates[i].estimate for i in at])
    df = fit.estimates[at[0]].df if at else None
    if df is not None and df < LEAST_DF:
        why = f"its own rows do not tell the variance that its error rests on (df {df:.1g})"
        return nothing(study, terms, why)
    return StudyFit(study, terms, estimate, covariance, df, {})


def combine_imputations(sets: Sequence[Sequence[StudyFit]]) -> list[StudyFit]:
    """Rubin's rules within each study: Qbar and T = Ubar + (1 + 1/m) B of the terms in all sets."""
    names = list(dict.fromkeys(fit.study for fits in sets for fit in fits))
    tables = [{fit.study: fit for fit in fits} for fits in sets]
    return [combine_study(name, [table.get(name) for table in tables]) for name in names]


def combine_study(study: str, fits: Sequence[StudyFit | None]) -> StudyFit:
    """Rubin's rules for one study's vector of estimates."""
    present = [fit for fit in fits if fit is not None]
    terms = [t for t in present[0].terms if all(t in fit.terms for fit in present)]
    silent = {t: why for fit in present for t, why in fit.silent.items() if t not in terms}
    for fit in present:
        silent.update({t: "not estimated in every data set" for t in fit.terms if t not in (*terms, *silent)})
    if len(present) < len(fits):
        return nothing(study, list({*terms, *silent}), "it has no rows in some of the data sets")
    at = [[fit.terms.index(t) for t in terms] for fit in present]
    Q = np.array([fit.estimate[i] for fit, i in zip(present, at, strict=True)])
    U = np.mean([fit.covariance[np.ix_(i, i)] for fit, i in zip(present, at, strict=True)], axis=0)
    m, r = len(present), len(terms)
    B = np.cov(Q, rowvar=False).reshape(r, r) if m > 1 and r else np.zeros((r, r))
    dfs = [fit.df for fit in present if fit.df is not None]
    df = float(np.mean(dfs)) if len(dfs) == m else None
    return StudyFit(study, tuple(terms), Q.mean(axis=0), U + (1 + 1 / m) * B, df, silent)
