"""Power and expected width of the tests that a plan will do, before the data, in closed form.

A scenario says which trials come; each trial brings an estimate of its own with the sampling variance that is
expected of it, and the degrees of freedom on which its own rows will estimate that variance.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import gammaln
from scipy.stats import nct, norm, t

Array = np.ndarray[Any, np.dtype[np.float64]]
NORMAL_DF = 1e6  # from here on t is normal
HALVINGS = 60
STRAYS = 0.6  # of columns to rows: how much larger statistics of a logistic regression are


@dataclass(frozen=True)
class Scenarios:
    """Who may come, and what each trial tells.

    Attributes
    ----------
    present : ndarray of shape (S, K)
        1 where a trial comes in a scenario, else 0.
    variance : ndarray of shape (K,)
        Of a trial's own estimate; infinite where it tells nothing.
    df : ndarray of shape (K,)
        Degrees of freedom of that variance, infinite where nothing is estimated.
    tau2 : float
        Variance of the effect between trials.
    crowded : ndarray of shape (K,)
        Columns to rows of a trial's logistic regression; 0 where a trial's estimate is unbiased.
    """

    present: Array
    variance: Array
    df: Array
    tau2: float
    crowded: Array = field(default_factory=lambda: np.zeros(1))

    @cached_property
    def informed(self) -> Array:
        """1 where a trial comes and tells something, shape (S, K)."""
        found: Array = self.present * np.isfinite(self.variance)
        return found

    @cached_property
    def k(self) -> Array:
        """Trials that tell something, shape (S,)."""
        found: Array = self.informed.sum(axis=1)
        return found

    @cached_property
    def total(self) -> Array:
        """Sampling variance and tau2 together, shape (K,); 1 where a trial tells nothing."""
        return np.where(np.isfinite(self.variance), self.variance, 1.0) + self.tau2

    @cached_property
    def std_error(self) -> Array:
        """Of the estimate that weights trials by their precision, shape (S,); infinite without trials."""
        information = self.informed @ (1 / self.total)
        return np.where(information > 0, 1 / np.sqrt(np.maximum(information, 1e-300)), np.inf)

    @cached_property
    def share(self) -> Array:
        """Each trial's share of the information, shape (S, K)."""
        squared = np.where(self.k > 0, self.std_error, 0.0)[:, None] ** 2
        found: Array = self.informed / self.total * squared
        return found

    @cached_property
    def only(self) -> Array:
        """Degrees of freedom of a trial that comes alone, shape (S,)."""
        df = np.where(np.isfinite(self.variance), np.minimum(self.df, NORMAL_DF), 0.0)
        found: Array = self.informed @ df
        return found


class WeightedTest(ABC):
    """A t test of the precision-weighted estimate, whose standard error and df a method gives."""

    @abstractmethod
    def reference(self, who: Scenarios) -> tuple[Array, Array]:
        """Standard error and degrees of freedom in each scenario, both of shape (S,)."""

    def power(self, who: Scenarios, effect: float, level: float) -> Array:
        """Of the two-sided test in each scenario, shape (S,); 0 where no trial tells anything."""
        error, df = self.reference(who)
        return noncentral_power(abs(effect) / error, df, level)

    def width(self, who: Scenarios, level: float) -> Array:
        """Expected width of the interval in each scenario, shape (S,); infinite without trials."""
        error, df = self.reference(who)
        found: Array = 2 * t.ppf(0.5 + level / 2, df) * error * mean_root(df)
        return found


class Normal(WeightedTest):
    """The Wald test with known variances, as planning papers have it."""

    def reference(self, who: Scenarios) -> tuple[Array, Array]:
        """The standard error as it is, on the normal distribution."""
        return who.std_error, np.full(len(who.k), np.inf)


class KMinus1(WeightedTest):
    """t on the trials less one; where one trial comes alone, on its own degrees of freedom."""

    def reference(self, who: Scenarios) -> tuple[Array, Array]:
        """The standard error as it is, on K - 1."""
        return who.std_error, np.where(who.k > 1, who.k - 1, np.maximum(who.only, 1.0))


class CommonKMinus1(KMinus1):
    """t on K - 1 of an effect common to the trials, by a standard error that hardly varies.

    A likelihood's standard error rests on everybody's rows, so that the statistic is normal about its shift,
    and only the quantile that it is held against is that of K - 1. With p columns to n rows a logistic
    regression's estimates stray from 0 more than its standard errors grow (Sur and Candes, PNAS 2019, 116:
    14516-14525), in drawn trials by 0.6 p / n.
    """

    def power(self, who: Scenarios, effect: float, level: float) -> Array:
        """As `WeightedTest.power`, of a normal statistic."""
        error, df = self.reference(who)
        larger = 1 + STRAYS * (who.share * who.crowded).sum(axis=1)
        return normal_power(abs(effect) / error, t.ppf(0.5 + level / 2, df) / larger)

    def width(self, who: Scenarios, level: float) -> Array:
        """As `WeightedTest.width`."""
        error, df = self.reference(who)
        found: Array = 2 * t.ppf(0.5 + level / 2, df) * error
        return found


