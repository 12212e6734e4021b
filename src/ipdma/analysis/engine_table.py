"""The same model by other people's software: statsmodels, and lme4 where R is there, beside this package."""

from __future__ import annotations

from ipdma.analysis.cell import Cell, design_frame
from ipdma.analysis.fitting import CANNOT, first_line, model_keys, model_spec, write_fit
from ipdma.analysis.records import Ledger
from ipdma.analysis.settings import Settings
from ipdma.model.engines import engine_version, fit_engines
from ipdma.model.records import Fit

OURS = "ipdma"
NOT_THEIRS = ("residual", "df", "contrasts")  # one residual variance, and the df of each engine's own habit


def compare_engines(cell: Cell, settings: Settings) -> Ledger:
    """The primary model with one residual variance, by each engine; for the plan's first outcome and time
    point.

    Both other engines lack a residual variance for each study; each one's own degrees of freedom are kept.
    """
    ledger = Ledger()
    if (
        cell.family != "gaussian"
        or not settings.engines
        or len(cell.studies) < 3
        or not is_first(cell, settings)
    ):
        return ledger
    keys = model_keys(settings, settings.primary_model, cell.family)
    keys = {k: v for k, v in keys.items() if k not in NOT_THEIRS}
    try:
        frame, covariates = design_frame(cell.analysed, keys.get("covariates") or ())
        spec = model_spec({**keys, "covariates": list(covariates)}, "gaussian", "one", 0, settings.pool)
        found = fit_engines(frame.dropna(), spec, (OURS, *settings.engines))
    except (KeyError, *CANNOT) as error:
        ledger.note(cell.ident("engine_ipdma", "one"), "not_fitted", first_line(error))
        return ledger
    for engine, fit in found.items():
        write_engine(ledger, cell, engine, fit)
    return ledger


def is_first(cell: Cell, settings: Settings) -> bool:
    """Whether a cell is that of the plan's first outcome and time point."""
    outcome = next(iter(settings.outcomes), cell.outcome)
    timepoint = next(iter(settings.time_points), cell.timepoint)
    return (cell.outcome, cell.timepoint) == (outcome, timepoint)


def write_engine(ledger: Ledger, cell: Cell, engine: str, fit: Fit | str) -> None:
    """Write one engine's row and version, or why it is not there."""
    ident = cell.ident(f"engine_{OURS}" if engine == OURS else engine, "one")
    if isinstance(fit, str):
        ledger.count(ident, "engine_version", level=f"not run: {fit}")
        return
    version = fit.version if engine == OURS else engine_version(engine)
    ledger.count(ident, "engine_version", level=version)
    for warning in fit.warnings:
        ledger.note(ident, "warning", warning)
    write_fit(ledger, ident, fit, lambda term: term == "treatment")
