"""One model in all completed data sets at once, as far as Rubin's rules read a fit.

These are the shared terms with their errors and degrees of freedom, their covariance, joint tests, variances
between studies, and the trials' own estimates; not each set's own intervals, nuisance terms and forest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ipdma.model.alone import answered_alone, of_term, random_terms
from ipdma.model.batch_by_study import GroupedBatch, GroupedState, Slopes, derive, evaluate
from ipdma.model.batch_by_study_inference import SmallSample, small_sample
from ipdma.model.batch_by_study_search import WIDE, fit_grouped, near_boundary, wide
from ipdma.model.criterion import Point
from ipdma.model.df import DenseCovariance, DfMethod, Inference, df_method
from ipdma.model.df.kenward_roger import expected_w
from ipdma.model.df.nst import pooling_rows, trial_rows
from ipdma.model.df.trials import TrialEstimates
from ipdma.model.fixed_effects import log_scale, place_terms
from ipdma.model.gaussian import fit_warnings, variances
from ipdma.model.inference import contrast_estimates, joint_tests, reported_covariance
from ipdma.model.newton import Optimum
from ipdma.model.parameter_covariance import ParameterCovariance
from ipdma.model.prediction import predict_new_study
from ipdma.model.problem import Prepared
from ipdma.model.rank import informing, informing_studies, rows_informing
from ipdma.model.records import Fit
from ipdma.model.search import minimise
from ipdma.model.stack_design import Stack
from ipdma.model.stack_trials import fit_trials
from ipdma.model.term import TREATMENT, Term

TOLD = 1e-6  # information on a variance, in units of its own value, that is no rounding


@dataclass(frozen=True)
class StackFit:
    """The optimum of every set.

    Attributes
    ----------
    batch, state, slopes
        See `batch_by_study.py`, columns as `stack.whole` scales them.
    converged : ndarray of bool, shape (M,)
    """

    stack: Stack
    batch: GroupedBatch
    state: GroupedState
    slopes: Slopes
    converged: np.ndarray

    @cached_property
    def prepared(self) -> Prepared:
        """What all sets have in common, columns as the whole places and scales them."""
        own, whole = self.stack.first, self.stack.whole
        full = replace(whole.full, group=own.full.group, keep=own.full.keep, raw_n=own.full.raw_n)
        return replace(own, scaling=whole.scaling, full=full)

    @cached_property
    def known(self) -> SmallSample:
        """Small-sample inference."""
        return small_sample(self.batch, self.state, self.slopes)

    @cached_property
    def singular(self) -> np.ndarray:
        """Whether a direction of D is zero, shape (M,)."""
        return near_boundary(self.batch, self.state.theta)

    def optimum(self, i: int) -> Optimum[Point]:
        """Where the search of one set ended."""
        point = Point(self.state.factor[i], self.state.sigma2[i])
        return Optimum(point, bool(self.converged[i]), bool(self.singular[i]))


def can_stack(prepared: Prepared) -> bool:
    """Whether a model is one that is fitted to all sets at once."""
    full, spec = prepared.full, prepared.design.spec
    plain = full.reml and full.tied == 1 and not df_method(spec.df).reads_own
    asked = {term for weights in spec.contrasts.values() for term in weights}
    return plain and set(full.z) <= set(full.x) and 0 not in full.x and asked <= set(prepared.shared_terms)


def fit_stack(stack: Stack) -> StackFit | None:
    """The optimum of every set, sought from that of the first; None where a set cannot tell a variance."""
    full, first = stack.whole.full, stack.first
    order = np.append(full.x, full.y)
    gram = stack.by_set(stack.whole.swept.gram[:, 0])
    batch = GroupedBatch(
        np.ascontiguousarray(gram[..., order[:, None], order]),
        stack.by_set(stack.whole.swept.n[:, 0]),
        tuple(int(np.flatnonzero(order == j)[0]) for j in full.z),
        full.pairs,
        stack.log_nuisance,
        np.tile(first.full.group, (stack.m, 1)),
    )
    start = np.tile(start_of(stack), (stack.m, 1))
    if not can_tell_variances(batch, start):
        return None
    state, slopes, converged = fit_grouped(batch, start, WIDE)
    return StackFit(stack, batch, state, slopes, converged)


def can_tell_variances(batch: GroupedBatch, start: np.ndarray) -> bool:
    """Whether all sets inform every variance between studies, far above what `rank.is_flat` calls flat."""
    state = evaluate(batch, wide(batch, start, WIDE[0]))
    expected = np.einsum("bii->bi", derive(batch, state).expected)
    own = [(at, i) for at, (i, j) in enumerate(batch.pairs) if i == j]
    return all(bool((expected[:, at] * state.between[:, i, i] ** 2 > TOLD).all()) for at, i in own)


def start_of(stack: Stack) -> np.ndarray:
    """Search parameters of the first set's optimum, in the scaling of the whole."""
    own, whole = stack.first, stack.whole
    by_y = own.scaling.scale[own.full.y] / whole.scaling.scale[whole.full.y]
    by_z = own.scaling.scale[own.full.z] / whole.scaling.scale[whole.full.z]
    point, full = minimise(stack.first.swept).point, stack.first.full
    factor = point.factor * by_y / by_z[:, None]
    entries = [factor[i, j] for i, j in full.pairs]
    return np.concatenate([entries, np.log(point.sigma2 * by_y**2)])


