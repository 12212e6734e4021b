"""Does it work: the plan's models in one stage and two, and heterogeneity between the trials."""

from __future__ import annotations

from ipdma.analysis.absolute import write_absolute
from ipdma.analysis.cell import Cell
from ipdma.analysis.concordance import differences, matched
from ipdma.analysis.context import Context
from ipdma.analysis.headline import fit_both, fit_headline
from ipdma.analysis.records import Ledger
from ipdma.analysis.risk_of_bias import write_bias_trials
from ipdma.analysis.same_trials import stand_beside, trials_of
from ipdma.analysis.settings import Settings
from ipdma.model.spec import ModelSpec


def analyse_efficacy(cell: Cell, context: Context) -> Ledger:
    """Every model of the plan in one and two stages.

    The primary one also with Hartung-Knapp's scale, and with its matched twin.
    """
    ledger, settings = Ledger(), context.settings
    if not cell.studies:
        ledger.note(cell.ident(), "not_fitted", "no study has both sides of the contrast with an outcome")
        return ledger
    used = {}
    for model in settings.models_of(cell.outcome):
        spec = settings.plan.model(model, cell.family)
        fits = fit_both(ledger, cell, settings, model, spec)
        used[model] = {stage: trials_of(fit) for stage, fit in fits.items()}
        if model == settings.primary_model:
            write_absolute(ledger, cell, settings, fits)
            write_bias_trials(ledger, cell, cell.ident(model, "one" if "one" in fits else "two"))
            add_variants(ledger, cell, settings, spec)
    primary = used.get(settings.primary_model, {})
    for model, trials in used.items():
        for stage in trials:
            stand_beside(ledger, cell, settings, cell.ident(model, stage), trials[stage], primary)
    return ledger


def add_variants(ledger: Ledger, cell: Cell, settings: Settings, spec: ModelSpec) -> None:
    """Write the primary model with Hartung-Knapp's scale inside one stage, and its matched pair."""
    if cell.family != "gaussian":
        return
    if spec.df != "hksj":
        scaled = spec.replace(contrasts={}, estimator=None, df="hksj")
        fit_headline(ledger, cell, "hksj", "one", scaled)
    if differences(spec):
        fit_both(ledger, cell, settings, "matched", matched(spec, settings.pool))
