"""Does it work: the plan's models in one stage and two, and heterogeneity between the trials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ipdma.analysis.absolute import write_absolute
from ipdma.analysis.cell import Cell
from ipdma.analysis.concordance import differences, matched_keys, write_concordance
from ipdma.analysis.fitting import estimate_row, model_keys, try_fit_design, write_fit, write_studies
from ipdma.analysis.records import Ledger
from ipdma.analysis.settings import Settings
from ipdma.model.records import Fit


def is_headline(term: str) -> bool:
    """The treatment effect alone: nuisance terms are no finding."""
    return term == "treatment"


def analyse_efficacy(cell: Cell, settings: Settings) -> Ledger:
    """Every model of the plan in one and two stages.

    The primary one also with Hartung-Knapp's scale and its matched twin.
    """
    ledger = Ledger()
    if not cell.studies:
        ledger.note(cell.ident(), "not_fitted", "no study has both sides of the contrast with an outcome")
        return ledger
    for model in settings.models_of(cell.outcome):
        keys = model_keys(settings, model, cell.family)
        fits = fit_both(ledger, cell, settings, model, keys)
        if model == settings.primary_model:
            write_absolute(ledger, cell, settings, fits)
            add_variants(ledger, cell, settings, keys)
    return ledger


def fit_both(
    ledger: Ledger, cell: Cell, settings: Settings, model: str, keys: Mapping[str, Any], studies: bool = True
) -> dict[str, Fit]:
    """Fit one model in both stages; write its rows, those of its studies, and how the stages agree."""
    fits = {}
    for stage in ("one", "two"):
        fit = fit_headline(ledger, cell, settings, model, stage, keys, studies)
        if fit is not None:
            fits[stage] = fit
    if len(fits) == 2:
        unmatched = differences(keys, cell.family, settings.pool)
        ident = cell.ident(model, "one")
        write_concordance(ledger, ident, fits["one"], fits["two"], unmatched, settings.explanations)
    return fits


def fit_headline(
    ledger: Ledger,
    cell: Cell,
    settings: Settings,
    model: str,
    stage: str,
    keys: Mapping[str, Any],
    studies: bool = True,
) -> Fit | None:
    """Fit one stage of a headline and write its rows."""
    ident = cell.ident(model, stage)
    found = try_fit_design(
        ledger, ident, cell.analysed, keys, settings, cell.family, profile=model in settings.models
    )
    if found is None:
        return None
    fit, used = found
    write_fit(ledger, ident, fit, is_headline)
    for contrast in fit.contrasts:
        ledger.estimates.append(estimate_row(ident, fit, contrast))
    if studies:
        write_studies(ledger, ident, fit, used, cell.family == "binomial")
    return fit


def add_variants(ledger: Ledger, cell: Cell, settings: Settings, keys: Mapping[str, Any]) -> None:
    """Beside the primary model Hartung-Knapp's scale inside one stage.

    And a matched pair where it is none itself.
    """
    if cell.family != "gaussian":
        return
    if keys.get("df") != "hksj":
        hksj = {k: v for k, v in keys.items() if k not in ("contrasts", "estimator")}
        fit_headline(ledger, cell, settings, "hksj", "one", {**hksj, "df": "hksj"})
    if differences(keys, cell.family, settings.pool):
        fit_both(ledger, cell, settings, "matched", matched_keys(keys))
