"""Many REML fits at once with a residual variance for each study, or each group of small ones.

The formulas are those of one fit (`swept.py`) with the models on the first axis; the search is Newton's on
the entries of L and the logarithms of the residual variances. Models may leave studies out: these have
products of zero and no rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ipdma.model.criterion import LOG_2_PI, Swept, random_middle
from ipdma.model.structure import Structure, structure
from ipdma.model.swept import Groups, Turned, basis_of, by_group, turn

TOLERANCE = 1e-10
MAX_STEPS = 60
AWAKE = 0.05  # of the residual SD: a start closer to a variance of zero would not leave it


@dataclass(frozen=True)
class GroupedBatch:
    """B models of K studies, nuisance columns swept out.

    Attributes
    ----------
    gram : ndarray of shape (B, K, c, c)
        Columns in the order shared (p), then the outcome; random columns are among the shared.
    n : ndarray of shape (B, K)
        Rows of each study less the nuisance columns' rank; zero for one that is left out.
    z : tuple of int
        Columns with a random effect.
    pairs : tuple of (int, int)
        Free entries of the Cholesky factor.
    log_nuisance : ndarray of shape (B,)
        Sum of log |N'N| over the nuisance columns that are swept out.
    group : ndarray of int, shape (B, K)
        The residual variance of each study, 0 to R - 1.
    """

    gram: np.ndarray
    n: np.ndarray
    z: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]
    log_nuisance: np.ndarray
    group: np.ndarray

    @property
    def p(self) -> int:
        """Number of shared columns."""
        found: int = self.gram.shape[-1] - 1
        return found

    @cached_property
    def form(self) -> Structure:
        """Constants of the random effects."""
        return structure(self.pairs, len(self.z))

    @cached_property
    def members(self) -> np.ndarray:
        """Studies of each residual variance, one-hot, shape (B, R, K)."""
        numbers = np.arange(int(self.group.max()) + 1)[None, :, None]
        found: np.ndarray = (self.group[:, None] == numbers).astype(float)
        return found

    @cached_property
    def group_gram(self) -> np.ndarray:
        """Products by residual variance, shape (B, R, c, c)."""
        b, k, c, _ = self.gram.shape
        found: np.ndarray = (self.members @ self.gram.reshape(b, k, c * c)).reshape(b, -1, c, c)
        return found

    def take(self, models: np.ndarray) -> GroupedBatch:
        """Some of the models; the number of variances stays."""
        members = self.members[models]
        part = replace(
            self,
            gram=self.gram[models],
            n=self.n[models],
            log_nuisance=self.log_nuisance[models],
            group=self.group[models],
        )
        part.__dict__["members"] = members
        return part


@dataclass(frozen=True)
class GroupedState:
    """Everything at one set of parameters.

    Attributes
    ----------
    theta : ndarray of shape (B, d + R)
        The d free entries of L, then the R log residual variances.
    deviance : ndarray of shape (B,)
    root : ndarray of shape (B, p, p)
        Lower Cholesky factor of X'V^-1 X.
    half : ndarray of shape (B, p)
        root^-1 X'V^-1 y.
    factor : ndarray of shape (B, r, r)
        L.
    sigma2 : ndarray of shape (B, R)
    lam : ndarray of shape (B, K)
        Each study's residual variance.
    local : Swept
        Per-study pieces, models on the first axis.
    """

    theta: np.ndarray
    deviance: np.ndarray
    root: np.ndarray
    half: np.ndarray
    factor: np.ndarray
    sigma2: np.ndarray
    lam: np.ndarray
    local: Swept

    @property
    def between(self) -> np.ndarray:
        """D, shape (B, r, r)."""
        found: np.ndarray = self.factor @ np.swapaxes(self.factor, 1, 2)
        return found

    @cached_property
    def inverse_root(self) -> np.ndarray:
        """Inverse of the Cholesky factor of X'V^-1 X, shape (B, p, p)."""
        found: np.ndarray = np.linalg.inv(self.root)
        return found

    @cached_property
    def beta(self) -> np.ndarray:
        """Generalised least squares estimates, shape (B, p)."""
        found: np.ndarray = (self.half[:, None] @ self.inverse_root)[:, 0]
        return found


@dataclass(frozen=True)
class Slopes:
    """Derivatives of the deviance, with T = d + R parameters.

    Attributes
    ----------
    gradient, hessian : ndarray of shape (B, T) and (B, T, T)
        In theta.
    expected : ndarray of shape (B, T, T)
        Twice the expected information in (D, sigma2).
    jacobian : ndarray of shape (B, T, T)
        d (D, sigma2) / d theta.
    turned, groups : Turned, Groups
        What they are made of.
    """

    gradient: np.ndarray
    hessian: np.ndarray
    expected: np.ndarray
    jacobian: np.ndarray
    turned: Turned
    groups: Groups


