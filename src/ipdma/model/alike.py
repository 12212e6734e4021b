"""The treatment effect of many models on unlike rows: those whose search has one form are fitted at once.

Studies that a model does not have are studies without rows, and a residual variance that it does not have
is nobody's. What is told of a model is what a list of answers needs, by Kenward and Roger; forests, contrasts
and notes come from a fit by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ipdma.errors import IpdmaError
from ipdma.model.batch_by_study import GroupedBatch, GroupedState, Slopes
from ipdma.model.batch_by_study_inference import each_coefficient, observed_covariance, small_sample
from ipdma.model.batch_by_study_search import fit_grouped, spread, wide
from ipdma.model.bordered import MANY
from ipdma.model.criterion import Point
from ipdma.model.gaussian import fit_prepared, variances
from ipdma.model.interval import make_estimate
from ipdma.model.newton import Optimum
from ipdma.model.problem import Prepared
from ipdma.model.records import Estimate
from ipdma.model.search import on_boundary
from ipdma.model.term import TREATMENT

Form = tuple[int, tuple[int, ...], tuple[tuple[int, int], ...]]


@dataclass(frozen=True)
class Effect:
    """What a list of answers needs of a model.

    Attributes
    ----------
    estimate : Estimate
        The treatment effect with Kenward-Roger's standard error and df.
    tau2 : float or None
        Its variance between studies.
    converged, singular : bool
    """

    estimate: Estimate
    tau2: float | None
    converged: bool
    singular: bool


def fit_alike(models: Sequence[Prepared]) -> list[Effect | None]:
    """The treatment effect of each model, in their order.

    Parameters
    ----------
    models : sequence of Prepared
        Linear, each of any studies.

    Returns
    -------
    list of Effect or None
        None where a model cannot be fitted. One that has no such form (`form_of`), or whose search among the
        others did not end, is fitted by itself, with the df that its spec asks for.
    """
    by_form: dict[Form, list[int]] = {}
    for i, prepared in enumerate(models):
        form = form_of(prepared)
        if form is not None:
            by_form.setdefault(form, []).append(i)
    found: list[Effect | None] = [None] * len(models)
    for members in by_form.values():
        for i, effect in zip(members, fit_form([models[i] for i in members]), strict=True):
            found[i] = effect
    return [effect or alone(prepared) for effect, prepared in zip(found, models, strict=True)]


def alone(prepared: Prepared) -> Effect | None:
    """The effect of a model that is fitted by itself; None where it cannot be fitted."""
    try:
        fit = fit_prepared(prepared, profile=False)
    except (IpdmaError, ArithmeticError, ValueError):  # LinAlgError is a ValueError
        return None
    return Effect(fit.estimate(TREATMENT), fit.variance.treatment, fit.converged, fit.singular)


def form_of(prepared: Prepared) -> Form | None:
    """Number of coefficients, random columns among them, and free entries of the random effects' factor.

    None for maximum likelihood, clusters within studies, tied variances, no random effect or one that is no
    coefficient; and for so many residual variances that their second derivatives are kept as a border alone.
    """
    full = prepared.full
    usual = full.reml and full.tied == 1 and not full.participant and len(full.z) and full.n_groups <= MANY
    if not usual or not set(full.z) <= set(full.x) or TREATMENT not in prepared.shared_terms:
        return None
    z = tuple(int(np.flatnonzero(full.x == j)[0]) for j in full.z)
    return len(full.x), z, full.pairs


def fit_form(models: Sequence[Prepared]) -> list[Effect | None]:
    """The models of one form."""
    try:
        batch = batch_of(models)
        state, slopes, converged = optima(batch)
        of_each = each_coefficient(small_sample(batch, state, slopes), observed_covariance(slopes))
    except (ArithmeticError, ValueError):
        return [None] * len(models)
    return [
        effect_of(prepared, state, i, of_each[2][i], of_each[3][i]) if converged[i] else None
        for i, prepared in enumerate(models)
    ]


def batch_of(models: Sequence[Prepared]) -> GroupedBatch:
    """The models beside each other, padded with studies that have no rows."""
    form = form_of(models[0])
    assert form is not None
    p, z, pairs = form
    most = max(len(prepared.full.group) for prepared in models)
    gram, n = np.zeros((len(models), most, p + 1, p + 1)), np.zeros((len(models), most))
    group = np.zeros((len(models), most), dtype=int)
    for i, prepared in enumerate(models):
        swept, k = prepared.swept, len(prepared.full.group)
        gram[i, :k] = swept.gram[:, 0, swept.columns[:, None], swept.columns]
        n[i, :k], group[i, :k] = swept.n[:, 0], swept.group
    logs = np.array([prepared.swept.log_nuisance for prepared in models])
    return GroupedBatch(gram, n, z, pairs, logs, group)


def optima(batch: GroupedBatch) -> tuple[GroupedState, Slopes, np.ndarray]:
    """The lowest optimum of each model from a spread of starts; see `fit_grouped`."""
    first, *others = spread(len(batch.z))
    return fit_grouped(batch, wide(batch, start_of(batch), first), others)


def start_of(batch: GroupedBatch) -> np.ndarray:
    """Search parameters without variances between studies: the residual variance of least squares."""
    corner = np.linalg.cholesky(batch.gram.sum(axis=1))[:, -1, -1]
    log_sigma2 = np.log(corner**2 / (batch.n.sum(axis=1) - batch.p))
    start = np.zeros((len(corner), len(batch.pairs) + batch.members.shape[1]))
    start[:, len(batch.pairs) :] = log_sigma2[:, None]
    return start


def effect_of(
    prepared: Prepared, state: GroupedState, i: int, df: np.ndarray, variance: np.ndarray
) -> Effect | None:
    """The effect of one model on the scale of the data; None where its variance is not positive."""
    full, scale, spec = prepared.full, prepared.scaling.scale, prepared.design.spec
    at = prepared.shared_terms.index(TREATMENT)
    if not variance[at] > 0:
        return None
    point = Point(state.factor[i], state.sigma2[i, : full.n_groups])
    singular = on_boundary(prepared.swept, point)
    unit = scale[full.y] / scale[full.x[at]]
    value, error = float(unit * state.beta[i, at]), float(unit * np.sqrt(variance[at]))
    estimate = make_estimate(TREATMENT, value, error, float(df[at]), spec.level)
    return Effect(estimate, variances(prepared, Optimum(point, True, singular)).treatment, True, singular)
