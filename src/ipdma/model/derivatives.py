"""Score, observed and expected information of the criterion in the linear variance parameters.

Notation and formulas stand at the head of `criterion.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ipdma.model.bordered import MANY, Bordered
from ipdma.model.criterion import Local, Point, Swept, Value, random_middle
from ipdma.model.problem import Problem
from ipdma.model.structure import structure_of
from ipdma.model.swept import swept_derivatives


@dataclass(frozen=True)
class Derivatives:
    """Gradient (G,) and Hessian (G, G) of the deviance, and T, twice the expected information (G, G).

    All are in the G linear parameters gamma; matrices are `Bordered` where residual variances are many. Few
    steps of a search ask for T, whose matrix is made when they do.
    """

    gradient: np.ndarray
    hessian: np.ndarray | Bordered
    information: np.ndarray | Bordered

    @cached_property
    def expected(self) -> np.ndarray | Bordered:
        """T, twice the expected information, shape (G, G)."""
        known = self.information
        return known.matrix if isinstance(known, Bordered) and len(known.own) <= MANY else known


def parameter_index(problem: Problem) -> np.ndarray:
    """Which linear parameters each study's local ones are, shape (K, m).

    Local order: entries of D, the study's residual variance, the participant variance where there is one.
    """
    d = len(problem.pairs)
    index = np.empty((len(problem.group), d + 1 + problem.participant), dtype=int)
    index[:, :d] = np.arange(d)
    index[:, d] = d + problem.group
    index[:, d + 1 :] = d + problem.n_groups
    return index


def stratum_weights(problem: Problem) -> np.ndarray:
    """d Lambda / d (sigma2, phi) per stratum, shape (1 or 2, S)."""
    ones = np.ones_like(problem.visits)
    return np.array([ones, problem.visits]) if problem.participant else ones[None]


def powers(gram: np.ndarray, lam: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """G2_r = sum_s a_rs G_s / lam^2 and G3_rq = sum_s a_rs a_qs G_s / lam^3.

    Shapes (R, K, ., .) and (R, R, K, ., .).
    """
    if gram.shape[1] == 1:
        g2 = gram[None, :, 0] / lam[None, :, :, None] ** 2
        return g2, g2[None] / lam[None, None, :, :, None]
    g2 = np.einsum("rs,ks,ksij->rkij", weights, lam**-2, gram, optimize=True)
    g3 = np.einsum("rs,qs,ks,ksij->rqkij", weights, weights, lam**-3, gram, optimize=True)
    return g2, g3


def traces(
    n: np.ndarray, gram: np.ndarray, lam: np.ndarray, middle: np.ndarray, weights: np.ndarray, e: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """tr(P V_i) and tr(P V_i P V_j) per study, shapes (K, m) and (K, m, m).

    Parameters
    ----------
    n, lam : ndarray of shape (K, S)
        Dimensions and Lambda of each stratum.
    gram : ndarray of shape (K, S, t, t)
        Products of the eliminated columns, the r random ones first.
    middle : ndarray of shape (K, t, t)
        M.
    weights : ndarray of shape (1 or 2, S)
        d Lambda / d (sigma2, phi).
    e : ndarray of shape (d, r, r)
        dD / dD_ij.
    """
    d, r, count = len(e), e.shape[1], len(weights)
    first, second = np.zeros((len(n), d + count)), np.zeros((len(n), d + count, d + count))
    s1 = np.einsum("ks,ksij->kij", 1 / lam, gram)
    s2, s3 = powers(gram, lam, weights)
    keep = np.eye(s1.shape[1]) - middle @ s1
    h = (s1 @ keep)[:, :r, :r]
    eh = e[None] @ h[:, None]
    first[:, :d] = np.einsum("kdii->kd", eh)
    second[:, :d, :d] = np.einsum("kdij,kfji->kdf", eh, eh)
    w2 = keep.mT @ s2 @ keep
    cross = np.einsum("dij,qkji->kdq", e, w2[:, :, :r, :r])
    second[:, :d, d:] = cross
    second[:, d:, :d] = cross.mT
    ms2 = middle @ s2
    first[:, d:] = ((n / lam) @ weights.T) - np.einsum("qkii->kq", ms2)
    plain = (weights[None] * (n / lam**2)[:, None, :]) @ weights.T
    second[:, d:, d:] = (
        plain - 2 * np.einsum("kij,rqkji->krq", middle, s3) + np.einsum("rkij,qkji->krq", ms2, ms2)
    )
    return first, second


def sandwiches(problem: Problem, local: Local, basis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """B'P V_i P B and B'P V_i P V_j P B per study for columns B = U basis.

    Parameters
    ----------
    basis : ndarray of shape (c, b)
        The combinations of the c local columns U.

    Returns
    -------
    single : ndarray of shape (K, m, b, b)
    double : ndarray of shape (K, m, m, b, b)
    """
    e = structure_of(problem).directions
    weights = stratum_weights(problem)
    d, r, b = len(e), len(problem.z), basis.shape[1]
    k, m = len(local.g1), len(e) + len(weights)
    single, double = np.empty((k, m, b, b)), np.empty((k, m, m, b, b))
    h = local.v1[:, problem.z, :] @ basis
    hz = local.v1[:, problem.z[:, None], problem.z]
    f = e[None] @ h[:, None]
    single[:, :d] = h.mT[:, None] @ f
    hf = hz[:, None] @ f
    double[:, :d, :d] = f.mT[:, :, None] @ hf[:, None]
    g2, g3 = powers(problem.gram, local.lam, weights)
    t = local.eliminated
    turn = np.broadcast_to(basis, (k, *basis.shape)).copy()
    turn[:, t] -= local.middle @ (local.g1[:, t, :] @ basis)
    turn_z = np.broadcast_to(np.eye(len(basis))[:, problem.z], (k, len(basis), r)).copy()
    turn_z[:, t] -= local.middle @ local.g1[:, t[:, None], problem.z]
    for i in range(len(weights)):
        g2b = g2[i] @ turn
        single[:, d + i] = turn.mT @ g2b
        zb = turn_z.mT @ g2b
        double[:, :d, d + i] = f.mT @ zb[:, None]
        double[:, d + i, :d] = double[:, :d, d + i].mT
        for j in range(i + 1):
            gt = g2[j] @ turn
            inner = turn.mT @ g3[i, j] @ turn
            inner = inner - g2b[:, t, :].mT @ local.middle @ gt[:, t, :]
            double[:, d + i, d + j] = inner
            double[:, d + j, d + i] = inner.mT
    return single, double


def differentiate(problem: Problem, point: Point, value: Value) -> Derivatives:
    """Gradient, observed and expected information in the linear parameters."""
    if isinstance(value.local, Swept):
        return Derivatives(*swept_derivatives(problem, point, value, value.local))
    return differentiate_general(problem, point, value, value.local)


def differentiate_general(problem: Problem, point: Point, value: Value, local: Local) -> Derivatives:
    """The formulas at the head of `criterion.py`, for any residual structure."""
    c, p = value.covariance, len(problem.x)
    basis = np.zeros((problem.gram.shape[-1], p + 1))
    basis[problem.x, np.arange(p)] = 1.0
    basis[problem.x, p] = -value.beta
    basis[problem.y, p] = 1.0
    single, double = sandwiches(problem, local, basis)
    index, g = parameter_index(problem), len(problem.pairs) + problem.n_groups + problem.participant
    total = gather_single(single.reshape(*single.shape[:2], -1), index, g).reshape(-1, p + 1, p + 1)
    px, h, quadratic = total[:, :p, :p], total[:, :p, p], total[:, p, p]
    first, second = criterion_traces(problem, point, local)
    gradient = gather_single(first[..., None], index, g)[:, 0] - quadratic
    expected = gather_double(second, index, g)
    observed = gather_double(double[..., p, p], index, g) - h @ c @ h.T
    if problem.reml:
        cp = c @ px
        gradient = gradient - np.einsum("gaa->g", cp)
        cq = double[..., :p, :p].reshape(*double.shape[:3], -1) @ c.reshape(-1)
        expected = expected - 2 * gather_double(cq, index, g)
        expected = expected + cp.reshape(len(cp), -1) @ cp.mT.reshape(len(cp), -1).T
    return Derivatives(gradient, 2 * observed - expected, expected)


def gather_single(values: np.ndarray, index: np.ndarray, g: int) -> np.ndarray:
    """Sum of the studies' local values (K, m, .) by global parameter, shape (G, .)."""
    found = np.zeros((g, values.shape[2]))
    np.add.at(found, index, values)
    return found


def gather_double(values: np.ndarray, index: np.ndarray, g: int) -> np.ndarray:
    """Sum of the studies' local pairs (K, m, m) by pair of global parameters, shape (G, G)."""
    found = np.zeros((g, g))
    np.add.at(found, (index[:, :, None], index[:, None]), values)
    return found


def criterion_traces(problem: Problem, point: Point, local: Local) -> tuple[np.ndarray, np.ndarray]:
    """The determinant's part of score and information per study: of P under REML, of V under ML."""
    e = structure_of(problem).directions
    weights = stratum_weights(problem)
    t = local.eliminated
    if problem.reml:
        gram = problem.gram[..., t[:, None], t]
        return traces(problem.n, gram, local.lam, local.middle, weights, e)
    s = np.einsum("ks,ksij->kij", 1 / local.lam, problem.raw_zz)
    middle = random_middle(s, point.factor)[0] if len(problem.z) else np.empty_like(s)
    return traces(problem.raw_n, problem.raw_zz, local.lam, middle, weights, e)
