"""Many REML fits at once with a residual variance for each study, or each group of small ones.

The formulas are those of one fit (`swept.py`) with the models on the first axis; the parameters are the
entries of L and the logarithms of the residual variances. Models may leave studies out: these have products
of zero and no rows. The search is in `batch_by_study_search.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ipdma.model.criterion import LOG_2_PI, Swept, random_middle
from ipdma.model.structure import Structure, structure
from ipdma.model.swept import Groups, Turned, basis_of, by_group, turn


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
    def is_grouped_alone(self) -> bool:
        """Whether each study has a residual variance of its own, in their order."""
        return bool((self.group == np.arange(self.group.shape[1])).all())

    @cached_property
    def group_gram(self) -> np.ndarray:
        """Products by residual variance, shape (B, R, c, c)."""
        if self.is_grouped_alone:
            return self.gram
        b, k, c, _ = self.gram.shape
        found: np.ndarray = (self.members @ self.gram.reshape(b, k, c * c)).reshape(b, -1, c, c)
        return found

    def factor(self, theta: np.ndarray) -> np.ndarray:
        """L of search parameters, shape (B, r, r)."""
        r = len(self.z)
        flat = np.zeros((len(theta), r * r))
        flat[:, self.form.entries] = theta[:, : len(self.pairs)]
        return flat.reshape(len(theta), r, r)

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
        found: np.ndarray = self.factor @ self.factor.mT
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
    factor, sigma2 = batch.factor(theta), np.exp(theta[:, d:])
    lam = np.take_along_axis(sigma2, batch.group, axis=1)
    z, wide = np.array(batch.z, dtype=int), lam[..., None, None]
    s, g = batch.gram[:, :, z[:, None], z] / wide, batch.gram[:, :, z] / wide
    middle, logs = random_middle(s, factor)
    mg = middle @ g
    total = ((1 / lam)[:, None] @ batch.gram.reshape(count, k, c * c)).reshape(count, c, c)
    total = total - g.reshape(count, k * r, c).mT @ mg.reshape(count, k * r, c)
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
    members = None if batch.is_grouped_alone else batch.members
    groups = Groups(state.sigma2, state.lam, members, batch.group_gram, batch.n)
    turned = turn(basis_of(state.inverse_root, state.beta), state.local, form, None)
    linear, hessian_in_gamma, information = by_group(groups, turned, form)
    curved, expected = hessian_in_gamma.matrix, information.matrix
    jac = np.zeros_like(curved)
    flat = state.factor.reshape(len(jac), len(batch.z) ** 2)
    jac[:, :d, :d] = np.moveaxis(form.chain @ flat.T, -1, 0)
    own = np.arange(d, jac.shape[-1])
    jac[:, own, own] = state.sigma2
    back = jac.mT
    hessian = back @ curved @ jac
    hessian[:, :d, :d] += np.moveaxis(form.curvature @ linear[:, :d].T, -1, 0)
    hessian[:, own, own] += linear[:, d:] * state.sigma2
    return Slopes((back @ linear[..., None])[..., 0], hessian, expected, jac, turned, groups)
