"""Derivatives of the criterion with one stratum and nothing to eliminate (formulas: head of `criterion.py`).

In columns B = [X root'^-1, e] the covariance C is the identity. With H = Z'V^-1 B and Hz = Z'V^-1 Z of a
study, V V^-1 = 1 gives its terms by the residual variance s from those by D:

    B'V^-2 B = (B'V^-1 B - H'D H) / s,   Z'V^-2 B = (H - Hz D H) / s,   tr V^-1 = (n - tr D Hz) / s,

and the same once more for V^-3 and V^-2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ipdma.model.criterion import Point, Swept, Value, random_middle
from ipdma.model.problem import Problem
from ipdma.model.structure import Structure, structure_of


@dataclass(frozen=True)
class Turned:
    """What the derivatives are made of.

    Attributes
    ----------
    basis : ndarray of shape (p + 1, p + 1)
        B in terms of [X, y].
    h : ndarray of shape (K, r, p + 1)
        Z'V^-1 B.
    hz : ndarray of shape (K, r, r)
        Z'V^-1 Z.
    own : ndarray of shape (K, r, r)
        Z'V^-1 X C X'V^-1 Z.
    traced : ndarray of shape (K, r, r)
        Z'V^-1 Z of the determinant: `hz` under REML, with nothing swept out under maximum likelihood.
    moved : ndarray of shape (d, K, r, p + 1)
        E_i H.
    by_d : ndarray of shape (d, p + 1, p + 1)
        B'P V_i P B over all studies.
    """

    basis: np.ndarray
    h: np.ndarray
    hz: np.ndarray
    own: np.ndarray
    traced: np.ndarray
    moved: np.ndarray
    by_d: np.ndarray


def swept_derivatives(
    problem: Problem, point: Point, value: Value, local: Swept
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradient (G,), Hessian (G, G) and twice the expected information (G, G) in the linear parameters."""
    form = structure_of(problem)
    turned = turn(problem, point, value, local, form)
    if problem.n_groups == 1:
        return one_variance(problem, point, value, turned, form)
    return by_group(problem, point, local, turned, form)


def turn(problem: Problem, point: Point, value: Value, local: Swept, form: Structure) -> Turned:
    """Everything in the columns B."""
    p, c, e = len(problem.x), len(problem.columns), form.directions
    basis = np.zeros((c, c))
    basis[:p, :p] = value.inverse_root.T
    basis[:p, p] = -value.beta
    basis[p, p] = 1.0
    k, r = local.s.shape[:2]
    flat = (local.g - local.s @ local.mg).reshape(k * r, c) @ basis
    h = flat.reshape(k, r, c)
    hz = local.s - local.s @ local.middle @ local.s if r else local.s
    x = h[:, :, :p]
    moved = e[:, None] @ h
    by_d = flat.T @ moved.reshape(len(e), k * r, c)
    return Turned(
        basis, h, hz, x @ np.swapaxes(x, 1, 2), hz if problem.reml else raw_hz(problem, point), moved, by_d
    )


def raw_hz(problem: Problem, point: Point) -> np.ndarray:
    """Z'V^-1 Z per study with nothing swept out, shape (K, r, r)."""
    s = problem.raw_zz[:, 0] / point.sigma2[problem.group][:, None, None]
    found: np.ndarray = s - s @ random_middle(s, point.factor)[0] @ s if len(problem.z) else s
    return found


def terms_by_d(problem: Problem, turned: Turned, form: Structure) -> tuple[np.ndarray, ...]:
    """First (d,), quadratic (d,), expected (d, d) and observed (d, d) terms of the entries of D."""
    p, (d, r, _), k = len(problem.x), form.directions.shape, len(turned.h)
    square, inner = turned.traced, turned.traced
    if problem.reml:
        square, inner = square - 2 * turned.own, square - turned.own
    first = form.directions.reshape(d, r * r) @ inner.sum(axis=0).ravel()
    outer = turned.traced.reshape(k, r * r).T @ square.reshape(k, r * r)
    expected = form.products.reshape(d * d, r**4) @ outer.ravel()
    expected = expected.reshape(d, d)
    ge = turned.moved[..., p]
    slope = turned.by_d[:, :p, p]
    inside = (turned.hz @ ge[..., None])[..., 0]
    observed = ge.reshape(d, k * r) @ inside.reshape(d, k * r).T - slope @ slope.T
    if problem.reml:
        flat = turned.by_d[:, :p, :p].reshape(d, p * p)
        expected = expected + flat @ flat.T
    return first, turned.by_d[:, p, p], expected, observed


