"""Risks standardised over the trials' baselines (g-computation), from one logistic model of all trials.

Everyone's risk under both treatments at the model's average effect (random effects at zero), averaged over
all participants (Robins 1986, Math Model 7:1393). An odds ratio is not collapsible: applied to an
average risk it tells another difference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import brentq
from scipy.special import expit, ndtri

from ipdma.model.binomial_problem import build_problem, data_columns, whole_problem
from ipdma.model.design import build_design
from ipdma.model.records import Fit
from ipdma.model.spec import ModelSpec
from ipdma.model.spec_keys import FIRTH
from ipdma.model.term import TREATMENT

Array = NDArray[Any]
LARGEST = 700.0  # log odds beyond which a risk is 0 or 1
FARTHEST_SHIFT = 60.0


@dataclass(frozen=True)
class Standardised:
    """A contrast of two average risks with its interval; all three rise with the odds ratio.

    Attributes
    ----------
    estimate, low, high : float
    """

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Baselines:
    """What the trials' participants bring along: the nuisance part of a logistic fit.

    Attributes
    ----------
    X : ndarray or sparse array of shape (n, Q)
        Columns of the nuisance coefficients.
    nu : ndarray of shape (Q,)
        Their estimates at `theta`.
    with_theta : ndarray of shape (Q,)
        Their covariances with theta.
    var_theta : float
        Theta's variance.
    covariance : callable
        Their covariance times a vector of shape (Q,).
    theta : float
        The fit's log odds ratio.
    level : float
        Confidence level of the intervals.
    silent : int
        Participants that tell the model nothing, in trials without an event or with nothing but events: their
        risk is 0 or 1 under either treatment.
    certain : float
        Events among them.
    reference : float or None
        The average risk without the treatment, stated from outside; None for that of the fit.
    """

    X: Array | sparse.csr_array
    nu: Array
    with_theta: Array
    var_theta: float
    covariance: Callable[[Array], Array]
    theta: float
    level: float
    silent: int = 0
    certain: float = 0.0
    reference: float | None = None

    def starting_from(self, risk: float) -> Baselines:
        """The people of the fit with their log odds moved alike, so that their average risk is `risk`.

        `risk` lies between 0 and 1, both excluded.
        """
        return replace(self, silent=0, certain=0.0, reference=risk)

    def average(self, risks: Array) -> float:
        """The average of the risks of the fit's people and of those outside it."""
        return float(risks.sum() + self.certain) / (len(risks) + self.silent)

    def log_odds(self, theta: float) -> Array:
        """Log odds without the treatment where the effect is `theta`, shape (n,)."""
        follows = self.with_theta / self.var_theta
        eta: Array = self.X @ (self.nu + follows * (theta - self.theta))
        if self.reference is None:
            return eta
        wanted = self.reference
        shift = brentq(
            lambda c: float(expit(eta + c).mean()) - wanted, -FARTHEST_SHIFT, FARTHEST_SHIFT, xtol=1e-13
        )
        moved: Array = eta + shift
        return moved

    def risk(self, theta: float) -> float:
        """The average risk without the treatment where the effect is `theta`."""
        return self.average(expit(self.log_odds(theta)))

    def difference(self, effect: Sequence[float]) -> Standardised:
        """Risk under the treatment minus risk without it, for a log odds ratio and its two limits."""
        return self.contrast(effect, ratio=False)

    def ratio(self, effect: Sequence[float]) -> Standardised:
        """Risk under the treatment over risk without it, for a log odds ratio and its two limits."""
        log = self.contrast(effect, ratio=True)
        return Standardised(*(math.exp(v) for v in (log.estimate, log.low, log.high)))

    def contrast(self, effect: Sequence[float], ratio: bool) -> Standardised:
        """A contrast that is 0 where the effect is none, with limits that keep to the side of the effect's.

        The difference of the risks or, with `ratio`, the logarithm of their ratio. To first order the delta
        method of effect and nuisance together; the part of the effect is its own interval carried over, and
        at no effect the nuisance part is nothing. So the interval holds no difference exactly where that of
        the odds ratio does.
        """
        theta, low, high = (max(min(float(v), LARGEST), -LARGEST) for v in effect)
        value, _ = self.at(theta, ratio)
        ends = []
        for end, sign in ((low, -1.0), (high, 1.0)):
            there, error = self.at(end, ratio)
            ends.append(value + sign * math.hypot(max(sign * (there - value), 0.0), error))
        bottom, top = (-math.inf, math.inf) if ratio else (-1.0, 1.0)
        return Standardised(value, max(ends[0], bottom), min(ends[1], top))

    def at(self, theta: float, ratio: bool) -> tuple[float, float]:
        """The contrast at an effect, and the half width that the baselines' own uncertainty gives it."""
        eta = self.log_odds(theta)
        p0, p1 = expit(eta), expit(eta + theta)
        w0, w1 = p0 * (1 - p0), p1 * (1 - p1)
        n = len(eta) + self.silent
        g0, g1 = w0 @ self.X / n, w1 @ self.X / n
        if self.reference is not None:
            g0, g1 = np.zeros_like(g0), g1 - w1.mean() / w0.mean() * g0
        m0, m1 = self.average(p0), self.average(p1)
        value = math.log(m1 / m0) if ratio else m1 - m0
        g = g1 / m1 - g0 / m0 if ratio else g1 - g0
        z = -float(ndtri((1 - self.level) / 2))
        left = float(g @ self.covariance(g)) - float(g @ self.with_theta) ** 2 / self.var_theta
        return value, z * math.sqrt(max(left, 0.0))


def baselines_of(rows: pd.DataFrame, spec: ModelSpec, fit: Fit) -> Baselines | None:
    """The nuisance part of a one-stage logistic fit; None where the fit has no covariance of its own.

    Parameters
    ----------
    rows : DataFrame
        Those of the fit, with its columns.
    spec : ModelSpec
        Its specification, without a moderator.
    fit : Fit

    Raises
    ------
    DataError, FitError
        As `fit_binomial`.
    """
    if fit.whole_covariance is None:
        return None
    design = build_design(rows, spec)
    problem = whole_problem(design) if spec.estimator == FIRTH else build_problem(design)
    columns = data_columns(problem)
    terms = [estimate.term for estimate in fit.estimates]
    t, rest = terms.index(TREATMENT), [i for i, term in enumerate(terms) if term != TREATMENT]

    def times(vector: Array) -> Array:
        full = np.zeros(len(terms))
        full[rest] = vector
        found: Array = fit.whole_covariance.times(full)[rest]
        return found

    place = {term: i for i, term in enumerate(problem.terms)}
    beside = fit.whole_covariance.times(np.arange(len(terms)) == t)
    return Baselines(
        X=columns[:, [place[terms[i]] for i in rest]],
        nu=np.array([fit.estimates[i].estimate for i in rest]),
        with_theta=beside[rest],
        var_theta=float(beside[t]),
        covariance=times,
        theta=float(fit.estimates[t].estimate),
        level=spec.level,
        silent=design.n_rows - len(problem.data.y),
        certain=float(design.outcome.sum() - problem.data.y.sum()),
    )
