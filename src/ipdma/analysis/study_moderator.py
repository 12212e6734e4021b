"""A study-level column as moderator: an across-trial association, in one stage and by meta-regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ipdma.analysis.aggregate import StudyEffect
from ipdma.analysis.cell import Cell, DesignRows, design_frame
from ipdma.analysis.fitting import try_fit, write_fit
from ipdma.analysis.guest_notes import note_silent
from ipdma.analysis.records import Ident, Ledger
from ipdma.errors import IpdmaError
from ipdma.model.df import precision_differs
from ipdma.model.meta_regression import MetaRegression, meta_regression
from ipdma.model.spec import ModelSpec
from ipdma.model.term import TREATMENT, Term


def fit_study_moderator(
    ledger: Ledger,
    cell: Cell,
    spec: ModelSpec,
    model: str,
    name: str,
    levels: Sequence[str],
    effects: Sequence[StudyEffect],
) -> None:
    """Fit `name` (a column of the cell's rows, one value a study) beside the treatment, in both stages.

    Parameters
    ----------
    spec : ModelSpec
        The primary model.
    levels : sequence of str
        Levels, the reference first; empty when the column is a number.
    effects : sequence of StudyEffect
        The studies' own estimates from the first stage of the primary model.
    """
    ident = cell.ident(model, "one", name)
    others = [c for c in spec.covariates if c != name]
    note_silent(ledger, ident, cell, others)
    frame, covariates = design_frame(cell.with_columns(others), others)
    frame[name] = cell.analysed[name]
    moderated = spec.replace(
        covariates=covariates,
        moderator=name,
        interaction="within",
        moderator_type="categorical" if levels else "continuous",
        levels=tuple(levels) or None,
        df=None if spec.df in ("hksj", "nst") else spec.df,  # those are for within terms
    )
    fit = try_fit(ledger, ident, DesignRows(frame, covariates), moderated)
    if fit is not None:
        write_fit(ledger, ident, fit, lambda term: term.is_treatment)
    rows = (cell.analysed[column].to_numpy() for column in ("study", name))
    values = dict(zip(*rows, strict=True))  # one value a study
    n = len(cell.analysed)
    regress_studies(ledger, ident.but(stage="two"), values, n, levels, effects, spec.level)


def regress_studies(
    ledger: Ledger,
    ident: Ident,
    values: Mapping[str, object],
    n: int,
    levels: Sequence[str],
    effects: Sequence[StudyEffect],
    level: float,
) -> None:
    """The two-stage twin: each study's own effect (`effects`) regressed on its value.

    Parameters
    ----------
    values : mapping of str to object
        The value of each study that has one.
    n : int
        Participants analysed in these studies.
    levels, effects
        As `fit_study_moderator` takes them.
    """
    studies = [s for s in effects if s.study in values]
    if not studies:
        ledger.note(ident, "not_fitted", "no study estimate to regress")
        return
    z = np.array([values[s.study] for s in studies], dtype=object if levels else float)
    present = [label for label in levels if (z == label).any()]
    columns = {label: (z == label).astype(float) for label in present[1:]}
    if not levels:
        columns = {"": z}
    X = np.column_stack([np.ones(len(z)), *[c - c.mean() for c in columns.values()]])
    try:
        y, v = np.array([s.estimate for s in studies]), np.array([s.std_error**2 for s in studies])
        fit = meta_regression(y, v, X, precision_differs(v))
    except (IpdmaError, np.linalg.LinAlgError) as error:
        ledger.note(ident, "not_fitted", str(error))
        return
    write_regression(ledger, ident, fit, ident.moderator, list(columns), len(z), n, level)


def write_regression(
    ledger: Ledger,
    ident: Ident,
    fit: MetaRegression,
    name: str,
    labels: Sequence[str],
    k: int,
    n: int,
    level: float,
) -> None:
    """Write the effect at average case mix, each association, and the joint test."""
    shared = {"k": k, "n": n, "df": fit.df, "df_method": "k_minus_p", "converged": True, "singular": False}
    terms = [TREATMENT, *(Term("across", name, label) for label in labels)]
    for j, (term, label) in enumerate(zip(terms, ["", *labels], strict=True)):
        se = float(np.sqrt(fit.covariance[j, j]))
        low, high = fit.interval(j, level)
        numbers = {"estimate": float(fit.beta[j]), "std_error": se, "statistic": float(fit.beta[j]) / se}
        numbers |= {"p_value": fit.p_value(j), "ci_low": low, "ci_high": high}
        tau2 = fit.tau2 if j == 0 else None
        ledger.estimates.append(
            {**ident.columns, "term": term, "level": label, **numbers, "tau2": tau2, **shared}
        )
    if labels and labels[0]:
        term = Term("across", name)
        value, p = fit.joint(list(range(1, len(terms))))
        ledger.estimates.append({**ident.columns, "term": term, "statistic": value, "p_value": p, **shared})
        ledger.count(ident, "df_num", variable=term, value=len(labels))
    for what, value in (("q", fit.q), ("q_df", float(fit.df)), ("q_p", fit.q_p)):
        ledger.count(ident, what, variable="treatment", value=value)