@dataclass(frozen=True)
class StackUncertainty:
    """What Kenward-Roger and Satterthwaite ask of one set (`df.method.Uncertainty`), in columns X root^-T."""

    fit: StackFit
    i: int

    @property
    def expected(self) -> np.ndarray:
        """Twice the expected information of the variance parameters, shape (G, G)."""
        found: np.ndarray = self.fit.slopes.expected[self.i]
        return found

    def observed(self) -> tuple[np.ndarray, np.ndarray]:
        """The Hessian of the deviance in the search parameters, and d gamma / d theta, shape (G, G)."""
        return self.fit.slopes.hessian[self.i], self.fit.slopes.jacobian[self.i]

    def gradient_norms(self, rows: np.ndarray, w: ParameterCovariance) -> np.ndarray:
        """g'W g with g = d (l'C l) / d gamma of each row l, shape (n,)."""
        gradients = ((rows @ self.fit.known.by_parameter[self.i]) * rows).sum(axis=2)
        found: np.ndarray = (w.times(gradients) * gradients).sum(axis=0)
        return found

    def variance_gradients(self, rows: np.ndarray) -> np.ndarray:
        """d (l_a'C l_b) / d gamma for each pair of rows, shape (G, n, n)."""
        found: np.ndarray = rows @ self.fit.known.by_parameter[self.i] @ rows.T
        return found

    def adjusted(self, w: ParameterCovariance) -> DenseCovariance:
        """C + 2 C {sum_ij W_ij (Q_ij - P_i C P_j)} C at the W of the expected information."""
        extra = self.fit.known.extra[self.i]
        return DenseCovariance(np.eye(len(extra)) + 2 * extra)


@dataclass(frozen=True)
class Common:
    """What all sets have in common.

    Attributes
    ----------
    method : DfMethod
    terms : tuple of Term
        All of them, the shared ones first.
    informs : dict of Term to int
        Studies that inform each shared term.
    behind : dict of Term to tuple of str
        Their names, and those behind each joint test.
    rows : dict of Term to int
        Their rows.
    beta, to_data : ndarray, shapes (M, P), (M, P, p)
        All terms' coefficients in each set, and what turns those of the search into them; nuisance terms as
        zeros.
    log_scale : float
        See `fixed_effects.log_scale`.
    """

    method: DfMethod
    terms: tuple[Term, ...]
    informs: dict[Term, int]
    behind: dict[Term, tuple[str, ...]]
    rows: dict[Term, int]
    beta: np.ndarray
    to_data: np.ndarray
    log_scale: float


