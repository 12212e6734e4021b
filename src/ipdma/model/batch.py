"""Thousands of REML fits at once: one residual variance, one or two random effects, models on the last axis.

The criterion is that of `criterion.py` with the scale profiled out. In relative parameters
Lambda = L / sigma, V = sigma2 V_r, so that for a residual quadratic form r2 and N = n - p

    deviance = log |V_r| + log |A_r| + N (1 + log(2 pi r2 / N)),    sigma2 = r2 / N

and P V P = P gives every derivative by sigma2 from those by D. All arrays end in the models' axis, so that
numpy runs over models in its innermost loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

LOG_2_PI = float(np.log(2 * np.pi))
CHUNK = 256  # models at a time: their working arrays stay in cache
TOLERANCE = 1e-10
MAX_STEPS = 60


@dataclass(frozen=True)
class BatchProblem:
    """B models of K studies and c columns each, nuisance columns swept out.

    Attributes
    ----------
    gram : ndarray of shape (c, c, K, B)
        Columns in the order shared (p), then the outcome last; random columns are among the shared.
    dimensions : ndarray of shape (B,)
        Rows less the nuisance columns' rank.
    z : tuple of int
        Columns with a random effect, one or two.
    pairs : tuple of (int, int)
        Free entries of the Cholesky factor.
    log_nuisance : ndarray of shape (B,)
    """

    gram: np.ndarray
    dimensions: np.ndarray
    z: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]
    log_nuisance: np.ndarray

    @property
    def p(self) -> int:
        """Number of shared columns."""
        return self.gram.shape[0] - 1

    def take(self, models: np.ndarray | slice) -> BatchProblem:
        """Some of the models."""
        return BatchProblem(
            np.ascontiguousarray(self.gram[..., models]),
            self.dimensions[models],
            self.z,
            self.pairs,
            self.log_nuisance[models],
        )


@dataclass(frozen=True)
class BatchFit:
    """Results, models on the first axis.

    Attributes
    ----------
    beta, std_error : ndarray of shape (B, p)
        `std_error` from (X'V^-1 X)^-1.
    satterthwaite_df, kenward_roger_df, kenward_roger_error : ndarray of shape (B, p)
    between : ndarray of shape (B, r, r)
    sigma2, deviance : ndarray of shape (B,)
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


@dataclass
class State:
    """Everything at one set of relative parameters lam (number of pairs, B)."""

    lam: np.ndarray
    deviance: np.ndarray
    r2: np.ndarray
    h: np.ndarray  # Z'V^-1 [X, e], (r, p + 1, K, B)
    hz: np.ndarray  # Z'V^-1 Z, (r, r, K, B)
    chol: np.ndarray  # lower factor of A, (p, p, B)
    beta: np.ndarray  # (p, B)


def fit_batch(
    problem: BatchProblem,
    starts: Sequence[float | np.ndarray] = (0.3, 1.5),
    inference: bool = True,
    every_start: bool = True,
) -> BatchFit:
    """Fit all models, a few hundred at a time.

    Parameters
    ----------
    starts : sequence of float or ndarray of shape (number of pairs,)
        Where to start: ratios of between-study to residual SD in columns of unit spread, or the entries of
        L / sigma in the columns as they stand.
    inference : bool
        Whether degrees of freedom are wanted.
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


def near_boundary(problem: BatchProblem, lam: np.ndarray) -> np.ndarray:
    """Where D is singular."""
    factor = np.moveaxis(factor_matrix(problem, lam), -1, 0)
    return np.linalg.svd(factor, compute_uv=False)[:, -1] < 1e-4


def scale_columns(problem: BatchProblem) -> tuple[BatchProblem, np.ndarray]:
    """Columns of unit mean square; shape of the scale (c, B)."""
    size = np.einsum("iikb->ib", problem.gram) / problem.dimensions
    scale = np.sqrt(np.where(size > 0, size, 1.0))
    gram = problem.gram / (scale[:, None] * scale[None])[:, :, None]
    return BatchProblem(gram, problem.dimensions, problem.z, problem.pairs, problem.log_nuisance), scale


def start_lambda(problem: BatchProblem, scale: np.ndarray, start: float | np.ndarray) -> np.ndarray:
    """Relative parameters of a start, shape (d, B)."""
    count = problem.gram.shape[-1]
    lam = np.zeros((len(problem.pairs), count))
    for at, (i, j) in enumerate(problem.pairs):
        if isinstance(start, np.ndarray):
            lam[at] = start[at] * scale[problem.z[i]]
            if i == j:
                lam[at] = np.where(np.abs(lam[at]) < 0.05, 0.05, lam[at])
        elif i == j:
            lam[at] = start
    return lam


def middle(problem: BatchProblem, lam: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """M = Lam (I + Lam'S Lam)^-1 Lam' and sum log |I + Lam'S Lam|; shapes (r, r, K, B) and (B,)."""
    z = list(problem.z)
    if len(z) == 1:
        inner = 1 + lam[0] ** 2 * problem.gram[z[0], z[0]]
        return (lam[0] ** 2 / inner)[None, None], np.log(inner).sum(axis=0)
    a, b, c = factor_entries(problem, lam)
    s11, s12, s22 = (problem.gram[z[i], z[j]] for i, j in ((0, 0), (0, 1), (1, 1)))
    i11 = 1 + a * a * s11 + 2 * a * b * s12 + b * b * s22
    i12 = c * (a * s12 + b * s22)
    i22 = 1 + c * c * s22
    det = i11 * i22 - i12 * i12
    m = np.empty((2, 2, *det.shape))
    m[0, 0] = a * a * i22 / det
    m[0, 1] = m[1, 0] = a * (b * i22 - c * i12) / det
    m[1, 1] = (b * b * i22 - 2 * b * c * i12 + c * c * i11) / det
    return m, np.log(det).sum(axis=0)


def factor_entries(problem: BatchProblem, lam: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """L11, L21, L22 of two random effects."""
    if len(problem.pairs) == 3:
        return lam[0], lam[1], lam[2]
    return lam[0], np.zeros_like(lam[0]), lam[1]


def evaluate(problem: BatchProblem, lam: np.ndarray) -> State:
    """Deviance and the pieces that its derivatives need."""
    gram, z, p = problem.gram, list(problem.z), problem.p
    m, log_det = middle(problem, lam)
    gz = gram[z]
    mg = np.einsum("abkn,bjkn->ajkn", m, gz)
    total = gram.sum(axis=2) - np.einsum("aikn,ajkn->ijn", gz, mg)
    chol, half, r2 = factorise(total, p)
    beta = back_substitute(chol, half)
    s = gz[:, z]
    h = gz - np.einsum("abkn,bjkn->ajkn", s, mg)
    hz = h[:, z].copy()
    h[:, p] -= np.einsum("aikn,in->akn", h[:, :p], beta)
    n = problem.dimensions - p
    log_a = 2 * np.log(np.einsum("iin->in", chol)).sum(axis=0)
    deviance = log_det + log_a + problem.log_nuisance + n * (1 + LOG_2_PI + np.log(r2 / n))
    return State(lam, deviance, r2, h, hz, chol, beta)


def factorise(total: np.ndarray, p: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cholesky of the bordered matrix [[A, b], [b', yy]]: L, L^-1 b, and what is left of yy."""
    left = total.copy()
    chol = np.zeros_like(total[:p, :p])
    half = np.empty_like(total[:p, 0])
    for j in range(p):
        root = np.sqrt(left[j, j])
        column = left[j:, j] / root
        chol[j:, j], half[j] = column[:-1], column[-1]
        left[j + 1 :, j + 1 :] -= column[1:, None] * column[None, 1:]
    return chol, half, np.maximum(left[p, p], 1e-300)


def back_substitute(chol: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Solve L' x = half for arrays (p, ..., B)."""
    x = half.copy()
    for j in range(len(x) - 1, -1, -1):
        x[j] = x[j] / chol[j, j]
        for i in range(j):
            x[i] = x[i] - chol[j, i] * x[j]
    return x


def whiten(chol: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Rows of h times L'^-1: shape (r, p, K, B)."""
    w = h.copy()
    for j in range(h.shape[1]):
        w[:, j] = w[:, j] / chol[j, j]
        if j + 1 < h.shape[1]:
            w[:, j + 1 :] -= chol[j + 1 :, j][None, :, None] * w[:, j : j + 1]
    return w


def directions(problem: BatchProblem) -> np.ndarray:
    """dD / dD_ij, shape (number of pairs, r, r)."""
    r = len(problem.z)
    e = np.zeros((len(problem.pairs), r, r))
    for at, (i, j) in enumerate(problem.pairs):
        e[at, i, j] = e[at, j, i] = 1.0
    return e


@dataclass
class Terms:
    """Traces and quadratic forms by entry of D, in V_r."""

    first: np.ndarray  # tr(P V_i), (d, B)
    quadratic: np.ndarray  # e'P V_i P e, (d, B)
    expected: np.ndarray  # tr(P V_i P V_j), (d, d, B)
    observed: np.ndarray  # e'P V_i P V_j P e, (d, d, B)


def derive(problem: BatchProblem, state: State) -> Terms:
    """Score and information by entry of D (formulas at the head of `criterion.py`)."""
    p, r, e = problem.p, len(problem.z), directions(problem)
    w, g, hz = whiten(state.chol, state.h[:, :p]), state.h[:, p], state.hz
    own = np.einsum("aikn,bikn->abkn", w, w)
    first = np.einsum("dab,abn->dn", e, (hz - own).sum(axis=2))
    quadratic = np.einsum("dab,abn->dn", e, np.einsum("akn,bkn->abn", g, g))
    blocks = {(a, b): np.einsum("ikn,jkn->ijn", w[a], w[b]) for a in range(r) for b in range(a, r)}
    cpc = [sum_blocks(blocks, direction, r) for direction in e]
    hv = np.einsum("dab,abin->din", e, np.einsum("aikn,bkn->abin", w, g))
    square = np.einsum("abkn,cdkn->abcdn", hz, hz - 2 * own)
    bridge = np.einsum("xkn,abkn->xabkn", g, hz)
    bridge = np.einsum("xabkn,ykn->xabyn", bridge, g)
    expected = np.einsum("ixa,jby,abyxn->ijn", e, e, square)
    observed = np.einsum("ixa,jby,xabyn->ijn", e, e, bridge) - np.einsum("ian,jan->ijn", hv, hv)
    for i in range(len(e)):
        for j in range(i + 1):
            trace = (cpc[i] * cpc[j]).sum(axis=(0, 1))
            expected[i, j] += trace
            if i != j:
                expected[j, i] += trace
    return Terms(first, quadratic, expected, observed)


def sum_blocks(blocks: dict, direction: np.ndarray, r: int) -> np.ndarray:
    """L^-1 P_i L'^-1 = sum_ab E_ab W_a'W_b, shape (p, p, B)."""
    total = None
    for a in range(r):
        for b in range(r):
            if direction[a, b]:
                block = blocks[a, b] if a <= b else np.swapaxes(blocks[b, a], 0, 1)
                total = block if total is None else total + block
    assert total is not None
    return total


def search(problem: BatchProblem, lam: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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


def newton(problem: BatchProblem, state: State, terms: Terms) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Step (d, B), predicted gain (B,) and smallest scaled eigenvalue (B,) of Newton with |eigenvalues|."""
    gradient, hessian = profile_derivatives(problem, state, terms)
    size = np.sqrt(np.maximum(np.abs(np.einsum("iin->in", hessian)), 1e-12))
    scaled = hessian / (size[:, None] * size[None])
    slope = gradient / size
    if len(slope) == 1:
        length = np.maximum(np.abs(scaled[0]), 1e-7)
        return -slope / length / size, (slope[0] ** 2 / length[0]) / 2, scaled[0, 0]
    values, vectors = np.linalg.eigh(np.moveaxis(scaled, -1, 0))
    lengths = np.maximum(np.abs(values), 1e-7)
    inner = np.einsum("nij,in->nj", vectors, slope)
    step = -np.einsum("nij,nj->in", vectors, inner / lengths) / size
    return step, (inner**2 / lengths).sum(axis=1) / 2, values[:, 0]


def profile_derivatives(problem: BatchProblem, state: State, terms: Terms) -> tuple[np.ndarray, np.ndarray]:
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
    for a, (i, j) in enumerate(problem.pairs):
        for b, (k, l) in enumerate(problem.pairs):
            if j == l:
                at = (
                    problem.pairs.index((max(i, k), min(i, k)))
                    if (max(i, k), min(i, k)) in problem.pairs
                    else None
                )
                if at is not None:
                    second[a, b] += (2.0 if i == k else 1.0) * score[at]
    return gradient, second


def chain(problem: BatchProblem, lam: np.ndarray) -> np.ndarray:
    """d D_ij / d Lambda entries, shape (d, d, B)."""
    r, d = len(problem.z), len(problem.pairs)
    factor = np.zeros((r, r, lam.shape[1]))
    for at, (i, j) in enumerate(problem.pairs):
        factor[i, j] = lam[at]
    jac = np.zeros((d, d, lam.shape[1]))
    for t, (i, j) in enumerate(problem.pairs):
        for g, (a, b) in enumerate(problem.pairs):
            if a == i:
                jac[g, t] += factor[b, j]
            if b == i:
                jac[g, t] += factor[a, j]
    return jac


def prefer_scoring(
    problem: BatchProblem, state: State, terms: Terms, step: np.ndarray, gain: np.ndarray
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
    far = gain > 0.05
    return np.where(far, target - state.lam, step)


def relative_between(problem: BatchProblem, lam: np.ndarray) -> np.ndarray:
    """D / sigma2, shape (r, r, B)."""
    r = len(problem.z)
    factor = np.zeros((r, r, lam.shape[1]))
    for at, (i, j) in enumerate(problem.pairs):
        factor[i, j] = lam[at]
    return np.einsum("ian,jan->ijn", factor, factor)


def positive_factor(problem: BatchProblem, between: np.ndarray, floor: float = 1e-3) -> np.ndarray:
    """Cholesky entries of D after its eigenvalues are raised to `floor`."""
    if len(problem.z) == 1 or len(problem.pairs) == 2:
        return np.sqrt(np.maximum(np.einsum("iin->in", between), floor))
    values, vectors = np.linalg.eigh(np.moveaxis(between, -1, 0))
    raised = (vectors * np.maximum(values, floor)[:, None]) @ np.swapaxes(vectors, 1, 2)
    factor = np.moveaxis(np.linalg.cholesky(raised), 0, -1)
    return np.array([factor[i, j] for i, j in problem.pairs])


def move(problem: BatchProblem, state: State, step: np.ndarray) -> tuple[State, np.ndarray]:
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
    problem: BatchProblem, scale: np.ndarray, state: State, converged: np.ndarray, inference: bool
) -> BatchFit:
    """Results on the scale of the data."""
    p, n = problem.p, problem.dimensions - problem.p
    sigma2 = state.r2 / n
    unit = scale[p] / scale[:p]
    inverse = invert_lower(state.chol)
    covariance = np.einsum("ian,ibn->abn", inverse, inverse) * sigma2
    variance = np.einsum("aan->an", covariance)
    between = relative_between(problem, state.lam) * sigma2
    z = list(problem.z)
    empty = np.full_like(variance, np.nan)
    satterthwaite, kr_df, kr_variance = (
        small_sample(problem, state, covariance, between, sigma2) if inference else (empty, empty, empty)
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


def factor_matrix(problem: BatchProblem, lam: np.ndarray) -> np.ndarray:
    """Lambda, shape (r, r, B)."""
    r = len(problem.z)
    factor = np.zeros((r, r, lam.shape[1]))
    for at, (i, j) in enumerate(problem.pairs):
        factor[i, j] = lam[at]
    return factor


def invert_lower(chol: np.ndarray) -> np.ndarray:
    """Inverse of lower triangular matrices, shape (p, p, B)."""
    p = chol.shape[0]
    inverse = np.zeros_like(chol)
    for j in range(p):
        inverse[j, j] = 1 / chol[j, j]
        for i in range(j + 1, p):
            inverse[i, j] = -(chol[i, j:i] * inverse[j:i, j]).sum(axis=0) / chol[i, i]
    return inverse


def small_sample(
    problem: BatchProblem, state: State, covariance: np.ndarray, between: np.ndarray, sigma2: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Satterthwaite's and Kenward-Roger's df and Kenward-Roger's variance of each coefficient, (p, B).

    sigma2's terms follow from those of D: v is of degree one in the variances, and
    sum_j gamma_j (Q_ij - P_i C P_j) = 0.
    """
    p, e = problem.p, directions(problem)
    terms = derive(problem, state)
    n = problem.dimensions - p
    gamma = np.array([between[i, j] for i, j in problem.pairs])
    variance = np.einsum("aan->an", covariance)
    hx = state.h[:, :p] / sigma2
    hc = np.einsum("aikn,ijn->ajkn", hx, covariance)
    hz = state.hz / sigma2
    g = np.einsum("dab,ajkn,bjkn->djn", e, hc, hc)
    g_all = np.concatenate([g, ((variance - np.einsum("dn,djn->jn", gamma, g)) / sigma2)[None]])
    expected, observed = joint_information(terms, gamma, sigma2, n, state.r2)
    w_expected = invert_small(expected)
    kr_df = 2 * variance**2 / np.einsum("gjn,ghn,hjn->jn", g_all, w_expected, g_all)
    w_observed = observed_covariance(problem, state, terms, sigma2, expected, observed)
    satterthwaite = 2 * variance**2 / np.einsum("gjn,ghn,hjn->jn", g_all, w_observed, g_all)
    delta = pair_terms(e, hc, hz, hx, covariance)
    edge = -np.einsum("dn,dgjn->gjn", gamma, delta) / sigma2
    corner = -np.einsum("gn,gjn->jn", gamma, edge) / sigma2
    d = len(e)
    total = np.einsum("ghn,ghjn->jn", w_expected[:d, :d], delta)
    total += 2 * np.einsum("gn,gjn->jn", w_expected[:d, d], edge) + w_expected[d, d] * corner
    return satterthwaite, kr_df, variance + 2 * total


def pair_terms(
    e: np.ndarray, hc: np.ndarray, hz: np.ndarray, hx: np.ndarray, covariance: np.ndarray
) -> np.ndarray:
    """c'(Q_ij - P_i C P_j)c for c = C l of each coefficient l, shape (d, d, p, B)."""
    moved = np.einsum("dab,bjkn->dajkn", e, hc)
    inner = np.einsum("iajkn,abkn->ibjkn", moved, hz)
    q = np.einsum("ibjkn,hbjkn->ihjn", inner, moved)
    pc = np.einsum("amkn,dajkn->dmjn", hx, moved)
    cpc = np.einsum("mln,dljn->dmjn", covariance, pc)
    return q - np.einsum("imjn,hmjn->ihjn", pc, cpc)


def joint_information(
    terms: Terms, gamma: np.ndarray, sigma2: np.ndarray, n: np.ndarray, r2: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Twice the expected information and the observed Hessian in (D, sigma2), shape (d + 1, d + 1, B)."""
    first, quadratic = terms.first / sigma2, terms.quadratic / sigma2**2
    expected, observed = terms.expected / sigma2**2, terms.observed / sigma2**3
    first_all = np.concatenate([first, ((n - (gamma * first).sum(axis=0)) / sigma2)[None]])
    quadratic_all = np.concatenate(
        [quadratic, ((r2 / sigma2 - (gamma * quadratic).sum(axis=0)) / sigma2)[None]]
    )
    whole = border(expected, first_all, gamma, sigma2)
    return whole, 2 * border(observed, quadratic_all, gamma, sigma2) - whole


def border(square: np.ndarray, edge: np.ndarray, gamma: np.ndarray, sigma2: np.ndarray) -> np.ndarray:
    """Append sigma2's row and column, from sigma2 t_i + sum_j gamma_j t_ij = edge_i."""
    d = len(square)
    whole = np.empty((d + 1, d + 1, square.shape[-1]))
    whole[:d, :d] = square
    whole[:d, d] = whole[d, :d] = (edge[:-1] - np.einsum("ijn,jn->in", square, gamma)) / sigma2
    whole[d, d] = (edge[-1] - (gamma * whole[:d, d]).sum(axis=0)) / sigma2
    return whole


def invert_small(matrix: np.ndarray) -> np.ndarray:
    """2 times the inverse of scaled (d, d, B) matrices, by the pseudo-inverse where singular."""
    size = np.sqrt(np.maximum(np.einsum("iin->in", matrix), 1e-300))
    scaled = np.moveaxis(matrix / (size[:, None] * size[None]), -1, 0)
    inverse = np.moveaxis(np.linalg.pinv(scaled, rcond=1e-10, hermitian=True), 0, -1)
    return 2 * inverse / (size[:, None] * size[None])


def observed_covariance(
    problem: BatchProblem,
    state: State,
    terms: Terms,
    sigma2: np.ndarray,
    expected: np.ndarray,
    observed: np.ndarray,
) -> np.ndarray:
    """Covariance of (D, sigma2) from the observed Hessian in (L, log sigma2), flat directions dropped."""
    d, n = len(problem.pairs), problem.dimensions - problem.p
    lam = state.lam * np.sqrt(sigma2)
    jac = np.zeros_like(expected)
    jac[:d, :d] = chain(problem, lam)
    jac[d, d] = sigma2
    hessian = np.einsum("gtn,ghn,hun->tun", jac, observed, jac)
    score = terms.first / sigma2 - terms.quadratic * n / state.r2 / sigma2
    for a, (i, j) in enumerate(problem.pairs):
        for b, (k, l) in enumerate(problem.pairs):
            pair = (max(i, k), min(i, k))
            if j == l and pair in problem.pairs:
                hessian[a, b] += (2.0 if i == k else 1.0) * score[problem.pairs.index(pair)]
    size = np.sqrt(np.maximum(np.abs(np.einsum("iin->in", hessian)), 1e-300))
    values, vectors = np.linalg.eigh(np.moveaxis(hessian / (size[:, None] * size[None]), -1, 0))
    good = values > 1e-8 * values[:, -1:]
    inverse = (vectors * np.where(good, 1 / np.where(good, values, 1.0), 0.0)[:, None]) @ np.swapaxes(
        vectors, 1, 2
    )
    inverse = np.moveaxis(inverse, 0, -1) / (size[:, None] * size[None])
    return 2 * np.einsum("gtn,tun,hun->ghn", jac, inverse, jac)
