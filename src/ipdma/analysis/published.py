"""Trials of which a publication gives the moments of the arms, beside those with participants' data."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from ipdma.analysis.aggregate import StudyEffect, aggregate_effects, ipd_effects, write_pooled
from ipdma.analysis.cell import Cell
from ipdma.analysis.context import Context
from ipdma.analysis.guest_notes import note_silent
from ipdma.analysis.headline import fit_headline
from ipdma.analysis.records import Ident, Ledger
from ipdma.bundle.published import SIDES, Row, correlation_range, is_for, published_rows
from ipdma.model.spec import ModelSpec


def published_here(cell: Cell, context: Context) -> list[Row]:
    """Rows of the aggregate results that give moments for this cell, of trials that contributed nothing
    else."""
    if cell.family != "gaussian" or context.codebook is None:
        return []
    people = () if context.participants is None else context.participants["study"].astype(str).unique()
    known = {*people, *cell.rows["study"], *(bundle.study_id for bundle in context.bundles)}
    return [row for row in published_rows(context.aggregate, list(known)) if is_for(row, *cell.key)]


def fit_published(
    ledger: Ledger,
    joined: Cell,
    context: Context,
    model: str,
    spec: ModelSpec,
    rows: Sequence[Row],
    position: float,
    without: Collection[str],
) -> None:
    """Both stages with the published trials among the others, at one position in the ranges of
    correlations; `without` as in `pool_with_aggregate`."""
    names = {str(row["study"]) for row in rows}
    fit_headline(ledger, joined, model, "one", spec)
    pool_with_aggregate(ledger, joined, context, model, spec, names, without)
    for found in ledger.study_estimates:
        if found["model"] == model and found["study"] in names:
            found["source"] = "aggregate"
    for row in rows:
        for side in SIDES:
            low, high = correlation_range(row, side) or (0.0, 0.0)
            value = low + position * (high - low)
            ident = joined.ident(model, "one")
            ledger.count(ident, "published_correlation", study=str(row["study"]), arm=side, value=value)


def pool_with_aggregate(
    ledger: Ledger,
    cell: Cell,
    context: Context,
    name: str,
    spec: ModelSpec,
    published: Collection[str] = (),
    without: Collection[str] = (),
    studies: bool = True,
) -> None:
    """The second stage of the changed model with the trials that gave aggregate results alone.

    Parameters
    ----------
    published : collection of str
        Trials of the cell whose estimates come from published moments.
    without : collection of str
        Trials that join by no aggregate result: they gave participants' data, or the entry excludes them.
    studies : bool
        Whether the trials' rows are written.
    """
    own: list[StudyEffect] = [
        replace(effect, source="aggregate") if effect.study in published else effect
        for effect in ipd_effects(cell, spec)
    ]
    tau2 = "common" if spec.treatment_effect == "common" else None
    ident: Ident = cell.ident(name, "two")
    note_silent(ledger, ident, cell, spec.covariates)
    extra = [e for e in aggregate_effects(context.aggregate, cell) if e.study not in without]
    write_pooled(ledger, ident, [*own, *extra], context.settings.pool, tau2, studies)
