"""Profile-likelihood intervals for the variances of a logistic mixed model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import special

from ipdma.model.crossing import Profile
from ipdma.model.factor import factor_of
from ipdma.model.glmm import GlmmData
from ipdma.model.glmm_search import Layout, Marginal, common_factor, descend
from ipdma.model.newton import Optimum

Array = np.ndarray
LARGEST = 50.0  # a standard deviation of log odds past which a variance counts as without upper limit


def variance_intervals(
    data: GlmmData, layout: Layout, optimum: Optimum[Marginal], level: float
) -> list[tuple[float, float]]:
    """The interval of each random effect's variance D_ii, in the order of Z; columns that are tied have one.

    Values whose profile deviance is within the chi-squared quantile of the lowest; the lower end is zero
    where zero is among them, the upper infinite where the likelihood never falls far enough. Both are NaN
    where the profile jumps over the quantile.
    """
    return [
        random_interval(data, layout, optimum.point, i, level) for i in range(data.Z.shape[1] - data.tied + 1)
    ]


def random_interval(
    data: GlmmData, layout: Layout, best: Marginal, which: int, level: float
) -> tuple[float, float]:
    """Interval of D_ii; a correlated effect goes first, so that its variance is one entry of L squared."""
    psi = best.psi
    if which == 1 and (1, 0) in data.pairs:
        data, psi, which = *swap_first_two(data, layout, psi), 0
    at = layout.size - layout.m + data.pairs.index((which, which))
    psi = psi.copy()
    psi[at] = abs(psi[at])
    low, high = sd_interval(data, layout, psi, at, best.deviance, level)
    return low**2, high**2


def swap_first_two(data: GlmmData, layout: Layout, psi: Array) -> tuple[GlmmData, Array]:
    """The same model with its first two random effects in the other order."""
    order = [1, 0, *range(2, data.Z.shape[1])]
    L = common_factor(data, layout, psi)
    root = factor_of((L @ L.T)[np.ix_(order, order)])
    turned = psi.copy()
    turned[-layout.m :] = [root[i, j] for i, j in data.pairs]
    return replace(data, Z=data.Z[:, order]), turned


def sd_interval(
    data: GlmmData, layout: Layout, psi: Array, at: int, lowest: float, level: float
) -> tuple[float, float]:
    """Where sqrt(profile deviance - lowest) meets the normal quantile, as standard deviations.

    Each search starts where the last one ended; where that slips into another basin, from the maximum.
    Both ends are NaN where the profile has no root even then.
    """
    for restart in (False, True):
        try:
            return profile_ends(data, layout, psi, at, lowest, level, restart)
        except ValueError:
            continue
    return float("nan"), float("nan")


def profile_ends(
    data: GlmmData, layout: Layout, psi: Array, at: int, lowest: float, level: float, restart: bool
) -> tuple[float, float]:
    """Both ends; ValueError where the profile jumps over the quantile."""
    free = np.arange(layout.size) != at
    path = {"psi": psi}

    def held_at(value: float) -> tuple[float, float]:
        start = psi.copy() if restart else path["psi"].copy()
        start[at] = value
        held = descend(data, layout, start, free).point
        path["psi"] = held.psi
        return held.deviance, float(held.gradient[at])

    best = float(psi[at])
    profile = Profile(held_at, best, lowest, float(special.ndtri(0.5 + level / 2)))
    low = profile.lower_end(1e-6)
    path["psi"] = psi
    return low, profile.end(best + max(0.5 * best, 0.2), most=LARGEST)
