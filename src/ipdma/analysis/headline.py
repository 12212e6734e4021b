"""A headline in one stage and in two: the fit, its rows, its trials, how the stages agree."""

from __future__ import annotations

import pandas as pd

from ipdma.analysis.cell import Cell
from ipdma.analysis.concordance import differences, write_concordance
from ipdma.analysis.fitting import estimate_row, try_fit_design, write_fit, write_studies
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Settings
from ipdma.model.records import Fit
from ipdma.model.spec import ModelSpec
from ipdma.model.term import TREATMENT

STAGES = ("one", "two")


def is_headline(term: str) -> bool:
    """Whether a term is the treatment effect: a nuisance term is no finding."""
    return term == "treatment"


def fit_both(
    ledger: Ledger, cell: Cell, settings: Settings, model: str, spec: ModelSpec, studies: bool = True
) -> dict[str, Fit]:
    """Fit one model in both stages; write its rows, those of its studies, and how the stages agree."""
    fits = {}
    profile = "treatment" if model in settings.plan.models else False
    for stage in STAGES:
        fit = fit_headline(ledger, cell, model, stage, spec, studies, profile)
        if fit is not None:
            fits[stage] = fit
    if len(fits) == 2 and not other_measure(spec, "two"):
        ident, unmatched = cell.ident(model, "one"), differences(spec)
        write_concordance(ledger, ident, fits["one"], fits["two"], unmatched, settings.explanations)
    return fits


def other_measure(spec: ModelSpec, stage: str) -> bool:
    """Whether a stage's effect is no log odds ratio: a log risk ratio or a risk difference."""
    return stage == "two" and spec.family == "binomial" and spec.pool.measure != "or"


def fit_headline(
    ledger: Ledger,
    cell: Cell,
    model: str,
    stage: str,
    spec: ModelSpec,
    studies: bool = True,
    profile: bool | str = False,
) -> Fit | None:
    """Fit one stage of a headline and write its rows."""
    ident = cell.ident(model, stage)
    found = try_fit_design(ledger, ident, cell, spec, profile)
    if found is None:
        return None
    fit, rows = found
    write_fit(ledger, ident, fit, is_headline)
    if other_measure(spec, stage):
        ledger.count(ident, "measure", variable=TREATMENT, level=spec.pool.measure)
    for contrast in fit.contrasts:
        ledger.estimates.append(estimate_row(ident, fit, contrast))
    if studies:
        write_studies(ledger, ident, fit, rows, cell.family == "binomial")
        write_arms(ledger, ident, cell, fit, rows.complete)
    return fit


def write_arms(ledger: Ledger, ident: Ident, cell: Cell, fit: Fit, used: pd.DataFrame) -> None:
    """Write how many of each arm stand behind the pooled effect: those of the trials that inform it.

    Nothing where rows were left out for a missing value: arms would no longer be the published ones.
    """
    if len(used) != len(cell.analysed):
        return
    inside = used["study"].isin(fit.informing.get(TREATMENT, ())).to_numpy()
    own = used["treat"].to_numpy()[inside]
    for side, treat in (("active", 1), ("reference", 0)):
        ledger.count(ident, "pooled_arm", arm=side, n=int((own == treat).sum()))
