"""Gaps counted; headline and moderators on imputed data, and what they become if gaps are not at random."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell
from ipdma.analysis.context import Context
from ipdma.analysis.departed import depart
from ipdma.analysis.guest_notes import note_left_out
from ipdma.analysis.imputation_counts import write_diagnostics, write_missing
from ipdma.analysis.imputed_binary import analyse_binary
from ipdma.analysis.imputed_fits import fit_headline, fit_moderator
from ipdma.analysis.missing_plan import MODEL, MissingPlan, read_missing
from ipdma.analysis.records import Ledger
from ipdma.analysis.settings import Settings
from ipdma.analysis.two_level import analyse_two_level
from ipdma.imputation import ImputedRows, impute_rows, needed_imputations

SAME = 0.9999  # correlation within a study from which two scores are one
HELPER_ROWS = 10  # scores that a helper needs in each arm of a study, else it would only add noise there


def analyse_missing(cell: Cell, context: Context) -> Ledger:
    """Tabulate gaps; impute and refit where the plan says so.

    A score is imputed, with the help of the contrast's other scores; a response or remission is derived
    from its imputed score by the codebook's rules. Without a codebook that is not done, and said.
    """
    ledger, settings = Ledger(), context.settings
    plan = read_missing(settings)
    if not cell.studies:
        return ledger
    if plan.imputes(cell.outcome):
        note_left_out(ledger, cell.ident(MODEL, "one"), [cell], "imputation at the centre")
    cell = cell.without_guests()
    cells = [other.without_guests() for other in context.cells.values()]
    others = [other for other in cells if other.contrast == cell.contrast]
    if not cell.studies:
        return ledger
    variables = imputed_variables(cell, settings, plan)
    if cell.family != "gaussian":
        rows, helpers, _ = with_helpers(cell, others) if plan.imputes(cell.outcome) else (cell.rows, [], {})
        analyse_binary(ledger, cell, rows, [*variables, *helpers], settings, plan, context.codebook)
        return ledger
    if cell.outcome == settings.plan.first_outcome:
        write_missing(ledger, cell, variables)
    if not plan.imputes(cell.outcome):
        return ledger
    rows, helpers, earlier = with_helpers(cell, others)
    m = needed_imputations(rows, variables, plan.m)
    done = impute_rows(rows, [*variables, *helpers], m, plan.iterations, plan.seed)
    completed = cell.but(done.rows)
    fit_completed(ledger, completed, cell, settings, plan, done)
    write_diagnostics(ledger, cell, done)
    depart(ledger, completed, cell, settings, plan, earlier)
    return ledger


def imputed_variables(cell: Cell, settings: Settings, plan: MissingPlan) -> list[str]:
    """Baseline, outcome, every moderator's column, covariates and auxiliaries that anyone has."""
    wanted = ["baseline", "outcome", *(m.column for m in settings.moderators_of(cell.outcome))]
    for model in plan.models:
        wanted += settings.plan.models[model].covariates
    wanted += list(plan.auxiliary)
    studies = cell.rows[cell.rows["study"].isin(cell.studies)]
    return [
        c for c in dict.fromkeys(wanted) if c in cell.rows and studies[c].notna().any() and varies(studies[c])
    ]


def varies(column: pd.Series) -> bool:
    """Whether a column has more than one value."""
    return column.dropna().nunique() > 1


def with_helpers(
    cell: Cell, others: Sequence[Cell]
) -> tuple[pd.DataFrame, list[str], dict[str, dict[str, float]]]:
    """The cell's rows in its analysed studies, with scores of other visits and raters beside them.

    Returns
    -------
    rows : DataFrame
    names : list of str
        The helpers' columns; empty in a study where a helper is the outcome itself or too thin.
    earlier : dict of str to dict of str to float
        Of the helpers those of the same outcome, with each study's weeks.
    """
    rows = cell.rows[cell.rows["study"].isin(cell.studies)].reset_index(drop=True)
    names: list[str] = []
    earlier: dict[str, dict[str, float]] = {}
    for other in others:
        if (other.outcome, other.timepoint) == (cell.outcome, cell.timepoint) or other.family != "gaussian":
            continue
        name = f"score:{other.outcome}:{other.timepoint}"
        score = other.rows.set_index(["study", "participant"])["outcome"]
        column = score.reindex(pd.MultiIndex.from_frame(rows[["study", "participant"]])).to_numpy(dtype=float)
        column = own_information(column, rows, names)
        if np.isfinite(column).any():
            rows[name] = column
            names.append(name)
            if other.outcome == cell.outcome and "weeks" in other.rows:
                weeks = other.rows.groupby("study")["weeks"].median()
                earlier[name] = {str(s): float(w) for s, w in weeks.items() if np.isfinite(w)}
    return rows, names, earlier


def own_information(column: np.ndarray, rows: pd.DataFrame, known: Sequence[str]) -> np.ndarray:
    """A helper without the studies in which it repeats the outcome or another helper, or is too thin."""
    column = column.copy()
    treat = rows["treat"].to_numpy()
    rivals = [rows[name].to_numpy(dtype=float) for name in ("outcome", *known)]
    if "outcome_raw" in rows:
        rivals.append(rows["outcome_raw"].to_numpy(dtype=float))
    for study in rows["study"].unique():
        at = (rows["study"] == study).to_numpy()
        thin = min(int(np.isfinite(column[at & (treat == side)]).sum()) for side in (0, 1)) < HELPER_ROWS
        if thin or any(same_scores(column[at], rival[at]) for rival in rivals):
            column[at] = np.nan
    return column


def same_scores(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two columns say the same wherever both speak: then the one cannot help the other."""
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < 3 or np.ptp(a[both]) == 0 or np.ptp(b[both]) == 0:
        return False
    return bool(abs(np.corrcoef(a[both], b[both])[0, 1]) > SAME)


def fit_completed(
    ledger: Ledger, completed: Cell, cell: Cell, settings: Settings, plan: MissingPlan, done: ImputedRows
) -> None:
    """Refit the headline and the moderators of the plan's models on the completed data."""
    for model in plan.models:
        name = MODEL if model == settings.primary_model else f"{MODEL}:{model}"
        spec = settings.plan.model(model, cell.family)
        for stage in ("one", "two"):
            fit_headline(ledger, cell.ident(name, stage), completed, spec)
        ledger.count(cell.ident(name, "one"), "imputations", n=done.m)
        for text in done.notes:
            ledger.note(cell.ident(name, "one"), "imputation_note", text)
        for moderator in settings.moderators_of(cell.outcome):
            ident = cell.ident(name, "one", moderator.name)
            fit_moderator(ledger, ident, completed, moderator, spec)
    if plan.systematic == "two_level":
        analyse_two_level(ledger, completed, cell, settings, plan.seed)
