"""Moderators that some trials never measured, imputed in two levels: a labelled sensitivity analysis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell
from ipdma.analysis.characteristics import positions
from ipdma.analysis.imputed_fits import fit_moderator
from ipdma.analysis.missing_plan import MissingPlan
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Moderator, Settings
from ipdma.imputation import TrialData, impute_unmeasured, squeezed, study_seed
from ipdma.model.spec import ModelSpec

MODEL = "two_level"
SKEWED = 1.0


@dataclass(frozen=True)
class Coded:
    """A moderator's column as numbers.

    Attributes
    ----------
    values : ndarray, shape (n,)
        As observed, one per participant; codes 0 and 1 where binary, log(1 + value) where `log`.
    levels : tuple of str
        The two texts behind the codes; empty for numbers.
    """

    values: np.ndarray
    binary: bool
    log: bool = False
    levels: tuple[str, ...] = ()

    def back(self, drawn: np.ndarray) -> np.ndarray:
        """Drawn values in the column's own words."""
        if self.levels:
            found: np.ndarray = np.asarray(self.levels, dtype=object)[drawn.astype(int)]
            return found
        return np.expm1(np.clip(drawn, 0.0, 50.0)) if self.log else drawn


def analyse_two_level(
    ledger: Ledger, completed: Cell, cell: Cell, settings: Settings, plan: MissingPlan
) -> None:
    """Impute each moderator where a trial never measured it, and refit it on all trials."""
    rows = completed.rows
    m = int(rows["imputation"].max())
    first = rows.iloc[: len(rows) // m]
    observed = original_columns(cell, first)
    filled: dict[str, pd.Series | str] = {}
    for moderator in settings.moderators_of(cell.outcome):
        column = moderator.column
        if column not in observed or not lacking(observed, column):
            continue
        ident = cell.ident(MODEL, "one", moderator.name)
        if column not in filled:
            filled[column] = fill_column(ledger, ident, rows, observed, column, m, plan)
        refit(ledger, ident, completed, moderator, filled[column], settings.primary(cell.family))


def refit(
    ledger: Ledger,
    ident: Ident,
    completed: Cell,
    moderator: Moderator,
    filled: pd.Series | str,
    spec: ModelSpec,
) -> None:
    """Fit the moderator on the filled column, or say why it could not be filled."""
    if isinstance(filled, str):
        ledger.note(ident, "not_fitted", filled)
        return
    for text in filled.attrs["notes"]:
        ledger.note(ident, "warning", text)
    part = completed.but(completed.rows.assign(**{moderator.column: filled}))
    fit_moderator(ledger, ident, part, moderator, spec)


def original_columns(cell: Cell, first: pd.DataFrame) -> pd.DataFrame:
    """The observed columns of the participants of one data set, in its order."""
    table = cell.rows.set_index(["study", "participant"])
    return table.reindex(pd.MultiIndex.from_frame(first[["study", "participant"]])).reset_index()


def lacking(observed: pd.DataFrame, column: str) -> bool:
    """Whether some trial has no value of a column that another has."""
    measured = observed[column].notna().groupby(observed["study"]).any()
    return bool(measured.any() and not measured.all())


def fill_column(
    ledger: Ledger,
    ident: Ident,
    rows: pd.DataFrame,
    observed: pd.DataFrame,
    column: str,
    m: int,
    plan: MissingPlan,
) -> pd.Series | str:
    """The column with drawn values where a trial never measured it (notes in `attrs`), or why not."""
    coded = code_column(observed[column])
    if coded is None:
        return "two-level imputation is for numbers and for two levels; this moderator has more levels"
    trials = trials_of(rows, observed, coded, m)
    rng = np.random.default_rng(study_seed(plan.seed, f"two_level\n{column}"))
    try:
        drawn, notes = impute_unmeasured(trials, coded.binary, rng)
    except (ValueError, np.linalg.LinAlgError) as error:
        return str(error) if isinstance(error, ValueError) else "the trials' regressions could not be pooled"
    ledger.count(ident, "two_level_trials", n=len(drawn), of=len(trials))
    values = rows[column].to_numpy(dtype=object).reshape(m, -1).copy()
    places = positions(observed, "study")
    for study, own in drawn.items():
        values[:, places[study]] = coded.back(own)
    if pd.api.types.is_numeric_dtype(rows[column]):
        values = values.astype(float)
        if column in plan.logged:
            values = squeezed(values, observed[column].to_numpy(dtype=float))
    series = pd.Series(values.ravel(), index=rows.index)
    series.attrs["notes"] = tuple(notes)
    return series


def code_column(column: pd.Series) -> Coded | None:
    """A column as numbers, or None where it has more than two levels."""
    if pd.api.types.is_numeric_dtype(column):
        values = column.astype(float)
        binary = set(values.dropna().unique()) <= {0.0, 1.0}
        plain = values.to_numpy(dtype=float)
        log = not binary and bool(np.nanmin(plain) >= 0) and float(pd.Series(plain).skew()) > SKEWED  # type: ignore[arg-type]
        return Coded(np.log1p(plain) if log else plain, binary, log)
    text = column.astype(object).where(column.notna(), None)
    levels = tuple(sorted({str(v) for v in text if v is not None}))
    if len(levels) != 2:
        return None
    codes = text.map(lambda v: np.nan if v is None else float(levels.index(str(v))))
    return Coded(codes.to_numpy(dtype=float), True, False, levels)


def trials_of(rows: pd.DataFrame, observed: pd.DataFrame, coded: Coded, m: int) -> dict[str, TrialData]:
    """Predictors (arm, baseline, outcome, arm by outcome; centred within trials) and moderator, by trial."""
    columns = {
        name: rows[name].to_numpy(dtype=float).reshape(m, -1) for name in ("treat", "baseline", "outcome")
    }
    trials = {}
    for name, at in positions(observed, "study").items():
        own = {key: values[:, at] for key, values in columns.items()}
        own = {key: values - values.mean(axis=1, keepdims=True) for key, values in own.items()}
        parts = [np.ones_like(own["treat"]), *own.values(), own["treat"] * own["outcome"]]
        usable = [part for part in parts if np.isfinite(part).all()]
        trials[name] = TrialData(np.stack(usable, axis=2), coded.values[at])
    return same_width(trials)


def same_width(trials: dict[str, TrialData]) -> dict[str, TrialData]:
    """Trials whose predictors are all there; one without a baseline score has no regression to compare."""
    widest = max(t.predictors.shape[2] for t in trials.values())
    return {name: t for name, t in trials.items() if t.predictors.shape[2] == widest}
