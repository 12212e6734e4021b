"""For whom does it work: within-trial interactions as the headline, across-trial and naive ones beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ipdma.analysis.cell import Cell
from ipdma.analysis.concordance import differences, matched_keys, write_concordance
from ipdma.analysis.fitting import model_keys, try_fit, write_fit, write_studies
from ipdma.analysis.iceman import write_iceman
from ipdma.analysis.moderator_counts import write_moderator_counts
from ipdma.analysis.moderator_frame import ModeratorFrame, Refused, moderator_frame
from ipdma.analysis.moderator_values import effect_points, write_points
from ipdma.analysis.multiplicity import write_corrected
from ipdma.analysis.power import write_power
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Moderator, Settings
from ipdma.analysis.splines import write_spline
from ipdma.model.records import Fit


def analyse_moderators(cell: Cell, settings: Settings) -> Ledger:
    """Every moderator of the plan in the primary model (and others that the plan names).

    In one and two stages.
    """
    ledger = Ledger()
    if not cell.studies:
        return ledger
    for model in dict.fromkeys((settings.primary_model, *settings.moderator_models)):
        p_values: dict[str, tuple[Ident, str, float]] = {}
        for moderator in settings.moderators_of(cell.outcome):
            found = analyse_moderator(ledger, cell, settings, model, moderator)
            if found is not None:
                p_values[moderator.name] = found
        write_corrected(ledger, settings, p_values)
    add_matched(ledger, cell, settings)
    return ledger


def add_matched(ledger: Ledger, cell: Cell, settings: Settings) -> None:
    """The matched pair of each within-trial interaction.

    Where the primary model's own two stages are none.
    """
    keys = model_keys(settings, settings.primary_model, cell.family)
    if cell.family != "gaussian" or not differences(keys, cell.family, settings.pool):
        return
    for moderator in settings.moderators_of(cell.outcome):
        fit_plain_moderator(ledger, cell, settings, "matched", moderator, matched_keys(keys))


def analyse_moderator(
    ledger: Ledger, cell: Cell, settings: Settings, model: str, moderator: Moderator
) -> tuple[Ident, str, float] | None:
    """One moderator in one model. Returns the one-stage fit's name, the tested term and its p value."""
    keys = model_keys(settings, model, cell.family)
    ident = cell.ident(model, "one", moderator.name)
    try:
        data = moderator_frame(cell, moderator, keys.get("covariates") or ())
        check_enough(data, cell, settings)
    except Refused as error:
        ledger.note(ident, "refused", str(error))
        return None
    except KeyError as error:
        ledger.note(ident, "not_fitted", f"the covariate {error} is no column of the rows")
        return None
    for note in data.notes:
        ledger.note(ident, "warning", note)
    fits = {
        stage: fit_moderator(ledger, cell, settings, ident.but(stage=stage), data, moderator, keys)
        for stage in ("one", "two")
    }
    write_moderator_counts(ledger, ident, cell, data, moderator)
    add_depth(ledger, cell, settings, ident, data, moderator, keys, fits)
    return tested_term(fits["one"], ident, moderator.name)


def check_enough(data: ModeratorFrame, cell: Cell, settings: Settings) -> None:
    """Refuse a moderator that fewer trials measured than the plan asks for."""
    measured, varying = len(data.measured()), len(data.varying())
    wanted, of = min(settings.minimum_studies, len(cell.studies)), len(cell.studies)
    if measured < wanted:
        raise Refused(f"measured in {measured} of {of} studies; the plan asks for at least {wanted}")
    if 0 < varying < wanted:
        raise Refused(f"varies within {varying} of {of} studies; the plan asks for at least {wanted}")


def moderated_keys(keys: Mapping[str, Any], data: ModeratorFrame, **changes: Any) -> dict[str, Any]:
    """The model's keys with this moderator."""
    full = {**keys, "covariates": list(data.covariates), "moderator": data.name, "moderator_type": data.kind}
    if data.kind == "categorical":
        full["levels"] = list(data.levels)
    return {**full, **changes}


