"""Thousands of REML fits at once: one residual variance, one or two random effects, models on the last axis.

The criterion is that of `criterion.py` with the scale profiled out. In relative parameters
Lambda = L / sigma, V = sigma2 V_r, A_r = X'V_r^-1 X, so that for a residual quadratic form r2 and N = n - p

    deviance = log |V_r| + log |A_r| + N (1 + log(2 pi r2 / N)),    sigma2 = r2 / N

and P V P = P gives every derivative by sigma2 from those by D. All arrays end in the models' axis, so that
numpy runs over models in its innermost loop.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ipdma.model.structure import Structure, structure

LOG_2_PI = float(np.log(2 * np.pi))


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
        Sum of log |N'N| over the nuisance columns that are swept out.
    """

    gram: np.ndarray
    dimensions: np.ndarray
    z: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]
    log_nuisance: np.ndarray

    @property
    def p(self) -> int:
        """Number of shared columns."""
        found: int = self.gram.shape[0] - 1
        return found

    def take(self, models: slice) -> BatchProblem:
        """Some of the models."""
        return BatchProblem(
            self.gram[..., models], self.dimensions[models], self.z, self.pairs, self.log_nuisance[models]
        )


@dataclass(frozen=True)
class Moments:
    """What the criterion reads of a `BatchProblem`, its columns scaled to unit mean square.

    Attributes
    ----------
    random : ndarray of shape (r, c, K, B)
        Products of the random columns with all.
    total : ndarray of shape (c, c, B)
        Products of all columns, over all studies.
    dimensions, z, pairs, log_nuisance
        As there.
    """

    random: np.ndarray
    total: np.ndarray
    dimensions: np.ndarray
    z: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]
    log_nuisance: np.ndarray

    @property
    def p(self) -> int:
        """Number of shared columns."""
        found: int = self.total.shape[0] - 1
        return found

    @property
    def form(self) -> Structure:
        """Constants of the random effects' covariance."""
        return structure(self.pairs, len(self.z))

    def take(self, models: np.ndarray) -> Moments:
        """Some of the models."""
        return Moments(
            np.ascontiguousarray(self.random[..., models]),
            np.ascontiguousarray(self.total[..., models]),
            self.dimensions[models],
            self.z,
            self.pairs,
            self.log_nuisance[models],
        )


@dataclass
class State:
    """Everything at one set of relative parameters lam (number of pairs, B)."""

    lam: np.ndarray
    deviance: np.ndarray  # the scale profiled out, (B,)
    r2: np.ndarray  # e'V_r^-1 e, (B,)
    h: np.ndarray  # Z'V_r^-1 [X, e], (r, p + 1, K, B)
    hz: np.ndarray  # Z'V_r^-1 Z, (r, r, K, B)
    chol: np.ndarray  # lower Cholesky factor of A_r, (p, p, B)
    beta: np.ndarray  # (p, B)


def scale_columns(problem: BatchProblem) -> tuple[Moments, np.ndarray]:
    """Columns of unit mean square; shape of the scale (c, B)."""
    total = problem.gram.sum(axis=2)
    size = np.einsum("iib->ib", total) / problem.dimensions
    scale = np.sqrt(np.where(size > 0, size, 1.0))
    both, z = scale[:, None] * scale[None], list(problem.z)
    random = problem.gram[z] / both[z][:, :, None]
    return Moments(
        random, total / both, problem.dimensions, problem.z, problem.pairs, problem.log_nuisance
    ), scale


