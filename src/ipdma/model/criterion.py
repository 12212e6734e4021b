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

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.linalg import lapack

from ipdma.model.problem import Problem

LOG_2_PI = float(np.log(2 * np.pi))
UNIT = np.eye(2).ravel()
ADJOINT = np.array([[0, 0, 0, 1.0], [0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0]])


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
        return Point(self.factor * math.sqrt(c), self.sigma2 * c, self.phi * c)


@dataclass(frozen=True)
class Local:
    """Per-study pieces of V^-1 at a point; U the c local columns, T the t eliminated ones (random first).

    Attributes
    ----------
    lam : ndarray of shape (K, S)
        Lambda of each stratum.
    eliminated : ndarray of int, shape (t,)
        Positions of T among the local columns.
    middle : ndarray of shape (K, t, t)
        M.
    g1, v1 : ndarray of shape (K, c, c)
        U'Lambda^-1 U and U'V^-1 U (U'PU where nuisance columns are eliminated).
    log_det : float
        log |V| over all studies; with the nuisance columns' log |N'V^-1 N| where these are eliminated.
    """

    lam: np.ndarray
    eliminated: np.ndarray
    middle: np.ndarray
    g1: np.ndarray
    v1: np.ndarray
    log_det: float

    def scaled(self, c: float) -> Local:
        """The pieces where V is c times as large."""
        return replace(self, lam=self.lam * c, middle=self.middle * c, g1=self.g1 / c, v1=self.v1 / c)


@dataclass(frozen=True)
class Swept:
    """The same with one stratum and nothing to eliminate, in the columns [X, y] of `Problem.columns`.

    Attributes
    ----------
    s : ndarray of shape (K, r, r)
        Z'Lambda^-1 Z.
    g : ndarray of shape (K, r, p + 1)
        Z'Lambda^-1 [X, y].
    middle : ndarray of shape (K, r, r)
        M.
    mg : ndarray of shape (K, r, p + 1)
        M g.
    """

    s: np.ndarray
    g: np.ndarray
    middle: np.ndarray
    mg: np.ndarray

    def scaled(self, c: float) -> Swept:
        """The pieces where V is c times as large."""
        return Swept(self.s / c, self.g / c, self.middle * c, self.mg)


@dataclass(frozen=True)
class Value:
    """The deviance at a point and what made it.

    Attributes
    ----------
    deviance : float
        Minus twice the (restricted) log likelihood.
    residual_ss : float
        e'V^-1 e.
    root : ndarray of shape (p, p)
        Lower Cholesky factor of X'V^-1 X.
    half : ndarray of shape (p,)
        root^-1 X'V^-1 y.
    """

    deviance: float
    residual_ss: float
    root: np.ndarray
    half: np.ndarray
    local: Local | Swept

    @cached_property
    def inverse_root(self) -> np.ndarray:
        """root^-1."""
        found: np.ndarray = lapack.dtrtri(self.root, lower=1)[0]
        return found

    @cached_property
    def beta(self) -> np.ndarray:
        """Generalised least squares estimates, shape (p,)."""
        found: np.ndarray = self.half @ self.inverse_root
        return found

    @cached_property
    def covariance(self) -> np.ndarray:
        """C = (X'V^-1 X)^-1, shape (p, p)."""
        found: np.ndarray = self.inverse_root.T @ self.inverse_root
        return found

    def scaled(self, c: float, gain: float) -> Value:
        """The value where V is c times as large and the deviance higher by `gain`, without an evaluation."""
        root = math.sqrt(c)
        return Value(
            self.deviance + gain,
            self.residual_ss / c,
            self.root / root,
            self.half / root,
            self.local.scaled(c),
        )


def stratum_variances(problem: Problem, point: Point) -> np.ndarray:
    """Lambda per study and stratum, shape (K, S)."""
    found: np.ndarray = point.sigma2[problem.group][:, None] + point.phi * problem.visits
    return found


