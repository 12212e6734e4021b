"""A network in one stage: every comparison, interactions, inconsistency, direct against indirect."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from ipdma.errors import FitError, SpecError, join_faults
from ipdma.model.df import DfMethod, Inference, df_method
from ipdma.model.fixed_effects import fixed_effects, log_scale
from ipdma.model.gaussian import fit_warnings, infer, prepare_design, variances
from ipdma.model.inference import combine, contrast_estimates
from ipdma.model.interval import f_upper_p, quantile
from ipdma.model.network.design import build_network, effect_of
from ipdma.model.network.shape import Column, Network
from ipdma.model.newton import Optimum
from ipdma.model.problem import Prepared
from ipdma.model.profile import variance_intervals
from ipdma.model.records import Estimate, JointTest
from ipdma.model.search import State, minimise
from ipdma.model.spec import ModelSpec
from ipdma.model.term import Term
from ipdma.model.variance import VarianceComponents

Pair = tuple[str, str]


@dataclass(frozen=True)
class Comparison:
    """One node against another.

    Attributes
    ----------
    active, reference : str
    estimate : Estimate
        Active less reference, in the outcome's units.
    k : int
        Studies that compare the two directly.
    prediction : tuple of float or None
        The interval for the effect in a new study; None where effects are common or df are too few.
    """

    active: str
    reference: str
    estimate: Estimate
    k: int
    prediction: tuple[float, float] | None = None


@dataclass(frozen=True)
class NetworkFit:
    """A fitted network.

    Attributes
    ----------
    network : Network
    prepared : Prepared
    optimum : Optimum of State
    inference : Inference
    method : DfMethod
    variance : VarianceComponents
    """

    network: Network
    prepared: Prepared
    optimum: Optimum[State]
    inference: Inference
    method: DfMethod
    variance: VarianceComponents = field(default_factory=VarianceComponents)

    @property
    def tau2(self) -> float | None:
        """The variance of a contrast between trials, None where effects are common to them."""
        return self.variance.of(effect_of(self.network.nodes[1]))

    @property
    def n_rows(self) -> int:
        """Participants analysed."""
        return self.prepared.design.n_rows

    @property
    def criterion(self) -> float:
        """Minus twice the restricted log likelihood."""
        return float(self.optimum.point.value.deviance) + log_scale(self.prepared)

    @property
    def converged(self) -> bool:
        """Whether the search ended at an optimum."""
        return self.optimum.converged

    @property
    def singular(self) -> bool:
        """Whether the variance between trials is zero."""
        return self.optimum.singular

    def tau2_interval(self) -> tuple[float, float] | None:
        """The profile likelihood interval of tau2, None where effects are common to the trials."""
        return variance_intervals(self.prepared, self.optimum).get("treatment")

    @property
    def warnings(self) -> list[str]:
        """What a reader must know of this fit."""
        said = [*self.prepared.design.warnings, *self.prepared.warnings]
        return said + fit_warnings(self.prepared, self.optimum, self.inference, self.method)

    @cached_property
    def comparisons(self) -> list[Comparison]:
        """Every comparison of two nodes."""
        own = {node: effect_of(node) for node in self.network.nodes[1:]}
        found = self.estimates({pair: between(*pair, own) for pair in self.network.pairs})
        return [self.comparison(pair, estimate) for pair, estimate in found.items()]

    def comparison(self, pair: Pair, estimate: Estimate) -> Comparison:
        """One comparison with its prediction interval."""
        k = len(self.network.direct(*pair))
        return Comparison(*pair, estimate, k, self.predict(estimate))

    def predict(self, estimate: Estimate) -> tuple[float, float] | None:
        """est +- t sqrt(tau2 + SE^2), df one below the network's residual ones; K - 2 of two nodes."""
        df = self.network.residual_df - 1
        if self.tau2 is None or df < 1:
            return None
        reach = quantile(float(df), self.inference.level) * math.sqrt(self.tau2 + estimate.std_error**2)
        return estimate.estimate - reach, estimate.estimate + reach

    def estimates(self, weights: Mapping[Pair, Mapping[str, float]]) -> dict[Pair, Estimate]:
        """Linear combinations of the coefficients."""
        named = {" v ".join(pair): own for pair, own in weights.items()}
        made = contrast_estimates(self.inference, self.method, named)
        return dict(zip(weights, made, strict=True))

    @cached_property
    def within(self) -> dict[str, dict[str, Term]]:
        """The within-trial interaction of each node, by level (empty of a continuous moderator)."""
        found: dict[str, dict[str, Term]] = {}
        for term in self.inference.terms:
            if term.kind == "within":
                found.setdefault(term.level, {})[term.node] = term
        return found

    def interactions(self) -> dict[str, dict[Pair, Estimate]]:
        """The within-trial interaction of each comparison, by level."""
        pairs = self.network.pairs
        return {
            level: self.estimates({pair: between(*pair, own) for pair in pairs})
            for level, own in self.within.items()
        }

    def interaction_tests(self) -> dict[Pair, JointTest]:
        """For each comparison the test that its interactions with all levels are zero; none without a
        moderator."""
        if not self.within:
            return {}
        name = next(iter(next(iter(self.within.values())).values())).but(level="", node="")
        return {
            pair: self.joint(name, {level: between(*pair, own) for level, own in self.within.items()})
            for pair in self.network.pairs
        }

    def joint(self, name: Term, rows: Mapping[str, Mapping[str, float]]) -> JointTest:
        """The test that several combinations are zero."""
        f, df = self.method.joint(self.inference, combine(self.inference, rows))
        terms = tuple(Term("contrast", column=row) for row in rows)
        return JointTest(name, terms, f, len(rows), df, f_upper_p(f, len(rows), df))


