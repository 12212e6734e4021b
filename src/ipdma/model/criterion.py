"""The (restricted) likelihood of a Gaussian mixed model, its gradient and Hessian, from cross-products.

    V_k = Lambda_k + Z D Z',   D = L L',   Lambda_k diagonal: sigma2_g(k) + m phi in the stratum with m visits

With M = (D^-1 + Z'Lambda^-1 Z)^-1 written so that a singular D is welcome,

    V^-1 = Lambda^-1 - Lambda^-1 Z M Z' Lambda^-1,

and A'V^-1 V_i V^-1 ... B is made of cross-products alone. Nuisance columns N that are not swept out join Z as
effects of infinite variance, which turns V^-1 into P = V^-1 - V^-1 N (N'V^-1 N)^-1 N'V^-1.

In the linear parameters gamma = (entries of D, sigma2_1 .. sigma2_R, phi), V_i = dV / d gamma_i,
C = (X'PX)^-1, e = y - Xb:

    score_i = tr(P V_i) - tr(C P_i) - e'P V_i P e
    Hess_ij = -T_ij + 2 [e'P V_i P V_j P e - h_i' C h_j]
    T_ij    = tr(P V_i P V_j) - 2 tr(C Q_ij) + tr(C P_i C P_j)
    P_i = X'P V_i P X,  Q_ij = X'P V_i P V_j P X,  h_i = X'P V_i P e

of the deviance (minus twice the restricted log likelihood). Under maximum likelihood the determinant's terms
are those of V itself and those with C are absent from score and T.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ipdma.model.problem import Problem

LOG_2_PI = float(np.log(2 * np.pi))


@dataclass(frozen=True)
class Point:
    """Variance parameters: Cholesky factor of D, residual variances, participant variance.

    Attributes
    ----------
    factor : ndarray of shape (r, r), lower triangular, of any sign
    sigma2 : ndarray of shape (R,)
    phi : float
    """

    factor: np.ndarray
    sigma2: np.ndarray
    phi: float = 0.0

    @property
    def between(self) -> np.ndarray:
        """D = L L', shape (r, r)."""
        found: np.ndarray = self.factor @ self.factor.T
        return found

    def scaled(self, c: float) -> Point:
        """The point at which V is c times as large."""
        return Point(self.factor * np.sqrt(c), self.sigma2 * c, self.phi * c)


@dataclass(frozen=True)
class Local:
    """Per-study pieces of V^-1 at a point; c local columns, t eliminated ones (random first)."""

    lam: np.ndarray
    eliminated: np.ndarray
    middle: np.ndarray
    g1: np.ndarray
    v1: np.ndarray
    log_det: float


@dataclass(frozen=True)
class Value:
    """The deviance at a point and what made it."""

    deviance: float
    beta: np.ndarray
    information: np.ndarray
    covariance: np.ndarray
    residual_ss: float
    local: Local


def stratum_variances(problem: Problem, point: Point) -> np.ndarray:
    """Lambda per study and stratum, shape (K, S)."""
    found: np.ndarray = point.sigma2[problem.group][:, None] + point.phi * problem.visits
    return found


