"""One model on many completed data sets: the stack is read once, each search starts where the last ended."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ipdma.errors import FitError
from ipdma.model.columns import ModelColumns, read_columns
from ipdma.model.design import Design, design_of_columns
from ipdma.model.gaussian import prepare_design, record_fit
from ipdma.model.newton import Optimum
from ipdma.model.problem import Problem
from ipdma.model.records import Fit
from ipdma.model.search import State, minimise
from ipdma.model.spec import ModelSpec


def fit_stacked(rows: pd.DataFrame, spec: ModelSpec, column: str = "imputation") -> list[Fit]:
    """Fit a one-stage Gaussian model to each completed data set of a stack.

    Parameters
    ----------
    rows : DataFrame
        All data sets one below the other; `column` numbers them.
    spec : ModelSpec
        Without `imputation`.

    Returns
    -------
    list of Fit
        In the order of the numbers; without profile intervals of the variances.

    Raises
    ------
    DataError, FitError
        As `fit_gaussian` on any of the sets.
    """
    columns = read_columns(rows.drop(columns=column), spec)
    numbers = rows[column].to_numpy()
    own = numbers[columns.row_index]
    fits: list[Fit] = []
    last: Optimum[State] | None = None
    for number in np.unique(numbers):
        total = int((numbers == number).sum())
        design = design_of_columns(take_rows(columns, own == number, total), spec)
        fit, optimum = fit_from(design, last)
        last = last if optimum.singular else optimum
        fits.append(fit)
    return fits


def take_rows(columns: ModelColumns, keep: np.ndarray, total: int) -> ModelColumns:
    """The complete rows of one data set of `total` rows, studies without any left out."""
    present, study = np.unique(columns.study[keep], return_inverse=True)
    return replace(
        columns,
        numeric={name: values[keep] for name, values in columns.numeric.items()},
        study=study,
        studies=tuple(columns.studies[k] for k in present),
        level_codes=None if columns.level_codes is None else columns.level_codes[keep],
        participant=None if columns.participant is None else columns.participant[keep],
        row_index=columns.row_index[keep],
        n_excluded=total - int(keep.sum()),
    )


def fit_from(design: Design, last: Optimum[State] | None) -> tuple[Fit, Optimum[State]]:
    """Fit a design, from the optimum of a similar one where there is one inside the boundary."""
    try:
        prepared = prepare_design(design)
        optimum = warm_search(prepared.swept, last)
        return record_fit(prepared, optimum, False), optimum
    except np.linalg.LinAlgError as error:
        raise FitError("the design of a completed data set is too close to rank-deficient") from error


def warm_search(problem: Problem, last: Optimum[State] | None) -> Optimum[State]:
    """Search from the last optimum inside the boundary, beside which `minimise` tries the boundary itself.

    From the usual spread of starts where there is none, or the search from it did not converge.
    """
    if last is None or not fits_problem(problem, last):
        return minimise(problem)
    optimum = minimise(problem, [last.point], most=1)
    return optimum if optimum.converged else minimise(problem)


def fits_problem(problem: Problem, last: Optimum[State]) -> bool:
    """Whether the parameters of an optimum are those of the problem."""
    same_groups = len(np.atleast_1d(last.point.sigma2)) == problem.n_groups
    return same_groups and last.point.factor.shape == (len(problem.z),) * 2
