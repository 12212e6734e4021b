"""What each study says by itself of the treatment effect or of a within-trial interaction."""

from __future__ import annotations

import numpy as np

from ipdma.model.criterion import Point, stratum_variances, weigh
from ipdma.model.df.own import OwnEstimates
from ipdma.model.problem import Prepared
from ipdma.model.rank import ALIASED
from ipdma.model.variance import VarianceComponents

FIRST = ("intercept", "covariate", "main", "treatment", "within", "naive")


def own_terms(prepared: Prepared) -> list[int]:
    """Shared columns with estimates per study: the treatment without a moderator, else the interactions."""
    wanted = ("within", "naive") if prepared.design.spec.moderator else ("treatment",)
    return [j for j, term in enumerate(prepared.shared_terms) if term.kind in wanted]


def own_estimates(prepared: Prepared, point: Point, variance: VarianceComponents) -> list[OwnEstimates]:
    """Each study's own weighted least squares fit of all columns that vary in it.

    Parameters
    ----------
    variance : VarianceComponents
        Of the same point; a term without a variance between studies has tau2 zero.

    Returns
    -------
    list of OwnEstimates
        One for each of `own_terms`, in the outcome's units; NaN for a study that does not inform it.
    """
    targets = own_terms(prepared)
    full, scale = prepared.full, prepared.scaling.scale
    lam = stratum_variances(full, point)
    gram = weigh(full.gram, lam)
    shared = [j for kind in FIRST for j, t in enumerate(prepared.shared_terms) if t.kind == kind]
    columns = [*full.nuisance.tolist(), *full.x[shared].tolist()]
    estimate, sampling = own_fits(gram, columns, full.y)
    found = []
    for j in targets:
        column, term = int(full.x[j]), prepared.shared_terms[j]
        unit = scale[full.y] / scale[column]
        at = columns.index(column)
        found.append(
            OwnEstimates(term, estimate[:, at] * unit, sampling[:, at] * unit**2, variance.of(term) or 0.0)
        )
    return found


def plainly_distinct(gram: np.ndarray, size: np.ndarray) -> bool:
    """Whether every study can tell all columns apart, by far more than rounding can leave."""
    try:
        pivots = np.einsum("kii->ki", np.linalg.cholesky(gram)) ** 2
    except np.linalg.LinAlgError:
        return False
    return bool((pivots > 1e3 * ALIASED * size).all())


def own_fits(gram: np.ndarray, columns: list[int], y: int) -> tuple[np.ndarray, np.ndarray]:
    """Estimate and variance of each column in each study, shape (K, number of columns).

    NaN for a column that a study cannot tell apart from those before it.

    Parameters
    ----------
    gram : ndarray of shape (K, c, c)
        Cross-products divided by the residual variances.
    columns : list of int
        Positions of the columns, in the order in which they take precedence.
    y : int
        Position of the outcome.
    """
    at = np.array(columns, dtype=int)
    left = gram[:, at[:, None], at].copy()
    size = np.einsum("kii->ki", left).copy()
    used = np.zeros(size.shape, dtype=bool)
    if plainly_distinct(left, size):
        inverse = np.linalg.inv(left)
        return (inverse @ gram[:, at, y, None])[..., 0], np.einsum("kii->ki", inverse)
    for j in range(len(columns)):
        pivot = left[:, j, j]
        used[:, j] = pivot > ALIASED * np.maximum(size[:, j], 1e-300)
        weight = np.where(used[:, j], 1 / np.where(used[:, j], pivot, 1.0), 0.0)
        left = left - weight[:, None, None] * left[:, :, j, None] * left[:, j, None, :]
    both = used[:, :, None] & used[:, None, :]
    own = np.where(both, gram[:, at[:, None], at], 0.0) + np.eye(len(at)) * ~used[:, :, None]
    inverse = np.linalg.inv(own)
    beta = (inverse @ np.where(used, gram[:, at, y], 0.0)[..., None])[..., 0]
    return np.where(used, beta, np.nan), np.where(used, np.einsum("kii->ki", inverse), np.nan)