def between(one: str, other: str, own: Mapping[str, Term]) -> dict[str, float]:
    """The weights of one node's term against another's; the reference has none."""
    return {own[node]: weight for node, weight in ((one, 1.0), (other, -1.0)) if node in own}


def fit_network(
    rows: pd.DataFrame, spec: ModelSpec, network: Network, extra: Mapping[str, Column] | None = None
) -> NetworkFit:
    """Fit a network in one stage.

    Parameters
    ----------
    rows : DataFrame
        The column `spec.treatment` names each row's node; rows of other studies or nodes take no part.
    spec : ModelSpec
        Gaussian, REML, stratified intercepts, a common interaction. Its treatment effect is random or common.
    network : Network
    extra : mapping of str to column, optional
        Further columns that are constant within arms, by name.

    Returns
    -------
    NetworkFit
        With two nodes the pairwise model of `fit_gaussian`.

    Raises
    ------
    SpecError
        For keys that a network does not have.
    FitError, DataError
        A network that is not connected, a model that the data cannot carry.
    """
    ready = spec.resolved()
    faults = conflicts(ready)
    if faults:
        raise SpecError(join_faults(faults))
    network.check_connected()
    try:
        design = build_network(rows, ready, network, extra)
        prepared = prepare_design(design)
        optimum = minimise(prepared.swept)
        effects = fixed_effects(prepared, optimum.point)
    except np.linalg.LinAlgError as error:
        raise FitError("the network is so close to rank-deficient that it cannot be fitted") from error
    inference = infer(prepared, optimum, effects, [])
    return NetworkFit(
        network, prepared, optimum, inference, df_method(ready.df), variances(prepared, optimum)
    )


def conflicts(spec: ModelSpec) -> list[str]:
    """What a network in one stage cannot go with, a sentence each."""
    wanted = {
        "family": ("gaussian", "needs scores"),
        "estimator": ("reml", "its variances are restricted maximum likelihood's"),
        "intercept": ("stratified", "each trial has its own intercept"),
        "interaction_effect": ("common", "an interaction is common to the trials"),
    }
    faults = [
        f"network: expected {key}: {value}, got {getattr(spec, key)}; {why}"
        for key, (value, why) in wanted.items()
        if getattr(spec, key) != value
    ]
    if df_method(spec.df).by_trials:
        faults.append(
            f"network: df: {spec.df} rests on the trials' own estimates, which an indirect comparison does "
            "not have; use kenward_roger, satterthwaite or k_minus_1"
        )
    return faults