def records_of(fit: StackFit) -> list[Fit]:
    """What each set leaves to Rubin's rules."""
    stack, first = fit.stack, fit.stack.first
    method = df_method(stack.design.spec.df)
    trials = trials_of(stack) if method.by_trials else [{}] * stack.m
    behind = {**informing_studies(first), **answered_alone(trials[0])}
    informs = informing(first).sum(axis=0)
    terms = place_terms(first)[0]
    common = Common(
        method,
        terms,
        dict(zip(first.shared_terms, (int(n) for n in informs), strict=True)),
        behind,
        rows_informing(stack.design, behind),
        *coefficients(fit, len(terms)),
        log_scale(fit.prepared),
    )
    return [record_set(fit, i, own, common) for i, own in enumerate(trials)]


def coefficients(fit: StackFit, terms: int) -> tuple[np.ndarray, np.ndarray]:
    """`beta` and `to_data` of `Common`, for so many terms."""
    full, scale = fit.prepared.full, fit.prepared.scaling.scale
    unit, m, p = scale[full.y] / scale[full.x], fit.stack.m, len(full.x)
    beta, to_data = np.zeros((m, terms)), np.zeros((m, terms, p))
    beta[:, :p] = unit * fit.state.beta
    to_data[:, :p] = unit[:, None] * fit.known.u.swapaxes(1, 2)
    return beta, to_data


def trials_of(stack: Stack) -> list[dict[Term, TrialEstimates]]:
    """What `trials_alone` finds in each set."""
    terms = random_terms(stack.design)
    if not terms:
        return [{}] * stack.m
    return [{term: of_term(stack.design, fits, term) for term in terms} for fits in fit_trials(stack)]


def record_set(fit: StackFit, i: int, trials: Mapping[Term, TrialEstimates], common: Common) -> Fit:
    """What one set leaves."""
    prepared, optimum, design = fit.prepared, fit.optimum(i), fit.stack.design
    method, terms = common.method, prepared.shared_terms
    inference, variance = infer(fit, i, trials, common), variances(prepared, optimum)
    estimates = method.estimates(inference, inference.of_terms(terms))
    treatment = next(e for e in estimates if e.term == TREATMENT)
    informed = common.informs[TREATMENT]
    prediction, note = predict_new_study(treatment, variance.treatment, informed, design.spec.level)
    warnings = [*design.warnings, *prepared.warnings, *([note] if note else [])]
    return Fit(
        estimates=tuple(estimates),
        tests=tuple(joint_tests(inference, method, design.joint)),
        contrasts=tuple(contrast_estimates(inference, method, design.spec.contrasts)),
        prediction=prediction,
        variance=variance,
        criterion=float(fit.state.deviance[i]) + common.log_scale,
        n_studies=fit.stack.k,
        n_rows=design.n_rows,
        df_method=method.name,
        converged=optimum.converged,
        singular=optimum.singular,
        warnings=(*warnings, *fit_warnings(prepared, optimum, inference, method)),
        studies_by_term={term: len(common.behind.get(term, [term])) for term in terms},
        informing=common.behind,
        rows_by_term=common.rows,
        covariance=reported_covariance(inference, method, estimates),
        trials=trials,
    )


def infer(fit: StackFit, i: int, trials: Mapping[Term, TrialEstimates], common: Common) -> Inference:
    """What the df methods ask of one set: all terms by name, nuisance ones as zeros."""
    full, level = fit.prepared.full, fit.stack.design.spec.level
    return Inference(
        terms=common.terms,
        beta=common.beta[i],
        to_data=common.to_data[i],
        covariance=DenseCovariance(np.eye(len(full.x))),
        uncertainty=StackUncertainty(fit, i),
        informs=common.informs,
        residual_df=float(full.raw_n.sum()) - len(common.terms),
        find_own=dict,
        level=level,
        find_alone=lambda: trials,
        memory={
            expected_w: ParameterCovariance.of(fit.known.expected[i]),
            trial_rows: pooling_rows(trials, level),
        },
    )
