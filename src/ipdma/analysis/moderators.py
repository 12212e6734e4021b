"""For whom does it work: within-trial interactions as the headline, across-trial and naive ones beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ipdma.analysis.band import with_effects
from ipdma.analysis.cell import Cell
from ipdma.analysis.concordance import differences, matched, write_concordance
from ipdma.analysis.context import Context
from ipdma.analysis.fitting import try_fit, write_fit, write_studies
from ipdma.analysis.guest_notes import KIND, note_silent
from ipdma.analysis.iceman import answers, write_iceman
from ipdma.analysis.moderator_counts import write_moderator_counts
from ipdma.analysis.moderator_frame import ModeratorFrame, Refused, moderator_frame, others_than
from ipdma.analysis.moderator_values import effect_points, points_told, write_points
from ipdma.analysis.multiplicity import write_corrected
from ipdma.analysis.power import write_power
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Moderator, Settings
from ipdma.analysis.severity import severity_values, with_severities, write_severities
from ipdma.analysis.splines import write_spline
from ipdma.model.records import Fit
from ipdma.model.spec import ModelSpec
from ipdma.model.term import Term

RANDOM = "random"


@dataclass(frozen=True)
class Question:
    """One moderator of one cell in one model.

    Attributes
    ----------
    ident : Ident
        The name of its one-stage fit.
    data : ModeratorFrame
        The rows, the moderator coded as the plan says.
    spec : ModelSpec
        The model with this moderator.
    model : ModelSpec
        The same without it, on the columns of the cell.
    """

    cell: Cell
    settings: Settings
    ident: Ident
    moderator: Moderator
    data: ModeratorFrame
    spec: ModelSpec
    model: ModelSpec


def analyse_moderators(cell: Cell, context: Context) -> Ledger:
    """Every moderator of the plan in the primary model (and others that the plan names), in both stages."""
    ledger, settings = Ledger(), context.settings
    if not cell.studies:
        return ledger
    for model in settings.moderator_models:
        p_values: dict[str, tuple[Ident, str, float]] = {}
        for moderator in settings.moderators_of(cell.outcome):
            found = analyse_moderator(ledger, cell, settings, model, moderator)
            if found is not None:
                p_values[moderator.name] = found
        write_corrected(ledger, settings, p_values)
    add_matched(ledger, cell, settings)
    return ledger


def add_matched(ledger: Ledger, cell: Cell, settings: Settings) -> None:
    """The matched pair of each within-trial interaction, where the primary model's two stages are none."""
    spec = settings.primary(cell.family)
    if cell.family != "gaussian" or not differences(spec):
        return
    for moderator in settings.moderators_of(cell.outcome):
        fit_plain_moderator(ledger, cell, settings, "matched", moderator, matched(spec, settings.pool))


def ask(cell: Cell, settings: Settings, model: str, moderator: Moderator, spec: ModelSpec) -> Question:
    """Put a moderator's question to a cell.

    Raises
    ------
    Refused
        When the cell cannot answer: the moderator is not there, or too few trials measured it.
    KeyError
        Naming a covariate that is no column of the rows.
    """
    data = moderator_frame(cell, moderator, spec.covariates)
    check_enough(data, cell, settings)
    ident = cell.ident(model, "one", moderator.name)
    return Question(cell, settings, ident, moderator, data, data.join(spec), spec)


def analyse_moderator(
    ledger: Ledger, cell: Cell, settings: Settings, model: str, moderator: Moderator
) -> tuple[Ident, str, float] | None:
    """One moderator in one model. Returns the one-stage fit's name, the tested term and its p value."""
    ident, spec = cell.ident(model, "one", moderator.name), settings.plan.model(model, cell.family)
    note_moderator(ledger, ident, cell, moderator, spec)
    try:
        asked = ask(cell, settings, model, moderator, spec)
    except Refused as error:
        ledger.note(ident, "refused", str(error))
        return None
    except KeyError as error:
        ledger.note(ident, "not_fitted", f"the covariate {error} is no column of the rows")
        return None
    for note in asked.data.notes:
        ledger.note(ident, "warning", note)
    note_quantiles(ledger, ident, asked.data)
    fits = {stage: fit_moderator(ledger, asked, stage) for stage in ("one", "two")}
    write_moderator_counts(ledger, ident, cell, asked.data, moderator)
    add_depth(ledger, asked, fits)
    return tested_term(fits["one"], ident, moderator.name)


def note_moderator(ledger: Ledger, ident: Ident, cell: Cell, moderator: Moderator, spec: ModelSpec) -> None:
    """Name the bundles that do not tell of a moderator beside a model's covariates."""
    if moderator.column in cell.rows:
        note_silent(ledger, ident, cell, others_than(moderator, spec.covariates), moderator)


def note_quantiles(ledger: Ledger, ident: Ident, data: ModeratorFrame) -> None:
    """Say whose quantiles those of a number are, at which its effects are shown."""
    spread = set(data.spread["study"])
    gone = [study for study in data.measured() if study not in spread]
    if data.kind == "continuous" and gone:
        what = f"quantiles and curve without {', '.join(gone)}" if spread else "no quantiles and no curve"
        text = f"{what}: they need participants' rows, and a bundle has none"
        ledger.note(ident.but(variant="at"), KIND, text)


