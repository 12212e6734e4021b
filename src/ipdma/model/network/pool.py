"""A network in two stages: contrasts of each trial's arms, pooled with variance tau2 (I + J) / 2.

    y_k = X_k d + u_k + e_k,   u_k ~ N(0, tau2 (I + J) / 2),   e_k ~ N(0, S_k)

y_k are trial k's arms against its first (Lu and Ades 2004; White and others 2012), X_k their nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import linalg, special

from ipdma.errors import FitError
from ipdma.model.df import second_stage
from ipdma.model.interval import f_upper_p, make_estimate, quantile
from ipdma.model.network.consistency import Inconsistency
from ipdma.model.network.design import build_network, effect_of
from ipdma.model.network.fit import Comparison
from ipdma.model.network.shape import Column, Network, contrast_matrix, network_of
from ipdma.model.records import JointTest
from ipdma.model.spec import ModelSpec, PoolSpec
from ipdma.model.stage_one import fit_gaussian_study
from ipdma.model.tau2 import GRID, root
from ipdma.model.term import Term

Array = np.ndarray
SCALED = ("hksj", "modified_hksj", "wald")


@dataclass(frozen=True)
class ArmContrasts:
    """What one trial says of its arms.

    Attributes
    ----------
    study : str
    nodes : tuple of str
        The first is what the others are compared with.
    estimate : ndarray of shape (arms - 1,)
    covariance : ndarray of shape (arms - 1, arms - 1)
    source : str
        `ipd` or `aggregate`.
    """

    study: str
    nodes: tuple[str, ...]
    estimate: Array
    covariance: Array
    source: str = "ipd"


def study_contrasts(
    rows: pd.DataFrame, spec: ModelSpec, network: Network
) -> tuple[list[ArmContrasts], list[str]]:
    """Each trial's own least squares contrasts with its own residual variance, and who has none and why."""
    design = build_network(rows, spec.resolved().replace(treatment_effect="common"), network)
    starts = np.searchsorted(design.study, np.arange(len(design.studies) + 1))
    found, silent = [], []
    for k, study in enumerate(design.studies):
        at, nodes = slice(starts[k], starts[k + 1]), network.arms[study]
        terms = [effect_of(node) for node in nodes[1:]]
        own = [design.shared[at, design.shared_terms.index(term)] for term in terms]
        A = np.column_stack([*own, design.nuisance[at]])
        fit = fit_gaussian_study(study, terms, A, design.outcome[at])
        if len(fit.terms) < len(terms):
            silent.append(f"{study}: {next(iter(fit.silent.values()))}")
            continue
        found.append(ArmContrasts(study, nodes, fit.estimate, fit.covariance))
    return found, silent


@dataclass(frozen=True)
class Stacked:
    """All trials' contrasts below each other: y (M,), S and B (M, M), X (M, p)."""

    y: Array
    S: Array
    B: Array
    X: Array

    def solve(self, tau2: float) -> tuple[Array, Array, Array, float]:
        """V^-1, C = (X'V^-1 X)^-1, the estimates and the restricted deviance without constants."""
        V = self.S + tau2 * self.B
        W = np.linalg.inv(V)
        information = self.X.T @ W @ self.X
        C = np.linalg.inv(information)
        beta = C @ self.X.T @ W @ self.y
        left = self.y - self.X @ beta
        deviance = np.linalg.slogdet(V)[1] + np.linalg.slogdet(information)[1] + left @ W @ left
        return W, C, beta, float(deviance)

    def slope(self, tau2: float) -> float:
        """Minus the derivative of the restricted deviance with respect to tau2."""
        W, C, beta, _ = self.solve(tau2)
        P = W - W @ self.X @ C @ self.X.T @ W
        moved = W @ (self.y - self.X @ beta)
        return float(moved @ self.B @ moved - np.sum(P * self.B))

    def reml(self) -> float:
        """The tau2 of the highest restricted likelihood: the best root of its slope, or 0."""
        high = 2 * (float(np.ptp(self.y)) ** 2 + float(np.diag(self.S).max()))
        while self.slope(high) > 0:
            high *= 4
        grid = np.concatenate([[0.0], np.geomspace(1e-8 * high, high, GRID)])
        slopes = [self.slope(tau2) for tau2 in grid]
        found = [0.0]
        for i in range(len(grid) - 1):
            if slopes[i] > 0 >= slopes[i + 1]:
                found.append(root(self.slope, grid[i], grid[i + 1]))
        return min(found, key=lambda tau2: self.solve(tau2)[3])


