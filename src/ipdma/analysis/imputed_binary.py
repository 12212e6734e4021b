"""Response and remission where outcomes are missing: derived from imputed scores, or counted as none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell
from ipdma.analysis.completed import Helpers, complete_cell
from ipdma.analysis.context import Context
from ipdma.analysis.imputed_fits import fit_headline
from ipdma.analysis.missing_plan import MODEL, NON_RESPONDER, MissingPlan
from ipdma.analysis.records import Ledger
from ipdma.analysis.settings import Settings
from ipdma.codebook import Codebook
from ipdma.cohort.derive import VARIABLES, derive_remission, derive_response, own_rule, scoring_of

FROM_SCORES = ("response", "remission")
AS_NONE = ("response", "remission", "remission_by_diagnosis")
SCORE = "outcome_raw"


def analyse_binary(
    ledger: Ledger,
    cell: Cell,
    helped: Helpers,
    variables: Sequence[str],
    plan: MissingPlan,
    context: Context,
) -> None:
    """Write the headline of a binary outcome on imputed data, and with gaps counted as no response.

    Parameters
    ----------
    helped : Helpers
        The cell's rows, scores that help beside them.
    variables : sequence of str
        Columns to complete; the score stands in for `outcome` where that is derived from it.
    """
    settings, codebook = context.settings, context.codebook
    measure = str(settings.plan["outcomes"][cell.outcome]["measure"])
    if plan.binary == NON_RESPONDER and measure in AS_NONE and plan.wants(cell.outcome):
        write_headlines(ledger, cell, cell.but(as_none(cell)), NON_RESPONDER, settings, 1)
    if not plan.imputes(cell.outcome):
        return
    ident = cell.ident(MODEL, "one")
    if measure not in (*FROM_SCORES, *VARIABLES):
        ledger.note(ident, "not_fitted", f"{measure} is not derived from imputed scores")
        return
    if measure in FROM_SCORES and codebook is None:
        ledger.note(ident, "not_fitted", "no codebook was given, whose rules turn imputed scores into events")
        return
    score = SCORE if measure in FROM_SCORES else "outcome"
    names = [score if name == "outcome" else name for name in variables]
    done = complete_cell(helped.rows, names, helped.names, plan, ["baseline"], context.kept.get)
    completed = done.rows
    if measure in FROM_SCORES and codebook is not None:
        completed = completed.assign(outcome=derived_events(completed, measure, codebook))
    for text in done.done.notes:
        ledger.note(ident, "imputation_note", text)
    write_headlines(ledger, cell, cell.but(completed), MODEL, settings, done.done.m)


def write_headlines(
    ledger: Ledger, cell: Cell, completed: Cell, model: str, settings: Settings, m: int
) -> None:
    """Both stages of the primary model; the events and participants by side."""
    for stage in ("one", "two"):
        fit_headline(ledger, cell.ident(model, stage), completed, settings.primary(cell.family))
    ident = cell.ident(model, "one")
    if model == MODEL:
        ledger.count(ident, "imputations", n=m)
    rows = completed.analysed
    for side, treat in (("active", 1), ("reference", 0)):
        events = rows.loc[rows["treat"] == treat, "outcome"]
        ledger.count(ident, "event_share", arm=side, of=round(len(events) / m), value=float(events.mean()))


def as_none(cell: Cell) -> pd.DataFrame:
    """The analysed studies' rows, one data set, with every missing event counted as none.

    Who has a score but no event by definition, as with a baseline on the floor, stays without.
    """
    rows = cell.rows[cell.rows["study"].isin(cell.studies)].copy()
    gap = rows["outcome"].isna()
    if SCORE in rows:
        gap &= rows[SCORE].isna()
    rows.loc[gap, "outcome"] = 0.0
    return rows.assign(imputation=1)


def derived_events(rows: pd.DataFrame, measure: str, codebook: Codebook) -> pd.Series:
    """Observed events as they are; else the codebook's rule on the completed score."""
    events = rows["outcome"].astype(float).copy()
    gap = events.isna()
    keys = rows.loc[gap, ["instrument", "scoring"]].fillna("").astype(str)
    for (name, scoring_name), own in keys.groupby(["instrument", "scoring"]):
        at = own.index
        instrument = codebook.instruments.get(str(name))
        if instrument is None:
            continue
        scoring = scoring_of(instrument, str(scoring_name))
        if not own_rule(scoring, instrument, measure):
            continue
        before, after = (rows.loc[at, c].astype(float) for c in ("baseline_raw", SCORE))
        before = before.where(before.notna(), raw_baseline(rows.loc[at], instrument.higher_is_worse))
        if measure == "response":
            events.loc[at] = derive_response(before, after, instrument, scoring)
        else:
            events.loc[at] = derive_remission(after, instrument, scoring)
    return events


def raw_baseline(rows: pd.DataFrame, higher_is_worse: bool) -> pd.Series:
    """An imputed baseline on the instrument's own scale again."""
    scale = rows["scale"].astype(float).fillna(1.0)
    turn = 1.0 if higher_is_worse else -1.0
    return turn * rows["baseline"].astype(float) * np.where(scale > 0, scale, 1.0)
