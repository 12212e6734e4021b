"""Model-based recursive partitioning of the treatment effect with a study random intercept. Exploratory.

Fokkema, Smits, Zeileis, Hothorn and Kelderman (2018, Behav Res Methods 50:2016): a tree of treatment models
given the predicted study intercepts, and a mixed model given the tree, in turn until neither changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from ipdma.model.fluctuation import (
    Instability,
    categorical_instability,
    decorrelated_scores,
    numeric_instability,
)
from ipdma.model.random_intercept import RandomIntercept, fit_random_intercept

Array = NDArray[Any]
ROUNDS = 100
ABREAST = 256  # cuts of a node that are tried at once; all of n people would take 8 n^2 bytes
TOLERANCE = 1e-3


@dataclass(frozen=True)
class TreeSettings:
    """How a tree is grown.

    Attributes
    ----------
    alpha : float
        Level of the instability tests, their p values corrected over the variables.
    minimum_node : int
        Fewest participants of a node.
    maximum_depth : int
        Splits on the way to a node, at most.
    level : float
        Confidence level of the node effects.
    """

    alpha: float = 0.05
    minimum_node: int = 20
    maximum_depth: int = 4
    level: float = 0.95


@dataclass
class Node:
    """A node of a tree.

    Attributes
    ----------
    rows : ndarray of int
        Positions of its participants.
    variable, threshold, levels : str or None, float or None, tuple of str
        The split: rows with values at or below the threshold, or with one of the levels, go left.
    tests : tuple of Instability
        p values corrected over the variables that vary in the node.
    """

    rows: NDArray[np.intp]
    depth: int = 0
    path: tuple[str, ...] = ()
    variable: str | None = None
    threshold: float | None = None
    levels: tuple[str, ...] = ()
    tests: tuple[Instability, ...] = ()
    children: tuple[Node, Node] | None = None

    def leaves(self) -> list[Node]:
        """Terminal nodes, left to right."""
        if self.children is None:
            return [self]
        return [*self.children[0].leaves(), *self.children[1].leaves()]

    def splits(self) -> list[Node]:
        """Inner nodes, top first."""
        if self.children is None:
            return []
        return [self, *self.children[0].splits(), *self.children[1].splits()]


@dataclass(frozen=True)
class NodeEffect:
    """The treatment effect in a terminal node: estimate, standard error, interval, participants by arm.

    Its standard error does not know that the tree was searched for: it is too small.
    """

    path: tuple[str, ...]
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    n_active: int
    n_reference: int


@dataclass(frozen=True)
class Tree:
    """A grown tree, its node effects and the mixed model behind them.

    Attributes
    ----------
    rounds : int
        How often tree and mixed model were fitted in turn.
    converged : bool
        Whether the criterion of the mixed model had settled by then.
    dropped : int
        Rows left out for a missing value.
    """

    root: Node
    effects: tuple[NodeEffect, ...]
    mixed: RandomIntercept
    rounds: int
    converged: bool
    dropped: int = 0
    notes: tuple[str, ...] = field(default=())


def grow_tree(
    rows: pd.DataFrame,
    variables: Sequence[str],
    settings: TreeSettings,
    covariates: Sequence[str] = (),
) -> Tree:
    """Grow a GLMM tree of the treatment effect.

    Parameters
    ----------
    rows : DataFrame
        `study`, `treat` (0/1), `outcome`, the covariates (numbers) and the partitioning variables (numbers
        or text). Rows with a missing value in any of them are left out and counted.
    variables, covariates : sequence of str
        Partitioning variables; prognostic columns with one slope over all nodes.

    Raises
    ------
    ValueError
        When fewer rows are complete than two nodes need.
    """
    used = [*dict.fromkeys(["study", "treat", "outcome", *covariates, *variables])]
    data = rows[used].dropna().reset_index(drop=True)
    if len(data) < 2 * settings.minimum_node:
        raise ValueError(f"a tree needs {2 * settings.minimum_node} complete rows, got {len(data)}")
    study = np.asarray(pd.factorize(data["study"].astype(str), sort=True)[0])
    y, treat = data["outcome"].to_numpy(dtype=float), data["treat"].to_numpy(dtype=float)
    shared = data[list(covariates)].to_numpy(dtype=float)
    shared = shared - shared.mean(axis=0) if shared.size else shared
    columns = {name: read_variable(data[name]) for name in variables}
    offset, before, rounds, converged = np.zeros(len(data)), np.inf, 0, False
    while not converged and rounds < ROUNDS:
        rounds += 1
        root = split_node(Node(np.arange(len(data))), y - offset, treat, columns, settings)
        mixed = fit_given_tree(root, y, treat, shared, study)
        leaves = len(root.leaves())
        offset = mixed.intercepts[study] + (shared @ mixed.beta[2 * leaves :] if shared.size else 0.0)
        converged = abs(before - mixed.criterion) < TOLERANCE
        before = mixed.criterion
    effects = node_effects(root, mixed, treat, settings.level)
    return Tree(root, effects, mixed, rounds, converged, len(rows) - len(data))


def read_variable(column: pd.Series) -> tuple[Array, tuple[str, ...]]:
    """A partitioning variable as numbers, or as codes with its levels."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return column.to_numpy(dtype=float), ()
    codes, levels = pd.factorize(column.astype(str), sort=True)
    return np.asarray(codes, dtype=float), tuple(str(level) for level in levels)


