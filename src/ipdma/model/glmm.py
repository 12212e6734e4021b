"""The marginal likelihood of a logistic mixed model, study by study, with its analytic gradient.

    eta_i = a_i'c_k + z_i'L_k b_k,    b_k ~ N(0, I),    y_i ~ Bernoulli(expit(eta_i))      (row i of study k)

The integral over b_k is taken at its mode: by Laplace, or with J adaptive Gauss-Hermite nodes for a single
random effect (Laplace is J = 1). Modes are iterated to convergence. Each study has its own copy of the
parameters, so that one pass gives every study's value and derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import expit

Array = np.ndarray
MODE_STEPS = 200
LAST_STEP = 1e-8  # Newton squares the error: what is left after a step this small is rounding


@dataclass(frozen=True)
class GlmmData:
    """Rows ordered by study.

    Attributes
    ----------
    y : ndarray of shape (n,)
        0 and 1.
    A : ndarray of shape (n, c)
        Columns with fixed coefficients.
    Z : ndarray of shape (n, r)
        Columns with random effects.
    study : ndarray of int, shape (n,)
        From 0 to K - 1, never decreasing, each with a row.
    starts : ndarray of int, shape (K,)
        First row of each study.
    pairs : tuple of (int, int)
        Free entries (i >= j) of the lower triangular L, in the order of theta.
    tied : int
        How many of the last columns of Z share the last entry.
    nodes, weights : ndarray of shape (J,)
        Gauss-Hermite rule for the weight exp(-x^2).
    """

    y: Array
    A: Array
    Z: Array
    study: Array
    starts: Array
    pairs: tuple[tuple[int, int], ...]
    nodes: Array
    weights: Array
    tied: int = 1

    @property
    def n_studies(self) -> int:
        """K."""
        return len(self.starts)

    def span(self, position: int) -> range:
        """Offsets of the columns that an entry of theta stands for."""
        return range(self.tied if position == len(self.pairs) - 1 else 1)

    def by_study(self, rows: Array) -> Array:
        """Sum rows of an array within studies, along the first axis."""
        return np.add.reduceat(rows, self.starts, axis=0)

    def products(self, left: Array, right: Array) -> Array:
        """left'right of each study's rows, shape (K, a, b), from (n, a) and (n, b)."""
        bounds = [*self.starts.tolist(), len(self.y)]
        return np.array([left[i:j].T @ right[i:j] for i, j in pairwise(bounds)])


@dataclass(frozen=True)
class Modes:
    """The conditional modes and what was computed on the way.

    Attributes
    ----------
    b : ndarray of shape (K, r)
    V : ndarray of shape (n, r)
        Z L.
    eta0, mu : ndarray of shape (n,)
        The linear predictor at b = 0, and the probabilities at the modes.
    H, H_inverse : ndarray of shape (K, r, r)
        Minus the second derivatives of h_k at the modes.
    converged : bool
    """

    b: Array
    V: Array
    eta0: Array
    mu: Array
    H: Array
    H_inverse: Array
    converged: bool


def factors(theta: Array, data: GlmmData) -> Array:
    """L of each study, shape (K, r, r), from theta of shape (K, m)."""
    r = data.Z.shape[1]
    L = np.zeros((len(theta), r, r))
    for position, (i, j) in enumerate(data.pairs):
        for m in data.span(position):
            L[:, i + m, j + m] = theta[:, position]
    return L


def log_density(eta: Array, y: Array) -> Array:
    """log p(y | eta) of each row."""
    found: Array = y * eta - np.logaddexp(0.0, eta)
    return found


def penalised(data: GlmmData, eta: Array, b: Array) -> Array:
    """h_k(b) = sum log p(y | eta) - b'b / 2, shape (K,)."""
    found: Array = data.by_study(log_density(eta, data.y)) - 0.5 * (b**2).sum(axis=1)
    return found


def find_modes(data: GlmmData, coefficients: Array, theta: Array, start: Array | None = None) -> Modes:
    """The b_k that maximise h_k, by Newton with halved steps; h_k is strictly concave."""
    L = factors(theta, data)
    V = np.einsum("nb,nba->na", data.Z, L[data.study])
    eta0 = np.einsum("nc,nc->n", data.A, coefficients[data.study])
    b = np.zeros((data.n_studies, V.shape[1])) if start is None else start.copy()
    eye = np.eye(V.shape[1])
    eta = eta0 + np.einsum("na,na->n", V, b[data.study])
    value = penalised(data, eta, b)
    converged = False
    for _ in range(MODE_STEPS):
        mu = expit(eta)
        gradient = data.by_study(V * (data.y - mu)[:, None]) - b
        w = mu * (1 - mu)
        H = data.by_study(np.einsum("na,nb->nab", V * w[:, None], V)) + eye
        step = np.linalg.solve(H, gradient[..., None])[..., 0]
        if not step.size or np.abs(step).max() < LAST_STEP * (1 + np.abs(b).max()):
            b = b + step
            eta = eta0 + np.einsum("na,na->n", V, b[data.study])
            converged = True
            break
        b, eta, value = halved(data, V, eta0, b, step, value)
    mu = expit(eta)
    w = mu * (1 - mu)
    H = data.by_study(np.einsum("na,nb->nab", V * w[:, None], V)) + eye
    return Modes(b, V, eta0, mu, H, np.linalg.inv(H), converged)


