"""What if the missing outcomes are not missing at random: shifts by arm, and reference-based draws."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipdma.imputation.draws import Split, draw_normal_parameters

Array = NDArray[Any]


def shift_outcomes(completed: Array, missing: Array, treat: Array, active: float, reference: float) -> Array:
    """Add a constant to the imputed outcomes of each arm (delta adjustment).

    Parameters
    ----------
    completed : ndarray, shape (M, n)
        Imputed outcomes.
    missing : ndarray of bool, shape (n,)
    treat : ndarray of 0 and 1, shape (n,)
    active, reference : float
        Shifts in the outcome's units; an arm's mean moves by its shift times its share of missing outcomes.
    """
    shift = np.where(treat == 1, active, reference) * missing
    return completed + shift


def reference_based(
    baseline: Array, interim: Array, outcome: Array, treat: Array, method: str, rng: np.random.Generator
) -> Array:
    """Draw the missing outcomes of active participants as the reference arm would have them.

    Parameters
    ----------
    baseline, outcome : ndarray, shape (M, n)
        Completed scores; outcomes of active participants that are missing are NaN, the same ones in every
        data set.
    interim : ndarray, shape (M, n)
        For `copy_increments` the completed last score before the outcome: one after baseline, else the
        baseline itself, from which copying increments and jumping to the reference agree but for chance.
    treat : ndarray of 0 and 1, shape (n,)
    method : str
        `jump_to_reference`: what the reference arm has at that baseline.
        `copy_increments`: the active arm's mean at the last score plus the reference arm's later mean change,
        and the participant's own distance from that mean carried on by the reference arm's regression.

    Returns
    -------
    ndarray, shape (M, n)
        The outcomes with these gaps filled.

    Notes
    -----
    Carpenter, Roger and Kenward (2013), with regression in the place of their joint normal. With x the last
    score, copying increments has
    E(y) = mean_active(x) + mean_reference(y) - mean_reference(x) + slope_reference (x - mean_active(x)).
    """
    gap = np.isnan(outcome[0]) & (treat == 1)
    if not gap.any():
        return outcome
    reference, active = treat == 0, treat == 1
    filled = outcome.copy()
    start = baseline if method == "jump_to_reference" else interim
    for chain, x in enumerate(start):
        centre = x[reference].mean()
        own = centre if method == "jump_to_reference" else x[active].mean()
        drawn = drawn_outcomes(x[reference] - centre, outcome[chain, reference], x[gap] - own, rng)
        filled[chain, gap] = drawn + (own - centre)
    return filled


def drawn_outcomes(x: Array, y: Array, at: Array, rng: np.random.Generator) -> Array:
    """One normal draw at each of `at` from the regression of y on x, with drawn parameters."""
    scale = x.std() or 1.0
    observed, missing = (np.column_stack([np.ones(len(v)), v / scale]) for v in (x, at))
    split = Split(observed[None], missing[None], y, 1e-5 * len(y))
    drawn = draw_normal_parameters(split, rng)
    return missing @ drawn.beta[0] + drawn.sigma[0] * rng.standard_normal(len(at))
