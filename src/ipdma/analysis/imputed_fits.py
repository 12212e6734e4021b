"""A headline or a moderator refitted on every completed data set and pooled by Rubin's rules."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from ipdma.analysis.cell import Cell, DesignRows, design_frame
from ipdma.analysis.fitting import attempt, fit_rows, specify, write_fit, write_studies
from ipdma.analysis.guest_notes import note_silent
from ipdma.analysis.imputation_counts import write_medians, write_pooling
from ipdma.analysis.moderator_frame import Refused, moderator_frame
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Moderator
from ipdma.model.fit import fit_model
from ipdma.model.records import Fit
from ipdma.model.rubin import pool_rubin
from ipdma.model.spec import ModelSpec
from ipdma.model.stacked import fit_stacked

SETS = "imputation"


def fit_headline(
    ledger: Ledger,
    ident: Ident,
    completed: Cell,
    spec: ModelSpec,
    studies: bool = True,
) -> Fit | None:
    """Fit every completed data set, pool, write; `studies` also the pooled row of each study."""
    note_silent(ledger, ident, completed, spec.covariates)
    frame, covariates = design_frame(completed.with_columns(spec.covariates), spec.covariates)
    frame[SETS] = completed.analysed[SETS]
    fit = attempt(ledger, ident, fitter(ledger, ident, frame, spec.replace(covariates=covariates)))
    if fit is None:
        return None
    write_fit(ledger, ident, fit, lambda term: term == "treatment")
    write_pooling(ledger, ident, fit)
    if studies and ident.stage == "two":
        whole = frame.dropna()
        first = whole[whole[SETS] == whole[SETS].min()]
        write_studies(ledger, ident, fit, DesignRows(first, covariates), completed.family == "binomial")
        pool_summaries(ledger, ident, whole, completed.family == "binomial")
    return fit


def pool_summaries(ledger: Ledger, ident: Ident, whole: pd.DataFrame, binomial: bool) -> None:
    """Put over all completed data sets the mean of the outcome by side beside a study's row, and the mean SD.

    A binary outcome has no SD.
    """
    by_side = whole.groupby(["study", "treat"])["outcome"]
    mean = by_side.mean()
    sd = whole.groupby([SETS, "study", "treat"])["outcome"].std().groupby(["study", "treat"]).mean()
    for row in ledger.study_estimates:
        if row["analysis_id"] != ident.analysis_id:
            continue
        for side, treat in (("active", 1.0), ("reference", 0.0)):
            at = (row["study"], treat)
            if at in mean.index:
                row[f"mean_{side}"] = float(mean[at])
                row[f"sd_{side}"] = None if binomial else float(sd[at])


def fit_moderator(
    ledger: Ledger,
    ident: Ident,
    completed: Cell,
    moderator: Moderator,
    spec: ModelSpec,
) -> Fit | None:
    """The within-trial interaction on completed data, in the trials whose rows hold the moderator."""
    if moderator.column in completed.rows:
        others = [name for name in spec.covariates if name != moderator.column]
        note_silent(ledger, ident, completed, others, moderator)
    try:
        coded = moderator_frame(completed, moderator, spec.covariates)
    except Refused as why:
        ledger.note(ident, "refused", str(why))
        return None
    frame = coded.frame.assign(**{SETS: completed.analysed[SETS]})
    fit = attempt(ledger, ident, fitter(ledger, ident, frame, coded.join(spec)))
    if fit is not None:
        write_fit(ledger, ident, fit, lambda term: term.kind in ("treatment", "within", "across"))
        write_pooling(ledger, ident, fit)
    return fit


def fitter(ledger: Ledger, ident: Ident, frame: pd.DataFrame, model: ModelSpec) -> Callable[[], Fit]:
    """What fits every completed data set and pools; without profile intervals, which nothing here shows."""

    def run() -> Fit:
        spec = specify(model, ident.stage)
        if ident.stage == "two":
            return fit_model(frame, spec.replace(imputation=SETS))
        fits = fits_of_sets(frame, spec)
        pooled = pool_rubin(fits, spec.level)
        write_medians(ledger, ident, fits)
        return pooled

    return run


def fits_of_sets(frame: pd.DataFrame, spec: ModelSpec) -> list[Fit]:
    """One fit per completed data set."""
    if spec.family == "gaussian" and not spec.visit:
        return fit_stacked(frame, spec, SETS)
    return [fit_rows(part.drop(columns=SETS), spec) for _, part in frame.groupby(SETS, sort=True)]
