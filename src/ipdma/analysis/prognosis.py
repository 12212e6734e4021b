"""Who does well under the therapy, whatever it is compared with: predictors inside its arms, no effects."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd

from ipdma.analysis.cell import Cell, numeric_columns
from ipdma.analysis.context import Context
from ipdma.analysis.fitting import (
    attempt,
    estimate_row,
    fit_rows,
    number,
    specify,
    write_heterogeneity,
)
from ipdma.analysis.guest_notes import note_not_told, note_partial, note_silent
from ipdma.analysis.headline import STAGES
from ipdma.analysis.moderator_counts import write_unit
from ipdma.analysis.moderator_frame import Refused, coded_values, present_levels
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Moderator, Settings
from ipdma.model.records import Fit, StudyEstimate
from ipdma.model.spec import ModelSpec
from ipdma.model.term import TREATMENT, Term
from ipdma.plan import PROGNOSIS


def analyse_prognosis(cell: Cell, context: Context) -> Ledger:
    """Each predictor of the plan's `prognosis` on the rows of the arms that it names.

    Parameters
    ----------
    cell : Cell
        Contrast `prognosis`: rows of the arms alone, trials and cohorts without a control arm included.
    """
    ledger, settings = Ledger(), context.settings
    wanted = settings.plan["prognosis"]["predictors"]
    note_not_told(ledger, cell.ident().analysis_id, cell)
    note_partial(ledger, cell.ident().analysis_id, cell.scales)
    for predictor in settings.moderators:
        if wanted is not None and predictor.name not in wanted:
            continue
        ident = cell.ident(PROGNOSIS, "one", predictor.name)
        if predictor.column in cell.rows:
            note_silent(ledger, ident, cell, other_columns(predictor, settings), predictor, one_sided=True)
        try:
            frame, columns, covariates = predictor_frame(cell, predictor, settings)
        except Refused as error:
            ledger.note(ident, "refused", str(error))
            continue
        write_sizes(ledger, ident, cell, frame)
        for stage in STAGES if "" in columns else ():
            write_unit(ledger, cell.ident(PROGNOSIS, stage, predictor.name), predictor)
        for level, column in columns.items():
            others = [c for c in columns.values() if c != column]
            spec = predictor_model(cell.family, settings, column, [*covariates, *others])
            fit_predictor(ledger, cell, predictor.name, level, frame, spec)
    return ledger


def predictor_frame(
    cell: Cell, predictor: Moderator, settings: Settings
) -> tuple[pd.DataFrame, dict[str, str], list[str]]:
    """Rows with the predictor's column, or a dummy for each level but the first, minus its study mean.

    Returns
    -------
    frame : DataFrame
        `study, outcome`, the columns and the covariates.
    columns : dict
        Level (empty for a number) to column.
    covariates : list of str

    Raises
    ------
    Refused
        When its column is not there, does not vary or cannot be cut, or it varies within too few studies.
    """
    if predictor.column not in cell.rows:
        raise Refused(f"the rows have no column '{predictor.column}'")
    rows = cell.with_columns(other_columns(predictor, settings), predictor, one_sided=True)
    values, kind, _ = coded_values(rows[predictor.column], predictor)
    levels = present_levels(values, predictor, kind)
    if values.dropna().nunique() < 2:
        raise Refused(f"'{predictor.column}' does not vary among the participants of these arms")
    frame = rows[["study", "outcome"]].astype({"outcome": float}).copy()
    columns = {"": "x"} if kind == "continuous" else {level: f"x{i}" for i, level in enumerate(levels[1:], 1)}
    for level, column in columns.items():
        own = values.astype(float) if not level else (values == level).astype(float).where(values.notna())
        frame[column] = own
    covariates = add_covariates(frame, rows, predictor, settings)
    frame = frame.dropna().copy()
    for column in columns.values():
        frame[column] -= frame.groupby("study")[column].transform("mean")
    spread = frame[list(columns.values())].abs().groupby(frame["study"]).max().max(axis=1)
    varying, wanted = int((spread > 1e-12).sum()), settings.minimum_studies
    if varying < min(wanted, max(1, rows["study"].nunique())):
        raise Refused(f"varies within {varying} studies; the plan asks for {wanted}")
    return frame, columns, covariates


def other_columns(predictor: Moderator, settings: Settings) -> list[str]:
    """The plan's covariates without the predictor's own column."""
    return [name for name in settings.plan["prognosis"]["covariates"] if name != predictor.column]


def add_covariates(
    frame: pd.DataFrame, rows: pd.DataFrame, predictor: Moderator, settings: Settings
) -> list[str]:
    """Add the plan's covariates, without the predictor's own column."""
    names = []
    for name in other_columns(predictor, settings):
        if name not in rows:
            continue
        for column, values in numeric_columns(rows, name).items():
            if values.nunique() > 1:
                frame[f"c_{column}"] = values
                names.append(f"c_{column}")
    return names


def fit_predictor(
    ledger: Ledger, cell: Cell, name: str, level: str, frame: pd.DataFrame, spec: ModelSpec
) -> None:
    """One stage with a random intercept and a random slope of the predictor, and two stages."""
    for stage in STAGES:
        ident = cell.ident(PROGNOSIS, stage, name)
        fit = attempt(ledger, ident, partial(fit_stage, frame, spec, stage))
        if fit is not None:
            write_predictor(ledger, ident, fit, name, level)


def fit_stage(frame: pd.DataFrame, spec: ModelSpec, stage: str) -> Fit:
    """Fit one stage of a predictor's model."""
    return fit_rows(frame, specify(spec, stage))


def predictor_model(family: str, settings: Settings, column: str, covariates: Sequence[str]) -> ModelSpec:
    """Outcome on the study-centred predictor and covariates: random intercept, slope varying by study."""
    return ModelSpec(
        outcome="outcome",
        treatment=column,
        family=family,
        covariates=tuple(covariates),
        covariate_slopes="common",
        intercept="random",
        random_correlation=False,
        centre_treatment=False,
        level=settings.level,
        pool=settings.pool,
    )


def write_predictor(ledger: Ledger, ident: Ident, fit: Fit, name: str, level: str) -> None:
    """Write the predictor's coefficient as `prognosis:M` or `prognosis:M[L]`."""
    term = Term("prognosis", name, level)
    ledger.estimates.append(estimate_row(ident, fit, fit.estimate(TREATMENT), term, level))
    before = len(ledger.counts)
    write_heterogeneity(ledger, ident, fit, fit.estimate(TREATMENT))
    for row in ledger.counts[before:]:
        row["variable"] = term
    for found in fit.study_estimates:
        if found.term == TREATMENT:
            ledger.study_estimates.append(study_row(ident, found, term, level))


def study_row(ident: Ident, found: StudyEstimate, term: Term, level: str) -> dict[str, object]:
    """One study's own coefficient."""
    numbers = ("estimate", "std_error", "ci_low", "ci_high", "weight")
    return {
        **ident.columns,
        "study": found.study,
        **{n: number(getattr(found, n)) for n in numbers},
        "source": "ipd",
        "term": term,
        "level": level,
    }


def write_sizes(ledger: Ledger, ident: Ident, cell: Cell, frame: pd.DataFrame) -> None:
    """Write studies and participants that inform the predictor."""
    rows = cell.rows
    ledger.count(ident, "moderator_studies", n=frame["study"].nunique(), of=rows["study"].nunique())
    ledger.count(ident, "moderator_complete", n=len(frame), of=int(rows["outcome"].notna().sum()))