def split_node(
    node: Node,
    y: Array,
    treat: Array,
    columns: dict[str, tuple[Array, tuple[str, ...]]],
    settings: TreeSettings,
) -> Node:
    """Test a node and split it while the treatment model is unstable."""
    x = np.column_stack([np.ones(len(node.rows)), treat[node.rows]])
    if (
        len(node.rows) < 2 * settings.minimum_node
        or node.depth >= settings.maximum_depth
        or np.ptp(x[:, 1]) == 0
    ):
        return node
    beta = np.linalg.lstsq(x, y[node.rows], rcond=None)[0]
    node.tests = instabilities(node, x, y[node.rows] - x @ beta, columns)
    for test in sorted(node.tests, key=lambda t: (t.p_value, -t.statistic)):
        if test.p_value > settings.alpha:
            break
        found = best_split(node, y, treat, *columns[test.variable], settings.minimum_node)
        if found is not None:
            return divided(node, test.variable, found, y, treat, columns, settings)
    return node


def instabilities(
    node: Node, x: Array, residual: Array, columns: dict[str, tuple[Array, tuple[str, ...]]]
) -> tuple[Instability, ...]:
    """Instability along each variable; p is 1 - (1 - p)^m over the m that vary in the node (Sidak's
    correction)."""
    scores = decorrelated_scores(x, residual)
    found = []
    for name, (values, levels) in columns.items():
        own = values[node.rows]
        if np.ptp(own) > 0:
            statistic, p = (categorical_instability if levels else numeric_instability)(scores, own)
            found.append((name, statistic, p))
    m = len(found)
    return tuple(Instability(name, statistic, 1 - (1 - p) ** m) for name, statistic, p in found)


def best_split(
    node: Node, y: Array, treat: Array, values: Array, levels: tuple[str, ...], minimum: int
) -> tuple[NDArray[np.bool_], float | None, tuple[str, ...]] | None:
    """The cut with the smallest residual sum of squares of the two treatment models."""
    best, chosen = np.inf, None
    every = candidates(values[node.rows], y[node.rows], levels)
    while cuts := list(islice(every, ABREAST)):
        rss = residual_sums(np.array([left for left, _, _ in cuts]), y[node.rows], treat[node.rows], minimum)
        for sum_of_squares, cut in zip(rss.tolist(), cuts, strict=True):
            if sum_of_squares < best - 1e-12:
                best, chosen = sum_of_squares, cut
    return chosen


def candidates(
    own: Array, y: Array, levels: tuple[str, ...]
) -> Iterator[tuple[Array, float | None, tuple[str, ...]]]:
    """Ways to divide a node: at each value; pairs of sets of categories, of more than eight categories cuts
    in their order by mean outcome."""
    if not levels:
        for value in np.unique(own)[:-1]:
            yield own <= value, float(value), ()
        return
    present = np.unique(own)
    if len(present) <= 8:
        for mask in range(1, 2 ** (len(present) - 1)):
            inside = [present[i] for i in range(len(present)) if mask >> i & 1]
            yield np.isin(own, inside), None, tuple(levels[int(i)] for i in inside)
        return
    order = present[np.argsort([y[own == level].mean() for level in present])]
    for cut in range(1, len(order)):
        yield np.isin(own, order[:cut]), None, tuple(levels[int(i)] for i in order[:cut])


