"""The headline and the moderators on imputed data, and what they become if gaps are not at random."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell, design_frame
from ipdma.analysis.fitting import attempt, model_keys, model_spec, write_fit, write_studies
from ipdma.analysis.imputation_counts import write_diagnostics, write_missing, write_pooling
from ipdma.analysis.moderator_frame import Refused, moderator_frame
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Moderator, Settings
from ipdma.imputation import ImputedRows, impute_rows, needed_imputations, reference_based, shift_outcomes
from ipdma.model.fit import fit_model
from ipdma.model.gaussian import fit_gaussian
from ipdma.model.records import Fit
from ipdma.model.rubin import pool_rubin
from ipdma.model.spec import ModelSpec

MODEL = "imputed"
METHODS = ("jump_to_reference", "copy_increments")


@dataclass(frozen=True)
class MissingPlan:
    """The plan's `missing`, with its defaults.

    Attributes
    ----------
    m, iterations, seed : int
    delta_grid : tuple of float
        Shifts of imputed outcomes in standard deviations; `delta_arms` says in which arms.
    """

    method: str
    m: int
    iterations: int
    outcomes: tuple[str, ...]
    models: tuple[str, ...]
    auxiliary: tuple[str, ...]
    systematic: str
    delta_grid: tuple[float, ...]
    delta_arms: str
    reference_based: tuple[str, ...]
    seed: int


def read_missing(settings: Settings) -> MissingPlan:
    """Read `missing` from the plan."""
    keys = settings.plan.get("missing") or {}
    delta = keys.get("delta") or {}
    return MissingPlan(
        str(keys.get("method") or "none"),
        int(keys.get("m") or 20),
        int(keys.get("iterations") or 10),
        tuple(keys.get("outcomes") or ()),
        tuple(keys.get("models") or (settings.primary_model,)),
        tuple(keys.get("auxiliary") or ()),
        str(keys.get("systematic") or "none"),
        tuple(float(v) for v in delta.get("grid") or ()),
        str(delta.get("arms") or "active"),
        tuple(keys.get("reference_based") or ()),
        int(settings.plan.get("seed") or 0),
    )


def analyse_missing(cell: Cell, settings: Settings, others: Sequence[Cell] = ()) -> Ledger:
    """Tabulate gaps; impute and refit where the plan says so.

    Parameters
    ----------
    cell : Cell
        A score; a response or remission is derived from scores and is not imputed by itself.
    others : sequence of Cell
        Cells of the same contrast whose scores help to impute this one.
    """
    ledger, plan = Ledger(), read_missing(settings)
    if cell.family != "gaussian" or not cell.studies:
        return ledger
    variables = imputed_variables(cell, settings, plan)
    if cell.outcome == next(iter(settings.outcomes), ""):
        write_missing(ledger, cell, variables)
    if plan.method != "multiple_imputation" or (plan.outcomes and cell.outcome not in plan.outcomes):
        return ledger
    rows, helpers = with_helpers(cell, others)
    names = [*variables, *helpers]
    m = needed_imputations(rows, variables, plan.m)
    done = impute_rows(rows, names, m, plan.iterations, plan.seed)
    completed = cell.but(done.rows)
    fit_completed(ledger, completed, cell, settings, plan, done)
    write_diagnostics(ledger, cell, done)
    depart(ledger, completed, cell, settings, plan)
    return ledger


def imputed_variables(cell: Cell, settings: Settings, plan: MissingPlan) -> list[str]:
    """Baseline, outcome, every moderator's column, covariates and auxiliaries that anyone has."""
    wanted = ["baseline", "outcome", *(m.column for m in settings.moderators_of(cell.outcome))]
    for model in plan.models:
        wanted += list(settings.models[model].get("covariates") or ())
    wanted += list(plan.auxiliary)
    studies = cell.rows[cell.rows["study"].isin(cell.studies)]
    return [
        c for c in dict.fromkeys(wanted) if c in cell.rows and studies[c].notna().any() and varies(studies[c])
    ]