def evaluate(batch: GroupedBatch, theta: np.ndarray) -> GroupedState:
    """The deviance; NaN where X'V^-1 X is not positive definite."""
    (count, k, c, _), d, r = batch.gram.shape, len(batch.pairs), len(batch.z)
    flat = np.zeros((count, r * r))
    flat[:, batch.form.entries] = theta[:, :d]
    factor, sigma2 = flat.reshape(count, r, r), np.exp(theta[:, d:])
    lam = np.take_along_axis(sigma2, batch.group, axis=1)
    z, wide = np.array(batch.z), lam[..., None, None]
    s, g = batch.gram[:, :, z[:, None], z] / wide, batch.gram[:, :, z] / wide
    middle, logs = random_middle(s, factor)
    mg = middle @ g
    total = ((1 / lam)[:, None] @ batch.gram.reshape(count, k, c * c)).reshape(count, c, c)
    total = total - np.swapaxes(g.reshape(count, k * r, c), 1, 2) @ mg.reshape(count, k * r, c)
    chol = roots(total)
    p, half = c - 1, chol[:, -1, :-1]
    log_det = (batch.n * np.log(lam)).sum(axis=1) + logs.sum(axis=1) + batch.log_nuisance
    log_det = log_det + 2 * np.log(np.einsum("bii->bi", chol)[:, :p]).sum(axis=1)
    deviance = log_det + chol[:, p, p] ** 2 + (batch.n.sum(axis=1) - p) * LOG_2_PI
    local = Swept(s, g, middle, mg)
    return GroupedState(theta, deviance, chol[:, :p, :p], half, factor, sigma2, lam, local)


def roots(total: np.ndarray) -> np.ndarray:
    """Cholesky factors, NaN where a matrix is not positive definite; shape (B, c, c)."""
    try:
        found: np.ndarray = np.linalg.cholesky(total)
    except np.linalg.LinAlgError:
        if len(total) == 1:
            return np.full_like(total, np.nan)
        found = np.concatenate([roots(one[None]) for one in total])
    return found


def derive(batch: GroupedBatch, state: GroupedState) -> Slopes:
    """Gradient and Hessian in theta by the chain rule."""
    d, form = len(batch.pairs), batch.form
    groups = Groups(state.sigma2, state.lam, batch.members, batch.group_gram, batch.n)
    turned = turn(basis_of(state.inverse_root, state.beta), state.local, form, None)
    linear, hessian_in_gamma, information = by_group(groups, state.between, state.local, turned, form)
    curved, expected = hessian_in_gamma.matrix, information.matrix
    jac = np.zeros_like(curved)
    flat = state.factor.reshape(len(jac), -1)
    jac[:, :d, :d] = np.moveaxis(form.chain @ flat.T, -1, 0)
    own = np.arange(d, jac.shape[-1])
    jac[:, own, own] = state.sigma2
    back = np.swapaxes(jac, 1, 2)
    hessian = back @ curved @ jac
    hessian[:, :d, :d] += np.moveaxis(form.curvature @ linear[:, :d].T, -1, 0)
    hessian[:, own, own] += linear[:, d:] * state.sigma2
    return Slopes((back @ linear[..., None])[..., 0], hessian, expected, jac, turned, groups)