def halved(
    data: GlmmData, V: Array, eta0: Array, b: Array, step: Array, value: Array
) -> tuple[Array, Array, Array]:
    """Step each study, halving its step until its h does not fall beyond rounding."""
    factor = np.ones(data.n_studies)
    for _ in range(30):
        trial = b + factor[:, None] * step
        eta = eta0 + np.einsum("na,na->n", V, trial[data.study])
        new = penalised(data, eta, trial)
        worse = new < value - 1e-12 * (1 + np.abs(value))
        if not worse.any():
            break
        factor = np.where(worse, factor / 2, factor)
    return trial, eta, new


def marginal(
    data: GlmmData, coefficients: Array, theta: Array, start: Array | None = None
) -> tuple[Array, Array, Modes | None]:
    """Log likelihood of each study and its gradient.

    Parameters
    ----------
    coefficients : ndarray of shape (K, c)
    theta : ndarray of shape (K, m)
    start : ndarray of shape (K, r), optional
        Where the modes may be near.

    Returns
    -------
    value : ndarray of shape (K,)
    gradient : ndarray of shape (K, c + m)
    modes : Modes or None
        None without random effects.
    """
    if not data.Z.shape[1]:
        return without_random(data, coefficients)
    at = find_modes(data, coefficients, theta, start)
    direct = columns_at(data, at.b)
    d_b, d_logdet = mode_derivatives(data, at, direct)
    logdet = np.linalg.slogdet(at.H)[1]
    if len(data.nodes) == 1:
        eta = at.eta0 + np.einsum("na,na->n", at.V, at.b[data.study])
        value = penalised(data, eta, at.b) - 0.5 * logdet
        gradient = data.by_study(direct * (data.y - at.mu)[:, None]) - 0.5 * d_logdet
        return value, gradient, at
    return *quadrature(data, at, d_b, d_logdet, logdet), at


def without_random(data: GlmmData, coefficients: Array) -> tuple[Array, Array, None]:
    """`marginal` of a logistic regression without random effects."""
    eta = np.einsum("nc,nc->n", data.A, coefficients[data.study])
    gradient = data.by_study(data.A * (data.y - expit(eta))[:, None])
    return data.by_study(log_density(eta, data.y)), gradient, None


def columns_at(data: GlmmData, b: Array) -> Array:
    """d eta / d(coefficients, theta) at fixed b, shape (n, c + m)."""
    extra = [
        sum(data.Z[:, i + m] * b[data.study, j + m] for m in data.span(position))
        for position, (i, j) in enumerate(data.pairs)
    ]
    return np.column_stack([data.A, *extra]) if extra else data.A


def mode_derivatives(data: GlmmData, at: Modes, direct: Array) -> tuple[Array, Array]:
    """d b / d psi, shape (K, c + m, r), and d log|H| / d psi, shape (K, c + m).

    From sum V (y - mu) - b = 0: H db = sum dV (y - mu) - sum w V d_eta. Of V = Z L only theta moves a column.
    """
    c = data.A.shape[1]
    w = at.mu * (1 - at.mu)
    right = -data.by_study(np.einsum("np,na->npa", direct * w[:, None], at.V))
    VH = np.einsum("na,nab->nb", at.V, at.H_inverse[data.study])
    explicit = np.zeros((data.n_studies, direct.shape[1]))
    for position, (i, j) in enumerate(data.pairs):
        for m in data.span(position):
            right[:, c + position, j + m] += data.by_study(data.Z[:, i + m] * (data.y - at.mu))
            explicit[:, c + position] += 2 * data.by_study(w * VH[:, j + m] * data.Z[:, i + m])
    d_b = np.einsum("kpa,kab->kpb", right, at.H_inverse)
    kappa = w * (1 - 2 * at.mu) * np.einsum("na,na->n", VH, at.V)
    through_b = np.einsum("kpa,ka->kp", d_b, data.by_study(kappa[:, None] * at.V))
    return d_b, data.by_study(kappa[:, None] * direct) + through_b + explicit


def quadrature(data: GlmmData, at: Modes, d_b: Array, d_logdet: Array, logdet: Array) -> tuple[Array, Array]:
    """Adaptive Gauss-Hermite over the one random effect."""
    table, slopes = node_densities(data, at, d_b, d_logdet)
    top = table.max(axis=0)
    share = np.exp(table - top)
    total = share.sum(axis=0)
    value = -0.5 * logdet + top + np.log(total)
    gradient = -0.5 * d_logdet + np.einsum("jk,jkp->kp", share / total, slopes)
    return value, gradient


def node_densities(data: GlmmData, at: Modes, d_b: Array, d_logdet: Array) -> tuple[Array, Array]:
    """The log weighted density at the nodes b_j = b + sqrt(2 / H) x_j and its gradient.

    Returns
    -------
    logs : ndarray of shape (J, K)
    slopes : ndarray of shape (J, K, c + m)
    """
    sigma = at.H[:, 0, 0] ** -0.5
    d_sigma = -0.5 * sigma[:, None] * d_logdet
    logs, slopes = [], []
    for x, weight in zip(data.nodes, data.weights, strict=True):
        b = at.b + np.sqrt(2) * x * sigma[:, None]
        eta = at.eta0 + at.V[:, 0] * b[data.study, 0]
        residual = data.y - expit(eta)
        logs.append(penalised(data, eta, b) + x**2 + np.log(weight / np.sqrt(np.pi)))
        along = data.by_study(at.V[:, 0] * residual) - b[:, 0]
        moves = d_b[:, :, 0] + np.sqrt(2) * x * d_sigma
        slopes.append(data.by_study(columns_at(data, b) * residual[:, None]) + along[:, None] * moves)
    return np.array(logs), np.array(slopes)
