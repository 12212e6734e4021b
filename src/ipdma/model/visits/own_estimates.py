"""What each study says by itself of the effect at each visit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipdma.model.df import OwnEstimates
from ipdma.model.term import Term
from ipdma.model.visits.criterion import Evaluation, StudyState
from ipdma.model.visits.design import VisitDesign

Array = NDArray[Any]


def own_estimates(design: VisitDesign, point: Evaluation, factors: Array) -> dict[Term, OwnEstimates]:
    """Each study's own estimate of each treatment term; none where other terms are shared.

    Parameters
    ----------
    point : Evaluation
        The optimum; each study's fit takes the covariance within participants there as known.
    factors : ndarray of shape (p,)
        What turns the scaled coefficients of `design.fixed` into the outcome's units.
    """
    if any(not t.name.is_treatment for t in design.fixed):
        return {}
    tau2 = dict(zip([t.name for t in design.random], np.diag(point.states[0].between), strict=True))
    estimate, variance = (np.array(part) for part in zip(*map(study_fit, point.states), strict=True))
    found = {}
    for i, term in enumerate(design.fixed):
        unit = float(factors[i])
        found[term.name] = OwnEstimates(
            term.name,
            estimate[:, i] * unit,
            variance[:, i] * unit**2,
            float(tau2.get(term.name, 0.0)) * unit**2,
        )
    return found


def study_fit(state: StudyState) -> tuple[Array, Array]:
    """One study's generalised least squares without random effects: estimates and variances, shape (p,).

    NaN for a column that the study does not inform.
    """
    block, a = state.block, state.a
    nuisance = block.nuisance
    sweep = nuisance @ np.linalg.solve(nuisance.T @ a @ nuisance, nuisance.T @ a)
    x = block.fixed - sweep @ block.fixed
    gram = x.T @ a @ block.fixed
    informed = np.diag(gram) > 1e-10 * np.maximum(np.diag(block.fixed.T @ a @ block.fixed), 1e-300)
    estimate, variance = np.full(len(gram), np.nan), np.full(len(gram), np.nan)
    part = np.linalg.inv(gram[np.ix_(informed, informed)])
    estimate[informed] = part @ (x.T @ a @ block.outcome)[informed, 0]
    variance[informed] = np.diag(part)
    return estimate, variance
