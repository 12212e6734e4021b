"""Risk of bias, one item at a time: as a study-level moderator, and as a covariate of the model."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ipdma.analysis.aggregate import ipd_effects
from ipdma.analysis.cell import Cell
from ipdma.analysis.context import Context
from ipdma.analysis.fitting import try_fit, try_fit_design, write_fit
from ipdma.analysis.guest_notes import note_silent
from ipdma.analysis.moderator_frame import ModeratorFrame, Refused, moderator_frame
from ipdma.analysis.moderators import note_moderator
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.same_trials import only, primary_trials, stand_beside
from ipdma.analysis.settings import Settings
from ipdma.analysis.study_level import is_numeric, ordered_levels, rows_with, study_values
from ipdma.analysis.study_moderator import fit_study_moderator, regress_studies
from ipdma.model.spec import ModelSpec

OVERALL = "rob_overall"


def analyse_risk_of_bias(cell: Cell, context: Context) -> Ledger:
    """Each item of the plan's `risk_of_bias` that differs between the trials of the cell."""
    ledger, settings = Ledger(), context.settings
    spec = settings.primary(cell.family)
    items = {item: study_values(cell, item) for item in settings.plan["risk_of_bias"]}
    differing = {item: values for item, values in items.items() if values.nunique() > 1}
    effects = ipd_effects(cell, spec) if differing else []
    for item, values in differing.items():
        levels = [] if is_numeric(values) else ordered_levels(values)
        if not in_full(cell, settings):
            ident = cell.ident("risk_of_bias", "two", item)
            note_silent(ledger, ident, only(cell, frozenset(values.index)), spec.covariates)
            n = int(cell.analysed["study"].isin(values.index).sum())
            own = dict(zip(map(str, values.index), values, strict=True))
            regress_studies(ledger, ident, own, n, levels, effects, settings.level)
            continue
        part = cell.but(rows_with(cell, values, item))
        fit_study_moderator(ledger, part, spec, "risk_of_bias", item, levels, effects)
        fit_as_covariate(ledger, part, spec, item)
    beside_judged(ledger, cell, settings, differing)
    return ledger


def beside_judged(ledger: Ledger, cell: Cell, settings: Settings, items: Mapping[str, pd.Series]) -> None:
    """Where an item was judged in some trials alone: the primary model on those stands beside."""
    judged = {item: frozenset(map(str, values.index)) for item, values in items.items()}
    if all(trials >= set(cell.studies) for trials in judged.values()):
        return
    primary, made = primary_trials(cell, settings), {row["analysis_id"] for row in ledger.estimates}
    for item, trials in judged.items():
        for model, stage in (("risk_of_bias", "one"), ("risk_of_bias", "two"), ("rob_covariate", "one")):
            ident = cell.ident(model, stage, item)
            if str(ident) in made:
                stand_beside(ledger, cell, settings, ident, trials, primary)


def in_full(cell: Cell, settings: Settings) -> bool:
    """Whether the one-stage analyses are made: for the plan's first outcome, where it is a score.

    Elsewhere meta-regression alone says what an item does; a logistic model with every item takes minutes.
    """
    return cell.family == "gaussian" and cell.outcome == settings.plan.first_outcome


def with_covariate(spec: ModelSpec, item: str) -> ModelSpec:
    """The model with a random intercept and common slopes, in which a study-level covariate can stand."""
    return spec.replace(
        covariates=tuple(dict.fromkeys((*spec.covariates, item))),
        intercept="random",
        covariate_slopes="common",
        centre_covariates="none",
        df=None,
        random_correlation=True,
    )


def fit_as_covariate(ledger: Ledger, cell: Cell, spec: ModelSpec, item: str) -> None:
    """The treatment effect with the item among the covariates, in one stage: no trial alone could hold it."""
    ident = cell.ident("rob_covariate", "one", item)
    found = try_fit_design(ledger, ident, cell, with_covariate(spec, item))
    if found is not None:
        write_fit(ledger, ident, found[0], lambda term: term == "treatment")


def analyse_adjusted_moderators(cell: Cell, context: Context) -> Ledger:
    """Within-trial interactions in the random-intercept model with the overall judgement as covariate."""
    ledger, settings = Ledger(), context.settings
    values = study_values(cell, OVERALL)
    if not in_full(cell, settings) or OVERALL not in settings.plan["risk_of_bias"] or values.nunique() < 2:
        return ledger
    part = cell.but(rows_with(cell, values, OVERALL))
    spec = with_covariate(settings.primary(cell.family), OVERALL)
    for moderator in settings.moderators_of(cell.outcome):
        ident = part.ident("rob_moderator", "one", moderator.name)
        note_moderator(ledger, ident, part, moderator, spec)
        try:
            data = moderator_frame(part, moderator, spec.covariates)
        except (Refused, KeyError):
            continue  # said once, under the primary model
        if len(data.varying()) < min(settings.minimum_studies, len(cell.studies)):
            continue
        fit_adjusted(ledger, ident, data, spec)
    return ledger


def fit_adjusted(ledger: Ledger, ident: Ident, data: ModeratorFrame, spec: ModelSpec) -> None:
    """Fit one moderator beside the overall risk of bias and write its within-trial rows."""
    fit = try_fit(ledger, ident, data, data.join(spec))
    if fit is not None:
        write_fit(ledger, ident, fit, lambda term: term.is_effect("within", data.name))


def write_bias_trials(ledger: Ledger, cell: Cell, ident: Ident) -> None:
    """How many trials of a headline stand at each overall risk of bias, and which share of weight they carry.

    Parameters
    ----------
    ident : Ident
        The headline whose weights count; its trials' rows stand in the ledger.
    """
    judged = study_values(cell, OVERALL).dropna()
    weights = {
        row["study"]: row["weight"]
        for row in ledger.study_estimates
        if row["analysis_id"] == str(ident) and row["term"] == "treatment" and row["weight"] is not None
    }
    whole = sum(weights.get(study, 0.0) for study in judged.index)
    for level in ordered_levels(judged) if len(judged) and not is_numeric(judged) else []:
        own = judged.index[judged == level]
        share = sum(weights.get(study, 0.0) for study in own) / whole if whole else None
        ledger.count(
            ident, "bias_trials", variable=OVERALL, level=str(level), n=len(own), of=len(judged), value=share
        )
