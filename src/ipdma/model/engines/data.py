"""A model as plain columns that any engine can fit, and the record of what it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ipdma.errors import FitError
from ipdma.model.binomial_problem import build_problem, data_columns
from ipdma.model.design import Design, build_design
from ipdma.model.factor import factor_of, is_singular
from ipdma.model.gaussian import prepare_design
from ipdma.model.records import Estimate, Fit
from ipdma.model.spec import ModelSpec
from ipdma.model.term import Term
from ipdma.model.variance import VarianceComponents, effects_of

Array = np.ndarray
LARGEST = 1_000_000  # numbers in X: some seconds and a hundred megabytes of another engine


@dataclass(frozen=True)
class EngineData:
    """A model as plain columns, on the scale of the data.

    Attributes
    ----------
    y : ndarray of shape (n,)
    X : ndarray of shape (n, p)
        One column for each of `terms`, those of single studies among them.
    Z : ndarray of shape (n, r)
        Columns with a random effect per study.
    study : ndarray of str, shape (n,)
    participant : ndarray of int, shape (n,), or None
    pairs : tuple of (int, int)
        Free entries (i >= j) of the random effects' Cholesky factor.
    """

    design: Design
    y: Array
    X: Array
    terms: tuple[Term, ...]
    Z: Array
    study: Array
    participant: Array | None
    pairs: tuple[tuple[int, int], ...]


def engine_data(rows: pd.DataFrame, spec: ModelSpec) -> EngineData:
    """The columns that our own engine fits, aliased and separated ones left out, on the scale of the data.

    Raises
    ------
    SpecError, DataError, FitError
        As our own engine does, and for a model too large for the others.
    """
    design = build_design(rows, spec)
    require_small(design)
    if design.spec.family == "binomial":
        problem = build_problem(design)
        X = data_columns(problem).toarray()
        data, labels = problem.data, np.array(problem.design.studies)[problem.data.study]
        return EngineData(design, data.y, X, problem.terms, data.Z, labels, None, data.pairs)
    prepared = prepare_design(design)
    at = [design.shared_terms.index(term) for term in prepared.shared_terms]
    columns, terms = [design.shared[:, at]], list(prepared.shared_terms)
    for h, name in enumerate(design.nuisance_terms):
        for k in np.flatnonzero(prepared.full.keep[:, h]):
            columns.append(np.where(design.study == k, design.nuisance[:, h], 0.0)[:, None])
            terms.append(name.but(study=design.studies[k]))
    labels = np.array(design.studies)[design.study]
    X = np.column_stack(columns)
    return EngineData(
        design,
        design.outcome,
        X,
        tuple(terms),
        design.random,
        labels,
        design.participant,
        prepared.full.pairs,
    )


def require_small(design: Design) -> None:
    """Raise FitError for more numbers than an engine that holds every column can take in good time."""
    columns = design.shared.shape[1] + design.nuisance.shape[1] * len(design.studies)
    if design.n_rows * columns > LARGEST:
        raise FitError(
            f"not asked, since it would hold {columns} columns (those of each study among them) of "
            f"{design.n_rows} rows; expected {LARGEST:,} numbers at most"
        )


def make_record(
    data: EngineData,
    estimates: Sequence[Estimate],
    D: Array,
    sigma2: float | None,
    criterion: float,
    df_method: str,
    converged: bool,
    covariance: Array,
    engine: tuple[str, str],
    notes: Sequence[str] = (),
) -> Fit:
    """The parts that every engine's record has alike.

    Parameters
    ----------
    estimates : sequence of Estimate
        One for each column of `data.X`.
    D : ndarray of shape (r, r)
        Covariance of the random effects, in the order of `data.Z`.
    sigma2 : float or None
        Residual variance; None for a binomial model.
    criterion : float
        Minus twice the (restricted) log likelihood.
    df_method : str
    converged : bool
    covariance : ndarray of shape (p, p)
        Of the fixed effects.
    engine : tuple of str
        Its name and version.
    notes : sequence of str
        Warnings.
    """
    design = data.design
    variance = VarianceComponents(
        **effects_of(design.random_terms, D),
        intercept_treatment_cov=float(D[1, 0]) if (1, 0) in data.pairs else None,
        residual=sigma2,
    )
    scale = np.sqrt(np.maximum(np.diag(D), 1e-300))
    correlation = D / np.outer(scale, scale)
    singular = bool(
        is_singular(np.diag(scale), 1e-4 * np.sqrt(sigma2 or 1.0)) | is_singular(factor_of(correlation), 1e-3)
    )
    restricted = design.spec.family == "gaussian" and design.spec.estimator == "reml"
    return Fit(
        estimates=tuple(estimates),
        variance=variance,
        criterion=criterion,
        criterion_name="minus_two_reml_loglik" if restricted else "minus_two_loglik",
        n_studies=len(design.studies),
        n_rows=design.n_rows,
        n_rows_excluded=design.n_excluded,
        df_method=df_method,
        converged=converged,
        singular=singular,
        warnings=tuple(notes),
        engine=engine[0],
        version=engine[1],
        covariance=covariance,
    )
