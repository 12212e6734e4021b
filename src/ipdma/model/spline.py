"""Restricted cubic spline interactions: the same knots in all trials, pooled in two stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import chdtrc

Array = np.ndarray


def spline_basis(x: Array, knots: Sequence[float] | Array) -> Array:
    """Harrell's restricted cubic spline: x, then one column for each knot but the last two.

    Parameters
    ----------
    x : array of shape (n,)
    knots : sequence of k rising numbers, k >= 3

    Returns
    -------
    array of shape (n, k - 1)
        Nonlinear columns are divided by (last knot - first knot)^2 (Harrell, Regression Modeling
        Strategies, 2.4.5).
    """
    t = np.asarray(knots, float)
    x = np.asarray(x, float)

    def cube(v: np.ndarray) -> np.ndarray:
        above: np.ndarray = np.maximum(v, 0.0) ** 3
        return above

    last, before = t[-1], t[-2]
    columns = [x]
    for knot in t[:-2]:
        bend = cube(x - knot) - cube(x - before) * (last - knot) / (last - before)
        bend += cube(x - last) * (before - knot) / (last - before)
        columns.append(bend / (last - t[0]) ** 2)
    return np.column_stack(columns)


@dataclass(frozen=True)
class SplineFit:
    """A pooled spline interaction.

    Attributes
    ----------
    gamma, covariance : arrays of shapes (q,), (q, q)
        Interaction coefficients, the first of the linear column, q = knots - 1.
    knots : tuple of float
    centre : array of shape (q,)
        Mean over the studies of the study means of the basis.
    studies : tuple of str
        Those that inform a coefficient; `n` are their participants.
    """

    gamma: Array
    covariance: Array
    knots: tuple[float, ...]
    centre: Array
    studies: tuple[str, ...]
    n: int

    def wald(self, positions: Sequence[int]) -> tuple[float, int, float]:
        """Wald chi-square that these coefficients are zero: statistic, degrees of freedom, p."""
        at = list(positions)
        g = self.gamma[at]
        statistic = float(g @ np.linalg.solve(self.covariance[np.ix_(at, at)], g))
        return statistic, len(at), float(chdtrc(len(at), statistic))


def fit_spline(
    rows: pd.DataFrame, columns: Sequence[str], covariates: Sequence[str], knots: Sequence[float] | Array
) -> SplineFit:
    """Each study's own ANCOVA with the spline, its main effect and its interaction; interactions pooled.

    Study k tells J_k, the information about the interaction coefficients once arm, main effect and
    covariates are swept out, divided by its own residual variance; gamma = (sum J_k)^-1 sum J_k gamma_k.
    A study whose moderator does not reach over all knots adds what it has, since J_k may be singular.

    Parameters
    ----------
    rows : DataFrame
        `study`, `treat` (0/1), `outcome`, the basis and the covariates, nothing missing.
    columns : sequence of k - 1 names
        The moderator's basis, as `spline_basis` gives it at the knots; its moments alone are used.
    covariates : sequence of str
    knots : sequence of k rising numbers, k >= 3

    Raises
    ------
    ArithmeticError
        When the studies together cannot tell the coefficients apart.
    """
    q = len(knots) - 1
    information, score = np.zeros((q, q)), np.zeros(q)
    means, used, n = [], [], 0
    for study, part in rows.groupby("study"):
        basis = part[list(columns)].to_numpy(float)
        means.append(basis.mean(axis=0))
        found = study_information(part, basis - basis.mean(axis=0), covariates)
        if found is not None:
            information += found[0]
            score += found[1]
            used.append(str(study))
            n += len(part)
    if not used or np.linalg.matrix_rank(information) < q:
        raise ArithmeticError("the studies together do not inform every coefficient of the spline")
    covariance = np.linalg.inv(information)
    return SplineFit(
        covariance @ score, covariance, tuple(map(float, knots)), np.mean(means, axis=0), tuple(used), n
    )


def study_information(
    part: pd.DataFrame, basis: Array, covariates: Sequence[str]
) -> tuple[Array, Array] | None:
    """A study's information (q, q) about its interaction coefficients, and its score (q,).

    None where the study has one arm alone, no residual degree of freedom, or an outcome fitted exactly.
    """
    t = part["treat"].to_numpy(float)
    nuisance = np.column_stack([np.ones(len(t)), t, basis, part[list(covariates)].to_numpy(float)])
    y = part["outcome"].to_numpy(float)
    inter = basis * t[:, None]

    def sweep(a: np.ndarray) -> np.ndarray:
        rest: np.ndarray = a - nuisance @ np.linalg.lstsq(nuisance, a, rcond=None)[0]
        return rest

    Z, r = sweep(inter), sweep(y)
    full = np.column_stack([nuisance, inter])
    free = len(y) - np.linalg.matrix_rank(full)
    if free < 1 or len(np.unique(t)) < 2:
        return None
    residual = r - Z @ np.linalg.lstsq(Z, r, rcond=None)[0]
    sigma2 = float(residual @ residual) / free
    if sigma2 <= 0:
        return None
    return Z.T @ Z / sigma2, Z.T @ r / sigma2
