"""Everything that the papers ask, from the rows of each contrast.

Outcome and time point to the three record files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ipdma.analysis.aggregate import analyse_aggregate
from ipdma.analysis.cell import Cell, cell_of
from ipdma.analysis.characteristics import count_participants
from ipdma.analysis.efficacy import analyse_efficacy
from ipdma.analysis.engine_table import compare_engines
from ipdma.analysis.longitudinal import analyse_longitudinal
from ipdma.analysis.missing_data import analyse_missing
from ipdma.analysis.moderators import analyse_moderators
from ipdma.analysis.multiverse import analyse_multiverse
from ipdma.analysis.odds import count_odds_ratios
from ipdma.analysis.prognosis import CONTRAST, analyse_prognosis
from ipdma.analysis.records import Ledger, Records, tabulate_ledger
from ipdma.analysis.registry_counts import count_registry
from ipdma.analysis.risk_of_bias import analyse_adjusted_moderators, analyse_risk_of_bias
from ipdma.analysis.row_counts import count_rows
from ipdma.analysis.sensitivity import analyse_sensitivity
from ipdma.analysis.settings import Settings, read_settings
from ipdma.analysis.small_study import analyse_small_studies
from ipdma.analysis.subgroups import analyse_subgroups
from ipdma.analysis.tree_records import analyse_tree
from ipdma.codebook import Codebook

Key = tuple[str, str, str]
Tables = Mapping[Key, Any]


@dataclass(frozen=True)
class Context:
    """What an analysis may read beside its cell.

    Attributes
    ----------
    settings : Settings
    registry, aggregate : DataFrame or None
        The plan's registry of trials, and the aggregate results of trials without participant data.
    variants : mapping of str to tables
        For each sensitivity analysis that needs rows of its own, its tables.
    participants : DataFrame or None
        Every contributed participant: `study, participant, arm, condition` and the codebook's variables.
    codebook : Codebook or None
        The rules of response and remission, for imputed scores.
    """

    settings: Settings
    registry: pd.DataFrame | None = None
    aggregate: pd.DataFrame | None = None
    variants: Mapping[str, Tables] | None = None
    participants: pd.DataFrame | None = None
    codebook: Codebook | None = None


TOGETHER = ("longitudinal", "missing")

Analysis = Callable[[Cell, Context], Ledger]

CELL_ANALYSES: dict[str, Analysis] = {
    "rows": lambda cell, context: count_rows(cell, context.settings),
    "efficacy": lambda cell, context: analyse_efficacy(cell, context.settings),
    "moderators": lambda cell, context: analyse_moderators(cell, context.settings),
    "subgroups": lambda cell, context: analyse_subgroups(cell, context.settings),
    "tree": lambda cell, context: analyse_tree(cell, context.settings),
    "risk_of_bias": lambda cell, context: analyse_risk_of_bias(cell, context.settings),
    "rob_moderators": lambda cell, context: analyse_adjusted_moderators(cell, context.settings),
    "aggregate": lambda cell, context: analyse_aggregate(cell, context.settings, context.aggregate),
    "small_studies": lambda cell, context: analyse_small_studies(cell, context.settings, context.aggregate),
    "sensitivity": lambda cell, context: analyse_sensitivity(
        cell, context.settings, context.aggregate, context.variants
    ),
    "multiverse": lambda cell, context: analyse_multiverse(cell, context.settings, context.variants),
    "engines": lambda cell, context: compare_engines(cell, context.settings),
}


def analyse(
    tables: Tables,
    plan: Any,
    *,
    registry: pd.DataFrame | None = None,
    aggregate: pd.DataFrame | None = None,
    variants: Mapping[str, Tables] | None = None,
    participants: pd.DataFrame | None = None,
    codebook: Codebook | None = None,
    source_digest: str = "",
    data_digest: str = "",
    parts: Iterable[str] | None = None,
    say: Callable[[str], None] | None = None,
) -> Records:
    """Run the analyses of a plan on the rows of its cells.

    Parameters
    ----------
    tables : mapping of (contrast, outcome, timepoint) to AnalysisRows
        As `ipdma.cohort.build_rows` leaves them; any subset of the plan's cells, so that jobs can share the
        work.
    plan : Plan or mapping
    registry, aggregate, variants, participants, codebook
        See Context; what is absent leaves out the analyses that need it.
    source_digest, data_digest : str
        Stamped on every estimate.
    parts : iterable of str, optional
        Names of the analyses to run (keys of `CELL_ANALYSES`); default all.
    say : callable, optional
        Called with a line of progress for each cell.

    Returns
    -------
    Records
        Deterministic: the same input gives the same rows in the same order. A fit that cannot be made
        leaves no row, and a
        line in `notes` and `counts`.
    """
    context = Context(read_settings(plan), registry, aggregate, variants, participants, codebook)
    wanted = [*CELL_ANALYSES, *TOGETHER] if parts is None else list(parts)
    ledger = Ledger()
    for key, table in tables.items():
        if say is not None:
            say(f"analysing {', '.join(key)}")
        ledger.extend(analyse_cell(key, table, context, wanted))
    ledger.extend(analyse_together(tables, context, wanted, say))
    if participants is not None:
        here = {key[0] for key in tables} or None
        ledger.extend(count_participants(participants, context.settings, contrasts=here))
    if registry is not None:
        given = [] if participants is None else participants["study"].astype(str).unique().tolist()
        ledger.extend(count_registry(registry, given))
    return tabulate_ledger(ledger, source_digest, data_digest)


def analyse_cell(key: Key, table: Any, context: Context, parts: Iterable[str]) -> Ledger:
    """All analyses of one cell; a cell of contrast `prognosis` has its own."""
    cell = cell_of(key, table, context.settings.family_of(key[1]))
    if cell.contrast == CONTRAST:
        return analyse_prognosis(cell, context.settings)
    ledger = Ledger()
    for part in parts:
        if part in CELL_ANALYSES:
            ledger.extend(CELL_ANALYSES[part](cell, context))
    if cell.family == "binomial":
        count_odds_ratios(ledger, context.settings)
    return ledger


def analyse_together(
    tables: Tables, context: Context, parts: Iterable[str], say: Callable[[str], None] | None
) -> Ledger:
    """Analyses that read several cells of a contrast: all visits in one model, imputation."""
    ledger, settings = Ledger(), context.settings
    cells = {
        key: cell_of(key, table, settings.family_of(key[1]))
        for key, table in tables.items()
        if key[0] != CONTRAST
    }
    cells = {key: cell for key, cell in cells.items() if len(cell.rows)}
    if "longitudinal" in parts:
        visits = (settings.plan.get("longitudinal") or {}).get("visits") or ()
        for contrast, outcome in dict.fromkeys((key[0], key[1]) for key in cells):
            found = [cells[contrast, outcome, v] for v in visits if (contrast, outcome, v) in cells]
            if outcome == first_outcome(settings) and len(found) > 1:
                ledger.extend(analyse_longitudinal(found, settings))
    if "missing" in parts:
        for key, cell in cells.items():
            if (
                say is not None
                and (settings.plan.get("missing") or {}).get("method") == "multiple_imputation"
            ):
                say(f"imputing {', '.join(key)}")
            others = [other for name, other in cells.items() if name[0] == key[0]]
            ledger.extend(analyse_missing(cell, settings, others, context.codebook))
    return ledger


def first_outcome(settings: Settings) -> str:
    """The plan's first outcome, a score."""
    return next(iter(settings.outcomes), "")
