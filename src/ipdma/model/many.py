"""A model without each study in turn, all fitted at once from the cross-products of one prepared design.

No row is read again: what is centred at the mean of the study means is moved by a congruence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from ipdma.errors import SpecError
from ipdma.model.batch import BatchFit, fit_batch
from ipdma.model.batch_by_study import GroupedBatch
from ipdma.model.batch_by_study_inference import each_coefficient, observed_covariance, small_sample
from ipdma.model.batch_by_study_search import Ratio, fit_grouped, near_boundary, spread
from ipdma.model.batch_kernel import BatchProblem
from ipdma.model.problem import Prepared, sweep_columns
from ipdma.model.rank import informing
from ipdma.model.residual_groups import residual_groups
from ipdma.model.search import minimise
from ipdma.model.term import Term


@dataclass(frozen=True)
class ManyFits:
    """Batched fits of models with the same terms.

    Attributes
    ----------
    terms : tuple of str
    fits : BatchFit
        Models on the first axis, coefficients in the order of `terms`, on the scale of the data.
    """

    terms: tuple[str, ...]
    fits: BatchFit


def check_batchable(prepared: Prepared) -> None:
    """Raise SpecError for a model that cannot be fitted in a batch."""
    problem, spec = prepared.full, prepared.design.spec
    if problem.participant or not problem.reml or not 1 <= len(problem.z) <= 2:
        raise SpecError(
            "many fits at once need estimator: reml, no participant, and one or two random effects; "
            f"got estimator: {spec.estimator}, {len(problem.z)} random"
        )
    if not set(problem.z) <= set(problem.x):
        raise SpecError("many fits at once need random effects on columns that are fixed effects as well")


def batch_problem(
    prepared: Prepared, gram: np.ndarray, rows: np.ndarray, log_nuisance: np.ndarray
) -> BatchProblem:
    """The batch of B models with one residual variance each, from swept cross-products.

    Parameters
    ----------
    gram : ndarray of shape (B, K, c, c)
    rows : ndarray of shape (B,)
        Rows of each model less the rank of its nuisance.
    log_nuisance : ndarray of shape (B,)
        Sum of log |N'N| over its studies.
    """
    problem = prepared.full
    order = np.array([*problem.x, problem.y])
    z = tuple(int(np.flatnonzero(order == j)[0]) for j in problem.z)
    picked = gram[..., order[:, None], order]
    return BatchProblem(
        np.ascontiguousarray(np.moveaxis(picked, (2, 3, 1, 0), (0, 1, 2, 3))),
        rows.astype(float),
        z,
        problem.pairs,
        log_nuisance,
    )


def to_data_scale(prepared: Prepared, fit: BatchFit) -> BatchFit:
    """Undo the scaling of the columns (a shared intercept stays where its columns' origin is)."""
    problem, scale = prepared.full, prepared.scaling.scale
    unit = scale[problem.y] / scale[problem.x]
    zz = scale[problem.z]
    values = {f.name: getattr(fit, f.name) for f in fields(BatchFit)}
    for name in ("beta", "std_error", "kenward_roger_error"):
        values[name] = values[name] * unit
    values["between"] = fit.between * scale[problem.y] ** 2 / np.outer(zz, zz)
    values["sigma2"] = fit.sigma2 * scale[problem.y] ** 2
    return BatchFit(**values)


def fit_prepared(prepared: Prepared, problem: BatchProblem, inference: bool) -> ManyFits:
    """Fit the models from the whole data's optimum, and elsewhere where that ends at the boundary."""
    starts: list[float | np.ndarray] = [warm_start(prepared), 0.5]
    fits = fit_batch(problem, starts, inference, every_start=False)
    return ManyFits(prepared.shared_terms, to_data_scale(prepared, fits))


def warm_start(prepared: Prepared) -> np.ndarray:
    """Entries of L / sigma of the whole data's fit."""
    optimum = minimise(prepared.swept)
    sigma = float(np.sqrt(optimum.point.sigma2[0]))
    return np.array([optimum.point.factor[i, j] for i, j in prepared.full.pairs]) / sigma


def leave_one_study_out(prepared: Prepared, inference: bool = True) -> ManyFits:
    """Refit without each study in turn; the mean of the study means is that of the studies that are left.

    Parameters
    ----------
    prepared : Prepared
        The model of all K studies.
    inference : bool
        Whether degrees of freedom are wanted; with `residual: by_study` they always come.

    Returns
    -------
    ManyFits
        K models, the one without study k at position k.

    Raises
    ------
    SpecError
        For a model that cannot be fitted in a batch (`check_batchable`).
    """
    check_batchable(prepared)
    full, k = prepared.full, len(prepared.design.studies)
    gram = np.repeat(full.gram[None, :, 0], k, axis=0)
    for term, means in across_means(prepared).items():
        without = (means.sum() - means) / (k - 1)
        add_multiple(prepared, gram, term, np.broadcast_to((means.mean() - without)[:, None], (k, k)))
    swept, logs = sweep_columns(gram, full.nuisance, np.broadcast_to(full.keep, (k, *full.keep.shape)))
    left = ~np.eye(k, dtype=bool)
    n = full.n[:, 0] - full.keep.sum(axis=1)
    swept = np.where(left[:, :, None, None], swept, 0.0)
    if prepared.design.spec.residual == "by_study":
        further = spread(len(full.z))
        return fit_by_study(prepared, swept, left * n, (logs * left).sum(axis=1), further)
    block = batch_problem(prepared, swept, left @ n, (logs * left).sum(axis=1))
    return fit_prepared(prepared, block, inference)


def fit_by_study(
    prepared: Prepared,
    gram: np.ndarray,
    n: np.ndarray,
    log_nuisance: np.ndarray,
    ratios: Sequence[Ratio] = (),
) -> ManyFits:
    """Fit models with a residual variance by study from swept cross-products (B, K, c, c).

    Parameters
    ----------
    n : ndarray of shape (B, K)
        Rows of each study less its nuisance rank; zero where a model leaves it out.
    log_nuisance : ndarray of shape (B,)
    ratios : sequence of float or ndarray
        Further starts, as in `fit_grouped`.
    """
    problem = prepared.full
    order = np.array([*problem.x, problem.y])
    z = tuple(int(np.flatnonzero(order == j)[0]) for j in problem.z)
    group = groups_of(prepared, n > 0)
    picked = np.ascontiguousarray(gram[..., order[:, None], order])
    batch = GroupedBatch(picked, n.astype(float), z, problem.pairs, log_nuisance, group)
    point = minimise(prepared.swept).point
    sigma2 = batch.members @ point.sigma2[problem.group] / np.maximum(batch.members.sum(axis=2), 1.0)
    entries = np.broadcast_to(point.factor.ravel()[batch.form.entries], (len(n), len(problem.pairs)))
    floor = float(point.sigma2.min())
    start = np.concatenate([entries, np.log(np.maximum(sigma2, floor))], axis=1)
    return ManyFits(prepared.shared_terms, to_data_scale(prepared, collect_grouped(batch, start, ratios)))


def groups_of(prepared: Prepared, present: np.ndarray) -> np.ndarray:
    """Which residual variance each study has in each model, shape (B, K); 0 for a study that is left out."""
    rows, informs = prepared.products.rows, informing(prepared)
    free = rows - prepared.full.keep.sum(axis=1)
    group = np.zeros(present.shape, dtype=int)
    for model, here in enumerate(present):
        at = np.flatnonzero(here)
        names = tuple(prepared.design.studies[i] for i in at)
        group[model, at] = residual_groups(rows[at], informs[at], free[at], names)[0]
    return group


def collect_grouped(batch: GroupedBatch, start: np.ndarray, ratios: Sequence[Ratio]) -> BatchFit:
    """Fit and gather what a batch leaves behind; `sigma2` is (B, K), NaN for a study that is left out."""
    state, slopes, converged = fit_grouped(batch, start, ratios)
    found = small_sample(batch, state, slopes)
    variance, satterthwaite, kr_df, kr_variance = each_coefficient(found, observed_covariance(slopes))
    return BatchFit(
        state.beta,
        np.sqrt(variance),
        satterthwaite,
        kr_df,
        np.sqrt(kr_variance),
        state.between,
        np.where(batch.n > 0, state.lam, np.nan),
        state.deviance,
        converged,
        near_boundary(batch, state.theta),
    )


def across_means(prepared: Prepared) -> dict[Term, np.ndarray]:
    """Study means of the moderator by the name of its across-trial term."""
    found = {main.but(kind="across"): m for main, m in prepared.design.study_means.items()}
    return {term: means for term, means in found.items() if term in prepared.shared_terms}


def add_multiple(prepared: Prepared, gram: np.ndarray, term: Term, delta: np.ndarray) -> None:
    """Add delta times the treatment to a term's column, in place, as a congruence on (B, K, c, c).

    Parameters
    ----------
    delta : ndarray of shape (B, K)
        On the scale of the data.
    """
    full, scaling = prepared.full, prepared.scaling
    j = int(full.x[prepared.shared_terms.index(term)])
    t = int(full.x[prepared.shared_terms.index("treatment")])
    by_treatment = delta * (scaling.scale[t] / scaling.scale[j])
    by_constant = delta * (scaling.origin[:, t] / scaling.scale[j])
    add_column(gram, j, t, by_treatment)
    add_column(gram, j, 0, by_constant)


def add_column(gram: np.ndarray, j: int, source: int, weight: np.ndarray) -> None:
    """Column j plus `weight` (B, K) times column `source`, in place."""
    if not np.any(weight):
        return
    gram[..., :, j] += weight[..., None] * gram[..., :, source]
    gram[..., j, :] += weight[..., None] * gram[..., source, :]
