"""Impute one trial, arm by arm, so that no treatment interaction is smoothed away."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ipdma.imputation.chained import Completed, impute_block

Array = NDArray[Any]
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
        Per arm, shape (iterations, p, 2).
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
    measured = np.flatnonzero(~np.isnan(values).all(axis=0))
    columns = [str(c) for c in table.columns]
    names = [columns[j] for j in measured]
    used_kinds = [kinds[name] for name in names]
    unmeasured = tuple(c for j, c in enumerate(columns) if j not in measured)
    arms = pd.factorize(pd.Series(arm).astype(str), sort=True)
    notes = constant_notes(values[:, measured], names, study)
    completed = np.repeat(values[None], m, axis=0)
    traces: dict[str, Array] = {}
    together = thin_arms(values[:, measured], arms[0], names, [str(a) for a in arms[1]], study)
    if together:
        block = joint_block(values[:, measured], arms[0], names, used_kinds, m, iterations, rng)
        completed[:, :, measured] = block.values[:, :, : len(measured)]
        traces["all arms"] = block.trace[:, : len(measured)]
        return ImputedStudy(
            completed, unmeasured, (*notes, *together, *ridge_notes(block, study, "all arms")), traces
        )
    for code, label in enumerate(arms[1]):
        rows = np.flatnonzero(arms[0] == code)
        part = values[np.ix_(rows, measured)]
        block = impute_block(part, names, used_kinds, m, iterations, rng)
        completed[np.ix_(np.arange(m), rows, measured)] = block.values
        traces[str(label)] = block.trace
        notes += ridge_notes(block, study, str(label))
    return ImputedStudy(completed, unmeasured, tuple(notes), traces)


def thin_arms(values: Array, arm: Array, names: list[str], labels: list[str], study: str) -> list[str]:
    """Arms in which some variable with gaps has too few observed values to be imputed there."""
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
            notes.append(f"{study}: {name} has one observed value; its gaps were filled with it")
    return notes


def ridge_notes(block: Completed, study: str, label: str) -> list[str]:
    """Say where slopes were shrunk because an arm is small for its number of predictors."""
    if not block.ridge:
        return []
    return [
        f"{study}, arm {label}: slopes shrunk (ridge {max(block.ridge.values()):g}) for "
        f"{', '.join(block.ridge)}, since the arm is small for its number of predictors"
    ]
