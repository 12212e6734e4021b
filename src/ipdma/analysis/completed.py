"""The trials of a cell completed, each from its own rows and the plan alone.

Scores are imputed in points of their instruments, turned so that higher is worse: the constants by which they
are standardised come from all trials, and a trial's completed values are not to change with the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell
from ipdma.analysis.characteristics import positions
from ipdma.analysis.guest import points_factor
from ipdma.analysis.missing_plan import MissingPlan
from ipdma.analysis.settings import Settings
from ipdma.imputation import ImputedRows, impute_rows, pooled_sets, sets_of_trials
from ipdma.imputation.keeping import Keep, keep_nothing

SAME = 0.9999  # correlation within a study from which two scores are one
HELPER_ROWS = 10  # scores that a helper needs in each arm of a study, else it would only add noise there


@dataclass(frozen=True)
class Helpers:
    """A cell's rows with scores of other visits and raters beside them.

    Attributes
    ----------
    rows : DataFrame
        Those of the analysed studies.
    names : list of str
        The helpers' columns, in points; empty in a study where a helper is the outcome itself or too thin.
    earlier : dict of str to dict of str to float
        Of the helpers those of the same outcome, with each study's weeks.
    """

    rows: pd.DataFrame
    names: list[str]
    earlier: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Completed:
    """Completed data sets of a cell.

    Attributes
    ----------
    done : ImputedRows
        Scores in points.
    rows : DataFrame
        The same rows with scores as the cell has them; observed ones are the cell's own, bit for bit.
    factor : ndarray, shape (n,)
        What turns points into the cell's scores, for the rows of one data set.
    sets : dict of str to int
        How many data sets each trial has of its own.
    """

    done: ImputedRows
    rows: pd.DataFrame
    factor: np.ndarray
    sets: dict[str, int]

    def scaled(self, points: np.ndarray) -> np.ndarray:
        """Points of all completed rows as scores of the cell."""
        return np.asarray(points * np.tile(self.factor, self.done.m))


def complete_cell(
    rows: pd.DataFrame,
    variables: Sequence[str],
    helpers: Sequence[str],
    plan: MissingPlan,
    scores: Sequence[str] = ("baseline", "outcome"),
    keep: Keep = keep_nothing,
    brought: Mapping[str, tuple[int, int]] | None = None,
) -> Completed:
    """Complete the variables of some rows with the help of others.

    Parameters
    ----------
    rows : DataFrame
    variables, helpers : sequence of str
        Gaps of `variables` decide how many data sets there are.
    plan : MissingPlan
    scores : sequence of str
        Columns that stand in the rows as the cell has them, and are imputed in points.
    keep : callable
        Where the data sets of trials are found again (see `impute_rows`).
    brought : mapping of str to (int, int), optional
        Trials without rows: how many completed data sets they bring, and of how many people.
    """
    sets = sets_of_trials(rows, variables, plan.m)
    counted = rows["study"].astype(str).value_counts()
    people = {str(study): int(n) for study, n in counted.items()}
    guests = brought or {}
    m = pooled_sets(
        sets | {study: own for study, (own, _) in guests.items()},
        people | {study: n for study, (_, n) in guests.items()},
    )
    points, factor = in_points(rows, [name for name in scores if name in variables])
    names = [*variables, *helpers]
    done = impute_rows(
        points,
        names,
        m,
        plan.iterations,
        plan.seed,
        sets=sets,
        keep=keep,
        positive=plan.logged,
        matched=plan.levelled,
    )
    found = {}
    for name in (name for name in scores if name in variables):
        observed = np.tile(rows[name].to_numpy(dtype=float), m)
        drawn = done.rows[name].to_numpy(dtype=float) * np.tile(factor, m)
        found[name] = np.where(np.isnan(observed), drawn, observed)
    return Completed(done, done.rows.assign(**found), factor, sets)


def in_points(rows: pd.DataFrame, scores: Sequence[str]) -> tuple[pd.DataFrame, np.ndarray]:
    """Scores in turned points, and what turns them back, row by row.

    In a study whose scores are not its raw ones times a constant they stay, and the factor is 1.
    """
    factor = np.ones(len(rows))
    columns = {name: rows[name].to_numpy(dtype=float, copy=True) for name in scores}
    if not all(f"{name}_raw" in rows for name in ("baseline", "outcome")):
        return rows, factor
    raw = {name: rows[f"{name}_raw"].to_numpy(dtype=float) for name in scores}
    studies: Mapping[Any, Any] = rows.groupby("study").indices
    for at in studies.values():
        own = points_factor(rows, at)
        if all(is_times(columns[name][at], raw[name][at], own) for name in scores):
            factor[at] = abs(own)
            for name, values in columns.items():
                values[at] = np.where(np.isnan(values[at]), np.nan, np.sign(own) * raw[name][at])
    return rows.assign(**columns), factor


def is_times(scores: np.ndarray, raw: np.ndarray, factor: float) -> bool:
    """Whether scores are raw ones times a factor wherever there is a score."""
    there = ~np.isnan(scores)
    return bool(np.allclose(scores[there], factor * raw[there], rtol=1e-9, atol=1e-9))


def imputed_variables(cell: Cell, settings: Settings, plan: MissingPlan) -> list[str]:
    """Baseline, outcome, every moderator's column, covariates and auxiliaries that anyone has."""
    wanted = ["baseline", "outcome", *(m.column for m in settings.moderators_of(cell.outcome))]
    for model in plan.models:
        wanted += settings.plan.models[model].covariates
    wanted += list(plan.auxiliary)
    studies = cell.rows[cell.rows["study"].isin(cell.studies)]
    return [c for c in dict.fromkeys(wanted) if c in cell.rows and studies[c].notna().any()]


