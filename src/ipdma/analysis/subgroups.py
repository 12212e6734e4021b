"""The primary model inside each kind of trial (by comparator), and the test that the kinds differ."""

from __future__ import annotations

from itertools import chain

from ipdma.analysis.aggregate import ipd_effects
from ipdma.analysis.cell import Cell
from ipdma.analysis.concordance import differences, write_concordance
from ipdma.analysis.context import Context
from ipdma.analysis.fitting import try_fit_design, write_fit, write_studies
from ipdma.analysis.records import Ledger
from ipdma.analysis.settings import Settings
from ipdma.analysis.study_level import rows_with, study_values
from ipdma.analysis.study_moderator import fit_study_moderator

MODEL = "subgroup"


def analyse_subgroups(cell: Cell, context: Context) -> Ledger:
    """Each division of the plan's `subgroups`: an effect per level and the test between them, both stages."""
    ledger, settings = Ledger(), context.settings
    for name, column in settings.plan["subgroups"].items():
        values = study_values(cell, column).astype(str)
        if values.nunique() < 2:
            continue
        for level in sorted(values.unique()):
            fit_level(ledger, cell, settings, name, level, values[values == level].index.tolist())
        part, effects = (
            cell.but(rows_with(cell, values, name)),
            ipd_effects(cell, settings.primary(cell.family)),
        )
        fit_study_moderator(
            ledger, part, settings.primary(cell.family), MODEL, name, sorted(values.unique()), effects
        )
    return ledger


def fit_level(
    ledger: Ledger, cell: Cell, settings: Settings, name: str, level: str, studies: list[str]
) -> None:
    """The primary model in the studies of one level, both stages and how they agree."""
    part = cell.but(cell.rows[cell.rows["study"].isin(studies)])
    spec = settings.primary(cell.family)
    own = Ledger()
    fits = {}
    for stage in ("one", "two"):
        ident = cell.ident(MODEL, stage, name)
        found = try_fit_design(own, ident, part, spec)
        if found is not None:
            fits[stage] = found[0]
            write_fit(own, ident, found[0], lambda term: term == "treatment")
            write_studies(own, ident, found[0], found[1], cell.family == "binomial")
    for row in chain(own.estimates, own.study_estimates, own.counts):
        row["level"] = row.get("level") or level
    if len(fits) == 2:
        ident, unmatched = cell.ident(MODEL, "one", name, level), differences(spec)
        write_concordance(own, ident, fits["one"], fits["two"], unmatched, settings.explanations)
    ledger.extend(own)