def fit_moderator(
    ledger: Ledger,
    cell: Cell,
    settings: Settings,
    ident: Ident,
    data: ModeratorFrame,
    moderator: Moderator,
    keys: Mapping[str, Any],
) -> Fit | None:
    """Fit one stage; in one stage with the effects at chosen values as contrasts of the same fit."""
    full = moderated_keys(keys, data)
    points = []
    if ident.stage == "one" and full.get("df") != "hksj":
        points = effect_points(data, moderator, settings, full.get("interaction", "within"))
        full["contrasts"] = {point.name: point.weights for point in points}
    n_studies = len(data.varying()) or len(data.measured())
    shown = full.get("interaction_effect") == "random"
    fit = try_fit(ledger, ident, data.frame, full, settings, cell.family, n_studies, profile=shown)
    if fit is None:
        return None
    write_fit(ledger, ident, fit, lambda term: term.startswith("treatment"))
    write_studies(ledger, ident, fit, data.complete, cell.family == "binomial")
    write_points(ledger, ident, fit, data, points, "at", "curve")
    return fit


def add_depth(
    ledger: Ledger,
    cell: Cell,
    settings: Settings,
    ident: Ident,
    data: ModeratorFrame,
    moderator: Moderator,
    keys: Mapping[str, Any],
    fits: Mapping[str, Fit | None],
) -> None:
    """What stands beside the headline interaction: its twin, the naive one, a spline, power, credibility."""
    one, two = fits["one"], fits["two"]
    if one is not None and two is not None:
        unmatched = differences(moderated_keys(keys, data), cell.family, settings.pool)
        write_concordance(ledger, ident, one, two, unmatched, settings.explanations)
    if settings.naive and keys.get("interaction", "within") == "within" and one is not None:
        fit_naive(ledger, cell, settings, ident, data, moderator, keys)
    if moderator.spline and data.kind == "continuous" and cell.family == "gaussian":
        write_spline(ledger, ident, data, moderator, settings, two)
    if one is not None:
        write_power(ledger, ident, cell, data, moderator, settings)
        tested = tested_term(one, ident, moderator.name)
        if tested is not None:
            write_iceman(ledger, ident, moderator, settings, data, one, two, tested[2])


def fit_naive(
    ledger: Ledger,
    cell: Cell,
    settings: Settings,
    ident: Ident,
    data: ModeratorFrame,
    moderator: Moderator,
    keys: Mapping[str, Any],
) -> None:
    """The interaction that mixes within- and across-trial information, as the papers fit it.

    For comparison alone.
    """
    naive = ident.but(variant="naive")
    full = moderated_keys(keys, data, interaction="naive")
    points = [] if full.get("df") == "hksj" else effect_points(data, moderator, settings, "naive")
    full["contrasts"] = {point.name: point.weights for point in points}
    if full.get("df") == "hksj":
        full = {k: v for k, v in full.items() if k != "df"}
    n_studies = len(data.measured())
    fit = try_fit(ledger, naive, data.frame, full, settings, cell.family, n_studies)
    if fit is None:
        return
    write_fit(ledger, naive, fit, lambda term: term.startswith(f"treatment:{moderator.name}"))
    write_points(ledger, naive, fit, data, points, "naive_at", "naive_curve")


def fit_plain_moderator(
    ledger: Ledger, cell: Cell, settings: Settings, model: str, moderator: Moderator, keys: Mapping[str, Any]
) -> None:
    """A moderator refitted in both stages under a sensitivity analysis: its treatment terms alone."""
    ident = cell.ident(model, "one", moderator.name)
    try:
        data = moderator_frame(cell, moderator, keys.get("covariates") or ())
        check_enough(data, cell, settings)
    except (Refused, KeyError) as error:
        ledger.note(ident, "refused", str(error))
        return
    k = len(data.varying()) or len(data.measured())
    fits = {}
    for stage in ("one", "two"):
        full = moderated_keys(keys, data)
        here = ident.but(stage=stage)
        fit = try_fit(ledger, here, data.frame, full, settings, cell.family, k)
        if fit is not None:
            fits[stage] = fit
            write_fit(ledger, here, fit, lambda term: term.startswith("treatment"))
    if len(fits) == 2:
        unmatched = differences(moderated_keys(keys, data), cell.family, settings.pool)
        write_concordance(ledger, ident, fits["one"], fits["two"], unmatched, settings.explanations)


def tested_term(fit: Fit | None, ident: Ident, name: str) -> tuple[Ident, str, float] | None:
    """The term that carries the moderator's test: the joint one of a categorical moderator.

    Else the interaction.
    """
    if fit is None:
        return None
    for wanted in (f"treatment:within:{name}", f"treatment:{name}"):
        for test in fit.tests:
            if test.name == wanted:
                return ident, wanted, float(test.p_value)
        for estimate in fit.estimates:
            if estimate.term == wanted:
                return ident, wanted, float(estimate.p_value)
    return None
