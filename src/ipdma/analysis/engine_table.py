"""The same model by other people's software: statsmodels, and lme4 where R is there, beside this package."""

from __future__ import annotations

from ipdma.analysis.cell import Cell, design_frame
from ipdma.analysis.context import Context
from ipdma.analysis.fitting import CANNOT, first_line, fit_rows, number, specify, write_fit
from ipdma.analysis.guest_notes import note_silent
from ipdma.analysis.records import Ledger
from ipdma.analysis.settings import Settings
from ipdma.model.engines import fit_engines
from ipdma.model.records import Fit
from ipdma.model.term import TREATMENT

OURS = "ipdma"


def compare_engines(cell: Cell, context: Context) -> Ledger:
    """The primary model with one residual variance by each engine, for the plan's first outcome and visit.

    Both other engines lack a residual variance for each study. Like is compared with like: beside an engine
    with other degrees of freedom than ours stands our own answer with that engine's.
    """
    ledger, settings = Ledger(), context.settings
    engines = settings.plan["engines"]
    if cell.family != "gaussian" or not engines or len(cell.studies) < 3 or not is_first(cell, settings):
        return ledger
    spec = settings.primary(cell.family).replace(residual="common", df=None, contrasts={})
    note_silent(ledger, cell.ident(f"engine_{OURS}", "one"), cell, spec.covariates)
    try:
        frame, covariates = design_frame(cell.with_columns(spec.covariates), spec.covariates)
        spec = specify(spec.replace(covariates=covariates), "one")
        found = fit_engines(frame.dropna(), spec, (OURS, *engines))
    except (KeyError, *CANNOT) as error:
        ledger.note(cell.ident(f"engine_{OURS}", "one"), "not_fitted", first_line(error))
        return ledger
    ours = found[OURS]
    for engine, fit in found.items():
        write_engine(ledger, cell, engine, fit)
        if isinstance(fit, Fit) and isinstance(ours, Fit) and fit.df_method != ours.df_method:
            write_ours(ledger, cell, engine, fit_rows(frame.dropna(), spec.replace(df=fit.df_method)))
    return ledger


def is_first(cell: Cell, settings: Settings) -> bool:
    """Whether a cell is that of the plan's first outcome and time point."""
    plan = settings.plan
    return (cell.outcome, cell.timepoint) == (plan.first_outcome, next(iter(plan["time_points"])))


def write_engine(ledger: Ledger, cell: Cell, engine: str, fit: Fit | str) -> None:
    """Write one engine's row and version, or why it is not there."""
    ident = cell.ident(f"engine_{OURS}" if engine == OURS else engine, "one")
    if isinstance(fit, str):
        ledger.count(ident, "engine_version", level=f"not run: {fit}")
        return
    ledger.count(ident, "engine_version", level=fit.version)
    for warning in fit.warnings:
        ledger.note(ident, "warning", warning)
    write_fit(ledger, ident, fit, lambda term: term == "treatment")


def write_ours(ledger: Ledger, cell: Cell, engine: str, fit: Fit) -> None:
    """Write our own answer with the degrees of freedom of another engine, next to its."""
    ours, ident = fit.estimate(TREATMENT), cell.ident(engine, "one")
    numbers = {"ours": ours.estimate, "ours_se": ours.std_error, "ours_df": ours.df, "ours_p": ours.p_value}
    for what, value in numbers.items():
        if number(value) is not None:
            ledger.count(ident, what, variable=TREATMENT, level=fit.df_method, value=number(value))
