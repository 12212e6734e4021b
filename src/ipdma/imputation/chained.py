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
    modes: dict[int, dict[float, Array]] = {j: {} for j in targets}
    predictors = Predictors(completed, kinds)
    for sweep in range(iterations):
        for j in targets:
            split = split_for(predictors.but(j), values[:, j], gaps[:, j], modes[j])
            if split.ridge >= 0.5:
                ridge[names[j]] = split.ridge
            draw = constant_draw if np.ptp(split.target) == 0 else DRAW[kinds[j]]
            drawn = draw(split, rng)
            completed[:, gaps[:, j], j] = drawn
            predictors.renew(j, completed[:, :, j])
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


def split_for(x: Array, target: Array, gap: Array, modes: dict[float, Array]) -> Split:
    """A target and its predictors, shape (M, n, p), and how much to shrink.

    The ridge is how many predictors there are beyond one for every five observed rows; else next to nothing.
    """
    n_obs, p = int((~gap).sum()), x.shape[2]
    ridge = max(1e-5 * n_obs, p - n_obs / ROWS_PER_PREDICTOR)
    return Split(x[:, ~gap], x[:, gap], target[~gap], ridge, modes)


class Predictors:
    """Intercept and every variable of a block (unordered ones as dummies), scaled within each chain.

    Parameters
    ----------
    completed : ndarray, shape (M, n, p)
        Each unordered variable with every level that it will ever have.
    kinds : list of str
        See `impute_block`.
    """

    def __init__(self, completed: Array, kinds: list[str]) -> None:
        m, n, p = completed.shape
        columns = [completed[:, :, j] for j in range(p)]
        unordered = [kind == "unordered" for kind in kinds]
        self.levels = [np.unique(c)[1:] if own else None for c, own in zip(columns, unordered, strict=True)]
        widths = [1 if levels is None else len(levels) for levels in self.levels]
        self.owner = np.repeat(np.arange(-1, p), [1, *widths])  # the variable of each predictor
        self.held = np.ones((m, n, len(self.owner)))
        for j, column in enumerate(columns):
            self.renew(j, column)

    def renew(self, j: int, column: Array) -> None:
        """Take over a variable's completed values, shape (M, n)."""
        levels = self.levels[j]
        coded = column[..., None] if levels is None else (column[..., None] == levels).astype(float)
        self.held[:, :, self.owner == j] = standardised(coded)

    def but(self, j: int) -> Array:
        """The predictors of a variable: all others, shape (M, n, p)."""
        others: Array = self.held[:, :, self.owner != j]
        return others


def standardised(columns: Array) -> Array:
    """Mean 0 and SD 1 over the second axis, within each chain; zero where constant."""
    centred = columns - columns.mean(axis=1, keepdims=True)
    sd = np.sqrt(np.mean(centred**2, axis=1, keepdims=True))
    return np.where(sd > 1e-9, centred / np.maximum(sd, 1e-9), 0.0)
