"""Like with like: beside an analysis that changes the trials the primary model on those very trials.

An effect among completers of three trials differs from that of eleven because of the participants or because
of the trials; without its neighbour a reader cannot tell.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell
from ipdma.analysis.context import Context
from ipdma.analysis.fitting import write_beside
from ipdma.analysis.guest_notes import note_silent
from ipdma.analysis.headline import STAGES, fit_headline
from ipdma.analysis.moderators import fit_plain_moderator
from ipdma.analysis.published import pool_with_aggregate
from ipdma.analysis.record_words import BESIDE, FEWER, ITSELF, NONE, REBUILT, SAME, SHARED
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Settings
from ipdma.model.records import Fit
from ipdma.model.spec import ModelSpec
from ipdma.model.term import TREATMENT

Trials = Mapping[str, frozenset[str]]


def primary_trials(cell: Cell, settings: Settings) -> Trials:
    """By stage the trials that inform the primary analysis."""
    silent = Ledger()  # the headline itself says what it could not use
    fits = {
        stage: fit_headline(silent, cell, SAME, stage, settings.plan.primary(cell.family), studies=False)
        for stage in STAGES
    }
    return {stage: trials_of(fit) for stage, fit in fits.items() if fit is not None}


def trials_of(fit: Fit) -> frozenset[str]:
    """The trials with an estimate of the treatment effect in a fit."""
    return frozenset(str(s.study) for s in fit.study_estimates if s.term == TREATMENT)


def add_same_trials(
    ledger: Ledger,
    cell: Cell,
    part: Cell,
    settings: Settings,
    name: str,
    spec: ModelSpec,
    fits: Mapping[str, Fit],
    primary: Trials,
) -> None:
    """Fit the primary model to the trials of a changed analysis, where those are not its own.

    Parameters
    ----------
    cell, part : Cell
        The rows of the primary analysis, and those of the changed one.
    name : str
        The sensitivity analysis; the rows stand under `NAME:same_trials`.
    spec : ModelSpec
        The changed model.
    fits : mapping of str to Fit
        The changed headline, by stage.
    primary : mapping of str to set of str
        As `primary_trials` gives them.
    """
    for stage in (stage for stage in fits if stage in primary):
        used, own = trials_of(fits[stage]), primary[stage]
        alone = only(cell, used & own)
        word = relation(alone, only(part, used), settings, spec, used, own)
        ident, model = cell.ident(name, stage), f"{name}:{SAME}"
        ledger.count(ident, SAME, level=word, n=len(used & own), of=len(used))
        covariates = settings.plan.primary(cell.family).covariates
        note_silent(ledger, cell.ident(model, stage), only(cell, used), covariates)
        note_silent(ledger, cell.ident(model, stage), only(part, own), spec.covariates)
        if word != BESIDE:
            continue
        fit_headline(ledger, alone, model, stage, settings.plan.primary(cell.family), studies=False)
        if stage == "one":
            add_moderators(ledger, alone, settings, name, model)


def add_same_published(
    ledger: Ledger,
    usual: Cell | None,
    joined: Cell,
    context: Context,
    model: str,
    spec: ModelSpec,
    primary: Trials,
    without: Collection[str],
    names: Collection[str] = (),
) -> None:
    """The same beside an analysis that published trials join: the primary model, which they join too.

    Parameters
    ----------
    usual, joined : Cell
        The rows of the primary analysis and those of the changed one, each with the published trials. None
        where the rows were scored anew together with them, so that there are no others.
    model : str
        The changed analysis; the rows stand under `MODEL:same_trials`.
    without : collection of str
        As in `pool_with_aggregate`.
    names : collection of str
        Trials whose rows come from published moments.
    """
    settings, beside = context.settings, f"{model}:{SAME}"
    for stage in STAGES:
        rows = [r for r in ledger.study_estimates if (r["model"], r["stage"]) == (model, stage)]
        used, own = frozenset(str(r["study"]) for r in rows), primary.get(stage, frozenset())
        if not used:
            continue
        alone = None if usual is None else only(usual, used)
        word = SHARED if used == own else REBUILT
        if alone is not None:
            word = relation(alone, only(joined, used), settings, spec, used, own)
        ledger.count(joined.ident(model, stage), SAME, level=word, n=len(used & own), of=len(used))
        if alone is None or word != BESIDE:
            continue
        primary_spec = settings.plan.primary(joined.family)
        if stage == "one":
            fit_headline(ledger, alone, beside, stage, primary_spec, studies=False)
        else:
            pool_with_aggregate(ledger, alone, context, beside, primary_spec, names, without, studies=False)


def stand_beside(
    ledger: Ledger,
    cell: Cell,
    settings: Settings,
    ident: Ident,
    used: frozenset[str],
    primary: Trials,
) -> None:
    """Beside a row of the run on fewer trials: the primary model on those, as numbers of the row's own fit.

    No row of its own, which would be a second headline of that model; of events the word alone, since those
    of few trials could be worked out.

    Parameters
    ----------
    ident : Ident
        The fit of the row.
    used : set of str
        The trials that inform it.
    primary : mapping of str to set of str
        As `primary_trials` gives them.
    """
    own = primary.get(ident.stage, frozenset())
    if not used & own or own <= used:
        return
    scores = cell.family == "gaussian"
    ledger.count(ident, SAME, level=BESIDE if scores else FEWER, n=len(used & own), of=len(used))
    spec = settings.plan.primary(cell.family)
    alone = only(cell, used & own)
    fit = fit_headline(Ledger(), alone, SAME, ident.stage, spec, studies=False) if scores else None
    if fit is not None:
        estimate = fit.estimate(TREATMENT)
        write_beside(ledger, ident, replace(estimate, beside={SAME: estimate}))


def relation(
    alone: Cell, part: Cell, settings: Settings, spec: ModelSpec, used: frozenset[str], own: frozenset[str]
) -> str:
    """How the trials of a changed analysis stand to those of the primary one, in words."""
    if used == own:
        return SHARED
    if not used & own:
        return NONE
    primary = settings.plan.primary(alone.family)
    return ITSELF if spec == primary and same_rows(alone, part, primary) else BESIDE


def only(cell: Cell, trials: frozenset[str]) -> Cell:
    """A cell's rows of some of its trials."""
    return cell.but(cell.rows[cell.rows["study"].isin(trials)])


def same_rows(first: Cell, second: Cell, spec: ModelSpec) -> bool:
    """Whether two cells hold the same numbers for a model."""
    columns = ["study", "treat", "outcome", *spec.covariates]
    if not set(columns) <= set(first.rows) & set(second.rows):
        return False
    a, b = (cell.with_columns(spec.covariates)[columns].reset_index(drop=True) for cell in (first, second))
    return len(a) == len(b) and all(alike(a[name], b[name]) for name in columns)


def alike(first: pd.Series, second: pd.Series) -> bool:
    """Whether two columns are equal, numbers to rounding: those of nobody come by way of a constant."""
    if not pd.api.types.is_numeric_dtype(first) or not pd.api.types.is_numeric_dtype(second):
        return bool(first.equals(second))
    return np.allclose(first, second, rtol=1e-9, atol=0.0, equal_nan=True)


def add_moderators(ledger: Ledger, alone: Cell, settings: Settings, name: str, model: str) -> None:
    """The moderators that the entry names, in the primary model on these trials."""
    named = settings.plan["sensitivity"][name].get("moderators") or ()
    for moderator in settings.moderators_of(alone.outcome):
        if moderator.name in named:
            fit_plain_moderator(
                ledger, alone, settings, model, moderator, settings.plan.primary(alone.family)
            )