def check_enough(data: ModeratorFrame, cell: Cell, settings: Settings) -> None:
    """Refuse a moderator that fewer trials measured than the plan asks for."""
    measured, varying = len(data.measured()), len(data.varying())
    wanted, of = min(settings.minimum_studies, len(cell.studies)), len(cell.studies)
    if measured < wanted:
        raise Refused(f"measured in {measured} of {of} studies; the plan asks for at least {wanted}")
    if 0 < varying < wanted:
        raise Refused(f"varies within {varying} of {of} studies; the plan asks for at least {wanted}")


def fit_moderator(ledger: Ledger, asked: Question, stage: str) -> Fit | None:
    """Fit one stage; in one stage with the effects at chosen values of the same fit."""
    ident, data, spec = asked.ident.but(stage=stage), asked.data, asked.spec.replace(contrasts={})
    points, severities = [], {}
    if stage == "one":
        severities = severity_values(asked.cell, asked.settings, asked.moderator, data)
        shown_at = with_severities(asked.moderator, severities)
        points = effect_points(data, shown_at, asked.settings, spec.interaction)
    shown = spec.interaction_effect == "random"
    fit = try_fit(ledger, ident, data, spec, profile=shown)
    if fit is None:
        return None
    points = points_told(points, fit)
    fit = with_effects(fit, {point.name: point.weights for point in points}, spec.level)
    write_fit(ledger, ident, fit, lambda term: term.is_treatment)
    write_studies(ledger, ident, fit, data, spec.family == "binomial")
    write_points(ledger, ident, fit, data, points, "at", "curve")
    write_severities(ledger, ident, fit, asked.cell, asked.settings, asked.moderator, severities)
    return fit


def add_depth(ledger: Ledger, asked: Question, fits: Mapping[str, Fit | None]) -> None:
    """What stands beside the headline interaction: its twin, the naive one, a spline, power, credibility."""
    one, two, settings = fits["one"], fits["two"], asked.settings
    ident, data, moderator, spec = asked.ident, asked.data, asked.moderator, asked.spec
    if one is not None and two is not None:
        write_concordance(ledger, ident, one, two, differences(spec), settings.explanations)
    if settings.naive and spec.interaction == "within" and one is not None:
        fit_naive(ledger, asked)
    varying = fit_varying(ledger, asked)
    if moderator.spline and data.kind == "continuous" and spec.family == "gaussian":
        write_spline(ledger, ident, asked.cell, data, moderator, settings, asked.model, two)
    if one is not None:
        write_power(ledger, ident, asked.cell, data, moderator, settings)
        tested = tested_term(one, ident, moderator.name)
        if tested is not None:
            answered = answers(moderator, settings, data, one, two, tested[2], varying)
            write_iceman(ledger, ident, tested[2], answered)


def fit_naive(ledger: Ledger, asked: Question) -> None:
    """The interaction that mixes within- and across-trial information, for comparison with older papers."""
    ident, data = asked.ident.but(variant="naive"), asked.data
    points = effect_points(data, asked.moderator, asked.settings, "naive")
    df = None if asked.spec.df == "hksj" else asked.spec.df
    spec = asked.spec.replace(interaction="naive", df=df, contrasts={})
    fit = try_fit(ledger, ident, data, spec)
    if fit is None:
        return
    fit = with_effects(fit, {point.name: point.weights for point in points}, spec.level)
    write_fit(ledger, ident, fit, lambda term: term.is_effect("naive", asked.moderator.name))
    write_points(ledger, ident, fit, data, points, "naive_at", "naive_curve")


def fit_varying(ledger: Ledger, asked: Question) -> dict[str, Fit]:
    """The within-trial interaction as it varies between trials, beside the one that is common to all."""
    fits: dict[str, Fit] = {}
    if asked.spec.interaction != "within" or asked.spec.interaction_effect == "random":
        return fits
    if len(asked.data.varying()) < 2:
        return fits
    spec = asked.spec.replace(interaction_effect="random", contrasts={})
    for stage in ("one", "two"):
        ident = asked.ident.but(stage=stage, variant=RANDOM)
        fit = try_fit(ledger, ident, asked.data, spec, profile="interaction")
        if fit is not None:
            fits[stage] = fit
            write_fit(ledger, ident, fit, lambda term: term.is_effect("within", asked.moderator.name))
    return fits


def fit_plain_moderator(
    ledger: Ledger, cell: Cell, settings: Settings, model: str, moderator: Moderator, spec: ModelSpec
) -> None:
    """A moderator refitted in both stages under a sensitivity analysis: its treatment terms alone."""
    ident = cell.ident(model, "one", moderator.name)
    note_moderator(ledger, ident, cell, moderator, spec)
    try:
        asked = ask(cell, settings, model, moderator, spec)
    except (Refused, KeyError) as error:
        ledger.note(ident, "refused", str(error))
        return
    fits = {}
    for stage in ("one", "two"):
        here = ident.but(stage=stage)
        fit = try_fit(ledger, here, asked.data, asked.spec)
        if fit is not None:
            fits[stage] = fit
            write_fit(ledger, here, fit, lambda term: term.is_treatment)
    if len(fits) == 2:
        unmatched = differences(asked.spec)
        write_concordance(ledger, ident, fits["one"], fits["two"], unmatched, settings.explanations)


def tested_term(fit: Fit | None, ident: Ident, name: str) -> tuple[Ident, str, float] | None:
    """The term that carries the moderator's test: a categorical one's joint test, else the interaction."""
    if fit is None:
        return None
    for wanted in (Term("within", name), Term("naive", name)):
        for test in fit.tests:
            if test.name == wanted:
                return ident, wanted, float(test.p_value)
        for estimate in fit.estimates:
            if estimate.term == wanted:
                return ident, wanted, float(estimate.p_value)
    return None
