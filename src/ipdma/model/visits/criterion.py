"""The (restricted) likelihood over visits, with its derivatives, from the cells' cross-products.

Notation: V = V0 + Z D Z', V0 block diagonal over participants with W = Sigma^-1 per pattern of visits.
Nuisance columns N of one study leave by a Schur complement: Q = V^-1 - V^-1 N (N'V^-1N)^-1 N'V^-1
takes the place of V^-1 throughout. All of V^-1 X, Q Z ... are V0^-1 times a recoding of the features,
so every term is a small matrix between coordinates of features at visits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ipdma.model.visits.cells import Cell
from ipdma.model.visits.covariance import Covariance

Array = NDArray[np.float64]


@dataclass(frozen=True)
class StudyBlock:
    """One study: its cells and its columns as coordinates on the J x q features at visits.

    Attributes
    ----------
    cells : tuple of Cell
    nuisance, random, fixed : ndarray, shapes (Jq, r), (Jq, z), (Jq, p_k)
        Columns that only this study has, random-effect columns, fixed columns.
    index : ndarray of int, shape (p_k,)
        Where this study's fixed columns stand among all p.
    outcome : ndarray, shape (Jq, 1) or None
        Coordinates of the outcome over all visits.
    """

    study: int
    cells: tuple[Cell, ...]
    nuisance: Array
    random: Array
    fixed: Array
    index: NDArray[np.intp]
    outcome: Array


@dataclass(frozen=True)
class Problem:
    """Everything that the criterion reads."""

    studies: tuple[StudyBlock, ...]
    covariance: Covariance
    n_rows: int
    n_fixed: int
    n_visits: int
    n_features: int
    reml: bool

    @property
    def degrees(self) -> int:
        """Rows less all fixed columns (nuisance too) under REML, rows under ML."""
        nuisance = sum(s.nuisance.shape[1] for s in self.studies)
        return self.n_rows - (self.n_fixed + nuisance) * self.reml


@dataclass
class StudyState:
    """One study at one gamma: swept coordinates and the operators between them."""

    block: StudyBlock
    weights: list[Array]
    between: Array
    a: Array
    star: Array
    middle: Array
    free_star: Array
    free_middle: Array
    z_tilde: Array
    free_z: Array
    f: Array
    f_free: Array
    x: Array
    y: Array
    k_x: Array
    k_y: Array
    log_det: float


@dataclass(frozen=True)
class Evaluation:
    """The criterion and what follows from it at one theta.

    Attributes
    ----------
    value : float
        Minus twice the (restricted) log likelihood, in the scaled units of the features.
    beta, covariance : ndarray
        Fixed effects, shape (p,), and (X'QX)^-1, shape (p, p).
    gradient, hessian : ndarray or None
        In theta.
    """

    value: float
    theta: Array
    beta: Array
    covariance: Array
    states: tuple[StudyState, ...]
    gradient: Array | None = None
    hessian: Array | None = None


def spread(cell: Cell, operator: Array, n_visits: int, n_features: int) -> Array:
    """sum_i F_i' P F_i for an operator P between the cell's visits, shape (Jq, Jq)."""
    total = np.zeros((n_visits, n_features, n_visits, n_features))
    block = (operator[:, :, None, None] * cell.products).transpose(0, 2, 1, 3)
    total[np.ix_(cell.visits, range(n_features), cell.visits, range(n_features))] = block
    return total.reshape(n_visits * n_features, -1)


def within_matrix(problem: Problem, gamma: Array, study: int) -> Array:
    """Covariance over the J visits of one study's participants."""
    sigma = np.zeros((problem.n_visits, problem.n_visits))
    for index, basis in problem.covariance.within_parameters(study):
        sigma += gamma[index] * basis
    return sigma


def between_matrix(problem: Problem, gamma: Array) -> Array:
    """Covariance D of the random effects."""
    size = problem.studies[0].random.shape[1]
    between = np.zeros((size, size))
    for index, basis in problem.covariance.between_parameters():
        between += gamma[index] * basis
    return between


def study_state(problem: Problem, block: StudyBlock, gamma: Array, between: Array) -> StudyState | None:
    """Sweep one study at gamma; None where its covariance is not positive definite."""
    sigma = within_matrix(problem, gamma, block.study)
    size = problem.n_visits * problem.n_features
    a, weights, log_det = np.zeros((size, size)), [], 0.0
    for cell in block.cells:
        part = sigma[np.ix_(cell.visits, cell.visits)]
        try:
            lower = np.linalg.cholesky(part)
        except np.linalg.LinAlgError:
            return None
        weight = np.linalg.inv(part)
        weights.append((weight + weight.T) / 2)
        log_det += 2.0 * cell.n * float(np.log(np.diag(lower)).sum())
        a += spread(cell, weights[-1], problem.n_visits, problem.n_features)
    return swept(problem, block, between, a, weights, log_det)


def swept(
    problem: Problem, block: StudyBlock, between: Array, a: Array, weights: list[Array], log_det: float
) -> StudyState | None:
    """Sweep the nuisance, then the random effects."""
    n_mat, z, x, y = block.nuisance, block.random, block.fixed, block.outcome
    s_nn = n_mat.T @ a @ n_mat
    try:
        lower = np.linalg.cholesky(s_nn)
    except np.linalg.LinAlgError:
        return None
    b_n = np.linalg.inv(s_nn)
    hat = n_mat @ (b_n @ (n_mat.T @ a))
    z_hat, x_hat, y_hat = z - hat @ z, x - hat @ x, y - hat @ y
    s = z_hat.T @ a @ z_hat
    inner = np.eye(len(s)) + between @ s
    sign, log_inner = np.linalg.slogdet(inner)
    if sign <= 0:
        return None
    m = np.linalg.solve(inner, between)
    m = (m + m.T) / 2
    if problem.reml:
        log_det += 2.0 * float(np.log(np.diag(lower)).sum()) + float(log_inner)
        free_star, free_m, f_free = np.hstack([n_mat, z_hat]), block_diagonal(b_n, m), s - s @ m @ s
        free_z = z_hat - z_hat @ (m @ s)
    else:
        s0 = z.T @ a @ z
        inner0 = np.eye(len(s0)) + between @ s0
        log_det += float(np.linalg.slogdet(inner0)[1])
        free_m = np.linalg.solve(inner0, between)
        free_m = (free_m + free_m.T) / 2
        free_star, f_free = z, s0 - s0 @ free_m @ s0
        free_z = z - z @ (free_m @ s0)
    x_tilde = x_hat - z_hat @ (m @ (z_hat.T @ a @ x_hat))
    y_tilde = y_hat - z_hat @ (m @ (z_hat.T @ a @ y_hat))
    return StudyState(
        block=block,
        weights=weights,
        between=between,
        a=a,
        star=np.hstack([n_mat, z_hat]),
        middle=block_diagonal(b_n, m),
        free_star=free_star,
        free_middle=free_m,
        z_tilde=z_hat - z_hat @ (m @ s),
        free_z=free_z,
        f=s - s @ m @ s,
        f_free=f_free,
        x=x_tilde,
        y=y_tilde,
        k_x=z_hat.T @ a @ x_tilde,
        k_y=z_hat.T @ a @ y_tilde,
        log_det=log_det,
    )


def block_diagonal(first: Array, second: Array) -> Array:
    """Two square blocks on one diagonal."""
    a, b = len(first), len(second)
    joined = np.zeros((a + b, a + b))
    joined[:a, :a], joined[a:, a:] = first, second
    return joined


def evaluate(problem: Problem, theta: Array, derivatives: bool = True) -> Evaluation | None:
    """The criterion at theta, or None where V is not positive definite or X'QX is singular."""
    gamma = problem.covariance.gamma(theta)
    between = between_matrix(problem, gamma)
    states = []
    for block in problem.studies:
        state = study_state(problem, block, gamma, between)
        if state is None:
            return None
        states.append(state)
    solved = solve_fixed(problem, states)
    if solved is None:
        return None
    value, beta, covariance = solved
    point = Evaluation(value, theta, beta, covariance, tuple(states))
    return differentiate(problem, point) if derivatives else point


def solve_fixed(problem: Problem, states: list[StudyState]) -> tuple[float, Array, Array] | None:
    """Generalised least squares; returns the criterion, beta and (X'QX)^-1."""
    p = problem.n_fixed
    a, b, yy = np.zeros((p, p)), np.zeros(p), 0.0
    for state in states:
        index, outcome = state.block.index, state.block.outcome
        a[np.ix_(index, index)] += state.x.T @ state.a @ state.block.fixed
        b[index] += (state.x.T @ state.a @ outcome)[:, 0]
        yy += float((state.y.T @ state.a @ outcome)[0, 0])
    a = (a + a.T) / 2
    try:
        lower = np.linalg.cholesky(a)
    except np.linalg.LinAlgError:
        return None
    covariance = np.linalg.inv(a)
    beta = covariance @ b
    value = sum(s.log_det for s in states) + yy - float(b @ beta)
    value += problem.degrees * np.log(2 * np.pi) + 2.0 * problem.reml * float(np.log(np.diag(lower)).sum())
    return value, beta, (covariance + covariance.T) / 2


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
    q : list of (i, j, index, matrix)
        Symmetrised X'Q V_i Q V_j Q X of each study for i <= j, on the study's own columns.
    """

    score: Array
    expected: Array
    observed: Array
    p: Array
    q: list[tuple[int, int, NDArray[np.intp], Array]]


def derivatives_in_gamma(problem: Problem, point: Evaluation, with_q: bool = True) -> Derivatives:
    """First and second derivatives of the criterion with respect to gamma."""
    r, p = problem.covariance.count, problem.n_fixed
    trace1, quad1 = np.zeros(r), np.zeros(r)
    trace2, quad2 = np.zeros((r, r)), np.zeros((r, r))
    p_all, h_all = np.zeros((r, p, p)), np.zeros((r, p))
    q_all: list[tuple[int, int, NDArray[np.intp], Array]] = []
    for state in point.states:
        study = study_derivatives(problem, state, point.beta)
        own, index = study.own, state.block.index
        trace1[own] += study.trace1
        quad1[own] += study.quad1
        trace2[np.ix_(own, own)] += study.trace2
        quad2[np.ix_(own, own)] += study.quad2
        for i, parameter in enumerate(own):
            p_all[parameter][np.ix_(index, index)] += study.p[i]
            h_all[parameter][index] += study.h[i]
        if problem.reml or with_q:
            for i, first in enumerate(own):
                for j in range(i, len(own)):
                    q_all.append((int(first), int(own[j]), index, study.q[i, j]))
    return combine(problem, point, trace1, quad1, trace2, quad2, p_all, h_all, q_all)


def combine(
    problem: Problem,
    point: Evaluation,
    trace1: Array,
    quad1: Array,
    trace2: Array,
    quad2: Array,
    p_all: Array,
    h_all: Array,
    q_all: list[tuple[int, int, NDArray[np.intp], Array]],
) -> Derivatives:
    """Add what the fixed effects take away (engine notes, section 2)."""
    c = point.covariance
    cp = np.einsum("ab,ibc->iac", c, p_all)
    score, expected = trace1 - quad1, trace2.copy()
    if problem.reml:
        score = score - np.einsum("iaa->i", cp)
        flat = cp.reshape(len(cp), -1)
        expected += flat @ cp.transpose(0, 2, 1).reshape(len(cp), -1).T
        for i, j, index, q in q_all:
            taken = 2.0 * float(np.sum(c[np.ix_(index, index)] * q))
            expected[i, j] -= taken
            if i != j:
                expected[j, i] -= taken
    observed = -expected + 2.0 * (quad2 - h_all @ c @ h_all.T)
    return Derivatives(score, expected, (observed + observed.T) / 2, p_all, q_all)


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


def study_derivatives(problem: Problem, state: StudyState, beta: Array) -> StudyDerivatives:
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


def operators(problem: Problem, state: StudyState, bases: list[Array]) -> tuple[Array, Array, Array, Array]:
    """F'(W E_i W)F, symmetrised F'(W E_i W E_j W)F, tr(W E_i) and tr(W E_i W E_j), summed over cells."""
    r, size = len(bases), problem.n_visits * problem.n_features
    j_all, q = problem.n_visits, problem.n_features
    t1 = np.zeros((r, j_all, q, j_all, q))
    t2 = np.zeros((r, r, j_all, q, j_all, q))
    trace_one, trace_two = np.zeros(r), np.zeros((r, r))
    stacked = np.array(bases)
    for cell, w in zip(state.block.cells, state.weights, strict=True):
        e = stacked[:, cell.visits[:, None], cell.visits[None, :]]
        we = w @ e
        wew = we @ w
        both = we[:, None] @ wew[None, :]
        both = (both + both.transpose(0, 1, 3, 2)) / 2
        where = np.ix_(cell.visits, range(q), cell.visits, range(q))
        t1[:, *where] += np.einsum("ijl,jlab->ijalb", wew, cell.products)
        t2[:, :, *where] += np.einsum("ikjl,jlab->ikjalb", both, cell.products)
        trace_one += cell.n * np.einsum("ijj->i", we)
        trace_two += cell.n * np.einsum("ijl,klj->ik", we, we)
    return t1.reshape(r, size, size), t2.reshape(r, r, size, size), trace_one, trace_two


def second_products(state: StudyState, xe: Array, k_xe: Array, t1: Array, t2: Array, e_b: Array) -> Array:
    """Symmetrised [X e]'Q V_i Q V_j Q [X e] for all pairs of the study's parameters."""
    left = xe.T @ t1 @ state.star
    within = xe.T @ t2 @ xe - np.einsum("iaz,zw,jbw->ijab", left, state.middle, left)
    cross = np.einsum("iaz,jzw,wb->ijab", xe.T @ t1 @ state.z_tilde, e_b, k_xe)
    ek = e_b @ k_xe
    inner = np.einsum("iza,zw,jwb->ijab", ek, state.f, ek)
    r, b, width = len(t1), len(e_b), xe.shape[1]
    second = np.zeros((r + b, r + b, width, width))
    second[:r, :r], second[:r, r:], second[r:, r:] = within, cross, inner
    second[r:, :r] = cross.transpose(1, 0, 3, 2)
    return (second + second.transpose(0, 1, 3, 2)) / 2


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


def differentiate(problem: Problem, point: Evaluation) -> Evaluation:
    """Gradient and Hessian of the criterion in theta."""
    in_gamma = derivatives_in_gamma(problem, point)
    jacobian = problem.covariance.jacobian(point.theta)
    gradient = jacobian.T @ in_gamma.score
    hessian = jacobian.T @ in_gamma.observed @ jacobian
    hessian += problem.covariance.curvature(point.theta, in_gamma.score)
    return Evaluation(point.value, point.theta, point.beta, point.covariance, point.states, gradient, hessian)