@dataclass(frozen=True)
class NetworkPool:
    """A pooled network.

    Attributes
    ----------
    network : Network
        Of the trials that are pooled.
    studies : sequence of ArmContrasts
    stacked : Stacked
    spec : PoolSpec
    tau2 : float
    common : bool
        Effects are common to the trials: tau2 is zero by assumption, and no trial is predicted.
    """

    network: Network
    studies: Sequence[ArmContrasts]
    stacked: Stacked
    spec: PoolSpec
    tau2: float
    common: bool = False

    @cached_property
    def solved(self) -> tuple[Array, Array]:
        """The covariance of the basic parameters (extra ones after them), and the parameters."""
        _, C, beta, _ = self.stacked.solve(self.tau2)
        return C, beta

    @property
    def q(self) -> tuple[float, int, float]:
        """Cochran's Q of the consistent common-effect network, its df and p."""
        W, _, beta, _ = self.stacked.solve(0.0)
        left = self.stacked.y - self.stacked.X @ beta
        q, df = float(left @ W @ left), len(left) - self.stacked.X.shape[1]
        return q, df, float(special.chdtrc(df, q)) if df else 1.0

    @property
    def scale(self) -> float | None:
        """Hartung and Knapp's scale of several contrasts (Jackson and Riley 2014); None is Wald, as a common
        effect has it."""
        if self.common:
            return None
        df = self.network.residual_df
        W, _, beta, _ = self.stacked.solve(self.tau2)
        left = self.stacked.y - self.stacked.X @ beta
        return second_stage(self.ci).scale(float(left @ W @ left) / df) if df else None

    @property
    def ci(self) -> str:
        """The interval's name: methods of single estimates have no form for contrasts that share arms."""
        return self.spec.ci if self.spec.ci in SCALED else "modified_hksj"

    @property
    def df_method(self) -> str:
        """What the intervals rest on."""
        return "wald" if self.scale is None else self.ci

    @cached_property
    def comparisons(self) -> list[Comparison]:
        """Every comparison of two nodes."""
        rows = np.eye(len(self.network.nodes) - 1)
        basic = dict(zip(self.network.nodes[1:], rows, strict=True))
        zero = np.zeros(len(rows))
        return [self.comparison(a, b, basic.get(a, zero) - basic.get(b, zero)) for a, b in self.network.pairs]

    def comparison(self, active: str, reference: str, row: Array) -> Comparison:
        """One comparison with its interval and prediction interval."""
        C, beta = self.solved
        value, error = float(row @ beta), float(np.sqrt(row @ C @ row))
        df, scale = self.network.residual_df, self.scale
        own = error if scale is None else error * float(np.sqrt(scale))
        made = make_estimate(
            f"{active} v {reference}", value, own, None if scale is None else df, self.spec.level
        )
        k = len(self.network.direct(active, reference))
        if df < 2 or self.common:
            return Comparison(active, reference, made, k)
        reach = quantile(float(df - 1), self.spec.level) * float(np.sqrt(self.tau2 + error**2))
        return Comparison(active, reference, made, k, (value - reach, value + reach))


def pool_network(
    studies: Sequence[ArmContrasts],
    nodes: Sequence[str],
    spec: PoolSpec,
    common: bool = False,
    shown: Iterable[tuple[str, str]] = (),
) -> NetworkPool:
    """Pool trials' contrasts into a consistent network.

    Parameters
    ----------
    studies : sequence of ArmContrasts
    nodes : sequence of str
        The reference first; those that no trial has are left out.
    spec : PoolSpec
        Interval and level; tau2 is by REML.
    common : bool
        tau2 = 0.
    shown : iterable of (str, str)
        Comparisons that are shown this way round.

    Raises
    ------
    FitError
        Of trials that are not connected, or fewer contrasts than nodes determine.
    """
    network = network_of([(s.study, n) for s in studies for n in s.nodes], nodes, shown)
    network.check_connected()
    ordered = sorted((reorder(s, network.arms[s.study]) for s in studies), key=lambda s: s.study)
    stacked = stack(ordered, contrast_matrix(network, network.basic))
    tau2 = 0.0 if common or not network.residual_df else stacked.reml()
    return NetworkPool(network, ordered, stacked, spec, tau2, common)


def stack(studies: Sequence[ArmContrasts], X: Array) -> Stacked:
    """The trials' contrasts below each other."""
    sizes = [len(s.estimate) for s in studies]
    y = np.concatenate([s.estimate for s in studies])
    S = linalg.block_diag(*(s.covariance for s in studies))
    B = linalg.block_diag(*((np.eye(n) + 1) / 2 for n in sizes))
    return Stacked(y, S, B, X)


def reorder(study: ArmContrasts, nodes: tuple[str, ...]) -> ArmContrasts:
    """The same contrasts against the first of `nodes`."""
    if study.nodes == nodes:
        return study
    place = {node: i - 1 for i, node in enumerate(study.nodes)}
    turn = np.zeros((len(nodes) - 1, len(nodes) - 1))
    for row, node in enumerate(nodes[1:]):
        for own, sign in ((place[node], 1.0), (place[nodes[0]], -1.0)):
            if own >= 0:
                turn[row, own] += sign
    return ArmContrasts(
        study.study, nodes, turn @ study.estimate, turn @ study.covariance @ turn.T, study.source
    )


def pooled_inconsistency(pool: NetworkPool, extra: dict[str, Column]) -> Inconsistency | None:
    """The design-by-treatment interaction in two stages, by chi-squared as its source has it.

    The variance between trials is that of the model in which designs may disagree; zero with a common effect.
    """
    if not extra:
        return None
    if not pool.common and not pool.network.replicates:
        raise FitError(
            "inconsistency: no two trials have the same arms, so that disagreement of designs cannot be told "
            "from variance between trials"
        )
    X = contrast_matrix(pool.network, [*pool.network.basic, *extra.values()])
    saturated = stack(pool.studies, X)
    tau2 = 0.0 if pool.common else saturated.reml()
    _, C, beta, _ = saturated.solve(tau2)
    at = slice(len(pool.network.basic), None)
    f = float(beta[at] @ np.linalg.solve(C[at, at], beta[at])) / len(extra)
    terms = tuple(Term("contrast", column=name) for name in extra)
    p_value = f_upper_p(f, len(extra), None)
    test = JointTest(Term("contrast", column="inconsistency"), terms, f, len(extra), None, p_value)
    return Inconsistency(test, converged=True, singular=tau2 == 0 and not pool.common)