class KenwardRoger(WeightedTest):
    """Kenward and Roger's test of an effect that is common to trials with residual variances of their own.

    Weights that are estimated make the estimate less precise: its variance is that of known weights times
    1 + 2 sum p_k (1 - p_k) / f_k, p_k the trials' shares of the information and f_k their degrees of freedom
    (Meier, Biometrics 1953, 9: 59-73). The test has 1 / sum p_k^2 / f_k degrees of freedom (Satterthwaite,
    Biometrics Bulletin 1946, 2: 110-114).
    """

    def reference(self, who: Scenarios) -> tuple[Array, Array]:
        """The wider standard error on the matched degrees of freedom."""
        share, df = who.share, np.minimum(who.df, NORMAL_DF)
        wider = 1 + 2 * (share * (1 - share) / df).sum(axis=1)
        return who.std_error * np.sqrt(wider), 1 / np.maximum((share**2 / df).sum(axis=1), 1 / NORMAL_DF)


class Residual(WeightedTest):
    """t on the degrees of freedom of one residual variance that all trials have in common."""

    def reference(self, who: Scenarios) -> tuple[Array, Array]:
        """The standard error as it is, on the trials' degrees of freedom together."""
        return who.std_error, np.clip(who.only, 1.0, NORMAL_DF)


class NullStandardised:
    """The null-standardised t of `ipdma.model.nst`: one-sample t, on K - 1, of estimates standardised as 0
    would have them.

    Under an effect theta the squared estimates are theta2 + tau2 + v_k on average, so that lambda is close to
    theta2 + tau2, and a standardised estimate has mean m_k = theta / sqrt(v_k + tau2 + theta2) and variance
    (v_k + tau2) / (v_k + tau2 + theta2). Its t is taken as non-central with these trials' average mean, and
    their average variance and the spread of the means in its denominator. Trials of unequal size have
    less power than by their weights.
    """

    def power(self, who: Scenarios, effect: float, level: float) -> Array:
        """As `WeightedTest.power`; one trial alone has the t test of its own rows."""
        several = noncentral_power(self.shift(who, np.full(len(who.k), abs(effect))), who.k - 1, level)
        found: Array = np.where(who.k > 1, several, KMinus1().power(who, effect, level))
        return found

    def width(self, who: Scenarios, level: float) -> Array:
        """As `WeightedTest.width`: its ends are where the expected t is the quantile."""
        df = np.maximum(who.k - 1, 1)
        wanted = t.ppf(0.5 + level / 2, df)
        low, high = np.zeros(len(df)), 1e4 * np.sqrt(np.where(who.informed > 0, who.total, 0).max(axis=1))
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            inside = self.shift(who, middle) < wanted
            low, high = np.where(inside, middle, low), np.where(inside, high, middle)
        found: Array = np.where(who.k > 1, 2 * low * mean_root(df), KMinus1().width(who, level))
        return found

    def shift(self, who: Scenarios, effect: Array) -> Array:
        """Non-centrality of t at an effect for each scenario, shape (S,)."""
        k = np.maximum(who.k, 2)
        total = who.total + effect[:, None] ** 2
        mean = effect[:, None] / np.sqrt(total)
        average = (who.informed * mean).sum(axis=1) / k
        between = (who.informed * (mean - average[:, None]) ** 2).sum(axis=1) / (k - 1)
        own = (who.informed * who.total / total).sum(axis=1) / k
        found: Array = np.sqrt(k) * average / np.sqrt(np.maximum(own + between, 1e-300))
        return found


TESTS: dict[str, WeightedTest | NullStandardised] = {
    "nst": NullStandardised(),
    "kenward_roger": KenwardRoger(),
    "k_minus_1": KMinus1(),
    "k_minus_1_common": CommonKMinus1(),
    "residual": Residual(),
    "normal": Normal(),
}


def noncentral_power(shift: Array, df: Array, level: float) -> Array:
    """Power of a two-sided t test, by the non-central t; 0 where there is no shift or no df.

    Parameters
    ----------
    shift, df : ndarray of shape (S,)
        Non-centrality and degrees of freedom of each test.
    level : float
        Confidence level, as 0.95.
    """
    power = np.zeros(len(shift))
    told = (shift > 0) & (df > 0)
    q, own, far = (
        t.ppf(0.5 + level / 2, df[told]),
        np.minimum(df[told], NORMAL_DF),
        np.minimum(shift[told], 37.0),
    )
    power[told] = np.where(
        own < NORMAL_DF,
        nct.sf(q, own, far) + np.nan_to_num(nct.cdf(-q, own, far)),  # nan where too small for scipy
        normal_power(far, q),
    )
    return power


def normal_power(shift: Array, quantile: Array) -> Array:
    """Probability that a normal statistic about `shift` is beyond the quantile; 0 where there is no shift."""
    beyond = norm.sf(quantile - shift) + norm.cdf(-quantile - shift)
    found: Array = np.where(shift > 0, beyond, 0.0)
    return found


def mean_root(df: Array) -> Array:
    """E sqrt(chi2 / df): what a standard error is on average of the root of its mean square."""
    half = np.minimum(df, NORMAL_DF) / 2
    found: Array = np.exp(gammaln(half + 0.5) - gammaln(half)) / np.sqrt(half)
    return found