def residual_sums(left: Array, y: Array, treat: Array, minimum: int) -> Array:
    """Residual sum of squares of intercept and treatment on both sides of each cut, shape (cuts,).

    Infinite where a side has fewer rows than `minimum`, or one arm alone.

    Parameters
    ----------
    left : ndarray of bool, shape (cuts, n)
        Which rows go left.
    y, treat : ndarray of shape (n,)
        `treat` is 0 or 1.
    """
    z = y - y.mean()
    moments = np.column_stack([np.ones_like(z), treat, z, treat * z, z * z])
    one = left @ moments
    total = np.zeros(len(left))
    for n, treated, sum_z, sum_tz, sum_zz in (one.T, (moments.sum(axis=0) - one).T):
        fits = (n >= max(minimum, 1)) & (treated > 0) & (treated < n)
        n, treated = np.where(fits, n, 2.0), np.where(fits, treated, 1.0)
        slope = sum_tz - treated * sum_z / n
        rss = sum_zz - sum_z**2 / n - slope**2 / (treated - treated**2 / n)
        total += np.where(fits, rss, np.inf)
    return total


def divided(
    node: Node,
    variable: str,
    found: tuple[NDArray[np.bool_], float | None, tuple[str, ...]],
    y: Array,
    treat: Array,
    columns: dict[str, tuple[Array, tuple[str, ...]]],
    settings: TreeSettings,
) -> Node:
    """Make the children of a split and go on in each."""
    left, threshold, named = found
    node.variable, node.threshold, node.levels = variable, threshold, named
    if threshold is None:
        others = sorted({columns[variable][1][int(c)] for c in columns[variable][0][node.rows]} - set(named))
        words = (f"{variable}: {', '.join(named)}", f"{variable}: {', '.join(others)}")
    else:
        words = (f"{variable} <= {threshold:g}", f"{variable} > {threshold:g}")
    parts = (node.rows[left], node.rows[~left])
    node.children = tuple(
        split_node(Node(part, node.depth + 1, (*node.path, word)), y, treat, columns, settings)
        for part, word in zip(parts, words, strict=True)
    )  # type: ignore[assignment]
    return node


def fit_given_tree(root: Node, y: Array, treat: Array, shared: Array, study: Array) -> RandomIntercept:
    """The mixed model with an intercept and a treatment effect per terminal node."""
    leaves = root.leaves()
    columns = np.zeros((len(y), 2 * len(leaves)))
    for i, leaf in enumerate(leaves):
        columns[leaf.rows, 2 * i] = 1.0
        columns[leaf.rows, 2 * i + 1] = treat[leaf.rows]
    x = np.hstack([columns, shared]) if shared.size else columns
    return fit_random_intercept(x, y, study)


def node_effects(root: Node, mixed: RandomIntercept, treat: Array, level: float) -> tuple[NodeEffect, ...]:
    """The treatment effect of each terminal node, from the final mixed model."""
    z = float(special.ndtri(0.5 + level / 2))
    effects = []
    for i, leaf in enumerate(root.leaves()):
        value = float(mixed.beta[2 * i + 1])
        error = float(np.sqrt(mixed.covariance[2 * i + 1, 2 * i + 1]))
        active = int((treat[leaf.rows] == 1).sum())
        effects.append(
            NodeEffect(
                leaf.path, value, error, value - z * error, value + z * error, active, len(leaf.rows) - active
            )
        )
    return tuple(effects)


def split_stability(
    rows: pd.DataFrame,
    variables: Sequence[str],
    settings: TreeSettings,
    covariates: Sequence[str],
    resamples: int,
    seed: int,
) -> dict[str, int]:
    """In how many resamples of whole studies, drawn with replacement, each variable splits the tree.

    A resample that is too small for a tree counts for no variable.
    """
    rng = np.random.default_rng(seed)
    studies = sorted(rows["study"].astype(str).unique())
    by_study = {s: part for s, part in rows.groupby(rows["study"].astype(str))}
    counts = dict.fromkeys(variables, 0)
    for _ in range(resamples):
        drawn = rng.choice(studies, len(studies))
        parts = [by_study[s].assign(study=f"{i}:{s}") for i, s in enumerate(drawn)]
        try:
            tree = grow_tree(pd.concat(parts, ignore_index=True), variables, settings, covariates)
        except ValueError:
            continue
        for name in {node.variable for node in tree.root.splits()}:
            counts[str(name)] += 1
    return counts
