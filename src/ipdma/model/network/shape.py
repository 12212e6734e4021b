"""Which arms meet in which trials: the nodes of a network, its designs, and what hangs together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from ipdma.errors import FitError

Column = Mapping[tuple[str, str], float]  # a column that is constant within an arm, by (study, node); else 0


class NotConnected(FitError):
    """Trials that fall into groups which share no node: no model can compare across them."""


@dataclass(frozen=True)
class Network:
    """Trials by the nodes of their arms.

    Attributes
    ----------
    nodes : tuple of str
        The reference first.
    arms : mapping of str to tuple of str
        The nodes of each study, two or more, in the order of `nodes`.
    shown : frozenset of (str, str)
        Comparisons that are shown this way round.
    """

    nodes: tuple[str, ...]
    arms: Mapping[str, tuple[str, ...]]
    shown: frozenset[tuple[str, str]] = frozenset()

    @property
    def reference(self) -> str:
        """The node whose effect is zero."""
        return self.nodes[0]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Every comparison once: a node against one that stands before it, or as `shown` has it."""
        return [(a, b) if (a, b) in self.shown else (b, a) for a, b in combinations(self.nodes, 2)]

    def direct(self, one: str, other: str) -> list[str]:
        """Studies with both nodes."""
        return [study for study, nodes in self.arms.items() if one in nodes and other in nodes]

    @cached_property
    def designs(self) -> dict[tuple[str, ...], list[str]]:
        """The studies of each set of nodes."""
        found: dict[tuple[str, ...], list[str]] = {}
        for study, nodes in self.arms.items():
            found.setdefault(nodes, []).append(study)
        return dict(sorted(found.items()))

    @property
    def contrasts(self) -> int:
        """Independent contrasts: the arms of each study less one."""
        return sum(len(nodes) - 1 for nodes in self.arms.values())

    @property
    def residual_df(self) -> int:
        """Independent contrasts less the effects that they determine."""
        return self.contrasts - (len(self.nodes) - 1)

    @property
    def replicates(self) -> int:
        """Contrasts that repeat one of their own design: what tells the variance between trials from it."""
        return self.contrasts - sum(len(nodes) - 1 for nodes in self.designs)

    @property
    def basic(self) -> list[Column]:
        """Indicators of each node but the reference."""
        return [{(s, n): 1.0 for s, own in self.arms.items() if n in own} for n in self.nodes[1:]]

    @property
    def groups(self) -> list[tuple[str, ...]]:
        """Nodes that studies connect, the reference's group first."""
        left, found = list(self.nodes), []
        while left:
            group = {left[0]}
            while more := {n for own in self.arms.values() if group & set(own) for n in own} - group:
                group |= more
            found.append(tuple(n for n in self.nodes if n in group))
            left = [n for n in left if n not in group]
        return found

    def check_connected(self) -> None:
        """Raise NotConnected naming the groups of nodes, and FitError where nothing is compared."""
        if len(self.nodes) < 2:
            raise FitError(
                "the network has no comparison: expected trials with arms of two nodes at least; look at "
                "`network.nodes`"
            )
        if len(self.groups) > 1:
            named = "; ".join(", ".join(group) for group in self.groups)
            raise NotConnected(
                f"the network is not connected: no trial links the groups [{named}]; nothing can be compared "
                "across them: leave the smaller group out of `network.nodes`, or join nodes that are alike"
            )


def network_of(
    arms: Iterable[tuple[str, str]], nodes: Sequence[str], shown: Iterable[tuple[str, str]] = ()
) -> Network:
    """The network of (study, node) pairs; studies with one node are left out.

    Parameters
    ----------
    arms : iterable of (str, str)
    nodes : sequence of str
        In the order that comparisons take, the reference first; those without a comparison are left out.
    shown : iterable of (str, str)
        Comparisons that are shown the other way round.
    """
    own: dict[str, set[str]] = {}
    for study, node in arms:
        own.setdefault(study, set()).add(node)
    kept = {s: tuple(n for n in nodes if n in own[s]) for s in sorted(own)}
    kept = {study: has for study, has in kept.items() if len(has) > 1}
    there = {node for has in kept.values() for node in has}
    return Network(tuple(n for n in nodes if n in there), kept, frozenset(shown))


def contrast_matrix(network: Network, columns: Sequence[Column]) -> np.ndarray:
    """Columns as contrasts against the first arm of each study, shape (contrasts, number of columns)."""
    rows = [
        [column.get((study, node), 0.0) - column.get((study, nodes[0]), 0.0) for column in columns]
        for study, nodes in network.arms.items()
        for node in nodes[1:]
    ]
    return np.array(rows).reshape(network.contrasts, len(columns))


def split_column(network: Network, one: str, other: str) -> Column | None:
    """What direct evidence on a comparison adds to indirect: half to each arm (White 2015, symmetrical).

    None where there is no direct evidence, or nothing else to hold it against.
    """
    direct = network.direct(one, other)
    column = {(s, n): w for s in direct for n, w in ((one, 0.5), (other, -0.5))}
    base = contrast_matrix(network, network.basic)
    both = np.column_stack([base, contrast_matrix(network, [column])])
    apart = np.linalg.matrix_rank(both) > np.linalg.matrix_rank(base)
    return column if direct and apart else None


def inconsistency_columns(network: Network) -> dict[str, Column]:
    """Columns that give every design effects of its own, beside the consistent ones (Higgins 2012).

    Those that the others make up are left out: as many stay as designs can disagree in.
    """
    chosen: dict[str, Column] = {}
    base = network.basic
    rank = len(base)
    for nodes, studies in network.designs.items():
        for node in nodes[1:]:
            column = {(study, node): 1.0 for study in studies}
            tried = contrast_matrix(network, [*base, *chosen.values(), column])
            if np.linalg.matrix_rank(tried) > rank:
                rank += 1
                chosen[f"{node} in {' : '.join(nodes)}"] = column
    return chosen
