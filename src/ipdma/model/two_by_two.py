"""Pooling trials' tables of events by arm: Mantel-Haenszel, Peto, and the effects that one table gives.

A trial with one empty cell takes part as it is, which log odds ratios pooled by inverse variance cannot do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
MEASURES = ("or", "rr", "rd")


@dataclass(frozen=True)
class Tables:
    """Events and participants by arm of K trials.

    Attributes
    ----------
    study : tuple of str
    a, n1 : ndarray of shape (K,)
        Events and participants of the active arm.
    c, n2 : ndarray of shape (K,)
        Of the reference arm.
    """

    study: tuple[str, ...]
    a: Array
    n1: Array
    c: Array
    n2: Array

    @property
    def n(self) -> Array:
        """Participants."""
        found: Array = self.n1 + self.n2
        return found

    def empty_cells(self) -> Array:
        """Whether a trial has an empty cell, shape (K,)."""
        found: Array = (self.a == 0) | (self.c == 0) | (self.a == self.n1) | (self.c == self.n2)
        return found

    def informative(self, measure: str) -> Array:
        """Trials that tell of the measure, shape (K,): no ratio comes from a trial without any event.

        An odds ratio needs somebody without the event as well.
        """
        both = (self.n1 > 0) & (self.n2 > 0)
        if measure == "rd":
            return both
        events = self.a + self.c
        found: Array = both & (events > 0) & ((events < self.n) | (measure == "rr"))
        return found

    def pick(self, keep: Array) -> Tables:
        """Some of the trials."""
        at = np.flatnonzero(keep)
        return Tables(
            tuple(self.study[i] for i in at), self.a[keep], self.n1[keep], self.c[keep], self.n2[keep]
        )

    def corrected(self) -> Tables:
        """With .5 added to each cell of a trial with an empty one."""
        half = np.where(self.empty_cells(), 0.5, 0.0)
        return Tables(self.study, self.a + half, self.n1 + 2 * half, self.c + half, self.n2 + 2 * half)


def study_effects(tables: Tables, measure: str) -> tuple[Array, Array]:
    """Each trial's log odds ratio, log risk ratio or risk difference and its variance, shapes (K,).

    .5 is added to each cell of a trial with an empty one, as everywhere where one table must give an answer.
    """
    t = tables.corrected()
    a, b, c, d = t.a, t.n1 - t.a, t.c, t.n2 - t.c
    if measure == "or":
        return np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d
    p1, p2 = a / t.n1, c / t.n2
    if measure == "rr":
        return np.log(p1 / p2), 1 / a - 1 / t.n1 + 1 / c - 1 / t.n2
    return p1 - p2, p1 * (1 - p1) / t.n1 + p2 * (1 - p2) / t.n2


def mantel_haenszel(tables: Tables, measure: str) -> tuple[float, float, Array]:
    """The Mantel-Haenszel estimate.

    Parameters
    ----------
    tables : Tables
    measure : str
        `or`, `rr` (both as logarithms) or `rd`.

    Returns
    -------
    estimate, variance : float
        Variances of Robins, Breslow and Greenland (1986, Biometrics 42:311) for the odds ratio, Greenland and
        Robins (1985, Biometrics 41:55) for the risk ratio, Sato (1989, Biometrics 45:1323) for the risk
        difference. NaN where no trial has an event on one side of a ratio.
    weights : ndarray of shape (K,)
    """
    return ESTIMATORS[measure](tables)


def odds_ratio(t: Tables) -> tuple[float, float, Array]:
    """log OR."""
    n, b, d = t.n, t.n1 - t.a, t.n2 - t.c
    r, s = t.a * d / n, b * t.c / n
    p, q = (t.a + d) / n, (b + t.c) / n
    total_r, total_s = r.sum(), s.sum()
    if total_r == 0 or total_s == 0:
        return np.nan, np.nan, s
    variance = (
        (p * r).sum() / total_r**2 + (p * s + q * r).sum() / (total_r * total_s) + (q * s).sum() / total_s**2
    ) / 2
    return float(np.log(total_r / total_s)), float(variance), s


def risk_ratio(t: Tables) -> tuple[float, float, Array]:
    """log RR."""
    n = t.n
    r, s = t.a * t.n2 / n, t.c * t.n1 / n
    if r.sum() == 0 or s.sum() == 0:
        return np.nan, np.nan, s
    top = ((t.n1 * t.n2 * (t.a + t.c) / n - t.a * t.c) / n).sum()
    return float(np.log(r.sum() / s.sum())), float(top / (r.sum() * s.sum())), s


def risk_difference(t: Tables) -> tuple[float, float, Array]:
    """RD, with Sato's variance."""
    n = t.n
    weight = t.n1 * t.n2 / n
    estimate = ((t.a * t.n2 - t.c * t.n1) / n).sum() / weight.sum()
    p = t.c * (t.n1 / n) ** 2 - t.a * (t.n2 / n) ** 2 + (t.n1 / n) * (t.n2 / n) * (t.n2 - t.n1) / 2
    q = (t.a * (t.n2 - t.c) / n + t.c * (t.n1 - t.a) / n) / 2
    variance = (estimate * p.sum() + q.sum()) / weight.sum() ** 2
    return float(estimate), float(variance), weight


ESTIMATORS: dict[str, Callable[[Tables], tuple[float, float, Array]]] = {
    "or": odds_ratio,
    "rr": risk_ratio,
    "rd": risk_difference,
}


def peto(tables: Tables) -> tuple[float, float, Array, Array]:
    """Peto's one-step log odds ratio (Yusuf and others 1985, Prog Cardiovasc Dis 27:335).

    Returns
    -------
    estimate, variance : float
    weights : ndarray of shape (K,)
        The hypergeometric variances V.
    own : ndarray of shape (K,)
        Each trial's (O - E) / V; NaN where V is 0.
    """
    t, n = tables, tables.n
    events = t.a + t.c
    excess = t.a - t.n1 * events / n
    v = t.n1 * t.n2 * events * (n - events) / (n**2 * np.maximum(n - 1, 1))
    own = np.where(v > 0, excess / np.where(v > 0, v, 1.0), np.nan)
    return float(excess.sum() / v.sum()), float(1 / v.sum()), v, own
