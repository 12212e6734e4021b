"""Derivatives of the criterion over visits: scores, information, the matrices of Kenward and Roger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipdma.model.visits.criterion import Evaluation, StudyState, VisitsProblem

Array = NDArray[Any]


@dataclass(frozen=True)
class Derivatives:
    """Scores and information in gamma, and the matrices that inference needs.

    Attributes
    ----------
    score : ndarray, shape (r,)
        d criterion / d gamma.
    expected, observed : ndarray, shape (r, r)
        Twice the expected information, and the Hessian of the criterion, in gamma.
    p : ndarray, shape (r, p, p)
        X'Q V_i Q X.
    q : list of (own, index, ndarray)
        For each study its parameters, its columns, and symmetrised X'Q V_i Q V_j Q X on them, shape
        (r_k, r_k, p_k, p_k).
    """

    score: Array
    expected: Array
    observed: Array
    p: Array
    q: list[tuple[NDArray[np.intp], NDArray[np.intp], Array]]


def derivatives_in_gamma(problem: VisitsProblem, point: Evaluation) -> Derivatives:
    """First and second derivatives of the criterion with respect to gamma."""
    r, p = problem.covariance.count, problem.n_fixed
    trace1, quad1 = np.zeros(r), np.zeros(r)
    trace2, quad2 = np.zeros((r, r)), np.zeros((r, r))
    p_all, h_all = np.zeros((r, p, p)), np.zeros((r, p))
    q_all = []
    for state in point.states:
        study = study_derivatives(problem, state, point.beta)
        own, index = study.own, state.block.index
        trace1[own] += study.trace1
        quad1[own] += study.quad1
        pairs = np.ix_(own, own)
        trace2[pairs] += study.trace2
        quad2[pairs] += study.quad2
        p_all[np.ix_(own, index, index)] += study.p
        h_all[np.ix_(own, index)] += study.h
        q_all.append((own, index, study.q))
    score, expected = trace1 - quad1, trace2
    if problem.reml:
        score, expected = taken_by_fixed(point.covariance, score, expected, p_all, q_all)
    observed = -expected + 2.0 * (quad2 - h_all @ point.covariance @ h_all.T)
    return Derivatives(score, expected, (observed + observed.T) / 2, p_all, q_all)


def taken_by_fixed(
    c: Array,
    score: Array,
    expected: Array,
    p_all: Array,
    q_all: list[tuple[NDArray[np.intp], NDArray[np.intp], Array]],
) -> tuple[Array, Array]:
    """What estimating the fixed effects takes off score and information under REML."""
    cp = np.einsum("ab,ibc->iac", c, p_all)
    flat = cp.reshape(len(cp), -1)
    expected = expected + flat @ cp.transpose(0, 2, 1).reshape(len(cp), -1).T
    for own, index, q in q_all:
        expected[np.ix_(own, own)] -= 2.0 * np.einsum("ab,ijab->ij", c[np.ix_(index, index)], q)
    return score - np.einsum("iaa->i", cp), expected


@dataclass(frozen=True)
class StudyDerivatives:
    """One study's share of the derivatives; arrays follow `own`, its parameters."""

    own: NDArray[np.intp]
    trace1: Array
    quad1: Array
    trace2: Array
    quad2: Array
    p: Array
    h: Array
    q: Array


def study_derivatives(problem: VisitsProblem, state: StudyState, beta: Array) -> StudyDerivatives:
    """Derivatives of one study: within-participant parameters first, then those between studies."""
    within = problem.covariance.within_parameters(state.block.study)
    between = problem.covariance.between_parameters()
    own = np.array([i for i, _ in within] + [i for i, _ in between], dtype=np.intp)
    e = state.y[:, 0] - state.x @ beta[state.block.index]
    k_e = state.k_y[:, 0] - state.k_x @ beta[state.block.index]
    xe = np.column_stack([state.x, e])
    k_xe = np.column_stack([state.k_x, k_e])
    t1, t2, trace_one, trace_two = operators(problem, state, [basis for _, basis in within])
    e_b = np.array([basis for _, basis in between]).reshape(len(between), *state.f.shape)
    first = np.concatenate([xe.T @ t1 @ xe, np.einsum("za,izw,wb->iab", k_xe, e_b, k_xe)])
    second = second_products(state, xe, k_xe, t1, t2, e_b)
    tr1, tr2 = traces(state, t1, t2, trace_one, trace_two, e_b)
    return StudyDerivatives(
        own,
        tr1,
        first[:, -1, -1],
        tr2,
        second[:, :, -1, -1],
        first[:, :-1, :-1],
        first[:, :-1, -1],
        second[:, :, :-1, :-1],
    )


