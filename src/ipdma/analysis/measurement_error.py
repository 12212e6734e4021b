"""Severity is measured with error, which flattens an interaction: what it is at a stated reliability.

Errors in variables by their moments (Fuller 1987, Measurement Error Models, 1.1 and 2.2), in the form of
regression calibration (Carroll, Ruppert, Stefanski and Crainiceanu 2006, Measurement Error in Nonlinear
Models, chapter 4), which in a linear model with the treatment randomised is the same: each observed score
gives way to the true one that is expected of it and of the covariates, in its own trial.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell, design_frame
from ipdma.analysis.guest_notes import note_silent
from ipdma.analysis.moderators import fit_plain_moderator
from ipdma.analysis.record_words import SAME
from ipdma.analysis.records import Ledger
from ipdma.analysis.same_trials import only
from ipdma.analysis.settings import Moderator, Settings
from ipdma.model.spec import ModelSpec

BASELINE = "baseline"
Reliability = float | Mapping[str, float]


def fit_with_error(ledger: Ledger, cell: Cell, settings: Settings, name: str, spec: ModelSpec) -> None:
    """The interactions with baseline severity at the reliability that a sensitivity analysis states.

    Parameters
    ----------
    cell : Cell
        Its baseline scores are taken as measured with error.
    name : str
        The sensitivity analysis; its key `reliability` is that of the scores within the trials of an
        instrument, a number for all or one for each.
    """
    keys = settings.plan["sensitivity"][name]
    if cell.family != "gaussian":
        ledger.note(cell.ident(name), "not_run", "the correction for measurement error is that of a score")
        return
    corrected = correct_baseline(ledger, cell, name, keys["reliability"], spec.covariates)
    if not corrected.studies:
        ledger.note(cell.ident(name), "not_run", "no trial has baseline scores of a stated reliability")
        return
    wanted = keys.get("moderators")
    scores = [
        m for m in settings.moderators_of(cell.outcome) if is_score(m) and m.name in (wanted or [m.name])
    ]
    if not scores:
        ledger.note(
            cell.ident(name), "not_run", "no moderator of this outcome is the baseline score as it is"
        )
    kept = frozenset(map(str, corrected.studies))
    fewer = len(kept) < len(cell.studies)
    for moderator in scores:
        fit_plain_moderator(ledger, corrected, settings, name, moderator, spec)
        if fewer:
            beside, primary = f"{name}:{SAME}", settings.plan.primary(cell.family)
            fit_plain_moderator(ledger, only(cell, kept), settings, beside, moderator, primary)


def is_score(moderator: Moderator) -> bool:
    """Whether a moderator is the baseline score itself; levels and logarithms of it are not linear in it."""
    return (moderator.column, moderator.type, moderator.transform) == (BASELINE, "continuous", "none")


def correct_baseline(
    ledger: Ledger, cell: Cell, name: str, stated: Reliability, covariates: Sequence[str]
) -> Cell:
    """The cell with the expected true score in the place of each baseline score.

    The error's variance belongs to an instrument: one less its reliability, times the variance of its scores
    within trials and arms. A trial whose scores vary no more than that is left out, with the reason.
    """
    asked = list(dict.fromkeys([*covariates, BASELINE]))
    note_silent(ledger, cell.ident(name), cell, asked)
    rows = cell.with_columns(asked)
    frame, names = design_frame(rows, [c for c in covariates if c != BASELINE])
    table = frame.assign(**{BASELINE: rows[BASELINE].astype(float), "instrument": rows["instrument"]})
    table = table.dropna(subset=[BASELINE, *names])
    error = error_variances(table, stated)
    kept = []
    for study, trial in table.groupby("study"):
        true = true_scores(trial, names, [error.get(i) for i in trial["instrument"].astype(str)])
        if isinstance(true, str):
            ledger.count(cell.ident(name), "not_estimable", study=str(study), level=true)
        else:
            kept.append(true)
    found = pd.concat(kept) if kept else pd.Series(dtype=float)
    part = rows.loc[rows.index.isin(found.index)]
    corrected = part.assign(**{BASELINE: found.reindex(part.index)})
    return replace(cell, rows=corrected, guests=())  # a guest's rows were made for these very columns


def error_variances(table: pd.DataFrame, stated: Reliability) -> dict[str, float]:
    """The variance of the error of each instrument's scores, where its reliability is stated."""
    centred = table[BASELINE] - table.groupby(["study", "treat"])[BASELINE].transform("mean")
    found: dict[str, float] = {}
    for instrument, rows in table.groupby(table["instrument"].astype(str)):
        reliability = stated.get(str(instrument)) if isinstance(stated, Mapping) else stated
        df = len(rows) - rows.groupby(["study", "treat"]).ngroups
        if reliability is not None and df > 0:
            variance = float((centred[rows.index] ** 2).sum()) / df
            found[str(instrument)] = (1 - reliability) * variance
    return found


def true_scores(
    trial: pd.DataFrame, covariates: Sequence[str], error: Sequence[float | None]
) -> pd.Series | str:
    """E[X | W, Z] of one trial, with its mean, or why it cannot be computed.

    With W the centred score, Z the centred covariates, S their covariance within arms and s2 the variance of
    the error: X = W - s2 [W, Z] S^-1 e1, without covariates W (1 - s2 / var(W)).
    """
    if any(value is None for value in error):
        return "no reliability is stated for its instrument"
    s2 = float(np.mean([value for value in error if value is not None]))
    D = trial[[BASELINE, *covariates]].to_numpy(float)
    within = D - trial[[BASELINE, *covariates]].groupby(trial["treat"]).transform("mean").to_numpy()
    df = len(D) - trial["treat"].nunique()
    if df <= len(covariates) + 1:
        return "too few participants to tell the spread of its baseline scores"
    S = within.T @ within / df
    share = s2 * np.linalg.pinv(S)[:, 0]
    if share[0] >= 1:
        return "its baseline scores vary no more than the stated error of measurement"
    centred = D - D.mean(axis=0)
    return pd.Series(D[:, 0] - centred @ share, index=trial.index)
