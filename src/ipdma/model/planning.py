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