def helping_cells(cell: Cell, cells: Sequence[Cell], settings: Settings) -> list[Cell]:
    """Cells of the same contrast whose scores may help, whatever other trials measured.

    An outcome that needs several trials is analysed or not according to the others, so its scores help in
    none.
    """
    return [
        other
        for other in cells
        if other.contrast == cell.contrast
        and settings.plan["outcomes"].get(other.outcome, {}).get("minimum_studies", 1) == 1
    ]


def with_helpers(cell: Cell, others: Sequence[Cell]) -> Helpers:
    """The cell's rows in its analysed studies, with scores of other visits and raters beside them."""
    rows = cell.rows[cell.rows["study"].isin(cell.studies)].reset_index(drop=True)
    names: list[str] = []
    earlier: dict[str, dict[str, float]] = {}
    for other in others:
        if (other.outcome, other.timepoint) == (cell.outcome, cell.timepoint) or other.family != "gaussian":
            continue
        name = f"score:{other.outcome}:{other.timepoint}"
        points, _ = in_points(other.rows, ["outcome"])
        score = points.set_index(["study", "participant"])["outcome"]
        column = score.reindex(pd.MultiIndex.from_frame(rows[["study", "participant"]])).to_numpy(dtype=float)
        column = own_information(column, rows, names)
        if np.isfinite(column).any():
            rows[name] = column
            names.append(name)
            if other.outcome == cell.outcome and "weeks" in other.rows:
                weeks = other.rows.groupby("study")["weeks"].median()
                earlier[name] = {str(s): float(w) for s, w in weeks.items() if np.isfinite(w)}
    return Helpers(rows, names, earlier)


def own_information(column: np.ndarray, rows: pd.DataFrame, known: Sequence[str]) -> np.ndarray:
    """A helper without the studies in which it repeats the outcome or another helper, or is too thin."""
    column = column.copy()
    treat = rows["treat"].to_numpy()
    rivals = [rows[name].to_numpy(dtype=float) for name in ("outcome", *known)]
    if "outcome_raw" in rows:
        rivals.append(rows["outcome_raw"].to_numpy(dtype=float))
    for at in positions(rows, "study").values():
        thin = min(int(np.isfinite(column[at][treat[at] == side]).sum()) for side in (0, 1)) < HELPER_ROWS
        if thin or any(same_scores(column[at], rival[at]) for rival in rivals):
            column[at] = np.nan
    return column


def same_scores(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two columns say the same wherever both speak: then the one cannot help the other."""
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < 3 or np.ptp(a[both]) == 0 or np.ptp(b[both]) == 0:
        return False
    return bool(abs(np.corrcoef(a[both], b[both])[0, 1]) > SAME)
