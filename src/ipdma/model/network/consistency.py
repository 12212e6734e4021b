"""Whether a network's evidence agrees: direct against indirect, design against design; and its ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from scipy import special

from ipdma.errors import FitError
from ipdma.model.inference import contrast_estimates
from ipdma.model.network.design import effect_of
from ipdma.model.network.fit import Comparison, NetworkFit, Pair, between, fit_network
from ipdma.model.network.shape import Network, inconsistency_columns, split_column
from ipdma.model.records import Estimate, JointTest
from ipdma.model.spec import ModelSpec
from ipdma.model.term import Term

Contrasts = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Inconsistency:
    """The design-by-treatment interaction, and how the fit behind it ended."""

    test: JointTest
    converged: bool
    singular: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Split:
    """Direct and indirect evidence on a comparison, their difference, and the model that has both."""

    active: str
    reference: str
    fit: NetworkFit
    direct: Estimate
    indirect: Estimate
    difference: Estimate


def split_node(rows: pd.DataFrame, spec: ModelSpec, network: Network, pair: Pair) -> Split | None:
    """Direct against indirect evidence on one comparison (Dias and others 2010; White 2015).

    Trials with both nodes have a contrast of their own, half of the difference in each arm. None where there
    is no direct evidence, or no other. Raises as `fit_network` does.
    """
    column = split_column(network, *pair)
    if column is None:
        return None
    fit = fit_network(rows, spec, network, {"split": column})
    shift = effect_of("split")
    base = between(*pair, {node: effect_of(node) for node in network.nodes[1:]})
    ask: Contrasts = {"direct": {**base, shift: 1.0}, "indirect": base, "difference": {shift: 1.0}}
    return Split(*pair, fit, *contrast_estimates(fit.inference, fit.method, ask))


def fit_inconsistency(rows: pd.DataFrame, spec: ModelSpec, network: Network) -> Inconsistency | None:
    """The design-by-treatment interaction: whether designs disagree (Higgins and others 2012).

    None where no two designs can disagree.

    Raises
    ------
    FitError
        With random effects, where no trial repeats a design: disagreement cannot be told from variance
        between trials. Otherwise as `fit_network`.
    """
    extra = inconsistency_columns(network)
    if not extra:
        return None
    if spec.treatment_effect == "random" and not network.replicates:
        raise FitError(
            "inconsistency: no two trials have the same arms, so that disagreement of designs cannot be told "
            "from variance between trials"
        )
    fit = fit_network(rows, spec, network, extra)
    asked: Contrasts = {name: {effect_of(name): 1.0} for name in extra}
    test = fit.joint(Term("contrast", column="inconsistency"), asked)
    return Inconsistency(test, fit.converged, fit.singular, tuple(fit.warnings))


def p_scores(comparisons: Sequence[Comparison], nodes: Sequence[str]) -> dict[str, float]:
    """Mean certainty that a node's outcome is lower than another's, 0 to 1 (Ruecker and Schwarzer 2015).

    By the normal reference, as in its source; a lower outcome is better. It ranks, and measures no
    difference.

    Parameters
    ----------
    comparisons : sequence of Comparison
        Every pair of `nodes` once.
    nodes : sequence of str
    """
    total = dict.fromkeys(nodes, 0.0)
    for c in comparisons:
        better = float(special.ndtr(-c.estimate.estimate / c.estimate.std_error))
        total[c.active] += better
        total[c.reference] += 1 - better
    return {node: sure / (len(nodes) - 1) for node, sure in total.items()}