def one_variance(
    problem: Problem, point: Point, value: Value, turned: Turned, form: Structure
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """With one residual variance P V P = P gives its terms from those of D."""
    first, quadratic, expected, observed = terms_by_d(problem, turned, form)
    gamma, sigma2 = point.between.ravel()[form.entries], float(point.sigma2[0])
    first = complete(first, problem.residual_dimensions, gamma, sigma2)
    quadratic = complete(quadratic, value.residual_ss, gamma, sigma2)
    expected = complete_square(expected, first, gamma, sigma2)
    observed = complete_square(observed, quadratic, gamma, sigma2)
    return first - quadratic, 2 * observed - expected, expected


def complete(first: np.ndarray, total: float, gamma: np.ndarray, sigma2: float) -> np.ndarray:
    """Append the residual variance's term t_r from sigma2 t_r + sum_i gamma_i t_i = total."""
    whole = np.empty(len(first) + 1)
    whole[:-1], whole[-1] = first, (total - gamma @ first) / sigma2
    return whole


def complete_square(square: np.ndarray, edge: np.ndarray, gamma: np.ndarray, sigma2: float) -> np.ndarray:
    """Append the residual variance's row and column, from sigma2 t_ir + sum_j gamma_j t_ij = edge_i."""
    column = (edge[:-1] - square @ gamma) / sigma2
    corner = (edge[-1] - gamma @ column) / sigma2
    whole = np.empty((len(column) + 1,) * 2)
    whole[:-1, :-1], whole[:-1, -1], whole[-1, :-1], whole[-1, -1] = square, column, column, corner
    return whole


def by_group(
    problem: Problem, point: Point, local: Swept, turned: Turned, form: Structure
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """With a residual variance for each group of studies."""
    first, quadratic, expected, observed = terms_by_d(problem, turned, form)
    p, c, d = len(problem.x), len(problem.columns), len(form.directions)
    h, hz, sigma2, between = turned.h, turned.hz, point.sigma2, point.between
    lam = sigma2[problem.group][:, None, None]
    dh = between @ h
    h2 = (h - hz @ dh) / lam
    f = local.g @ turned.basis
    taken = np.swapaxes(f, 1, 2) @ (local.middle @ f) + np.swapaxes(h, 1, 2) @ dh
    whole = turned.basis.T @ problem.group_gram.reshape(-1, c, c) @ turned.basis
    second = whole / sigma2[:, None, None] - (problem.by_group @ taken.reshape(-1, c * c)).reshape(-1, c, c)
    second = second / sigma2[:, None, None]
    third = np.einsum("gii->gi", second) - problem.by_group @ (dh * h2).sum(axis=1)
    third = third / sigma2[:, None]
    trace1, trace2, mixed = variance_traces(problem, point, turned, form)
    slope, flat = second[:, :p, p], second[:, :p, :p].reshape(len(sigma2), -1)
    mixed_observed = (turned.moved[..., p] * h2[..., p]).sum(axis=2) @ problem.by_group.T
    mixed_observed = mixed_observed - turned.by_d[:, :p, p] @ slope.T
    if problem.reml:
        own = h[..., :p] @ np.swapaxes(h2[..., :p], 1, 2)
        mixed = mixed - 2 * traces(form, own) @ problem.by_group.T
        mixed = mixed + turned.by_d[:, :p, :p].reshape(d, p * p) @ flat.T
        trace1 = trace1 - np.einsum("gii->g", second[:, :p, :p])
        trace2 = np.diag(trace2 - 2 * third[:, :p].sum(axis=1)) + flat @ flat.T
    else:
        trace2 = np.diag(trace2)
    expected = np.block([[expected, mixed], [mixed.T, trace2]])
    square = np.diag(third[:, p]) - slope @ slope.T
    observed = np.block([[observed, mixed_observed], [mixed_observed.T, square]])
    gradient = np.concatenate([first - quadratic, trace1 - second[:, p, p]])
    return gradient, 2 * observed - expected, expected


def traces(form: Structure, matrices: np.ndarray) -> np.ndarray:
    """tr(E_i A_k) for A of shape (K, r, r): shape (d, K)."""
    d, r, _ = form.directions.shape
    found: np.ndarray = form.directions.reshape(d, r * r) @ matrices.reshape(len(matrices), r * r).T
    return found


def variance_traces(
    problem: Problem, point: Point, turned: Turned, form: Structure
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """tr V^-1 (R,), tr V^-2 (R,) and tr(V^-1 V_i V^-1) (d, R) of each group of studies."""
    hz, between, lam = turned.traced, point.between, point.sigma2[problem.group]
    n = (problem.n if problem.reml else problem.raw_n)[:, 0]
    inner = between @ hz
    hz2 = (hz - hz @ inner) / lam[:, None, None]
    one = (n - np.einsum("kii->k", inner)) / lam
    two = (one - np.einsum("ij,kij->k", between, hz2)) / lam
    return problem.by_group @ one, problem.by_group @ two, traces(form, hz2) @ problem.by_group.T
