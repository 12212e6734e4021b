"""Impute one trial, arm by arm, so that no treatment interaction is smoothed away."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ipdma.imputation.chained import Completed, impute_block

Array = NDArray[Any]
COPY_ROWS = 8  # rows with both that it takes to call a column the copy of another
COPY_SHARE = 1e-9  # variance left unexplained by a linear map
FEWEST = 3  # observed values of a variable that an arm needs to be imputed by itself


@dataclass(frozen=True)
class ImputedStudy:
    """One trial's completed columns.

    Attributes
    ----------
    values : ndarray, shape (M, n, p)
        In the order of the rows and columns given; NaN only in `unmeasured` columns.
    unmeasured : tuple of str
        Columns with no observed value in the trial: left empty.
    notes : tuple of str
        Choices that a reader should know: arms taken together, slopes shrunk, constants.
    traces : dict of str to ndarray
        Per arm, or under `all arms` where they were imputed together: shape (iterations, p, 2), see
        `Completed`.
    """

    values: Array
    unmeasured: tuple[str, ...]
    notes: tuple[str, ...]
    traces: dict[str, Array] = field(default_factory=dict)


def study_seed(master: int, study: str) -> int:
    """A seed of the study's own, so that adding a trial changes no other."""
    digest = hashlib.sha256(f"{master}\n{study}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


def impute_study(
    table: pd.DataFrame,
    arm: Array,
    kinds: dict[str, str],
    study: str,
    m: int,
    iterations: int = 10,
    master_seed: int = 0,
) -> ImputedStudy:
    """Complete the columns of one trial within its arms.

    Parameters
    ----------
    table : DataFrame, shape (n, p)
        Numbers (levels as codes), NaN where missing.
    arm : array of shape (n,)
        The arm of each row.
    kinds : dict of str to str
        Kind of each column (see `impute_block`).
    study : str
        Its name, for the seed and the notes.
    m, iterations, master_seed : int
        Completed data sets, sweeps, and the plan's seed.
    """
    rng = np.random.default_rng(study_seed(master_seed, study))
    values = table.to_numpy(dtype=float)
    columns = [str(c) for c in table.columns]
    measured = np.flatnonzero(~np.isnan(values).all(axis=0))
    unmeasured = tuple(c for j, c in enumerate(columns) if j not in measured)
    own, varying = filled_constants(values, measured)
    copies = find_copies(values, [int(j) for j in varying if kinds[columns[j]] != "unordered"])
    for copy in reversed(copies):
        fill_source(own, copy)
    used = np.array([j for j in varying if j not in {c.of for c in copies}], dtype=int)
    notes = constant_notes(values[:, measured], [columns[j] for j in measured], study)
    notes += copy_notes(copies, columns, study)
    part = Part(own[:, used], [columns[j] for j in used], [kinds[columns[j]] for j in used], used, study)
    completed = np.repeat(own[None], m, axis=0)
    traces, more = complete_arms(completed, part, arm, iterations, rng, len(columns))
    for copy in copies:
        gap = np.isnan(values[:, copy.of])
        completed[:, gap, copy.of] = copy.intercept + copy.slope * completed[:, gap, copy.source]
    return ImputedStudy(completed, unmeasured, (*notes, *more), traces)


def filled_constants(values: Array, measured: Array) -> tuple[Array, Array]:
    """The gaps of what has one observed value filled with it, and the places of what varies.

    A variable that is the same for everybody in the trial predicts nothing there: it may be in the table for
    other trials' sake, and these are not to change what this one gets.
    """
    own = values.copy()
    same = np.nanmin(values[:, measured], axis=0) == np.nanmax(values[:, measured], axis=0)
    constant = measured[same]
    own[:, constant] = np.nanmax(values[:, constant], axis=0)
    return own, measured[~same]


@dataclass(frozen=True)
class Part:
    """The columns of a trial that go through the chain: `used` are their places in the table."""

    values: Array
    names: list[str]
    kinds: list[str]
    used: Array
    study: str


def complete_arms(
    completed: Array, part: Part, arm: Array, iterations: int, rng: np.random.Generator, width: int
) -> tuple[dict[str, Array], list[str]]:
    """Fill in `completed` arm by arm, or all arms together where one is too thin; traces and notes."""
    m = len(completed)
    codes, labels = pd.factorize(pd.Series(arm).astype(str), sort=True)
    together = thin_arms(part.values, codes, part.names, [str(a) for a in labels], part.study)
    traces: dict[str, Array] = {}
    if together:
        block = joint_block(part.values, codes, part.names, part.kinds, m, iterations, rng)
        completed[:, :, part.used] = block.values[:, :, : len(part.used)]
        traces["all arms"] = wide_trace(block.trace[:, : len(part.used)], part.used, width)
        return traces, [*together, *ridge_notes(block, part.study, "all arms")]
    notes = []
    for code, label in enumerate(labels):
        rows = np.flatnonzero(codes == code)
        block = impute_block(part.values[rows], part.names, part.kinds, m, iterations, rng)
        completed[np.ix_(np.arange(m), rows, part.used)] = block.values
        traces[str(label)] = wide_trace(block.trace, part.used, width)
        notes += ridge_notes(block, part.study, str(label))
    return traces, notes


def wide_trace(trace: Array, used: Array, width: int) -> Array:
    """A trace with a place for every column of the table, NaN for those that were not imputed."""
    wide = np.full((len(trace), width, 2), np.nan)
    wide[:, used] = trace
    return wide


@dataclass(frozen=True)
class Copy:
    """A column that is another one on a different scale: of = intercept + slope x source."""

    of: int
    source: int
    intercept: float
    slope: float


def find_copies(values: Array, columns: Sequence[int]) -> list[Copy]:
    """Columns that are exact linear copies of an earlier one wherever both are observed.

    Imputed beside each other they would only repeat each other and never leave their starting values.
    """
    copies: list[Copy] = []
    for place, of in enumerate(columns):
        for source in columns[:place]:
            if source in {c.of for c in copies}:
                continue
            both = ~np.isnan(values[:, of]) & ~np.isnan(values[:, source])
            x, y = values[both, source], values[both, of]
            if len(x) < COPY_ROWS or np.ptp(x) == 0 or np.ptp(y) == 0:
                continue
            if 1 - np.corrcoef(x, y)[0, 1] ** 2 < COPY_SHARE:
                slope = float(np.cov(x, y)[0, 1] / np.var(x, ddof=1))
                copies.append(Copy(of, source, float(y.mean() - slope * x.mean()), slope))
                break
    return copies


def fill_source(values: Array, copy: Copy) -> None:
    """Where only the copy was observed, its source follows from it."""
    gap = np.isnan(values[:, copy.source]) & ~np.isnan(values[:, copy.of])
    values[gap, copy.source] = (values[gap, copy.of] - copy.intercept) / copy.slope


def copy_notes(copies: Sequence[Copy], columns: Sequence[str], study: str) -> list[str]:
    """Name the columns that were filled in from another."""
    return [
        f"{study}: {columns[c.of]} is {columns[c.source]} on another scale; "
        "the one was filled in from the other"
        for c in copies
    ]


def thin_arms(values: Array, arm: Array, names: list[str], labels: list[str], study: str) -> list[str]:
    """A note on each arm in which a variable with gaps has too few observed values to be imputed there."""
    notes = []
    for code, label in enumerate(labels):
        part = values[arm == code]
        gaps = np.isnan(part)
        thin = [n for j, n in enumerate(names) if gaps[:, j].any() and (~gaps[:, j]).sum() < FEWEST]
        if thin and len(labels) > 1:
            notes.append(
                f"{study}: fewer than {FEWEST} observed values of {', '.join(thin)} in arm {label}; "
                "its arms were imputed together, with the arm as a predictor"
            )
    return notes


def joint_block(
    values: Array,
    arm: Array,
    names: list[str],
    kinds: list[str],
    m: int,
    iterations: int,
    rng: np.random.Generator,
) -> Completed:
    """Impute all arms at once with the arm among the predictors."""
    with_arm = np.column_stack([values, arm.astype(float)])
    return impute_block(with_arm, [*names, "arm"], [*kinds, "unordered"], m, iterations, rng)


def constant_notes(values: Array, names: list[str], study: str) -> list[str]:
    """Name incomplete variables whose observed values are all the same."""
    notes = []
    for j, name in enumerate(names):
        observed = values[~np.isnan(values[:, j]), j]
        if len(observed) < len(values) and np.ptp(observed) == 0:
            notes.append(
                f"{study}: observed values of {name} are all the same; gaps were filled with that one"
            )
    return notes


def ridge_notes(block: Completed, study: str, label: str) -> list[str]:
    """Say where slopes were shrunk because an arm is small for its number of predictors."""
    if not block.ridge:
        return []
    return [
        f"{study}, arm {label}: slopes shrunk (ridge {max(block.ridge.values()):g}) for "
        f"{', '.join(block.ridge)}, since the arm is small for its number of predictors"
    ]
