"""Risk of bias, one item at a time: as a study-level moderator.

And as a covariate of the random-intercept model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ipdma.analysis.aggregate import ipd_effects
from ipdma.analysis.cell import Cell
from ipdma.analysis.fitting import model_keys, try_fit, try_fit_design, write_fit
from ipdma.analysis.moderator_frame import Refused, moderator_frame
from ipdma.analysis.records import Ledger
from ipdma.analysis.settings import Settings
from ipdma.analysis.study_level import is_numeric, ordered_levels, rows_with, study_values
from ipdma.analysis.study_moderator import fit_study_moderator, regress_studies

OVERALL = "rob_overall"


def analyse_risk_of_bias(cell: Cell, settings: Settings) -> Ledger:
    """Each item of the plan's `risk_of_bias` that differs between the trials of the cell."""
    ledger = Ledger()
    items = {item: study_values(cell, item) for item in settings.risk_of_bias}
    differing = {item: values for item, values in items.items() if values.nunique() > 1}
    effects = ipd_effects(cell, settings) if differing else []
    for item, values in differing.items():
        part = cell.but(rows_with(cell, values, item))
        levels = [] if is_numeric(values) else ordered_levels(values)
        if not in_full(cell, settings):
            ident = cell.ident("risk_of_bias", "two", item)
            regress_studies(ledger, part, settings, ident, item, levels, effects)
            continue
        fit_study_moderator(ledger, part, settings, "risk_of_bias", item, levels, effects)
        fit_as_covariate(ledger, part, settings, item)
    return ledger


def in_full(cell: Cell, settings: Settings) -> bool:
    """Whether the one-stage analyses are made: for the plan's first outcome, where it is a score.

    Elsewhere meta-regression alone says what an item does; a logistic model with every item takes minutes.
    """
    return cell.family == "gaussian" and cell.outcome == next(iter(settings.outcomes), cell.outcome)


def random_intercept_keys(keys: Mapping[str, Any], item: str) -> dict[str, Any]:
    """The model with a random intercept and common slopes, in which a study-level covariate can stand."""
    changed = {k: v for k, v in keys.items() if k not in ("df", "random_correlation")}
    covariates = [*(keys.get("covariates") or ()), item]
    return {
        **changed,
        "covariates": covariates,
        "intercept": "random",
        "covariate_slopes": "common",
        "centre_covariates": "none",
    }


def fit_as_covariate(ledger: Ledger, cell: Cell, settings: Settings, item: str) -> None:
    """The treatment effect with the item among the covariates; one stage.

    Since no single trial could hold it.
    """
    keys = random_intercept_keys(model_keys(settings, settings.primary_model, cell.family), item)
    ident = cell.ident("rob_covariate", "one", item)
    found = try_fit_design(ledger, ident, cell.analysed, keys, settings, cell.family)
    if found is not None:
        write_fit(ledger, ident, found[0], lambda term: term == "treatment")


def analyse_adjusted_moderators(cell: Cell, settings: Settings) -> Ledger:
    """Within-trial interactions in the random-intercept model with the overall judgement as covariate."""
    ledger = Ledger()
    values = study_values(cell, OVERALL)
    if not in_full(cell, settings) or OVERALL not in settings.risk_of_bias or values.nunique() < 2:
        return ledger
    part = cell.but(rows_with(cell, values, OVERALL))
    keys = random_intercept_keys(model_keys(settings, settings.primary_model, cell.family), OVERALL)
    for moderator in settings.moderators_of(cell.outcome):
        ident = part.ident("rob_moderator", "one", moderator.name)
        try:
            data = moderator_frame(part, moderator, keys["covariates"])
        except (Refused, KeyError):
            continue  # said once, under the primary model
        if len(data.varying()) < min(settings.minimum_studies, len(cell.studies)):
            continue
        fit_adjusted(ledger, ident, data.frame, keys, data, settings, cell.family)
    return ledger


def fit_adjusted(
    ledger: Ledger,
    ident: Any,
    frame: pd.DataFrame,
    keys: Mapping[str, Any],
    data: Any,
    settings: Settings,
    family: str,
) -> None:
    """Fit one moderator beside the overall risk of bias and write its within-trial rows."""
    full = {**keys, "covariates": list(data.covariates), "moderator": data.name, "moderator_type": data.kind}
    if data.levels:
        full["levels"] = list(data.levels)
    k = len(data.varying())
    fit = try_fit(ledger, ident, frame, full, settings, family, k)
    if fit is not None:
        write_fit(ledger, ident, fit, lambda term: term.startswith(f"treatment:within:{data.name}"))