def newton(slopes: Slopes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Step (B, T), gain (B,) and smallest scaled eigenvalue (B,) of Newton with |eigenvalues|.

    Parameters that nothing hangs on (the variance of a study that is left out) stay.
    """
    diagonal = np.abs(np.einsum("bii->bi", slopes.hessian))
    size = np.sqrt(np.maximum(diagonal, 1e-12))
    scaled = slopes.hessian / (size[:, :, None] * size[:, None])
    idle = np.arange(scaled.shape[-1])
    scaled[:, idle, idle] = np.where(diagonal > 0, scaled[:, idle, idle], 1.0)
    values, vectors = np.linalg.eigh(scaled)
    lengths = np.maximum(np.abs(values), 1e-7)
    inner = ((slopes.gradient / size)[:, None] @ vectors)[:, 0]
    step = -(vectors @ (inner / lengths)[..., None])[..., 0] / size
    return step, (inner**2 / lengths).sum(axis=1) / 2, values[:, 0]


def search(batch: GroupedBatch, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Newton for all models at once; those that have arrived take a last step and leave.

    Returns
    -------
    theta : ndarray of shape (B, T)
    deviance : ndarray of shape (B,)
    converged : ndarray of bool, shape (B,)
    """
    final, lowest = theta.copy(), np.full(len(theta), np.inf)
    converged, active, current = np.zeros(len(theta), dtype=bool), np.arange(len(theta)), batch
    state = evaluate(current, theta)
    for _ in range(MAX_STEPS):
        step, gain, curvature = newton(derive(current, state))
        arrived = (gain < TOLERANCE) & (curvature > -1e-6)
        final[active] = state.theta + np.where(arrived[:, None], step, 0.0)
        lowest[active] = state.deviance
        converged[active[arrived]] = True
        if arrived.all():
            break
        step = np.where(arrived[:, None], 0.0, step)
        if arrived.any():
            keep = np.flatnonzero(~arrived)
            active, current, step, gain = active[keep], current.take(keep), step[keep], gain[keep]
            state = evaluate(current, state.theta[keep])
        moved, stuck = shorten(current, state, step)
        if stuck.all():
            converged[active[gain < 1e-6]] = True
            break
        state = evaluate(current, moved)
    return final, lowest, converged


def shorten(batch: GroupedBatch, state: GroupedState, step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The parameters after the first of step, step/3, ... that lowers each deviance, and where none does."""
    d, sigma = len(batch.pairs), np.sqrt(state.sigma2.mean(axis=1))
    reach = 2 * np.maximum(np.abs(state.theta[:, :d]).max(axis=1), sigma)
    over = np.maximum(np.abs(step[:, :d]).max(axis=1) / reach, np.abs(step[:, d:]).max(axis=1) / 2)
    step = step / np.maximum(1.0, over)[:, None]
    bad = np.arange(len(step))
    for _ in range(13):
        part = batch if len(bad) == len(step) else batch.take(bad)
        tried = evaluate(part, state.theta[bad] + step[bad]).deviance
        bad = bad[~(tried < state.deviance[bad])]
        if not len(bad):
            break
        step[bad] /= 3
    step[bad] = 0.0
    stuck = np.zeros(len(step), dtype=bool)
    stuck[bad] = True
    return state.theta + step, stuck


def fit_grouped(batch: GroupedBatch, start: np.ndarray) -> tuple[GroupedState, Slopes, np.ndarray]:
    """The optimum of each model, from a common start and, where that ends at the boundary, a second one.

    Parameters
    ----------
    start : ndarray of shape (B, d + R)

    Returns
    -------
    state, slopes : GroupedState, Slopes
        At the optimum.
    converged : ndarray of bool, shape (B,)
    """
    best, lowest, converged = search(batch, awake(batch, start))
    again = np.flatnonzero(near_boundary(batch, best) | ~converged)
    if len(again):
        theta = start[again].copy()
        sigma = np.exp(theta[:, len(batch.pairs) :] / 2).mean(axis=1)
        for at, (i, j) in enumerate(batch.pairs):
            theta[:, at] = 0.5 * sigma if i == j else 0.0
        other, deviance, ended = search(batch.take(again), theta)
        better = (deviance < lowest[again] - 1e-9) | (ended & ~converged[again])
        at = again[better]
        best[at], converged[at] = other[better], ended[better]
    state = evaluate(batch, best)
    step, gain, lowest = newton(derive(batch, state))
    last = np.where((converged & (gain < 1e-6) & (lowest > 1e-7))[:, None], step, 0.0)
    state = evaluate(batch, best + last)
    return state, derive(batch, state), converged


def awake(batch: GroupedBatch, start: np.ndarray) -> np.ndarray:
    """A start with no variance at zero, where its slope would vanish."""
    theta, sigma = start.copy(), np.exp(start[:, len(batch.pairs) :] / 2).mean(axis=1)
    for at, (i, j) in enumerate(batch.pairs):
        if i == j:
            theta[:, at] = np.where(np.abs(theta[:, at]) < AWAKE * sigma, AWAKE * sigma, theta[:, at])
    return theta


def near_boundary(batch: GroupedBatch, theta: np.ndarray) -> np.ndarray:
    """Where some direction of D has an SD of 1e-4 of the residual SD or less, shape (B,)."""
    d, r = len(batch.pairs), len(batch.z)
    flat = np.zeros((len(theta), r * r))
    flat[:, batch.form.entries] = theta[:, :d]
    least = np.linalg.svd(flat.reshape(-1, r, r), compute_uv=False).min(axis=1)
    found: np.ndarray = least <= 1e-4 * np.sqrt(np.exp(theta[:, d:]).mean(axis=1))
    return found
