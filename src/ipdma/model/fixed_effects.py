"""Fixed effects at an optimum, the nuisance coefficients of every study among them.

Their covariance is C = (F'V^-1 F)^-1 with F = [X, N]. How it changes with each variance parameter,
dC / d gamma_i = C P_i C with P_i = F'V^-1 V_i V^-1 F, is what Kenward-Roger and Satterthwaite need; study k
touches only its own columns, so P_i is kept in blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ipdma.model.criterion import Point, local_pieces
from ipdma.model.derivatives import gather_single, parameter_map, sandwiches
from ipdma.model.problem import Prepared, Problem
from ipdma.model.term import Term


@dataclass(frozen=True)
class FixedEffects:
    """Coefficients of the scaled problem, and the map to the scale of the data.

    Attributes
    ----------
    terms : tuple of Term
    beta : ndarray of shape (P,)
        On the scale of the data.
    covariance : ndarray of shape (P, P)
        C of the scaled problem.
    to_data : ndarray of shape (P, P)
        Coefficients on the scale of the data = to_data @ scaled ones + constant.
    index : ndarray of int, shape (K, f)
        Position in the P of each study's local columns; `own` is False where there is none.
    own : ndarray of bool, shape (K, f)
    single, double : ndarray of shape (K, m, f, f) and (K, m, m, f, f)
        F'V^-1 V_i V^-1 F and F'V^-1 V_i V^-1 V_j V^-1 F of each study.
    to_global : ndarray of shape (K, m, G)
        Which of the G variance parameters each study's m local ones are (`derivatives.parameter_map`).
    """

    terms: tuple[Term, ...]
    beta: np.ndarray
    covariance: np.ndarray
    to_data: np.ndarray
    index: np.ndarray
    own: np.ndarray
    single: np.ndarray
    double: np.ndarray
    to_global: np.ndarray

    def variance_gradients(self, rows: np.ndarray) -> np.ndarray:
        """d (l_a'C l_b) / d gamma_i for each pair of rows, shape (G, rows, rows)."""
        local = self.local(rows @ self.covariance)
        inner = local[:, None] @ self.single @ np.swapaxes(local, 1, 2)[:, None]
        return gather_single(inner.reshape(*inner.shape[:2], -1), self.to_global).reshape(
            -1, len(rows), len(rows)
        )

    def each_gradient(self, rows: np.ndarray) -> np.ndarray:
        """d (l'C l) / d gamma_i for each row l, shape (rows, G)."""
        local = self.local(rows @ self.covariance)
        inner = ((local[:, None] @ self.single) * local[:, None]).sum(axis=3)
        return gather_single(inner, self.to_global).T

    def local(self, matrix: np.ndarray) -> np.ndarray:
        """Columns of each study's local coefficients, shape (K, rows, f)."""
        return np.where(self.own[:, None, :], np.moveaxis(matrix[:, self.index], 1, 0), 0.0)

    def times(self, rows: np.ndarray, blocks: np.ndarray) -> np.ndarray:
        """`rows @ self.scatter(blocks)` of a few rows, shape (rows, P), without that matrix."""
        inner = np.where(self.own[:, None, :], self.local(rows) @ blocks, 0.0)
        total = np.zeros((rows.shape[1], len(rows)))
        np.add.at(total, self.index, np.swapaxes(inner, 1, 2))
        return total.T

    def scatter(self, blocks: np.ndarray) -> np.ndarray:
        """Sum of the studies' local blocks (K, f, f) at their places, shape (P, P)."""
        both = self.own[:, :, None] & self.own[:, None, :]
        total = np.zeros_like(self.covariance)
        if self.index.shape[1] == len(total):
            found: np.ndarray = np.where(both, blocks, 0.0).sum(axis=0)
            return found
        at = (self.index[:, :, None], self.index[:, None, :])
        np.add.at(total, at, np.where(both, blocks, 0.0))
        return total


def fixed_effects(prepared: Prepared, point: Point) -> FixedEffects:
    """All coefficients at a point of the variance parameters.

    Raises
    ------
    numpy.linalg.LinAlgError
        Where their information is not positive definite.
    """
    problem = with_unshifted_random(prepared)
    columns = np.concatenate([prepared.full.x, prepared.full.nuisance])
    local = local_pieces(problem, point)
    terms, index, own = place_terms(prepared)
    basis = np.eye(problem.gram.shape[-1])[:, columns]
    single, double = sandwiches(problem, local, basis)
    record = FixedEffects(
        terms, np.zeros(len(terms)), np.zeros((len(terms),) * 2), np.eye(len(terms)),
        index, own, single, double, parameter_map(problem),
    )  # fmt: skip
    information = record.scatter(local.v1[:, columns[:, None], columns])
    right = np.zeros(len(terms))
    np.add.at(right, index, np.where(own, local.v1[:, columns, problem.y], 0.0))
    factor = np.linalg.inv(np.linalg.cholesky(information))
    covariance = factor.T @ factor
    to_data, constant = map_to_data(prepared, terms, index, own)
    return replace(
        record, covariance=covariance, to_data=to_data, beta=to_data @ (covariance @ right) + constant
    )


def with_unshifted_random(prepared: Prepared) -> Problem:
    """The full problem with its random columns as they stand in the data.

    A shift of Z by a study's mean leaves with a swept intercept, but that intercept's own estimate is of the
    model as it stands.
    """
    full, scaling = prepared.full, prepared.scaling
    plain = replace(full, nuisance=np.empty(0, dtype=int))
    shift = scaling.origin[:, full.z] / scaling.scale[full.z]
    if not shift.any():
        return plain
    k, c, r = len(full.gram), full.gram.shape[-1], len(full.z)
    recode = np.zeros((k, c, c + r))
    recode[:, :, :c] = np.eye(c)
    recode[:, full.z, c + np.arange(r)] = 1.0
    recode[:, 0, c:] += shift
    gram = np.swapaxes(recode, 1, 2)[:, None] @ full.gram @ recode[:, None]
    return replace(plain, gram=gram, z=np.arange(c, c + r))


def place_terms(prepared: Prepared) -> tuple[tuple[Term, ...], np.ndarray, np.ndarray]:
    """Names of all coefficients, and where each study's local columns stand among them."""
    design, keep = prepared.design, prepared.full.keep
    p, (k, q) = len(prepared.full.x), keep.shape
    terms = list(prepared.shared_terms)
    index, own = np.zeros((k, p + q), dtype=int), np.ones((k, p + q), dtype=bool)
    index[:, :p] = np.arange(p)
    for h, name in enumerate(design.nuisance_terms):
        at = np.flatnonzero(keep[:, h])
        index[at, p + h] = len(terms) + np.arange(len(at))
        terms += [name.but(study=design.studies[i]) for i in at]
    own[:, p:] = keep
    return tuple(terms), index, own


def map_to_data(
    prepared: Prepared, terms: tuple[Term, ...], index: np.ndarray, own: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Matrix and constant that turn scaled coefficients into those of the data's columns."""
    full, scaling = prepared.full, prepared.scaling
    columns = np.concatenate([full.x, full.nuisance])
    size_y = scaling.scale[full.y]
    matrix, constant = np.zeros((len(terms),) * 2), np.zeros(len(terms))
    slope = size_y / scaling.scale[columns]
    for f in np.flatnonzero(columns == 0):
        study, other = np.nonzero(own & own[:, f, None])
        matrix[index[study, f], index[study, other]] = (-scaling.origin[:, columns] * slope)[study, other]
        constant[index[own[:, f], f]] = scaling.origin[own[:, f], full.y]
    at = index[own]
    matrix[at, at] = np.broadcast_to(slope, own.shape)[own]
    return matrix, constant


def log_scale(prepared: Prepared) -> float:
    """What to add to the scaled problem's deviance to have that of the data's columns."""
    full, log = prepared.full, np.log(prepared.scaling.scale)
    rows = float(full.raw_n.sum())
    if not full.reml:
        return 2 * rows * float(log[full.y])
    coefficients = len(full.x) + int(full.keep.sum())
    columns = float(log[full.x].sum() + (full.keep @ log[full.nuisance]).sum())
    return 2 * (rows - coefficients) * float(log[full.y]) + 2 * columns