def random_middle(s: np.ndarray, factor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """M = L (I + L'S L)^-1 L' and log |I + L'S L| per study.

    Parameters
    ----------
    s : ndarray of shape (..., K, r, r)
    factor : ndarray of shape (..., r, r)
        L; leading axes are those of models.
    """
    if factor.shape[-1] == 2:
        return two_middle(s, factor)
    factor = factor[..., None, :, :]
    if factor.shape[-1] == 1:
        value = 1 + factor**2 * s
        return factor**2 / value, np.log(value[..., 0, 0])
    turned = factor.mT
    inner = turned @ s @ factor + np.eye(factor.shape[-1])
    chol = np.linalg.cholesky(inner)
    half = np.linalg.solve(chol, np.broadcast_to(turned, s.shape))
    log_det = 2 * np.log(np.einsum("...kii->...ki", chol)).sum(axis=-1)
    return half.mT @ half, log_det


def two_middle(s: np.ndarray, factor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same with two random effects: matrices laid flat, so that a product with L is one for all studies.

    The adjoint of [[a, b], [b, c]] is [[c, -b], [-b, a]].
    """
    *lead, _, _ = factor.shape
    both = (factor[..., :, None, :, None] * factor[..., None, :, None, :]).reshape(*lead, 4, 4)  # L x L
    inner = s.reshape(*s.shape[:-2], 4) @ both + UNIT
    det = inner[..., 0] * inner[..., 3] - inner[..., 1] ** 2
    return ((inner @ (ADJOINT @ both.mT)) / det[..., None]).reshape(s.shape), np.log(det)


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
    swept = g1[:, z[:, None], z] - nz.mT @ link
    r, t = len(z), len(z) + len(nuisance)
    middle = np.zeros((len(g1), t, t))
    middle[:, r:, r:] = inverse
    if r:
        zz, extra = random_middle(swept, factor)
        middle[:, :r, :r] = zz
        middle[:, r:, :r] = -link @ zz
        middle[:, :r, r:] = middle[:, r:, :r].mT
        middle[:, r:, r:] += link @ zz @ link.mT
        log_det += float(extra.sum())
    return middle, log_det


def raw_log_det(problem: Problem, point: Point) -> float:
    """log |V| with nothing swept out, which maximum likelihood needs."""
    lam = stratum_variances(problem, point)
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
    total, log_det, local = swept_pieces(problem, point) if problem.is_swept else pieces(problem, point)
    p = len(problem.x)
    chol, failed = lapack.dpotrf(total, lower=1, clean=1)
    if 0 < failed <= p:
        raise np.linalg.LinAlgError("X'V^-1 X is not positive definite")
    residual_ss = 0.0 if failed else float(chol[p, p]) ** 2
    if problem.reml:
        log_det += problem.log_nuisance + 2 * float(np.log(chol.diagonal()[:p]).sum())
    else:
        log_det = raw_log_det(problem, point)
    deviance = log_det + residual_ss + problem.residual_dimensions * LOG_2_PI
    return Value(deviance, residual_ss, chol[:p, :p], chol[p, :p], local)


def pieces(problem: Problem, point: Point) -> tuple[np.ndarray, float, Local]:
    """[X, y]'V^-1 [X, y], log |V| and what made them."""
    local = local_pieces(problem, point)
    columns = problem.columns
    return local.v1.sum(axis=0)[columns[:, None], columns], local.log_det, local


def swept_pieces(problem: Problem, point: Point) -> tuple[np.ndarray, float, Swept]:
    """The same with one stratum and nothing to eliminate: no array of (K, c, c) is needed."""
    c = len(problem.columns)
    total = (1 / point.sigma2) @ problem.group_gram
    log_det = float(problem.group_n @ np.log(point.sigma2))
    lam = (point.sigma2[problem.group] if problem.n_groups > 1 else point.sigma2)[:, None, None]
    s, g = problem.random_gram / lam, problem.random_columns / lam
    if not len(problem.z):
        return total.reshape(c, c), log_det, Swept(s, g, s, g)
    middle, logs = random_middle(s, point.factor)
    mg = middle @ g
    total = total.reshape(c, c) - g.reshape(-1, c).T @ mg.reshape(-1, c)
    return total, log_det + float(logs.sum()), Swept(s, g, middle, mg)


def best_scale(problem: Problem, point: Point) -> tuple[Point, Value]:
    """Profile the scale out: the point c V that is best along its ray, c = e'V^-1 e / (n - p)."""
    value = evaluate(problem, point)
    c = value.residual_ss / problem.residual_dimensions
    if not math.isfinite(c) or c <= 0:
        return point, value
    gain = problem.residual_dimensions * math.log(c) + value.residual_ss * (1 / c - 1)
    return point.scaled(c), value.scaled(c, gain)
