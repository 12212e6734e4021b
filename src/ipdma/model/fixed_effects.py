"""Fixed effects at an optimum, the nuisance coefficients of every study among them.

Their covariance is C = (F'V^-1 F)^-1 with F = [X, N]. How it changes with each variance parameter,
dC / d gamma_i = C P_i C with P_i = F'V^-1 V_i V^-1 F, is what Kenward-Roger and Satterthwaite need. A study
touches only its own columns, so that C is never made: with B_k = (N'V^-1 N)^-1 of study k, its own
coefficients are T_k times the shared ones beside a part of covariance B_k, T_k = -B_k N'V^-1 X.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import lapack

from ipdma.model.criterion import Point, local_pieces
from ipdma.model.derivatives import parameter_index, sandwiches
from ipdma.model.local_rows import LocalRows
from ipdma.model.problem import Prepared, Problem
from ipdma.model.term import Term


@dataclass(frozen=True)
class FixedEffects:
    """Coefficients of the scaled problem, and the map to the scale of the data.

    Attributes
    ----------
    terms : tuple of Term
        The p shared ones first.
    beta : ndarray of shape (P,)
        On the scale of the data.
    to_data : LocalRows
        Each coefficient on the scale of the data, less a constant, as a combination of scaled ones.
    covariance : ndarray of shape (p, p)
        C of the shared coefficients.
    turn : ndarray of shape (K, p + q, p)
        [1, T_k]; zero for a nuisance column without a coefficient in that study.
    own : ndarray of shape (K, q, q)
        B_k, with zeros in the same places.
    single, double : ndarray of shape (K, m, f, f) and (K, m, m, f, f), f = p + q
        F'V^-1 V_i V^-1 F and F'V^-1 V_i V^-1 V_j V^-1 F of each study.
    parameters : ndarray of int, shape (K, m)
        Which of the variance parameters each study's m local ones are.
    """

    terms: tuple[Term, ...]
    beta: np.ndarray
    to_data: LocalRows
    covariance: np.ndarray
    turn: np.ndarray
    own: np.ndarray
    single: np.ndarray
    double: np.ndarray
    parameters: np.ndarray

    def variances(self, rows: LocalRows) -> np.ndarray:
        """l'C l of each combination l, shape (n,)."""
        u, z = self.reach(rows)
        found: np.ndarray = ((u @ self.covariance) * u).sum(axis=1)
        np.add.at(found, rows.row, (z * rows.own).sum(axis=1))
        return found

    def products(self, rows: LocalRows) -> np.ndarray:
        """l_a'C l_b of each pair of combinations, shape (n, n)."""
        u, z = self.reach(rows)
        found: np.ndarray = u @ self.covariance @ u.T
        same = rows.study[:, None] == rows.study
        np.add.at(found, (rows.row[:, None], rows.row), np.where(same, z @ rows.own.T, 0.0))
        return found

    def reach(self, rows: LocalRows) -> tuple[np.ndarray, np.ndarray]:
        """What combinations come to in the shared coefficients, (n, p); their own parts times B_k, (N, q)."""
        p, u = len(self.covariance), rows.shared.copy()
        np.add.at(u, rows.row, (rows.own[:, None, :] @ self.turn[rows.study, p:])[:, 0])
        return u, (rows.own[:, None, :] @ self.own[rows.study])[:, 0]


def fixed_effects(prepared: Prepared, point: Point) -> FixedEffects:
    """All coefficients at a point of the variance parameters.

    Raises
    ------
    numpy.linalg.LinAlgError
        Where their information is not positive definite.
    """
    problem = with_unshifted_random(prepared)
    keep, p = prepared.full.keep, len(prepared.full.x)
    columns = np.concatenate([prepared.full.x, prepared.full.nuisance])
    local = local_pieces(problem, point)
    own = inverse_of_kept(local.v1[:, columns[p:, None], columns[p:]], keep)
    turn = np.concatenate(
        [np.broadcast_to(np.eye(p), (len(keep), p, p)), -own @ local.v1[:, columns[p:, None], columns[:p]]],
        axis=1,
    )
    information = (local.v1[:, columns[:p, None], columns] @ turn).sum(axis=0)
    root, failed = lapack.dpotrf(information, lower=1, clean=1)
    if failed:
        raise np.linalg.LinAlgError("the information of the coefficients is not positive definite")
    factor = lapack.dtrtri(root, lower=1)[0]
    covariance = factor.T @ factor
    right = local.v1[:, columns, problem.y]
    shared = covariance @ (right[:, None] @ turn).sum(axis=(0, 1))
    each = turn @ shared
    each[:, p:] += (own @ right[:, p:, None])[..., 0]
    terms, slot, study = place_terms(prepared)
    matrix, constant = map_to_data(prepared)
    beta = (matrix @ each[..., None])[..., 0] + constant
    single, double = sandwiches(problem, local, np.eye(problem.gram.shape[-1])[:, columns])
    return FixedEffects(
        terms=terms,
        beta=np.concatenate([beta[0, :p], beta[study, p + slot]]),
        to_data=LocalRows(
            np.concatenate([matrix[0, :p, :p], matrix[study, p + slot, :p]]),
            p + np.arange(len(study)), study, matrix[study, p + slot, p:],
        ),
        covariance=covariance,
        turn=turn,
        own=own,
        single=single,
        double=double,
        parameters=parameter_index(problem),
    )  # fmt: skip


def inverse_of_kept(matrices: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Inverses (K, q, q) among the columns that are kept (K, q), zero elsewhere.

    Raises
    ------
    numpy.linalg.LinAlgError
        Where one is not positive definite.
    """
    if not keep.size:
        return matrices
    both = keep[:, :, None] & keep[:, None, :]
    factor = np.linalg.cholesky(np.where(both, matrices, 0.0) + np.eye(keep.shape[1]) * ~keep[:, :, None])
    half = np.linalg.inv(factor)
    return np.where(both, half.mT @ half, 0.0)


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
    gram = recode.mT[:, None] @ full.gram @ recode[:, None]
    return replace(plain, gram=gram, z=np.arange(c, c + r))


def place_terms(prepared: Prepared) -> tuple[tuple[Term, ...], np.ndarray, np.ndarray]:
    """Names of all coefficients; the nuisance column and the study of those beyond the shared ones."""
    design = prepared.design
    slot, study = np.nonzero(prepared.full.keep.T)
    own = [design.nuisance_terms[h].but(study=design.studies[i]) for h, i in zip(slot, study, strict=True)]
    return (*prepared.shared_terms, *own), slot, study


def map_to_data(prepared: Prepared) -> tuple[np.ndarray, np.ndarray]:
    """Matrices (K, f, f) and constants (K, f) from scaled coefficients to those of the data's columns."""
    full, scaling = prepared.full, prepared.scaling
    columns = np.concatenate([full.x, full.nuisance])
    own = np.concatenate([np.ones((len(full.keep), len(full.x)), dtype=bool), full.keep], axis=1)
    slope = scaling.scale[full.y] / scaling.scale[columns]
    matrix, constant = np.zeros((*own.shape, len(columns))), np.zeros(own.shape)
    for f in np.flatnonzero(columns == 0):
        matrix[:, f] = np.where(own & own[:, f, None], -scaling.origin[:, columns] * slope, 0.0)
        constant[:, f] = scaling.origin[:, full.y]
    at = np.arange(len(columns))
    matrix[:, at, at] = slope
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
