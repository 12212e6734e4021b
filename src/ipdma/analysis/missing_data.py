"""Gaps counted; headline and moderators on imputed data, and what they become if gaps are not at random."""

from __future__ import annotations

from ipdma.analysis.cell import Cell
from ipdma.analysis.completed import (
    Completed,
    complete_cell,
    helping_cells,
    imputed_variables,
    with_helpers,
)
from ipdma.analysis.context import Context
from ipdma.analysis.departed import delta_pairs, depart
from ipdma.analysis.guest_completed import completed_guests, sets_of_guests, with_guests
from ipdma.analysis.guest_notes import KIND, note_left_out
from ipdma.analysis.imputation_counts import write_diagnostics, write_missing
from ipdma.analysis.imputed_binary import analyse_binary
from ipdma.analysis.imputed_fits import fit_headline, fit_moderator
from ipdma.analysis.missing_plan import MODEL, MissingPlan, read_missing
from ipdma.analysis.records import Ledger
from ipdma.analysis.settings import Settings
from ipdma.analysis.two_level import MODEL as TWO_LEVEL
from ipdma.analysis.two_level import analyse_two_level
from ipdma.bundle.records import IMPUTED


def analyse_missing(cell: Cell, context: Context) -> Ledger:
    """Tabulate gaps; impute and refit where the plan says so.

    A score is imputed, with the help of the contrast's other scores; a response or remission is derived
    from its imputed score by the codebook's rules. Without a codebook that is not done, and said.
    """
    ledger, settings = Ledger(), context.settings
    plan = read_missing(settings)
    imputes = plan.imputes(cell.outcome)
    alone = cell.without_guests()
    if not cell.studies:
        return ledger
    note_guests(ledger, cell, plan)
    variables = imputed_variables(alone, settings, plan)
    if cell.family == "gaussian" and cell.outcome == settings.plan.first_outcome:
        write_missing(ledger, alone, [name for name in variables if varies(alone, name)])
    cells = [other.without_guests() for other in context.cells.values()]
    helped = with_helpers(alone, helping_cells(alone, cells, settings) if imputes else [])
    if cell.family != "gaussian":
        if alone.studies:
            analyse_binary(ledger, alone, helped, variables, plan, context)
        return ledger
    brought = sets_of_guests(completed_guests(cell)) if imputes else {}
    if imputes and (alone.studies or brought):
        keep = context.kept.get
        completed = complete_cell(helped.rows, variables, helped.names, plan, keep=keep, brought=brought)
        fit_completed(ledger, completed, cell, settings, plan)
        write_diagnostics(ledger, alone, completed)
        depart(ledger, completed, cell, settings, plan, helped.earlier)
    return ledger


def note_guests(ledger: Ledger, cell: Cell, plan: MissingPlan) -> None:
    """Say what moments do not tell of gaps and of how they are filled."""
    if not plan.imputes(cell.outcome):
        return
    ident = cell.ident(MODEL, "one")
    if cell.family != "gaussian":
        note_left_out(ledger, ident, [cell], "imputing events")
        return
    note_left_out(ledger, ident, [cell], "telling gaps by variable, and how they were filled,")
    if plan.systematic == "two_level":
        note_left_out(ledger, cell.ident(TWO_LEVEL, "one"), [cell], "imputing what a trial never measured")
    rows_of = {MODEL: IMPUTED, **({"delta": IMPUTED} if delta_pairs(plan) else {})}
    rows_of |= {method: f"{IMPUTED}.{method}" for method in plan.reference_based}
    for model, rows in rows_of.items():
        bringing = {guest.study for guest in completed_guests(cell, rows)}
        lacking = [guest.study for guest in cell.guests if guest.study in {*cell.studies} - bringing]
        if lacking:
            why = "the bundle has no completed data sets of this outcome"
            ledger.note(cell.ident(model), KIND, f"without {', '.join(lacking)}: {why}")


def varies(cell: Cell, name: str) -> bool:
    """Whether a column has more than one value among the analysed studies."""
    return cell.rows.loc[cell.rows["study"].isin(cell.studies), name].dropna().nunique() > 1


def fit_completed(
    ledger: Ledger, completed: Completed, cell: Cell, settings: Settings, plan: MissingPlan
) -> None:
    """Refit the headline and the moderators of the plan's models on the completed data."""
    filled = with_guests(cell, completed.rows, completed.done.m)
    for model in plan.models:
        name = MODEL if model == settings.primary_model else f"{MODEL}:{model}"
        spec = settings.plan.model(model, cell.family)
        for stage in ("one", "two"):
            fit_headline(ledger, cell.ident(name, stage), filled, spec)
        ledger.count(cell.ident(name, "one"), "imputations", n=completed.done.m)
        for text in completed.done.notes:
            ledger.note(cell.ident(name, "one"), "imputation_note", text)
        for moderator in settings.moderators_of(cell.outcome):
            ident = cell.ident(name, "one", moderator.name)
            fit_moderator(ledger, ident, filled, moderator, spec)
    if plan.systematic == "two_level":
        alone = cell.without_guests()
        if alone.studies:
            analyse_two_level(ledger, alone.but(completed.rows), alone, settings, plan)
