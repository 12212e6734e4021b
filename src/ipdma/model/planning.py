"""What a trial will tell of an effect or an interaction, from numbers that are known before its data.

Of a linear model by the closed forms of Riley et al (Stat Med 2020, 39: 2115-2137), of a logistic one by its
expected information, as Riley et al (Stat Med 2022, 41: 4822-4837). A model with a treatment, a covariate and
their product is one regression in each arm, so that variances of the arms add.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import expit, ndtr, ndtri

POINTS, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
Array = np.ndarray[Any, np.dtype[np.float64]]


def mean_variance(n: float, residual: float) -> float:
    """Variance of the mean of n people with residual variance sigma2: sigma2 / n, infinite without people."""
    return residual / n if n > 0 else math.inf


def slope_variance(n: float, residual: float, sd: float) -> float:
    """Variance of the slope on a covariate inside one arm: sigma2 / (n s2_z) (Riley 2020).

    `residual` is sigma2 and `sd` is s_z, the covariate's SD in the arm; infinite where nothing informs it.
    """
    information = n * sd**2
    return residual / information if information > 0 else math.inf


def planned_variance(n: float, share: float, residual: float, spread: float) -> float:
    """Variance of a trial's own interaction: sigma2 / (n pi (1 - pi) s2_z), the sum of both arms' slopes.

    Parameters
    ----------
    n : float
        Participants.
    share : float
        Share of them in the active arm, pi.
    residual : float
        Residual variance of the outcome, sigma2.
    spread : float
        Variance of the moderator within the trial, s2_z.
    """
    sd = math.sqrt(spread)
    return slope_variance(n * share, residual, sd) + slope_variance(n * (1 - share), residual, sd)


def logit_variance(n: float, log_odds: float) -> float:
    """Variance of the log odds of an event among n people: 1 / (n p (1 - p))."""
    p = float(expit(log_odds))
    return mean_variance(n, 1 / (p * (1 - p)))


def logit_slope_variance(
    n: float, log_odds: float, slope: float, sd: float, mean: float = 0.0, origin: float = 0.0
) -> float:
    """Expected variance of a logistic regression's slope inside one arm with a normal covariate.

    Parameters
    ----------
    n : float
        Participants of the arm.
    log_odds : float
        Log odds of an event where the covariate is `origin`.
    slope : float
        Change of the log odds per unit of the covariate.
    sd, mean : float
        Of the covariate in this arm.
    origin : float
        Where the covariate is centred, the mean of its trial.
    """
    z = mean - origin + sd * POINTS
    p = expit(log_odds + slope * z)
    w = WEIGHTS * p * (1 - p)
    total, first, second = float(w.sum()), float(w @ z), float(w @ z**2)
    information = n * (second - first**2 / total)
    return 1 / information if sd > 0 and information > 0 else math.inf


def small_sample(
    active: float,
    reference: float,
    columns: int,
    covariates: int,
    levels: tuple[float, float] | None = None,
    each: bool = False,
) -> float:
    """What a trial's variance is expected to be, divided by that of known means and slopes.

    A slope is told by squares about the mean of its arm, which have a degree of freedom less than people. Of
    both arms together the information is AB / (A + B), less on average the more the squares A and B vary: of
    normal scores it is (n_a - 1)(n_r - 1) / (n_a + n_r). Each covariate takes away, on average, one part of
    the residual degrees of freedom that are left.

    Parameters
    ----------
    active, reference : float
        People of the arms.
    columns : int
        Of the trial's own regression without covariates: 2 for a treatment effect, else an interaction.
    covariates : int
    levels : (float, float) or None
        Shares of the two levels of a moderator that are compared; None of a number.
    each : bool
        Whether the trial's own variance counts, as where trials weigh nearly the same, and not its
        information: the mean of an inverse is more than the inverse of the mean.

    Returns
    -------
    float
        At least 1; infinite where nothing is left to estimate from.
    """
    free, slope = active + reference - columns, columns > 2
    first, second = levels or (1.0, 0.0)
    a, r = (first + second) * active, (first + second) * reference
    if free <= covariates or (slope and min(a, r) <= 1):
        return math.inf
    covered = free / (free - covariates)
    if not slope:
        return covered
    known, left = a * r / (a + r), (a - 1) * (r - 1) / (a + r - 2)
    varies = 2 * relative_variation(levels)
    lost = covered * known / left * (1 + varies / (a + r - 2))
    return lost * (1 + varies * (a**3 + r**3) / (a * r * (a + r) ** 2)) if each else lost


def relative_variation(levels: tuple[float, float] | None) -> float:
    """Variance of a moderator's squares, divided by that of normal scores: (mu4 - sigma4) / (2 sigma4)."""
    if levels is None:
        return 1.0
    share = levels[1] / sum(levels)
    spread = share * (1 - share)
    return (1 - 4 * spread) / (2 * spread)


def planned_power(
    variances: Sequence[float] | Array, effect: float, level: float = 0.95, tau2: float = 0.0
) -> tuple[float, float]:
    """Standard error of the pooled effect, and the power of its two-sided Wald test, from 0 to 1.

    Infinite and 0 where no trial tells anything.

    Parameters
    ----------
    variances : (K,) sequence of float
        Each trial's own variance; an infinite one tells nothing.
    effect : float
        The effect that is assumed to be true.
    level : float
        Confidence level.
    tau2 : float
        Variance of the effect between trials.
    """
    information = sum(1 / (v + tau2) for v in variances if v > 0 and math.isfinite(v))
    if information <= 0:
        return math.inf, 0.0
    se = 1 / math.sqrt(information)
    z, shift = ndtri(0.5 + level / 2), abs(effect) / se
    return se, float(ndtr(shift - z) + ndtr(-z - shift))
