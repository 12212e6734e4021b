"""Many fits in one process: resampled and left-out studies and participants, and grids of models.

All start from the cross-products of one prepared design: a study that is drawn twice is an index, a study
left out a missing one, a participant left out a rank-one update, a recoding after that a congruence. No row
is read again (leaving a participant out reads that row once).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from scipy import special

from ipdma.errors import SpecError
from ipdma.model.batch import BatchFit, fit_batch
from ipdma.model.batch_kernel import BatchProblem
from ipdma.model.df import df_method
from ipdma.model.problem import Prepared, gather_columns, own_nuisance_of, sweep_columns
from ipdma.model.search import minimise
from ipdma.model.term import Term

BLOCK = 512  # models whose cross-products are held at once


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

    def estimate(self, term: str) -> np.ndarray:
        """The estimates of one term, a number per model."""
        return self.fits.beta[:, self.terms.index(term)]

    def as_table(self, df: str = "kenward_roger", level: float = 0.95) -> pd.DataFrame:
        """A row per model and term: estimate, std_error, df, statistic, p_value, ci_low, ci_high."""
        b, p = self.fits.beta.shape
        error, degrees = df_method(df).batch(self.fits)
        if degrees is None:
            degrees = np.full_like(error, np.inf)
        statistic = self.fits.beta / error
        reach = special.stdtrit(degrees, (1 + level) / 2) * error
        return pd.DataFrame(
            {
                "model": np.repeat(np.arange(b), p),
                "term": np.tile(np.array(self.terms, dtype=object), b),
                "estimate": self.fits.beta.ravel(),
                "std_error": error.ravel(),
                "df": degrees.ravel(),
                "statistic": statistic.ravel(),
                "p_value": (2 * special.stdtr(degrees, -np.abs(statistic))).ravel(),
                "ci_low": (self.fits.beta - reach).ravel(),
                "ci_high": (self.fits.beta + reach).ravel(),
                "converged": np.repeat(self.fits.converged, p),
                "singular": np.repeat(self.fits.singular, p),
            }
        )


def check_batchable(prepared: Prepared) -> None:
    """Refuse models that the batch does not have."""
    problem, spec = prepared.full, prepared.design.spec
    if problem.n_groups > 1 or problem.participant or not problem.reml or not 1 <= len(problem.z) <= 2:
        raise SpecError(
            "many fits at once need estimator: reml, residual: common, no participant, and one or two random "
            f"effects; got estimator: {spec.estimator}, residual: {spec.residual}, {len(problem.z)} random"
        )
    if not set(problem.z) <= set(problem.x):
        raise SpecError("many fits at once need random effects on columns that are fixed effects as well")


def batch_problem(
    prepared: Prepared, gram: np.ndarray, rows: np.ndarray, log_nuisance: np.ndarray
) -> BatchProblem:
    """The batch of swept cross-products (B, K, c, c) with `rows` (B,) rows less nuisance rank."""
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


def run_blocks(prepared: Prepared, problems: Sequence[BatchProblem], inference: bool) -> ManyFits:
    """Fit blocks of models from the whole data's optimum, and elsewhere where that ends at the boundary."""
    starts: list[float | np.ndarray] = [warm_start(prepared), 0.5]
    parts = [fit_batch(block, starts, inference, every_start=False) for block in problems]
    joined = BatchFit(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(BatchFit)))
    return ManyFits(prepared.shared_terms, to_data_scale(prepared, joined))


def warm_start(prepared: Prepared) -> np.ndarray:
    """Entries of L / sigma of the whole data's fit."""
    optimum = minimise(prepared.swept)
    sigma = float(np.sqrt(optimum.point.sigma2[0]))
    return np.array([optimum.point.factor[i, j] for i, j in prepared.full.pairs]) / sigma


