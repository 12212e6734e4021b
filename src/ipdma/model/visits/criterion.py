"""The (restricted) likelihood over visits, with its derivatives, from the cells' cross-products.

Notation: V = V0 + Z D Z', V0 block diagonal over participants with W = Sigma^-1 per pattern of visits.
Nuisance columns N of one study leave by a Schur complement: Q = V^-1 - V^-1 N (N'V^-1N)^-1 N'V^-1
takes the place of V^-1 throughout. All of V^-1 X, Q Z ... are V0^-1 times a recoding of the features,
so every term is a small matrix between coordinates of features at visits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipdma.model.visits.cells import Cell
from ipdma.model.visits.covariance import Covariance

Array = NDArray[Any]


@dataclass(frozen=True)
class StudyBlock:
    """One study: its cells and its columns as coordinates on the J x q features at visits.

    Attributes
    ----------
    study : int
        Index of the study.
    cells : tuple of Cell
    nuisance, random, fixed : ndarray, shapes (Jq, r), (Jq, z), (Jq, p_k)
        Columns that only this study has, random-effect columns, fixed columns.
    index : ndarray of int, shape (p_k,)
        Where this study's fixed columns stand among all p.
    outcome : ndarray, shape (Jq, 1)
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
class VisitsProblem:
    """Everything that the criterion reads.

    Attributes
    ----------
    studies : tuple of StudyBlock
    covariance : Covariance
    n_rows : int
    n_fixed : int
        p, the fixed columns that are not one study's nuisance.
    n_visits, n_features : int
        J and q.
    reml : bool
    """

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
        found: int = self.n_rows - (self.n_fixed + nuisance) * self.reml
        return found


@dataclass
class StudyState:
    """One study at one gamma: swept coordinates and the operators between them.

    F stacks the features of the study's rows, so that F c is the column with coordinates c.

    Attributes
    ----------
    block : StudyBlock
    weights : list of ndarray
        W of each cell, shape (m, m).
    between : ndarray, shape (z, z)
        D.
    a : ndarray, shape (Jq, Jq)
        F'V0^-1 F.
    star, middle : ndarray, shapes (Jq, r + z) and (r + z, r + z)
        Q = V0^-1 - V0^-1 F star middle star'F'V0^-1.
    free_star, free_middle : ndarray
        The same for the traces: of Q under REML, of V^-1 under ML.
    z_tilde, f : ndarray, shapes (Jq, z) and (z, z)
        Q Z = V0^-1 F z_tilde, and Z'Q Z.
    free_z, f_free : ndarray
        The same for the traces.
    x, y : ndarray, shapes (Jq, p_k) and (Jq, 1)
        Q X = V0^-1 F x, and so for the outcome.
    k_x, k_y : ndarray, shapes (z, p_k) and (z, 1)
        Z'Q X and Z'Q y.
    log_det : float
        The study's log |V|, and under REML log |N'V^-1 N| with it.
    """

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
    total[cell.place] = block
    return total.reshape(n_visits * n_features, -1)


def within_matrix(problem: VisitsProblem, gamma: Array, study: int) -> Array:
    """Covariance over the J visits of one study's participants."""
    sigma = np.zeros((problem.n_visits, problem.n_visits))
    for index, basis in problem.covariance.within_parameters(study):
        sigma += gamma[index] * basis
    return sigma


def between_matrix(problem: VisitsProblem, gamma: Array) -> Array:
    """Covariance D of the random effects."""
    size = problem.studies[0].random.shape[1]
    between = np.zeros((size, size))
    for index, basis in problem.covariance.between_parameters():
        between += gamma[index] * basis
    return between


def study_state(problem: VisitsProblem, block: StudyBlock, gamma: Array, between: Array) -> StudyState | None:
    """Sweep one study at gamma; None where its covariance is not positive definite."""
    sigma = within_matrix(problem, gamma, block.study)
    size = problem.n_visits * problem.n_features
    a, weights, log_det = np.zeros((size, size)), [], 0.0
    for cell in block.cells:
        part = sigma[cell.pairs]
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
    problem: VisitsProblem, block: StudyBlock, between: Array, a: Array, weights: list[Array], log_det: float
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


def evaluate(problem: VisitsProblem, theta: Array) -> Evaluation | None:
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
    return Evaluation(value, theta, beta, covariance, tuple(states))


def solve_fixed(problem: VisitsProblem, states: list[StudyState]) -> tuple[float, Array, Array] | None:
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
