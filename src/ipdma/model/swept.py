"""Derivatives of the criterion with one stratum and nothing to eliminate (formulas: head of `criterion.py`).

In columns B = [X root'^-1, e] the covariance C is the identity. With H = Z'V^-1 B and Hz = Z'V^-1 Z of a
study, V V^-1 = 1 gives its terms by the residual variance s from those by D:

    B'V^-2 B = (B'V^-1 B - H'D H) / s,   Z'V^-2 B = (H - Hz D H) / s,   tr V^-1 = (n - tr D Hz) / s,

and the same once more for V^-3 and V^-2. With F = Z'Lambda^-1 B and S = Z'Lambda^-1 Z, D H is M F and D Hz is
M S. Arrays may have a leading axis of models (`batch_by_study.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ipdma.model.bordered import MANY, Bordered
from ipdma.model.criterion import Point, Swept, Value, random_middle
from ipdma.model.problem import Problem
from ipdma.model.structure import Structure, structure_of


@dataclass(frozen=True)
class Turned:
    """What the derivatives are made of.

    Attributes
    ----------
    basis : ndarray of shape (..., p + 1, p + 1)
        B in terms of [X, y].
    f, dh : ndarray of shape (..., K, r, p + 1)
        Z'Lambda^-1 B, and D Z'V^-1 B.
    h : ndarray of shape (..., K, r, p + 1)
        Z'V^-1 B.
    hz : ndarray of shape (..., K, r, r)
        Z'V^-1 Z.
    own : ndarray of shape (..., K, r, r)
        Z'V^-1 X C X'V^-1 Z.
    traced, shrunk : ndarray of shape (..., K, r, r)
        Z'V^-1 Z of the determinant, and D times it: `hz` under REML, with nothing swept out under maximum
        likelihood.
    moved : ndarray of shape (..., d, K, r, p + 1)
        E_i H.
    by_d : ndarray of shape (..., d, p + 1, p + 1)
        B'P V_i P B over all studies.
    reml : bool
    """

    basis: np.ndarray
    f: np.ndarray
    dh: np.ndarray
    h: np.ndarray
    hz: np.ndarray
    own: np.ndarray
    traced: np.ndarray
    shrunk: np.ndarray
    moved: np.ndarray
    by_d: np.ndarray
    reml: bool


@dataclass(frozen=True)
class Groups:
    """The residual variances of R groups of studies.

    Attributes
    ----------
    sigma2 : ndarray of shape (..., R)
    lam : ndarray of shape (..., K)
        Each study's variance.
    members : ndarray of shape (..., R, K), a sparse array of one model, or None
        One-hot; None where each study is a group, in their order.
    gram : ndarray of shape (..., R, p + 1, p + 1)
        [X, y]'[X, y].
    n : ndarray of shape (..., K)
        Dimensions of the determinant.
    """

    sigma2: np.ndarray
    lam: np.ndarray
    members: np.ndarray | sparse.csr_array | None
    gram: np.ndarray
    n: np.ndarray

    def add(self, values: np.ndarray) -> np.ndarray:
        """Sums over the studies of each group: (..., K, m) to (..., R, m)."""
        if self.members is None:
            return values
        found: np.ndarray = self.members @ values
        return found

    def gather(self, values: np.ndarray) -> np.ndarray:
        """The same along the last axis: (..., m, K) to (..., m, R)."""
        if self.members is None:
            return values
        return self.add(values.mT).mT


def swept_derivatives(
    problem: Problem, point: Point, value: Value, local: Swept
) -> tuple[np.ndarray, np.ndarray | Bordered, np.ndarray | Bordered]:
    """Gradient (G,), Hessian (G, G) and twice the expected information (G, G) in the linear parameters.

    With several residual variances the information is `Bordered`; with very many the Hessian too.
    """
    form = structure_of(problem)
    traced = None if problem.reml else raw_hz(problem, point)
    turned = turn(basis_of(value.inverse_root, value.beta), local, form, traced)
    if problem.n_groups == 1:
        return one_variance(problem, point, value, turned, form)
    c = len(problem.columns)
    n = (problem.n if problem.reml else problem.raw_n)[:, 0]
    members = None if problem.is_grouped_alone else problem.by_group
    gram = problem.group_gram.reshape(-1, c, c)
    groups = Groups(point.sigma2, point.sigma2[problem.group], members, gram, n)
    gradient, hessian, expected = by_group(groups, turned, form)
    return gradient, hessian if problem.n_groups > MANY else hessian.matrix, expected


def basis_of(inverse_root: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """B = [X root'^-1, y - X beta] in terms of [X, y], shape (..., p + 1, p + 1)."""
    p = beta.shape[-1]
    basis = np.zeros((*beta.shape[:-1], p + 1, p + 1))
    basis[..., :p, :p] = inverse_root.mT
    basis[..., :p, p] = -beta
    basis[..., p, p] = 1.0
    return basis


def turn(
    basis: np.ndarray, local: Swept, form: Structure, traced: tuple[np.ndarray, np.ndarray] | None
) -> Turned:
    """Everything in the columns B; `traced` is given under maximum likelihood, with D times it."""
    *lead, k, r, c = local.g.shape
    d = len(form.directions)
    f = (local.g.reshape(*lead, k * r, c) @ basis).reshape(local.g.shape)
    dh, shrunk = product(local.middle, f), product(local.middle, local.s)
    h, hz = f - product(local.s, dh), local.s - product(local.s, shrunk)
    x, flat = h[..., :-1], h.reshape(*lead, 1, k * r, c)
    moved = h[..., None, :, :, :] if r == 1 else form.directions[:, None] @ h[..., None, :, :, :]
    by_d = flat.mT @ moved.reshape(*lead, d, k * r, c)
    own = (x * x).sum(axis=-1, keepdims=True) if r == 1 else crossed(x, x)
    reml, traced = traced is None, traced or (hz, shrunk)
    return Turned(basis, f, dh, h, hz, own, *traced, moved, by_d, reml)


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a b over the last two axes, in one call for all matrices where they meet in one random effect."""
    found: np.ndarray = a * b if a.shape[-1] == 1 else a @ b
    return found


def raw_hz(problem: Problem, point: Point) -> tuple[np.ndarray, np.ndarray]:
    """Z'V^-1 Z per study with nothing swept out, and D times it; shapes (K, r, r)."""
    s = problem.raw_zz[:, 0] / point.sigma2[problem.group][:, None, None]
    if not len(problem.z):
        return s, s
    shrunk = random_middle(s, point.factor)[0] @ s
    return s - s @ shrunk, shrunk


def terms_by_d(turned: Turned, form: Structure) -> tuple[np.ndarray, ...]:
    """First (..., d), quadratic (..., d), expected and observed (..., d, d) terms of the entries of D."""
    *lead, k, r, c = turned.h.shape
    d = len(form.directions)
    square, inner = turned.traced, turned.traced
    if turned.reml:
        square, inner = square - 2 * turned.own, square - turned.own
    first = inner.sum(axis=-3).reshape(*lead, r * r) @ form.directions.reshape(d, r * r).T
    outer = turned.traced.reshape(*lead, k, r * r).mT @ square.reshape(*lead, k, r * r)
    expected = outer.reshape(*lead, r**4) @ form.products.reshape(d * d, r**4).T
    expected = expected.reshape(*lead, d, d)
    ge = turned.moved[..., -1]
    slope = turned.by_d[..., :-1, -1]
    inside = product(turned.hz[..., None, :, :, :], ge[..., None]).reshape(*lead, d, k * r)
    observed = ge.reshape(*lead, d, k * r) @ inside.mT - crossed(slope, slope)
    if turned.reml:
        flat = turned.by_d[..., :-1, :-1].reshape(*lead, d, (c - 1) ** 2)
        expected = expected + crossed(flat, flat)
    return first, turned.by_d[..., -1, -1], expected, observed


def crossed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a b' over the last two axes."""
    found: np.ndarray = a @ b.mT
    return found


def one_variance(
    problem: Problem, point: Point, value: Value, turned: Turned, form: Structure
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """With one residual variance P V P = P gives its terms from those of D.

    First terms have sigma2 t_r + sum_i gamma_i t_i = total, second ones sigma2 t_ir + sum_j gamma_j t_ij
    = t_i.
    """
    d, sigma2 = len(form.directions), float(point.sigma2[0])
    gamma = point.between.ravel()[form.entries]
    edge, square = np.empty((2, d + 1)), np.empty((2, d + 1, d + 1))
    edge[0, :d], edge[1, :d], square[0, :d, :d], square[1, :d, :d] = terms_by_d(turned, form)
    edge[:, d] = problem.residual_dimensions, value.residual_ss
    edge[:, d] = (edge[:, d] - edge[:, :d] @ gamma) / sigma2
    square[:, :d, d] = square[:, d, :d] = (edge[:, :d] - square[:, :d, :d] @ gamma) / sigma2
    square[:, d, d] = (edge[:, d] - square[:, d, :d] @ gamma) / sigma2
    return edge[0] - edge[1], 2 * square[1] - square[0], square[0]


@dataclass(frozen=True)
class Second:
    """What V^-2 and V^-3 add.

    Attributes
    ----------
    h2 : ndarray of shape (..., K, r, p + 1)
        Z'V^-2 B.
    by_group : ndarray of shape (..., R, p + 1, p + 1)
        B'V^-2 B.
    """

    h2: np.ndarray
    by_group: np.ndarray


def second_powers(groups: Groups, turned: Turned) -> Second:
    """From V V^-1 = 1, study by study and then by group."""
    h, dh, basis, gram = turned.h, turned.dh, turned.basis, groups.gram
    *lead, r, c, _ = gram.shape
    h2 = (h - product(turned.hz, dh)) / groups.lam[..., None, None]
    taken = product((turned.f + h).mT, dh)
    half = (gram.reshape(*lead, r * c, c) @ basis).reshape(gram.shape)
    whole = basis.mT[..., None, :, :] @ half
    sigma2 = groups.sigma2[..., None, None]
    left = groups.add(taken.reshape(*lead, -1, c * c)).reshape(whole.shape)
    return Second(h2, (whole / sigma2 - left) / sigma2)


def by_group(groups: Groups, turned: Turned, form: Structure) -> tuple[np.ndarray, Bordered, Bordered]:
    """Gradient, Hessian and expected information with a residual variance for each group of studies."""
    first, quadratic, expected, observed = terms_by_d(turned, form)
    powers = second_powers(groups, turned)
    second, d, r = powers.by_group, len(form.directions), groups.sigma2.shape[-1]
    lead, c = second.shape[:-3], second.shape[-1]
    third = np.einsum("...gii->...gi", second) - groups.add((turned.dh * powers.h2).sum(axis=-2))
    third = third / groups.sigma2[..., None]
    trace1, trace2, mixed = variance_traces(groups, turned, form)
    slope, flat = second[..., :-1, -1], np.empty((*lead, r, 0))
    products = (turned.moved[..., -1] * powers.h2[..., None, :, :, -1]).sum(axis=-1)
    mixed_observed = groups.gather(products) - crossed(turned.by_d[..., :-1, -1], slope)
    if turned.reml:
        flat = second[..., :-1, :-1].reshape(*lead, r, (c - 1) ** 2)
        by_d = turned.by_d[..., :-1, :-1].reshape(*lead, d, (c - 1) ** 2)
        own = turned.h[..., :-1] @ powers.h2[..., :-1].mT
        mixed = mixed - 2 * groups.gather(traces(form, own)) + crossed(by_d, flat)
        trace1 = trace1 - np.einsum("...gii->...g", second[..., :-1, :-1])
        trace2 = trace2 - 2 * third[..., :-1].sum(axis=-1)
    gradient = np.concatenate([first - quadratic, trace1 - second[..., -1, -1]], axis=-1)
    hessian = Bordered(
        2 * observed - expected,
        2 * mixed_observed - mixed,
        2 * third[..., -1] - trace2,
        np.concatenate([np.sqrt(2) * slope, flat], axis=-1),
        -1.0,
    )
    return gradient, hessian, Bordered(expected, mixed, trace2, flat, 1.0)


def traces(form: Structure, matrices: np.ndarray) -> np.ndarray:
    """tr(E_i A_k) for A of shape (..., K, r, r): shape (..., d, K)."""
    d, r, _ = form.directions.shape
    flat = matrices.reshape(*matrices.shape[:-2], r * r)
    return flat.mT if r == 1 else crossed(form.directions.reshape(d, r * r), flat)


def variance_traces(
    groups: Groups, turned: Turned, form: Structure
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """tr V^-1 (..., R), tr V^-2 (..., R) and tr(V^-1 V_i V^-1) (..., d, R) of each group of studies."""
    hz, shrunk, lam = turned.traced, turned.shrunk, groups.lam
    trace = np.einsum("...kii->...k", shrunk)
    both = (shrunk * shrunk.mT).sum(axis=(-1, -2))
    hz2 = (hz - product(hz, shrunk)) / lam[..., None, None]
    one = (groups.n - trace) / lam
    two = (one - (trace - both) / lam) / lam
    summed = groups.add(np.stack([one, two], axis=-1))
    return summed[..., 0], summed[..., 1], groups.gather(traces(form, hz2))