def bootstrap_studies(prepared: Prepared, times: int, seed: int, inference: bool = False) -> ManyFits:
    """Refit on studies drawn with replacement, each draw of a study a study of its own.

    Parameters
    ----------
    times : int
    seed : int
    inference : bool
        Whether degrees of freedom are wanted as well.
    """
    check_batchable(prepared)
    swept, k = prepared.swept, len(prepared.design.studies)
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, k, (times, k))
    gram, n = swept.gram[:, 0], swept.n[:, 0]
    logs = study_log_nuisance(prepared)
    blocks = [
        batch_problem(prepared, gram[part], n[part].sum(axis=1), logs[part].sum(axis=1))
        for part in np.array_split(draws, max(1, times // BLOCK))
    ]
    return run_blocks(prepared, blocks, inference)


def study_log_nuisance(prepared: Prepared) -> np.ndarray:
    """log |N'N| of each study, shape (K,)."""
    full = prepared.full
    if not len(full.nuisance):
        return np.zeros(len(full.gram))
    return sweep_columns(full.gram[:, 0], full.nuisance, full.keep)[1]


def leave_one_study_out(prepared: Prepared, inference: bool = True) -> ManyFits:
    """Refit without each study in turn; the mean of the study means is that of the studies that are left."""
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
    block = batch_problem(prepared, swept, left @ n, (logs * left).sum(axis=1))
    return run_blocks(prepared, [block], inference)


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


def leave_one_participant_out(prepared: Prepared, inference: bool = False) -> ManyFits:
    """Refit without each row in turn, in the order of the design's rows.

    The row leaves by a rank-one update; study means and what is centred at them follow by congruence.
    """
    check_batchable(prepared)
    design = prepared.design
    values = scaled_rows(prepared)
    blocks = []
    for part in np.array_split(np.arange(design.n_rows), max(1, design.n_rows // BLOCK)):
        blocks.append(without_rows(prepared, values, part))
    return run_blocks(prepared, blocks, inference)


def scaled_rows(prepared: Prepared) -> np.ndarray:
    """The design's columns as the problem has them, shifted and scaled; shape (n, c)."""
    design, scaling = prepared.design, prepared.scaling
    shared = [design.shared_terms.index(t) for t in prepared.shared_terms]
    columns, _ = gather_columns(design, shared)
    values = np.column_stack([np.ones(design.n_rows), *columns])
    return (values - scaling.origin[design.study]) / scaling.scale


def without_rows(prepared: Prepared, values: np.ndarray, part: np.ndarray) -> BatchProblem:
    """The batch of problems without each of some rows."""
    design, full = prepared.design, prepared.full
    study, b = design.study[part], np.arange(len(part))
    gram = np.repeat(full.gram[None, :, 0], len(part), axis=0)
    rows = values[part]
    gram[b, study] -= rows[:, :, None] * rows[:, None, :]
    recentre(prepared, gram, part)
    keep = np.repeat(full.keep[None], len(part), axis=0)
    for i in b:
        keep[i, study[i]] = own_nuisance_of(
            gram[i, study[i]], design.study_sizes[study[i]] - 1, full.nuisance, full.gram[study[i], 0]
        )
    if len(full.nuisance):
        swept, logs = sweep_columns(gram, full.nuisance, keep)
    else:
        swept, logs = gram, np.zeros(gram.shape[:2])
    free = design.n_rows - 1 - keep.sum(axis=(1, 2))
    return batch_problem(prepared, swept, free, logs.sum(axis=1))


def recentre(prepared: Prepared, gram: np.ndarray, part: np.ndarray) -> None:
    """Move what is centred at a study mean to the mean without the row, in place."""
    design, full, scaling = prepared.design, prepared.full, prepared.scaling
    study, b = design.study[part], np.arange(len(part))
    n, k = design.study_sizes[study], len(design.studies)
    own = np.zeros((len(part), k))
    for main, means in design.study_means.items():
        z = moderator_values(prepared, main)[part]
        shift = (means[study] - z) / (n - 1)
        own[:] = 0.0
        own[b, study] = shift
        within, across, mean = (main.but(kind=kind) for kind in ("within", "across", "study_mean"))
        if within in prepared.shared_terms:
            add_multiple(prepared, gram, within, -own)
        if across in prepared.shared_terms:
            add_multiple(prepared, gram, across, own - shift[:, None] / k)
        if mean in prepared.shared_terms:
            j = int(full.x[prepared.shared_terms.index(mean)])
            add_column(gram, j, 0, own / scaling.scale[j])
    for j, raw in centred_columns(prepared).items():
        own[:] = 0.0
        own[b, study] = raw[part] / (n - 1)
        add_column(gram, j, 0, own / scaling.scale[j])


def moderator_values(prepared: Prepared, name: Term) -> np.ndarray:
    """The moderator (or dummy) of each row, from its centred column."""
    design = prepared.design
    means = design.study_means[name][design.study]
    for terms, block in ((design.shared_terms, design.shared), (design.nuisance_terms, design.nuisance)):
        if name in terms:
            return block[:, terms.index(name)] + means
    return means


def centred_columns(prepared: Prepared) -> dict[int, np.ndarray]:
    """Columns that are centred at their study mean and meet a shared intercept: position and values.

    With stratified intercepts the sweep takes any shift out, so there are none.
    """
    design, full = prepared.design, prepared.full
    if 0 in full.nuisance:
        return {}
    found = {}
    for terms, block, places in (
        (prepared.shared_terms, design.shared, full.x),
        (design.nuisance_terms, design.nuisance, full.nuisance),
    ):
        names = design.shared_terms if block is design.shared else design.nuisance_terms
        for at, term in enumerate(terms):
            if is_centred(prepared, term):
                found[int(places[at])] = block[:, names.index(term)]
    return found


def is_centred(prepared: Prepared, term: Term) -> bool:
    """Whether a column of this name is a variable minus its study mean."""
    spec = prepared.design.spec
    if term in spec.covariates and term != spec.moderator:
        return spec.centre_covariates == "study"
    return spec.interaction == "within" and term in prepared.design.study_means
