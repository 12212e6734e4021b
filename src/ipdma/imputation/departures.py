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
        Completed scores; outcomes of active participants that are missing are NaN.
    interim : ndarray, shape (M, n) or (M, n, 0)
        A completed earlier score after baseline, for `copy_increments`.
    method : str
        `jump_to_reference`: mean and slope of the reference arm.
        `copy_increments`: the participant's own last score plus the reference arm's later change.

    Notes
    -----
    Carpenter, Roger and Kenward (2013), with regression in the place of their joint normal.
    """
    gap = np.isnan(outcome[0]) & (treat == 1)
    if not gap.any():
        return outcome
    m = len(outcome)
    reference = treat == 0
    filled = outcome.copy()
    start = baseline if method == "jump_to_reference" or interim.ndim == 3 else interim
    for chain in range(m):
        y, x = outcome[chain, reference], start[chain]
        if method == "copy_increments":
            y = y - x[reference]
        filled[chain, gap] = drawn_outcomes(x, y, reference, gap, rng)
        if method == "copy_increments":
            filled[chain, gap] += x[gap]
    return filled


def drawn_outcomes(x: Array, y: Array, reference: Array, gap: Array, rng: np.random.Generator) -> Array:
    """One normal draw per gap from the regression of the reference arm."""
    centre = x[reference].mean()
    scale = x[reference].std() or 1.0
    design = np.column_stack([np.ones(len(x)), (x - centre) / scale])
    split = Split(design[None, reference], design[None, gap], y, 1e-5 * len(y))
    drawn = draw_normal_parameters(split, rng)
    fitted = design[gap] @ drawn.beta[0]
    return fitted + drawn.sigma[0] * rng.standard_normal(len(fitted))
