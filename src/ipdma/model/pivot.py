"""The prediction interval by a generalised pivot: a new trial's effect over what is not known of tau2.

Q(lambda) is the weighted sum of squares about its own mean, chi-squared on K - 1 at the true tau2. Every
value c of that chi-squared variable therefore stands for a variance lambda(c) with Q(lambda) = c (Iyer,
Wang and Mathew 2004), and, given it, a new effect is N(mean at lambda, 1 / W + lambda). Where Q(0) is below
c no variance between trials fits: lambda is 0 and the sampling variances are taken phi = Q(0) / c times.
The interval is read off the mixture over c.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise

import numpy as np
import scipy  # its parts are loaded where they are first used

from ipdma.model.remembered import remembered

Array = np.ndarray
NODES = 96  # of each panel of the quadrature: twice as many move no end by 1e-10
TAIL = 1e-14
CLOSE = 1e-8  # a step of Newton's after which the next would be below rounding


@remembered
def pivot_interval(y: Array, v: Array, level: float) -> tuple[float, float]:
    """The interval of a new trial's true effect.

    Parameters
    ----------
    y, v : ndarray of shape (K,)
        The trials' estimates and sampling variances, K at least 3.
    level : float
    """
    y, v = np.asarray(y, dtype=float), np.asarray(v, dtype=float)
    mean, variance, weight = mixture(y, v)
    sd = np.maximum(np.sqrt(variance), 1e-12 * math.sqrt(v.min()))  # equal estimates: no spread at all

    def excess(point: float, share: float) -> float:
        return float(weight @ scipy.special.ndtr((point - mean) / sd)) - share

    tail = (1 - level) / 2
    reach = float(np.abs(scipy.special.ndtri(tail * 1e-3))) * sd.max()
    ends = (float(mean.min()) - reach, float(mean.max()) + reach)
    low, high = (
        scipy.optimize.brentq(excess, *ends, args=(share,), xtol=1e-13 * reach) for share in (tail, 1 - tail)
    )
    return low, high


def mixture(y: Array, v: Array) -> tuple[Array, Array, Array]:
    """Mean and variance of a new effect at each node of the chi scale, and the nodes' weights (sum 1)."""
    df = len(y) - 1
    q0 = float(profiled_q(y, v, np.zeros(1))[0][0])
    x, weight = chi_nodes(df, math.sqrt(q0))
    c = x**2
    lam = variance_at(y, v, c, q0)
    w = 1 / (v + lam[:, None])
    total = w.sum(axis=1)
    shrunk = np.where(c > q0, q0 / c, 1.0)
    return w @ y / total, shrunk / total + lam, weight


def chi_nodes(df: int, kink: float) -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights for the chi density on `df`, in two panels that meet at the kink."""
    low, high = (math.sqrt(float(scipy.special.chdtri(df, p))) for p in (1 - TAIL, TAIL))
    nodes, weights = panel()
    ends = [low, min(max(kink, low), high), high]
    x = np.concatenate([(b + a + (b - a) * nodes) / 2 for a, b in pairwise(ends)])
    size = np.concatenate([(b - a) / 2 * weights for a, b in pairwise(ends)])
    log_density = (df - 1) * np.log(x) - x**2 / 2
    weight = size * np.exp(log_density - log_density.max())
    return x, weight / weight.sum()


@cache
def panel() -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights on [-1, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return nodes, weights


def profiled_q(y: Array, v: Array, lam: Array) -> tuple[Array, Array]:
    """Q about the weighted mean at each lambda, and minus its derivative."""
    w = 1 / (v + lam[:, None])
    mean = (w @ y / w.sum(axis=1))[:, None]
    terms = w * (y - mean) ** 2
    return terms.sum(axis=1), (w * terms).sum(axis=1)


def variance_at(y: Array, v: Array, c: Array, q0: float) -> Array:
    """lambda with Q(lambda) = c for each c below Q(0), else 0: Newton's steps on 1 / Q inside a bracket.

    Were all variances the largest or the smallest of them, lambda would be at the bracket's ends.
    """
    alike = float(((y - y.mean()) ** 2).sum()) / c
    low, high = np.maximum(alike - v.max(), 0.0), np.maximum(alike - v.min(), 0.0)
    lam = np.where(c < q0, np.clip(alike - v.mean(), low, high), 0.0)
    for _ in range(200):
        q, slope = profiled_q(y, v, lam)
        low, high = np.where(q > c, lam, low), np.where(q > c, high, lam)
        step = lam + (q - c) * q / (c * np.maximum(slope, 1e-300))
        done = np.abs(step - lam) <= CLOSE * (lam + v.min())
        new = np.where(done | (step > low) & (step < high), step, (low + high) / 2)
        lam = np.where(c < q0, np.maximum(new, 0.0), 0.0)
        if (done | (c >= q0)).all():
            break
    return lam