def varies(column: pd.Series) -> bool:
    """Whether a column has more than one value."""
    return column.dropna().nunique() > 1


def with_helpers(cell: Cell, others: Sequence[Cell]) -> tuple[pd.DataFrame, list[str]]:
    """The cell's rows in its analysed studies, with scores of other visits and raters beside them."""
    rows = cell.rows[cell.rows["study"].isin(cell.studies)].reset_index(drop=True)
    names = []
    for other in others:
        if (other.outcome, other.timepoint) == (cell.outcome, cell.timepoint) or other.family != "gaussian":
            continue
        name = f"score:{other.outcome}:{other.timepoint}"
        score = other.rows.set_index(["study", "participant"])["outcome"]
        column = score.reindex(pd.MultiIndex.from_frame(rows[["study", "participant"]])).to_numpy(dtype=float)
        if np.isfinite(column).any() and not same_scores(column, rows["outcome"].to_numpy(dtype=float)):
            rows[name] = column
            names.append(name)
    return rows, names


def same_scores(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two columns say the same wherever both speak: then the one cannot help the other."""
    both = np.isfinite(a) & np.isfinite(b)
    return bool(both.any() and np.corrcoef(a[both], b[both])[0, 1] > 0.9999)


def fit_completed(
    ledger: Ledger, completed: Cell, cell: Cell, settings: Settings, plan: MissingPlan, done: ImputedRows
) -> None:
    """Refit the headline and the moderators of the plan's models on the completed data."""
    for model in plan.models:
        name = MODEL if model == settings.primary_model else f"{MODEL}:{model}"
        keys = model_keys(settings, model, cell.family)
        for stage in ("one", "two"):
            ident = cell.ident(name, stage)
            fit_headline(ledger, ident, completed, keys, settings)
        ledger.count(cell.ident(name, "one"), "imputations", n=done.m)
        for text in done.notes:
            ledger.note(cell.ident(name, "one"), "imputation_note", text)
        for moderator in settings.moderators_of(cell.outcome):
            fit_moderator(
                ledger, cell.ident(name, "one", moderator.name), completed, moderator, keys, settings
            )


def fit_headline(
    ledger: Ledger,
    ident: Ident,
    completed: Cell,
    keys: Mapping[str, Any],
    settings: Settings,
    studies: bool = True,
) -> Fit | None:
    """Fit every completed data set, pool, write."""
    frame, covariates = design_frame(completed.analysed, keys.get("covariates") or ())
    frame["imputation"] = completed.analysed["imputation"]
    fit = attempt(
        ledger, ident, fitter(frame, {**keys, "covariates": list(covariates)}, settings, ident.stage)
    )
    if fit is None:
        return None
    write_fit(ledger, ident, fit, lambda term: term == "treatment")
    write_pooling(ledger, ident, fit)
    if studies and ident.stage == "two":
        write_studies(ledger, ident, fit, frame.dropna(), False)
    return fit


def fit_moderator(
    ledger: Ledger,
    ident: Ident,
    completed: Cell,
    moderator: Moderator,
    keys: Mapping[str, Any],
    settings: Settings,
) -> None:
    """The within-trial interaction on completed data, in the trials that measured the moderator."""
    try:
        coded = moderator_frame(completed, moderator, keys.get("covariates") or ())
    except Refused as why:
        ledger.note(ident, "refused", str(why))
        return
    frame = coded.frame.assign(imputation=completed.analysed["imputation"])
    own = {
        **keys,
        "covariates": list(coded.covariates),
        "moderator": moderator.name,
        "moderator_type": coded.kind,
    }
    if coded.kind == "categorical":
        own["levels"] = list(coded.levels)
    fit = attempt(ledger, ident, fitter(frame, own, settings, "one"))
    if fit is not None:
        wanted = (f"treatment:within:{moderator.name}", f"treatment:across:{moderator.name}")
        write_fit(ledger, ident, fit, lambda term: term == "treatment" or term.startswith(wanted))
        write_pooling(ledger, ident, fit)


def fitter(frame: pd.DataFrame, keys: Mapping[str, Any], settings: Settings, stage: str) -> Callable[[], Fit]:
    """What fits every completed data set and pools; without profile intervals, which nothing here shows."""

    def run() -> Fit:
        spec = model_spec(keys, "gaussian", stage, frame["study"].nunique(), settings.pool)
        if stage == "two":
            return fit_model(frame, spec.replace(imputation="imputation"))
        return pool_rubin(fits_of_sets(frame, spec), spec.level)

    return run


def fits_of_sets(frame: pd.DataFrame, spec: ModelSpec) -> list[Fit]:
    """One fit per completed data set."""
    return [
        fit_gaussian(part.drop(columns="imputation"), spec, False)
        for _, part in frame.groupby("imputation", sort=True)
    ]


def depart(ledger: Ledger, completed: Cell, cell: Cell, settings: Settings, plan: MissingPlan) -> None:
    """The headline under shifts by arm and under reference-based draws."""
    keys = model_keys(settings, settings.primary_model, cell.family)
    missing = missing_outcomes(completed, cell)
    for active, reference in delta_pairs(plan):
        rows = completed.rows
        shifted = shift_outcomes(
            rows["outcome"].to_numpy(dtype=float), missing, rows["treat"].to_numpy(), active, reference
        )
        ident = cell.ident(f"delta:{active:g}:{reference:g}", "one")
        part = completed.but(rows.assign(outcome=shifted))
        fit_headline(ledger, ident, part, keys, settings, studies=False)
        ledger.count(ident, "delta", arm="active", value=active)
        ledger.count(ident, "delta", arm="reference", value=reference)
    for method in plan.reference_based:
        ident = cell.ident(method, "one")
        part = completed.but(
            completed.rows.assign(outcome=drawn_from_reference(completed, missing, method, plan.seed))
        )
        fit_headline(ledger, ident, part, keys, settings, studies=False)


def missing_outcomes(completed: Cell, cell: Cell) -> np.ndarray:
    """True for the completed rows whose outcome was imputed."""
    observed = cell.rows.set_index(["study", "participant"])["outcome"].notna()
    at = pd.MultiIndex.from_frame(completed.rows[["study", "participant"]])
    return ~observed.reindex(at).to_numpy(dtype=bool)


def delta_pairs(plan: MissingPlan) -> list[tuple[float, float]]:
    """Shifts of the active and of the reference arm; no shift at all is the imputed headline itself."""
    grid = [d for d in plan.delta_grid if d != 0]
    pairs = {
        "active": [(d, 0.0) for d in grid],
        "reference": [(0.0, d) for d in grid],
        "both": [(d, d) for d in grid],
        "grid": [(a, r) for a in (0.0, *grid) for r in (0.0, *grid) if (a, r) != (0.0, 0.0)],
    }
    return pairs[plan.delta_arms]


def drawn_from_reference(completed: Cell, missing: np.ndarray, method: str, seed: int) -> np.ndarray:
    """Outcomes in which the active arm's gaps are drawn as the reference arm would have them, by study."""
    rows = completed.rows
    outcome = rows["outcome"].to_numpy(dtype=float).copy()
    m = int(rows["imputation"].max())
    for number, study in enumerate(sorted(rows["study"].unique())):
        at = np.flatnonzero((rows["study"] == study).to_numpy())
        shape = (m, len(at) // m)
        treat = rows["treat"].to_numpy()[at].reshape(shape)[0]
        gap = missing[at].reshape(shape)[0] & (treat == 1)
        own = outcome[at].reshape(shape).copy()
        own[:, gap] = np.nan
        baseline = rows["baseline"].to_numpy(dtype=float)[at].reshape(shape)
        helper = helper_score(rows, at, shape)
        rng = np.random.default_rng([seed, number])
        outcome[at] = reference_based(baseline, helper, own, treat, method, rng).ravel()
    return outcome


def helper_score(rows: pd.DataFrame, at: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The score that increments start from: the baseline, since a cell holds no visit between."""
    return rows["baseline"].to_numpy(dtype=float)[at].reshape(shape)