def random_middle(s: np.ndarray, factor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """M = L (I + L'S L)^-1 L' and log |I + L'S L| per study, for S of shape (K, r, r)."""
    if len(factor) == 1:
        value = 1 + factor[0, 0] ** 2 * s[:, 0, 0]
        return (factor[0, 0] ** 2 / value)[:, None, None], np.log(value)
    inner = factor.T @ s @ factor + np.eye(len(factor))
    if len(factor) == 2:
        det = inner[:, 0, 0] * inner[:, 1, 1] - inner[:, 0, 1] ** 2
        adjoint = np.empty_like(inner)
        adjoint[:, 0, 0], adjoint[:, 1, 1] = inner[:, 1, 1], inner[:, 0, 0]
        adjoint[:, 0, 1] = adjoint[:, 1, 0] = -inner[:, 0, 1]
        return factor @ (adjoint / det[:, None, None]) @ factor.T, np.log(det)
    chol = np.linalg.cholesky(inner)
    half = np.linalg.solve(chol, np.broadcast_to(factor.T, s.shape))
    log_det = 2 * np.log(np.einsum("kii->ki", chol)).sum(axis=1)
    return np.swapaxes(half, 1, 2) @ half, log_det


def weigh(gram: np.ndarray, lam: np.ndarray) -> np.ndarray:
    """sum_s G_s / lambda_s per study, shape (K, c, c)."""
    single = gram.shape[1] == 1
    found: np.ndarray = gram[:, 0] / lam[:, :, None] if single else np.einsum("ks,ksij->kij", 1 / lam, gram)
    return found


def local_pieces(problem: Problem, point: Point) -> Local:
    """V^-1 (or P, with nuisance columns left to eliminate) per study."""
    lam = stratum_variances(problem, point)
    g1 = weigh(problem.gram, lam)
    log_det = float((problem.n * np.log(lam)).sum())
    z, nuisance = problem.z, problem.nuisance
    if not len(nuisance):
        if not len(z):
            return Local(lam, z, np.empty((len(g1), 0, 0)), g1, g1, log_det)
        middle, logs = random_middle(g1[:, z[:, None], z], point.factor)
        v1 = g1 - g1[:, :, z] @ middle @ g1[:, z, :]
        return Local(lam, z, middle, g1, v1, log_det + float(logs.sum()))
    eliminated = np.concatenate([z, nuisance])
    middle, more = middle_with_nuisance(problem, g1, point.factor)
    v1 = g1 - g1[:, :, eliminated] @ middle @ g1[:, eliminated, :]
    return Local(lam, eliminated, middle, g1, v1, log_det + more)


def middle_with_nuisance(problem: Problem, g1: np.ndarray, factor: np.ndarray) -> tuple[np.ndarray, float]:
    """M over [Z, N], N with infinite variance; and log |I + L'S L| + log |N'Lambda^-1 N|."""
    z, nuisance, keep = problem.z, problem.nuisance, problem.keep
    both = keep[:, :, None] & keep[:, None, :]
    nn = np.where(both, g1[:, nuisance[:, None], nuisance], 0.0) + np.eye(len(nuisance)) * ~keep[:, :, None]
    inverse = np.linalg.inv(nn)
    log_det = float(np.linalg.slogdet(nn)[1].sum())
    inverse = np.where(both, inverse, 0.0)
    nz = g1[:, nuisance[:, None], z]
    link = inverse @ nz
    swept = g1[:, z[:, None], z] - np.swapaxes(nz, 1, 2) @ link
    r, t = len(z), len(z) + len(nuisance)
    middle = np.zeros((len(g1), t, t))
    middle[:, r:, r:] = inverse
    if r:
        zz, extra = random_middle(swept, factor)
        middle[:, :r, :r] = zz
        middle[:, r:, :r] = -link @ zz
        middle[:, :r, r:] = np.swapaxes(middle[:, r:, :r], 1, 2)
        middle[:, r:, r:] += link @ zz @ np.swapaxes(link, 1, 2)
        log_det += float(extra.sum())
    return middle, log_det


def raw_log_det(problem: Problem, point: Point, lam: np.ndarray) -> float:
    """log |V| with nothing swept out, which maximum likelihood needs."""
    log_det = float((problem.raw_n * np.log(lam)).sum())
    if len(problem.z):
        s = np.einsum("ks,ksij->kij", 1 / lam, problem.raw_zz)
        log_det += float(random_middle(s, point.factor)[1].sum())
    return log_det


def evaluate(problem: Problem, point: Point) -> Value:
    """The deviance, generalised least squares estimates and their covariance at a point.

    Raises
    ------
    numpy.linalg.LinAlgError
        When X'V^-1 X is not positive definite.
    """
    local = local_pieces(problem, point)
    total = local.v1.sum(axis=0)
    x, y = problem.x, problem.y
    information = total[x[:, None], x]
    chol = np.linalg.cholesky(information)
    inverse = np.linalg.inv(chol)
    covariance = inverse.T @ inverse
    half = inverse @ total[x, y]
    residual_ss = float(total[y, y] - half @ half)
    if problem.reml:
        log_det = local.log_det + problem.log_nuisance + 2 * float(np.log(np.diag(chol)).sum())
    else:
        log_det = raw_log_det(problem, point, local.lam)
    deviance = log_det + residual_ss + problem.residual_dimensions * LOG_2_PI
    return Value(deviance, inverse.T @ half, information, covariance, residual_ss, local)


def best_scale(problem: Problem, point: Point) -> tuple[Point, Value]:
    """Profile the scale out: the point c V that is best along its ray, c = e'V^-1 e / (n - p)."""
    value = evaluate(problem, point)
    c = value.residual_ss / problem.residual_dimensions
    if not np.isfinite(c) or c <= 0:
        return point, value
    gain = problem.residual_dimensions * np.log(c) + value.residual_ss * (1 / c - 1)
    return point.scaled(c), scale_value(value, c, gain)


def scale_value(value: Value, c: float, gain: float) -> Value:
    """The value at c V, without a second evaluation."""
    old = value.local
    local = Local(old.lam * c, old.eliminated, old.middle * c, old.g1 / c, old.v1 / c, old.log_det)
    return Value(
        value.deviance + gain,
        value.beta,
        value.information / c,
        value.covariance * c,
        value.residual_ss / c,
        local,
    )
