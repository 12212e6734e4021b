"""Where the search starts: the pooled covariance of the outcome within cells, and several sizes of D."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipdma.model.visits.covariance import Block
from ipdma.model.visits.criterion import VisitsProblem

Array = NDArray[Any]
BETWEEN = (0.05, 0.6, 1e-4)  # variance of a random effect, as a share of the outcome's variance


def starting_points(problem: VisitsProblem) -> list[Array]:
    """Theta of each start."""
    sigma = pooled_covariance(problem)
    within = [within_start(block, sigma) for block in problem.covariance.within]
    if not problem.covariance.between:
        return [np.concatenate(within), np.concatenate([w * 1.4 for w in within])]
    return [
        np.concatenate([*within, *(between_start(b, share) for b in problem.covariance.between)])
        for share in BETWEEN
    ]


def pooled_covariance(problem: VisitsProblem) -> Array:
    """Products of the outcome between visits over the participants seen at both, made positive definite."""
    j_all, last = problem.n_visits, problem.n_features - 1
    total, count = np.zeros((j_all, j_all)), np.zeros((j_all, j_all))
    for block in problem.studies:
        for cell in block.cells:
            where = np.ix_(cell.visits, cell.visits)
            total[where] += cell.products[:, :, last, last]
            count[where] += cell.n
    sigma = np.where(count > 0, total / np.maximum(count, 1), 0.0)
    values, vectors = np.linalg.eigh((sigma + sigma.T) / 2)
    found: Array = (vectors * np.maximum(values, 0.1 * values.max())) @ vectors.T
    return found


def within_start(block: Block, sigma: Array) -> Array:
    """Theta of a within-participant block near the pooled covariance."""
    if block.kind == "square":
        off = sigma[~np.eye(len(sigma), dtype=bool)]
        shared = max(float(off.mean()), 0.1 * float(np.trace(sigma)) / len(sigma))
        own = max(float(np.trace(sigma)) / len(sigma) - shared, 0.1 * shared)
        return np.array([np.sqrt(shared if block.basis[0, 0, -1] else own)])
    return block.theta_of(sigma)


def between_start(block: Block, share: float) -> Array:
    """Theta of a between-study block with equal variances and no correlation."""
    return np.array([np.sqrt(share) if a == b else 0.0 for a, b in block.pairs])
