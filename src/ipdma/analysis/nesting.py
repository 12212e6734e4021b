"""Participants nested in therapists: the headline again, with a variance between therapists."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell, DesignRows, design_frame
from ipdma.analysis.context import Context
from ipdma.analysis.fitting import attempt, fit_rows, number, specify, write_fit, write_studies
from ipdma.analysis.guest_notes import note_left_out
from ipdma.analysis.headline import is_headline
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.same_trials import primary_trials, stand_beside, trials_of
from ipdma.analysis.settings import Settings
from ipdma.model.df import df_method
from ipdma.model.records import Fit
from ipdma.model.spec import ModelSpec

MODEL, CLUSTER = "nesting", "(therapist)"
ALONE = "(alone "  # a therapist of a participant without a code


def analyse_nesting(cell: Cell, context: Context) -> Ledger:
    """The primary model with therapists in the arms that have them, in one stage and in two.

    A trial that never recorded therapists stays as it is; in an arm that did, a participant without a code is
    taken to have a therapist of their own.
    """
    ledger, settings = Ledger(), context.settings
    own = settings.plan["nesting"]
    wanted = own["outcomes"] or [settings.plan.first_outcome]
    if not own["column"] or cell.outcome not in wanted or not cell.studies:
        return ledger
    ident, column = cell.ident(MODEL, "one"), own["column"]
    note_left_out(ledger, ident, [cell], "a variance between therapists")
    cell = cell.without_guests()
    if column not in cell.rows or not cell.analysed[column].notna().any():
        ledger.note(ident, "not_fitted", f"no trial of this contrast recorded '{column}'")
        return ledger
    spec = nested_model(settings, cell.family)
    rows = cell.with_columns(spec.covariates)
    frame, covariates = design_frame(rows, spec.covariates)
    frame[CLUSTER] = clusters(rows, column, own["arms"])
    complete = frame.drop(columns=CLUSTER).notna().all(axis=1)
    if not frame[CLUSTER].notna().any():
        ledger.note(ident, "not_fitted", f"no participant of the {own['arms']} arms has '{column}'")
        return ledger
    count_therapists(ledger, ident, frame[complete])
    for stage in ("one", "two"):
        own_ident = ident.but(stage=stage)
        fit = fit_stage(ledger, own_ident, frame, frame[complete], spec.replace(covariates=covariates))
        if fit is not None and len(used := trials_of(fit)) < len(cell.studies):
            stand_beside(ledger, cell, settings, own_ident, used, primary_trials(cell, settings))
    for study, part in frame.groupby("study"):
        add_trial(ledger, ident, str(study), part, spec.replace(covariates=covariates))
    return ledger


def nested_model(settings: Settings, family: str) -> ModelSpec:
    """The primary model with a variance of therapists; Kenward-Roger where its interval rests on trials."""
    spec = settings.primary(family)
    by_trials = bool(spec.df and df_method(spec.df).by_trials)
    return spec.replace(nesting=CLUSTER, df=None if by_trials else spec.df, contrasts={})


def clusters(rows: pd.DataFrame, column: str, arms: str) -> pd.Series:
    """Each row's therapist, as text; empty in arms that have none, or recorded none."""
    inside = rows["treat"] == 1 if arms == "active" else pd.Series(True, index=rows.index)
    codes = rows[column].astype(object).where(rows[column].notna() & inside, None)
    recorded = codes.notna().groupby([rows["study"], rows["treat"]]).transform("any")
    alone = pd.Series([f"{ALONE}{i})" for i in range(len(rows))], index=rows.index)
    return codes.where(codes.notna() | ~recorded, alone)


def count_therapists(ledger: Ledger, ident: Ident, frame: pd.DataFrame) -> None:
    """Write the therapists of each trial, and how many trials recorded any."""
    inside = frame[frame[CLUSTER].notna()]
    for study, part in inside.groupby("study"):
        alone = part[CLUSTER].astype(str).str.startswith(ALONE)
        known = part.loc[~alone, CLUSTER].nunique()
        ledger.count(ident, "therapists", study=str(study), value=known, n=int(alone.sum()))
    ledger.count(ident, "nesting_studies", n=inside["study"].nunique(), of=frame["study"].nunique())


def fit_stage(
    ledger: Ledger, ident: Ident, frame: pd.DataFrame, used: pd.DataFrame, spec: ModelSpec
) -> Fit | None:
    """Fit one stage and write its rows, with the intraclass correlation of one stage."""
    fit = attempt(ledger, ident, lambda: fit_rows(frame, specify(spec, ident.stage), profile=True))
    if fit is None:
        return None
    write_fit(ledger, ident, fit, is_headline)
    write_studies(ledger, ident, fit, DesignRows(used.drop(columns=CLUSTER), spec.covariates), False)
    if ident.stage == "one" and fit.variance.nesting is not None:
        write_correlation(ledger, ident, fit)
    return fit


def write_correlation(ledger: Ledger, ident: Ident, fit: Fit, study: str = "") -> None:
    """Write the intraclass correlation phi / (phi + sigma2) with the ends of the interval of phi.

    sigma2 is the mean of the trials' residual variances.
    """
    phi, by_study = fit.variance.nesting, fit.variance.residual_by_study
    sigma2 = float(np.mean(list(by_study.values()))) if by_study else fit.variance.residual
    if phi is None or not sigma2:
        return
    low, high = ends(fit.variance_ci)
    for what, value in (("icc", phi), ("icc_low", low), ("icc_high", high)):
        share = None if value is None else 1.0 if np.isinf(value) else value / (value + sigma2)
        if share is not None:
            ledger.count(ident, what, study=study, value=number(share))


def ends(intervals: Mapping[str, tuple[float, float]]) -> tuple[float | None, float | None]:
    """The interval of the therapists' variance."""
    return intervals.get("nesting", (None, None))


def add_trial(ledger: Ledger, ident: Ident, study: str, part: pd.DataFrame, spec: ModelSpec) -> None:
    """One trial's own variance of therapists, or why it cannot be told."""
    if not part[CLUSTER].notna().any():
        return
    own = spec.replace(residual="common", treatment_effect="common", df=None)
    fit = attempt(ledger, ident.but(variant=f"trial:{study}"), lambda: fit_rows(part, own.resolved(), True))
    if fit is None:
        return
    if fit.variance.nesting is None:
        ledger.count(ident, "not_estimable", study=study, level="the variance between its therapists")
        return
    write_correlation(ledger, ident, fit, study)