def operators(
    problem: VisitsProblem, state: StudyState, bases: list[Array]
) -> tuple[Array, Array, Array, Array]:
    """F'(W E_i W)F, symmetrised F'(W E_i W E_j W)F, tr(W E_i) and tr(W E_i W E_j), summed over cells."""
    r, size = len(bases), problem.n_visits * problem.n_features
    j_all, q = problem.n_visits, problem.n_features
    t1 = np.zeros((r, j_all, q, j_all, q))
    t2 = np.zeros((r, r, j_all, q, j_all, q))
    trace_one, trace_two = np.zeros(r), np.zeros((r, r))
    stacked = np.array(bases)
    for cell, w in zip(state.block.cells, state.weights, strict=True):
        e = stacked[:, *cell.pairs]
        we = w @ e
        wew = we @ w
        both = we[:, None] @ wew[None, :]
        both = (both + both.transpose(0, 1, 3, 2)) / 2
        where, each = cell.place, (slice(None),)
        t1[each + where] += np.einsum("ijl,jlab->ijalb", wew, cell.products)
        t2[each + each + where] += np.einsum("ikjl,jlab->ikjalb", both, cell.products)
        trace_one += cell.n * np.einsum("ijj->i", we)
        trace_two += cell.n * np.einsum("ijl,klj->ik", we, we)
    return t1.reshape(r, size, size), t2.reshape(r, r, size, size), trace_one, trace_two


def second_products(state: StudyState, xe: Array, k_xe: Array, t1: Array, t2: Array, e_b: Array) -> Array:
    """Symmetrised [X e]'Q V_i Q V_j Q [X e] for all pairs of the study's parameters."""
    left = xe.T @ t1 @ state.star
    within = xe.T @ t2 @ xe - each_pair(left @ state.middle, left.transpose(0, 2, 1))
    ek = e_b @ k_xe
    cross = each_pair(xe.T @ t1 @ state.z_tilde, ek)
    inner = each_pair(ek.transpose(0, 2, 1) @ state.f, ek)
    r, b, width = len(t1), len(e_b), xe.shape[1]
    second = np.zeros((r + b, r + b, width, width))
    second[:r, :r], second[:r, r:], second[r:, r:] = within, cross, inner
    second[r:, :r] = cross.transpose(1, 0, 3, 2)
    return (second + second.transpose(0, 1, 3, 2)) / 2


def each_pair(left: Array, right: Array) -> Array:
    """left[i] @ right[j] for all i and j, as one matrix product; (I, a, z), (J, z, b) -> (I, J, a, b)."""
    i, a, z = left.shape
    j, _, b = right.shape
    product = left.reshape(i * a, z) @ right.transpose(1, 0, 2).reshape(z, j * b)
    return product.reshape(i, a, j, b).transpose(0, 2, 1, 3)


def traces(
    state: StudyState, t1: Array, t2: Array, trace_one: Array, trace_two: Array, e_b: Array
) -> tuple[Array, Array]:
    """tr(Q V_i) and tr(Q V_i Q V_j); under ML with V^-1 in the place of Q."""
    star, middle, f = state.free_star, state.free_middle, state.f_free
    sandwiched = star.T @ t1 @ star
    ms = middle @ sandwiched
    within = trace_two - 2 * np.einsum("zw,ijwz->ij", middle, star.T @ t2 @ star)
    within += np.einsum("izw,jwz->ij", ms, ms)
    z_tilde = state.free_z
    cross = np.einsum("izw,jwz->ij", z_tilde.T @ t1 @ z_tilde, e_b)
    fe = f @ e_b
    inner = np.einsum("izw,jwz->ij", fe, fe)
    r, b = len(t1), len(e_b)
    second = np.zeros((r + b, r + b))
    second[:r, :r], second[:r, r:], second[r:, :r], second[r:, r:] = within, cross, cross.T, inner
    one = np.concatenate([trace_one - np.einsum("izz->i", ms), np.einsum("zw,iwz->i", f, e_b)])
    return one, second


def differentiate(problem: VisitsProblem, point: Evaluation) -> Evaluation:
    """Gradient and Hessian of the criterion in theta."""
    in_gamma = derivatives_in_gamma(problem, point)
    jacobian = problem.covariance.jacobian(point.theta)
    gradient = jacobian.T @ in_gamma.score
    hessian = jacobian.T @ in_gamma.observed @ jacobian
    hessian += problem.covariance.curvature(point.theta, in_gamma.score)
    return Evaluation(point.value, point.theta, point.beta, point.covariance, point.states, gradient, hessian)
