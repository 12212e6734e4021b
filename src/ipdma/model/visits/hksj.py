"""Hartung and Knapp's scale for the effect at each visit, inside one stage."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ipdma.model.visits.criterion import StudyState, evaluate

if TYPE_CHECKING:
    from ipdma.model.visits.fit import Fitted

Array = NDArray[Any]


def hksj_errors(fitted: Fitted, informed: dict[str, int]) -> dict[str, tuple[float, float]]:
    """SE and df of each treatment term: SE^2 = sum w_k (est_k - est)^2 / ((K - 1) sum w_k).

    est_k is the study's own estimate given the fitted covariance within participants, v_k its variance,
    w_k = 1 / (v_k + tau2) with tau2 the variance of that visit's effect.
    """
    point = evaluate(fitted.problem, fitted.optimum.point.theta)
    design = fitted.design
    if point is None or any(not t.name.startswith("treatment[") for t in design.fixed):
        return {}
    tau2 = dict(zip([t.name for t in design.random], np.diag(point.states[0].between), strict=True))
    own = [own_estimates(state) for state in point.states]
    errors = {}
    for i, term in enumerate(design.fixed):
        pairs = [(b[i], v[i]) for b, v in own if math.isfinite(v[i])]
        if len(pairs) < 2:
            continue
        est, var = np.array(pairs).T
        w = 1.0 / (var + tau2.get(term.name, 0.0))
        se2 = float(np.sum(w * (est - point.beta[i]) ** 2) / ((len(w) - 1) * w.sum()))
        errors[term.name] = (math.sqrt(se2) * fitted.factors[i], float(len(w) - 1))
    return errors


def own_estimates(state: StudyState) -> tuple[Array, Array]:
    """One study's generalised least squares without random effects: estimates and variances, shape (p,)."""
    block, a = state.block, state.a
    nuisance = block.nuisance
    sweep = nuisance @ np.linalg.solve(nuisance.T @ a @ nuisance, nuisance.T @ a)
    x = block.fixed - sweep @ block.fixed
    gram = x.T @ a @ block.fixed
    informed = np.diag(gram) > 1e-10 * np.maximum(np.diag(block.fixed.T @ a @ block.fixed), 1e-300)
    size = len(gram)
    estimate, variance = np.full(size, np.nan), np.full(size, np.inf)
    part = np.linalg.inv(gram[np.ix_(informed, informed)])
    estimate[informed] = part @ (x.T @ a @ block.outcome)[informed, 0]
    variance[informed] = np.diag(part)
    return estimate, variance
