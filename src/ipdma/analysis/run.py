"""Everything that the papers ask: from the rows of each contrast, outcome and time point to the records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import pandas as pd

from ipdma.analysis.aggregate import analyse_aggregate
from ipdma.analysis.cell import Cell, cell_of
from ipdma.analysis.characteristics import count_participants
from ipdma.analysis.context import Analysis, Context, Tables
from ipdma.analysis.efficacy import analyse_efficacy
from ipdma.analysis.engine_table import compare_engines
from ipdma.analysis.found import Found
from ipdma.analysis.longitudinal import analyse_longitudinal
from ipdma.analysis.missing_data import analyse_missing
from ipdma.analysis.moderators import analyse_moderators
from ipdma.analysis.multiverse import analyse_multiverse
from ipdma.analysis.nesting import analyse_nesting
from ipdma.analysis.network import analyse_network
from ipdma.analysis.odds import count_odds_ratios
from ipdma.analysis.prediction import analyse_prediction
from ipdma.analysis.prognosis import analyse_prognosis
from ipdma.analysis.reads import UNREAD, cell_read, context_read, settings_read, units_of
from ipdma.analysis.records import Ledger, Records, tabulate_ledger
from ipdma.analysis.registry_counts import count_registry
from ipdma.analysis.risk_of_bias import analyse_adjusted_moderators, analyse_risk_of_bias
from ipdma.analysis.row_counts import count_rows
from ipdma.analysis.sensitivity import analyse_sensitivity
from ipdma.analysis.settings import read_settings
from ipdma.analysis.small_study import analyse_small_studies
from ipdma.analysis.subgroups import analyse_subgroups
from ipdma.analysis.tree_records import analyse_tree
from ipdma.bundle import Bundle
from ipdma.codebook import Codebook
from ipdma.plan import NETWORK, PROGNOSIS, Plan

CELL_ANALYSES: dict[str, Analysis] = {
    "rows": count_rows,
    "efficacy": analyse_efficacy,
    "moderators": analyse_moderators,
    "subgroups": analyse_subgroups,
    "prediction": analyse_prediction,
    "tree": analyse_tree,
    "risk_of_bias": analyse_risk_of_bias,
    "rob_moderators": analyse_adjusted_moderators,
    "aggregate": analyse_aggregate,
    "small_studies": analyse_small_studies,
    "sensitivity": analyse_sensitivity,
    "nesting": analyse_nesting,
    "multiverse": analyse_multiverse,
    "engines": compare_engines,
}
OWN: dict[str, Analysis] = {PROGNOSIS: analyse_prognosis, NETWORK: analyse_network}
TOGETHER: dict[str, Analysis] = {"longitudinal": analyse_longitudinal, "missing": analyse_missing}
ANALYSES = {**CELL_ANALYSES, **TOGETHER, **OWN}


def analyse(
    tables: Tables,
    plan: Plan,
    *,
    registry: pd.DataFrame | None = None,
    aggregate: pd.DataFrame | None = None,
    variants: Mapping[str, Tables] | None = None,
    participants: pd.DataFrame | None = None,
    everyone: bool = True,
    codebook: Codebook | None = None,
    bundles: Sequence[Bundle] = (),
    source_digest: str = "",
    data_digest: str = "",
    parts: Iterable[str] | None = None,
    say: Callable[[str], None] | None = None,
    found: Found | None = None,
) -> Records:
    """Run the analyses of a plan on the rows of its cells.

    Parameters
    ----------
    tables : mapping of (contrast, outcome, timepoint) to AnalysisRows
        As `ipdma.cohort.build_rows` leaves them; any subset of the plan's cells, so that jobs can share the
        work.
    plan : Plan
    registry, aggregate, variants, participants, codebook, bundles
        See Context; what is absent leaves out the analyses that need it.
    everyone : bool
        Count everyone contributed and the registry's trials as well, which one job of several does.
    source_digest, data_digest : str
        Stamped on every estimate.
    parts : iterable of str, optional
        Names of the analyses to run (keys of `CELL_ANALYSES` and `TOGETHER`); default all. Cells of
        `prognosis` and `network` are analysed whatever it names.
    say : callable, optional
        Called with a line of progress for each cell.
    found : Found, optional
        What an earlier run found; an analysis that it holds is not made again.

    Returns
    -------
    Records
        Deterministic: the same input gives the same rows in the same order. A fit that cannot be made
        leaves no row, and a line in `notes` and `counts`.

    Raises
    ------
    ValueError
        As `tabulate_ledger` does, when two analyses write the same estimate.
    """
    found = found or Found({})
    settings = read_settings(plan)
    cells = {key: cell_of(key, table, settings.family_of(key[1]), bundles) for key, table in tables.items()}
    context = Context(
        settings,
        {
            key: replace(cell, exclusions=UNREAD)
            for key, cell in cells.items()
            if key[0] in plan["contrasts"] and len(cell.rows)
        },
        registry,
        aggregate,
        variants or {},
        participants,
        codebook,
        tuple(bundles),
        found,
    )
    wanted = [*CELL_ANALYSES, *TOGETHER] if parts is None else list(parts)
    ledger = Ledger()
    for key, cell in cells.items():
        if say is not None:
            say(f"analysing {', '.join(key)}")
        ledger.extend(analyse_cell(cell, context, wanted, found))
    for part in (part for part in TOGETHER if part in wanted):
        for key, cell in context.cells.items():
            if say is not None and part == "missing" and plan["missing"]["method"] != "none":
                say(f"imputing {', '.join(key)}")
            ledger.extend(analyse_part(part, cell, context, found))
    if participants is not None:
        here = {key[0] for key in tables} or None
        ledger.extend(count_participants(participants, settings, None, here, bundles, everyone))
    if registry is not None and everyone:
        given = [] if participants is None else participants["study"].astype(str).unique().tolist()
        ledger.extend(count_registry(registry, given))
    return tabulate_ledger(ledger, source_digest, data_digest)


def analyse_cell(cell: Cell, context: Context, parts: Iterable[str], found: Found) -> Ledger:
    """All analyses of one cell on its own; cells of `prognosis` and `network` have their own."""
    if cell.contrast in OWN:
        return analyse_part(cell.contrast, cell, context, found)
    ledger = Ledger()
    for part in parts:
        if part in CELL_ANALYSES:
            ledger.extend(analyse_part(part, cell, context, found))
    if cell.family == "binomial":
        count_odds_ratios(ledger, context.settings.primary_model)
    return ledger


def analyse_part(part: str, cell: Cell, context: Context, found: Found) -> Ledger:
    """One analysis of a cell, from what it reads alone, or as it was found before."""
    ledger = Ledger()
    cell = cell_read(part, cell, context)
    for unit in units_of(part, cell, context.settings.plan):
        given = context_read(unit, cell, context, settings_read(part, context.settings, unit.values))
        ledger.extend(found.ledger(unit, cell, given, partial(ANALYSES[part], cell, given)))
    return ledger
