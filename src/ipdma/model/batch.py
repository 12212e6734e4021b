"""Thousands of REML fits at once: the search over all models (the formulas are in `batch_kernel.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from ipdma.model.batch_inference import invert_lower, small_sample
from ipdma.model.batch_kernel import (
    BatchProblem,
    Moments,
    State,
    Terms,
    chain,
    derive,
    evaluate,
    factor_matrix,
    relative_between,
    scale_columns,
)
from ipdma.model.factor import is_singular

CHUNK = 1024  # models at a time
TOLERANCE = 1e-9  # of the predicted gain in deviance; the step that promises it is still taken
FAR = 1.0  # a predicted gain below which Newton's step is as sure as a scoring step
MAX_STEPS = 60
LEAST = 1e-6  # a pivot of the scaled Hessian below which its eigenvalues are asked


@dataclass(frozen=True)
class BatchFit:
    """Results, models on the first axis.

    Attributes
    ----------
    beta, std_error : ndarray of shape (B, p)
        `std_error` from (X'V^-1 X)^-1.
    satterthwaite_df, kenward_roger_df, kenward_roger_error : ndarray of shape (B, p)
        NaN where no inference was asked for.
    between : ndarray of shape (B, r, r)
        D, the covariance of the random effects.
    sigma2 : ndarray of shape (B,), or (B, K) with a residual variance by study
    deviance : ndarray of shape (B,)
        Minus twice the restricted log likelihood.
    converged, singular : ndarray of bool, shape (B,)
    """

    beta: np.ndarray
    std_error: np.ndarray
    satterthwaite_df: np.ndarray
    kenward_roger_df: np.ndarray
    kenward_roger_error: np.ndarray
    between: np.ndarray
    sigma2: np.ndarray
    deviance: np.ndarray
    converged: np.ndarray
    singular: np.ndarray


def fit_batch(
    problem: BatchProblem,
    starts: Sequence[float | np.ndarray] = (0.3, 1.5),
    inference: bool = True,
    every_start: bool = True,
) -> BatchFit:
    """Fit all models, `CHUNK` at a time.

    Parameters
    ----------
    problem : BatchProblem
    starts : sequence of float or ndarray of shape (number of pairs,)
        Where to start: ratios of between-study to residual SD in columns of unit spread, or the entries of
        L / sigma in the columns as they stand.
    inference : bool
        Whether degrees of freedom and Kenward-Roger's standard errors are wanted.
    every_start : bool
        Follow every start for every model; else later starts only where the first ended at the boundary.
    """
    count = problem.gram.shape[-1]
    parts = []
    for at in range(0, count, CHUNK):
        parts.append(fit_chunk(problem.take(slice(at, at + CHUNK)), starts, inference, every_start))
    return BatchFit(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(BatchFit)))


def fit_chunk(
    problem: BatchProblem, starts: Sequence[float | np.ndarray], inference: bool, every_start: bool
) -> BatchFit:
    """Fit one chunk: scale columns, search from each start, keep the best, go back to the data's scale."""
    scaled, scale = scale_columns(problem)
    best, lowest, ended = search(scaled, start_lambda(scaled, scale, starts[0]))
    for start in starts[1:]:
        models = np.arange(len(lowest))
        if not every_start:
            models = np.flatnonzero(near_boundary(scaled, best) | ~ended)
        if not len(models):
            continue
        part = scaled if every_start else scaled.take(models)
        lam, deviance, converged = search(part, start_lambda(part, scale[:, models], start))
        better = (deviance < lowest[models] - 1e-9) | (converged & ~ended[models])
        at = models[better]
        best[:, at], lowest[at], ended[at] = lam[:, better], deviance[better], converged[better]
    return collect(scaled, scale, evaluate(scaled, best), ended, inference)


def near_boundary(problem: Moments, lam: np.ndarray) -> np.ndarray:
    """Where some direction of D has an SD of 1e-4 of the residual SD or less, shape (B,)."""
    factor = np.moveaxis(factor_matrix(problem, lam), -1, 0)
    return is_singular(factor, 1e-4)


def start_lambda(problem: Moments, scale: np.ndarray, start: float | np.ndarray) -> np.ndarray:
    """Relative parameters of a start, shape (d, B)."""
    count = len(problem.dimensions)
    lam = np.zeros((len(problem.pairs), count))
    for at, (i, j) in enumerate(problem.pairs):
        if isinstance(start, np.ndarray):
            lam[at] = start[at] * scale[problem.z[i]]
            if i == j:
                lam[at] = np.where(np.abs(lam[at]) < 0.05, 0.05, lam[at])
        elif i == j:
            lam[at] = start
    return lam


def search(problem: Moments, lam: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Newton on the relative Cholesky entries, all models at once; those that have arrived step out.

    Returns
    -------
    lam : ndarray of shape (d, B)
    deviance : ndarray of shape (B,)
    converged : ndarray of bool, shape (B,)
    """
    count = lam.shape[1]
    final, lowest = lam.copy(), np.full(count, np.inf)
    converged, active, current = np.zeros(count, dtype=bool), np.arange(count), problem
    state = evaluate(current, lam)
    for step_number in range(MAX_STEPS):
        terms = derive(current, state)
        step, gain, curvature = newton(current, state, terms)
        if step_number < 2:
            step = prefer_scoring(current, state, terms, step, gain)
        arrived = (gain < TOLERANCE) & (curvature > -1e-6)
        final[:, active] = state.lam + np.where(arrived, step, 0.0)
        lowest[active] = state.deviance
        converged[active[arrived]] = True
        go = ~arrived
        if not go.any():
            break
        if arrived.mean() > 0.15:
            active, current = active[go], current.take(go)
            state, step, gain = take_state(state, go), step[:, go], gain[go]
        state, stuck = move(current, state, step)
        if stuck.all():
            converged[active[gain < 1e-6]] = True
            break
    return final, lowest, converged


def take_state(state: State, models: np.ndarray) -> State:
    """The state of some of the models."""
    return State(*(np.ascontiguousarray(getattr(state, f.name)[..., models]) for f in fields(State)))


def newton(problem: Moments, state: State, terms: Terms) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Step (d, B), predicted gain (B,) and least curvature (B,) of Newton's method.

    The curvature is the smallest pivot of the scaled Hessian where that is clearly definite; elsewhere its
    smallest eigenvalue, and the step takes the eigenvalues' absolute values.
    """
    gradient, hessian = profile_derivatives(problem, state, terms)
    size = np.sqrt(np.maximum(np.abs(np.einsum("iin->in", hessian)), 1e-12))
    scaled = hessian / (size[:, None] * size[None])
    slope = gradient / size
    step, gain, lowest = definite_step(scaled, slope)
    bent = np.flatnonzero(~(lowest > LEAST))
    if len(bent):
        values, vectors = np.linalg.eigh(np.moveaxis(scaled[..., bent], -1, 0))
        lengths = np.maximum(np.abs(values), 1e-7)
        inner = np.einsum("nij,in->nj", vectors, slope[:, bent])
        step[:, bent] = -np.einsum("nij,nj->in", vectors, inner / lengths)
        gain[bent], lowest[bent] = (inner**2 / lengths).sum(axis=1) / 2, values[:, 0]
    return step / size, gain, lowest


def definite_step(matrix: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Step (d, B), gain (B,) and smallest pivot (B,) of Newton where the matrix (d, d, B) is definite."""
    d, left = len(slope), matrix.copy()
    half, lowest = slope.copy(), np.full(slope.shape[1], np.inf)
    with np.errstate(all="ignore"):
        for j in range(d):
            lowest = np.minimum(lowest, left[j, j])
            for i in range(j + 1, d):
                weight = left[i, j] / left[j, j]
                left[i, j + 1 :] -= weight * left[j, j + 1 :]
                half[i] -= weight * half[j]
        gain, step = np.zeros_like(lowest), np.empty_like(half)
        for j in range(d - 1, -1, -1):
            gain += half[j] ** 2 / left[j, j] / 2
            step[j] = -half[j] / left[j, j]
            for i in range(j + 1, d):
                step[j] -= left[j, i] / left[j, j] * step[i]
    return step, gain, lowest


def profile_derivatives(problem: Moments, state: State, terms: Terms) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and Hessian of the profiled deviance in the relative Cholesky entries."""
    n = problem.dimensions - problem.p
    sigma2 = state.r2 / n
    quadratic = terms.quadratic / sigma2
    score = terms.first - quadratic
    hessian = -terms.expected + 2 * terms.observed / sigma2
    hessian -= quadratic[:, None] * quadratic[None] / n
    jac = chain(problem, state.lam)
    gradient = np.einsum("gtn,gn->tn", jac, score)
    inner = np.einsum("gtn,ghn->thn", jac, hessian)
    second = np.einsum("thn,hun->tun", inner, jac)
    second += np.tensordot(problem.form.curvature, score, 1)
    return gradient, second


def prefer_scoring(
    problem: Moments, state: State, terms: Terms, step: np.ndarray, gain: np.ndarray
) -> np.ndarray:
    """Far from the optimum, the step of Fisher scoring on D, brought back to positive definite."""
    n = problem.dimensions - problem.p
    score = terms.first - terms.quadratic * n / state.r2
    expected = terms.expected - terms.first[:, None] * terms.first[None] / n
    ridge = 1e-10 * np.einsum("iin->n", expected)
    matrix = np.moveaxis(expected + np.eye(len(score))[:, :, None] * ridge, -1, 0)
    move_by = -np.linalg.solve(matrix, score.T[..., None])[..., 0].T
    between = relative_between(problem, state.lam)
    for at, (i, j) in enumerate(problem.pairs):
        between[i, j] += move_by[at]
        if i != j:
            between[j, i] += move_by[at]
    target = positive_factor(problem, between)
    far = gain > FAR
    return np.where(far, target - state.lam, step)


def positive_factor(problem: Moments, between: np.ndarray, floor: float = 1e-3) -> np.ndarray:
    """Cholesky entries, shape (d, B), of D (r, r, B) with its eigenvalues raised to `floor` at least."""
    if len(problem.z) == 1 or len(problem.pairs) == 2:
        found: np.ndarray = np.sqrt(np.maximum(np.einsum("iin->in", between), floor))
        return found
    raised = raise_eigenvalues(between, floor)
    first = np.sqrt(raised[0, 0])
    second = raised[1, 0] / first
    return np.array([first, second, np.sqrt(raised[1, 1] - second**2)])


def raise_eigenvalues(matrix: np.ndarray, floor: float) -> np.ndarray:
    """Symmetric matrices (2, 2, B) with their eigenvalues raised to `floor` at least.

    f(A) = (f(l) (A - m) - f(m) (A - l)) / (l - m) for the eigenvalues l above m.
    """
    middle, half = (matrix[0, 0] + matrix[1, 1]) / 2, (matrix[0, 0] - matrix[1, 1]) / 2
    apart = np.hypot(half, matrix[1, 0])
    high, low = np.maximum(middle + apart, floor), np.maximum(middle - apart, floor)
    slope = np.where(apart > 0, (high - low) / np.where(apart > 0, 2 * apart, 1.0), 0.0)
    found = matrix * slope
    level = (high + low) / 2 - slope * middle
    found[0, 0] += level
    found[1, 1] += level
    return found


def move(problem: Moments, state: State, step: np.ndarray) -> tuple[State, np.ndarray]:
    """Take the step where it lowers the deviance, a third of it elsewhere, and so on.

    Returns the new state, and where no step lowered the deviance (the old place is kept there).
    """
    reach = 2 * np.maximum(np.abs(state.lam).max(axis=0), 1.0)
    step = step / np.maximum(1.0, np.abs(step).max(axis=0) / reach)
    new = evaluate(problem, state.lam + step)
    bad = np.flatnonzero(~(new.deviance < state.deviance))
    for _ in range(12):
        if not len(bad):
            break
        step[:, bad] /= 3
        sub = evaluate(problem.take(bad), state.lam[:, bad] + step[:, bad])
        put_state(new, sub, bad)
        bad = bad[~(sub.deviance < state.deviance[bad])]
    put_state(new, take_state(state, bad), bad)
    stuck = np.zeros(step.shape[1], dtype=bool)
    stuck[bad] = True
    return new, stuck


def put_state(state: State, part: State, models: np.ndarray) -> None:
    """Write the state of some of the models into that of all."""
    for f in fields(State):
        getattr(state, f.name)[..., models] = getattr(part, f.name)


def collect(
    problem: Moments, scale: np.ndarray, state: State, converged: np.ndarray, inference: bool
) -> BatchFit:
    """Results on the scale of the data."""
    p, n = problem.p, problem.dimensions - problem.p
    sigma2 = state.r2 / n
    unit = scale[p] / scale[:p]
    inverse = invert_lower(state.chol)
    variance = np.einsum("ian,ian->an", inverse, inverse) * sigma2
    between = relative_between(problem, state.lam) * sigma2
    z = list(problem.z)
    empty = np.full_like(variance, np.nan)
    satterthwaite, kr_df, kr_variance = (
        small_sample(problem, state, inverse, between, sigma2) if inference else (empty, empty, empty)
    )
    log_scale = 2 * n * np.log(scale[p]) + 2 * np.log(scale[:p]).sum(axis=0)
    return BatchFit(
        (state.beta * unit).T,
        (np.sqrt(variance) * unit).T,
        satterthwaite.T,
        kr_df.T,
        (np.sqrt(kr_variance) * unit).T,
        np.moveaxis(between * scale[p] ** 2 / (scale[z][:, None] * scale[z][None]), -1, 0),
        sigma2 * scale[p] ** 2,
        state.deviance + log_scale,
        converged,
        near_boundary(problem, state.lam),
    )
