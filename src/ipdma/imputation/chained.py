"""Chained equations inside one block of participants (an arm of a trial), all imputations at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipdma.imputation.draws import DRAW, Split

Array = NDArray[Any]
ROWS_PER_PREDICTOR = 5  # below this the slopes are shrunk (statistics of small arms)


@dataclass(frozen=True)
class Completed:
    """Imputed values of one block.

    Attributes
    ----------
    values : ndarray, shape (M, n, p)
        Completed data; observed cells are copies, bit for bit.
    trace : ndarray, shape (iterations, p, 2)
        Mean over chains of the mean, and of the SD, of the imputed cells of each variable; NaN for variables
        without gaps.
    ridge : dict of str to float
        The prior precision of the slopes (`Split.ridge`) for each imputed variable that needed shrinkage.
    """

    values: Array
    trace: Array
    ridge: dict[str, float]


def impute_block(
    values: Array,
    names: list[str],
    kinds: list[str],
    m: int,
    iterations: int,
    rng: np.random.Generator,
) -> Completed:
    """Complete one block by chained equations with Bayesian draws (van Buuren 2018, chapter 4).

    Parameters
    ----------
    values : ndarray, shape (n, p)
        NaN where missing; levels as codes. Every column has at least one observed value.
    names : list of str
        The columns' names, under which shrinkage is reported.
    kinds : list of str
        A word for each column: `continuous` (normal draws), `bounded` (predictive mean matching), `binary`,
        `ordered` or `unordered`.
    m, iterations : int
        Completed data sets, and sweeps of the chain in each.

    Returns
    -------
    Completed
    """
    gaps = np.isnan(values)
    completed = starting_values(values, gaps, m, rng)
    targets = [j for j in np.argsort(gaps.sum(axis=0), kind="stable") if gaps[:, j].any()]
    trace = np.full((iterations, values.shape[1], 2), np.nan)
    ridge: dict[str, float] = {}
    for sweep in range(iterations):
        for j in targets:
            split = split_for(completed, values[:, j], gaps[:, j], j, kinds)
            if split.ridge >= 0.5:
                ridge[names[j]] = split.ridge
            draw = constant_draw if np.ptp(split.target) == 0 else DRAW[kinds[j]]
            drawn = draw(split, rng)
            completed[:, gaps[:, j], j] = drawn
            trace[sweep, j] = drawn.mean(), drawn.std(axis=1).mean()
    return Completed(completed, trace, ridge)


def constant_draw(split: Split, rng: np.random.Generator) -> Array:
    """A variable whose observed values are all the same has nothing else to give, shape (M, n_mis)."""
    del rng
    return np.full(split.missing.shape[:2], split.target[0])


def starting_values(values: Array, gaps: Array, m: int, rng: np.random.Generator) -> Array:
    """Fill each gap with a random observed value of its variable, in every chain."""
    completed = np.repeat(values[None], m, axis=0)
    for j in range(values.shape[1]):
        if gaps[:, j].any():
            observed = values[~gaps[:, j], j]
            completed[:, gaps[:, j], j] = rng.choice(observed, (m, int(gaps[:, j].sum())))
    return completed


def split_for(completed: Array, target: Array, gap: Array, j: int, kinds: list[str]) -> Split:
    """Predictors of variable j from all others, scaled within each chain, and how much to shrink.

    The ridge is how many predictors there are beyond one for every five observed rows; else next to nothing.
    """
    x = predictors(completed, j, kinds)
    n_obs, p = int((~gap).sum()), x.shape[2]
    ridge = max(1e-5 * n_obs, p - n_obs / ROWS_PER_PREDICTOR)
    return Split(x[:, ~gap], x[:, gap], target[~gap], ridge)


def predictors(completed: Array, j: int, kinds: list[str]) -> Array:
    """Intercept and every other variable (unordered ones as dummies), standardised, shape (M, n, p)."""
    m, n, _ = completed.shape
    columns = [np.ones((m, n))]
    for i, kind in enumerate(kinds):
        if i == j:
            continue
        column = completed[:, :, i]
        if kind == "unordered":
            levels = np.unique(column)
            columns += [(column == level).astype(float) for level in levels[1:]]
        else:
            columns.append(column)
    return np.stack([columns[0], *(standardised(c) for c in columns[1:])], axis=2)


def standardised(column: Array) -> Array:
    """Mean 0 and SD 1 within each chain; zero where constant."""
    centred = column - column.mean(axis=1, keepdims=True)
    sd = centred.std(axis=1, keepdims=True)
    return np.where(sd > 1e-9, centred / np.maximum(sd, 1e-9), 0.0)
