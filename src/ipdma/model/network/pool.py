"""A network in two stages: contrasts of each trial's arms, pooled with variance tau2 (I + J) / 2.

    y_k = X_k d + u_k + e_k,   u_k ~ N(0, tau2 (I + J) / 2),   e_k ~ N(0, S_k)

y_k are trial k's arms against its first (Lu and Ades 2004; White and others 2012), X_k their nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
        The other nodes less the first, in their order.
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

    def solve(self, tau2: float) -> tuple[Array, Array, Array]:
        """V^-1, C = (X'V^-1 X)^-1 and the estimates."""
        W = np.linalg.inv(self.S + tau2 * self.B)
        C = np.linalg.inv(self.X.T @ W @ self.X)
        return W, C, C @ self.X.T @ W @ self.y

    def q(self, tau2: float) -> float:
        """The weighted squares about the estimates: Cochran's Q at tau2 = 0, decreasing in tau2."""
        W, _, beta = self.solve(tau2)
        left = self.y - self.X @ beta
        return float(left @ W @ left)

    def deviance(self, tau2: float, restricted: bool) -> float:
        """Minus twice the (restricted) log likelihood, without constants."""
        W, C, _ = self.solve(tau2)
        full = float(self.q(tau2) - np.linalg.slogdet(W)[1])
        return float(full - np.linalg.slogdet(C)[1]) if restricted else full

    def projection(self, tau2: float) -> Array:
        """P = V^-1 - V^-1 X C X' V^-1."""
        W, C, _ = self.solve(tau2)
        projection: Array = W - W @ self.X @ C @ self.X.T @ W
        return projection

    def slope(self, tau2: float, restricted: bool) -> float:
        """Minus the derivative of the deviance with respect to tau2."""
        P = self.projection(tau2)
        moved = P @ self.y
        trace = np.sum((P if restricted else self.solve(tau2)[0]) * self.B)
        return float(moved @ self.B @ moved - trace)

    def tau2(self, method: str) -> float:
        """The variance between trials by `method` (reml, ml, dl, pm, common), as that of single estimates."""
        free = len(self.y) - self.X.shape[1]
        if method == "common" or not free:
            return 0.0
        if method == "dl":
            moments = float(np.sum(self.projection(0.0) * self.B))
            return float(max(0.0, (self.q(0.0) - free) / moments))
        if method == "pm":
            return self.falls_of(lambda tau2: self.q(tau2) - free)[-1]
        restricted = method == "reml"
        found = self.falls_of(lambda tau2: self.slope(tau2, restricted))
        return min(found, key=lambda tau2: self.deviance(tau2, restricted))

    def falls_of(self, function: Callable[[float], float]) -> list[float]:
        """0, and every tau2 at which a function that ends below 0 falls through it."""
        high = 2 * (float(np.ptp(self.y)) ** 2 + float(np.diag(self.S).max()))
        while function(high) > 0:
            high *= 4
        grid = np.concatenate([[0.0], np.geomspace(1e-8 * high, high, GRID)])
        values = [function(tau2) for tau2 in grid]
        falls = [i for i in range(len(grid) - 1) if values[i] > 0 >= values[i + 1]]
        return [0.0, *(root(function, grid[i], grid[i + 1]) for i in falls)]


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
        _, C, beta = self.stacked.solve(self.tau2)
        return C, beta

    @property
    def q(self) -> tuple[float, int, float | None]:
        """Cochran's Q of the consistent common-effect network, its df and p; no p without df."""
        q, df = self.stacked.q(0.0), self.network.residual_df
        return q, df, float(special.chdtrc(df, q)) if df else None

    @property
    def scale(self) -> float | None:
        """Hartung and Knapp's scale of several contrasts (Jackson and Riley 2014).

        None is Wald: a common effect, no residual degrees of freedom, or `ci: wald`.
        """
        if self.common:
            return None
        df = self.network.residual_df
        return second_stage(self.ci).scale(self.stacked.q(self.tau2) / df) if df else None

    @property
    def ci(self) -> str:
        """The interval's name: methods of single estimates have no form for contrasts that share arms."""
        return self.spec.ci if self.spec.ci in SCALED else "modified_hksj"

    @property
    def df_method(self) -> str:
        """The name of the method that the intervals rest on."""
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
        about = own if self.spec.prediction_se == "ci" else error
        free = {"k_minus_2": df - 1.0, "k_minus_1": float(df), "normal": None}[self.spec.prediction_df]
        reach = quantile(free, self.spec.level) * float(np.sqrt(self.tau2 + about**2))
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
        Estimator of tau2 (None means reml), interval (`modified_hksj` in the place of one that contrasts of
        shared arms do not have) and level; the prediction interval is by t, on one df less than the interval
        under `k_minus_2` and on as many under `k_minus_1`.
    common : bool
        tau2 = 0.
    shown : iterable of (str, str)
        Comparisons that are shown this way round.

    Raises
    ------
    FitError
        Where no trial compares two nodes; NotConnected where trials fall into groups that share no node.
    """
    network = network_of([(s.study, n) for s in studies for n in s.nodes], nodes, shown)
    network.check_connected()
    ordered = sorted((reorder(s, network.arms[s.study]) for s in studies), key=lambda s: s.study)
    stacked = stack(ordered, contrast_matrix(network, network.basic))
    method = "common" if common else spec.tau2 or "reml"
    return NetworkPool(network, ordered, stacked, spec, stacked.tau2(method), method == "common")


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
    """The design-by-treatment interaction in two stages, by chi-squared (Higgins and others 2012).

    The variance between trials is that of the model in which designs may disagree; zero with a common effect.

    Parameters
    ----------
    pool : NetworkPool
    extra : dict of str to column
        The pooled network's `inconsistency_columns`; None is returned where there are none.

    Raises
    ------
    FitError
        With random effects, where no trial repeats a design: disagreement cannot be told from variance
        between trials.
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
    tau2 = saturated.tau2("common" if pool.common else pool.spec.tau2 or "reml")
    _, C, beta = saturated.solve(tau2)
    at = slice(len(pool.network.basic), None)
    f = float(beta[at] @ np.linalg.solve(C[at, at], beta[at])) / len(extra)
    terms = tuple(Term("contrast", column=name) for name in extra)
    p_value = f_upper_p(f, len(extra), None)
    test = JointTest(Term("contrast", column="inconsistency"), terms, f, len(extra), None, p_value)
    return Inconsistency(test, converged=True, singular=tau2 == 0 and not pool.common)