def middle(problem: Moments, lam: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """M = Lam (I + Lam'S Lam)^-1 Lam' and sum log |I + Lam'S Lam|; shapes (r, r, K, B) and (B,)."""
    z = list(problem.z)
    if len(z) == 1:
        inner = 1 + lam[0] ** 2 * problem.random[0, z[0]]
        return (lam[0] ** 2 / inner)[None, None], np.log(inner).sum(axis=0)
    a, b, c = factor_entries(problem, lam)
    s11, s12, s22 = (problem.random[i, z[j]] for i, j in ((0, 0), (0, 1), (1, 1)))
    i11 = 1 + a * a * s11 + 2 * a * b * s12 + b * b * s22
    i12 = c * (a * s12 + b * s22)
    i22 = 1 + c * c * s22
    det = i11 * i22 - i12 * i12
    m = np.empty((2, 2, *det.shape))
    m[0, 0] = a * a * i22 / det
    m[0, 1] = m[1, 0] = a * (b * i22 - c * i12) / det
    m[1, 1] = (b * b * i22 - 2 * b * c * i12 + c * c * i11) / det
    return m, np.log(det).sum(axis=0)


def factor_entries(problem: Moments, lam: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """L11, L21, L22 of two random effects."""
    if len(problem.pairs) == 3:
        return lam[0], lam[1], lam[2]
    return lam[0], np.zeros_like(lam[0]), lam[1]


def evaluate(problem: Moments, lam: np.ndarray) -> State:
    """Deviance and the pieces that its derivatives need."""
    gz, z, p = problem.random, list(problem.z), problem.p
    m, log_det = middle(problem, lam)
    mg = np.einsum("abkn,bjkn->ajkn", m, gz)
    total = problem.total - symmetric(gz, mg)
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


def symmetric(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """sum_ak left_aik right_ajk, shape (c, c, B), where it is symmetric: half of it is computed."""
    c = left.shape[1]
    whole = np.empty((c, c, left.shape[-1]))
    for i in range(c):
        whole[i:, i] = np.einsum("akn,ajkn->jn", left[:, i], right[:, i:])
        whole[i, i:] = whole[i:, i]
    return whole


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
    w = np.empty_like(h)
    for j in range(h.shape[1]):
        left = h[:, j] - np.einsum("in,aikn->akn", chol[j, :j], w[:, :j]) if j else h[:, j]
        np.divide(left, chol[j, j], out=w[:, j])
    return w


@dataclass
class Terms:
    """Traces and quadratic forms by entry of D, in V_r."""

    first: np.ndarray  # tr(P V_i), (d, B)
    quadratic: np.ndarray  # e'P V_i P e, (d, B)
    expected: np.ndarray  # tr(P V_i P V_j), (d, d, B)
    observed: np.ndarray  # e'P V_i P V_j P e, (d, d, B)
    whitened: list[np.ndarray]  # L^-1 X'P V_i P X L'^-1 of each entry, (p, p, B)


def derive(problem: Moments, state: State) -> Terms:
    """Score and information by entry of D (formulas at the head of `criterion.py`)."""
    p, r, form = problem.p, len(problem.z), problem.form
    e, d = form.directions, len(form.directions)
    w, g, hz = whiten(state.chol, state.h[:, :p]), state.h[:, p], state.hz
    own = np.einsum("aikn,bikn->abkn", w, w)
    flat = e.reshape(d, r * r)
    first = flat @ (hz - own).sum(axis=2).reshape(r * r, -1)
    quadratic = flat @ np.einsum("akn,bkn->abn", g, g).reshape(r * r, -1)
    blocks = {
        (a, b): symmetric(w[a : a + 1], w[a : a + 1]) if a == b else np.einsum("ikn,jkn->ijn", w[a], w[b])
        for a in range(r)
        for b in range(a, r)
    }
    whitened = [sum_blocks(blocks, direction, r) for direction in e]
    wg = np.einsum("aikn,bkn->abin", w, g)
    hv = np.tensordot(flat, wg.reshape(r * r, p, -1), 1)
    square = np.einsum("abkn,cdkn->abcdn", hz, hz - 2 * own)
    bridge = np.einsum("abkn,xykn->abxyn", hz, g[:, None] * g)
    products = form.products.reshape(d * d, r**4)
    expected = (products @ square.reshape(r**4, -1)).reshape(d, d, -1)
    observed = (products @ bridge.reshape(r**4, -1)).reshape(d, d, -1)
    observed -= np.einsum("ian,jan->ijn", hv, hv)
    for i in range(d):
        for j in range(i + 1):
            trace = np.einsum("abn,abn->n", whitened[i], whitened[j])
            expected[i, j] += trace
            if i != j:
                expected[j, i] += trace
    return Terms(first, quadratic, expected, observed, whitened)


def sum_blocks(blocks: dict[tuple[int, int], np.ndarray], direction: np.ndarray, r: int) -> np.ndarray:
    """L^-1 P_i L'^-1 = sum_ab E_ab W_a'W_b, shape (p, p, B)."""
    total = None
    for a in range(r):
        for b in range(r):
            if direction[a, b]:
                block = blocks[a, b] if a <= b else np.swapaxes(blocks[b, a], 0, 1)
                total = block if total is None else total + block
    assert total is not None
    found: np.ndarray = total
    return found


def chain(problem: Moments, lam: np.ndarray) -> np.ndarray:
    """d D_ij / d Lambda entries, shape (d, d, B)."""
    r = len(problem.z)
    found: np.ndarray = np.tensordot(problem.form.chain, factor_matrix(problem, lam).reshape(r * r, -1), 1)
    return found


def relative_between(problem: Moments, lam: np.ndarray) -> np.ndarray:
    """D / sigma2, shape (r, r, B)."""
    factor = factor_matrix(problem, lam)
    found: np.ndarray = np.einsum("ian,jan->ijn", factor, factor)
    return found


def factor_matrix(problem: Moments, lam: np.ndarray) -> np.ndarray:
    """Lambda, shape (r, r, B)."""
    r = len(problem.z)
    factor = np.zeros((r, r, lam.shape[1]))
    for at, (i, j) in enumerate(problem.pairs):
        factor[i, j] = lam[at]
    return factor
