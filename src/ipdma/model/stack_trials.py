"""Each trial's own least squares fit in every completed data set, from the cross-products of all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ipdma.model.stack_design import Stack, plainly_distinct
from ipdma.model.stage_one import NO_VARIATION, OWN_KINDS, StudyFit, fit_gaussian_study
from ipdma.model.term import Term

EXACT = 1e-8  # residual share of the outcome's sum of squares below which the rows themselves are asked


@dataclass(frozen=True)
class OwnColumns:
    """The columns of the trials' own fits: q, of which the first are those of `terms`.

    Attributes
    ----------
    terms : tuple of Term
    places : ndarray of int, shape (q,)
        Positions in the cross-products.
    shared : list of int
        Positions of the terms among the design's shared columns.
    varies : ndarray of bool, shape (M, K, q)
        Whether a column has two values there; the constant counts as if it had.
    """

    terms: tuple[Term, ...]
    places: np.ndarray
    shared: list[int]
    varies: np.ndarray


def fit_trials(stack: Stack) -> list[list[StudyFit]]:
    """What `fit_studies` finds in each set: the fits of a set in the order of its trials."""
    columns = own_columns(stack)
    found: list[list[StudyFit]] = [[] for _ in range(stack.m)]
    for k in range(stack.k):
        fits = fit_together(stack, columns, k) or [fit_rows(stack, columns, i, k) for i in range(stack.m)]
        for own, fit in zip(found, fits, strict=True):
            own.append(fit)
    return found


def own_columns(stack: Stack) -> OwnColumns:
    """The shared columns of which a trial has an estimate, then the nuisance columns."""
    design, full = stack.whole.design, stack.whole.full
    shared = design.shared_index(*OWN_KINDS)
    starts = np.searchsorted(design.study, np.arange(len(design.studies)))
    values = np.column_stack([design.shared[:, shared], design.nuisance]).T
    low = np.minimum.reduceat(values, starts, axis=1)
    varies = (np.maximum.reduceat(values, starts, axis=1) > low).T
    places = np.concatenate([full.x[shared], full.nuisance])
    varies[:, places == 0] = True
    terms = tuple(design.shared_terms[j] for j in shared)
    return OwnColumns(terms, places, shared, stack.by_set(varies))


def fit_rows(stack: Stack, columns: OwnColumns, i: int, k: int) -> StudyFit:
    """The fit of trial k in set i from its rows."""
    design = stack.whole.design
    start, stop = np.searchsorted(design.study, i * stack.k + k + np.arange(2))
    X, N = design.shared[start:stop][:, columns.shared], design.nuisance[start:stop]
    A = np.column_stack([X, N])
    return fit_gaussian_study(stack.design.studies[k], columns.terms, A, design.outcome[start:stop])


def fit_together(stack: Stack, columns: OwnColumns, k: int) -> list[StudyFit] | None:
    """The fits of trial k in all sets; None where its columns are not alike or can hardly be told apart."""
    varies = columns.varies[:, k]
    if (varies != varies[0]).any():
        return None
    at = columns.places[varies[0]]
    full, scale = stack.whole.full, stack.whole.scaling.scale
    gram = stack.by_set(full.gram[:, 0])[:, k]
    own, right, y2 = gram[:, at[:, None], at], gram[:, at, full.y], gram[:, full.y, full.y]
    df = int(stack.design.study_sizes[k]) - len(at)
    if df < 1 or not plainly_distinct(own, np.einsum("mii->mi", own)):
        return None
    inverse = np.linalg.inv(own)
    beta = (inverse @ right[..., None])[..., 0]
    left = y2 - (beta * right).sum(axis=1)
    if not (left > EXACT * y2).all():
        return None
    covariance = inverse * (left / df)[:, None, None]
    unit = scale[full.y] / scale[at]
    beta, covariance = beta * unit, covariance * np.outer(unit, unit)
    has = varies[0, : len(columns.terms)]
    terms = tuple(term for term, own_term in zip(columns.terms, has, strict=True) if own_term)
    silent = {term: NO_VARIATION for term in columns.terms if term not in terms}
    r, study = len(terms), stack.design.studies[k]
    return [
        StudyFit(study, terms, beta[i, :r], covariance[i, :r, :r], float(df), dict(silent))
        for i in range(stack.m)
    ]
