"""t on the studies that inform a term, less one (as two stages count)."""

from __future__ import annotations

from collections.abc import Sequence

from ipdma.model.df.method import Combinations, DfMethod, Inference, fewest
from ipdma.model.df.residual import residual_df
from ipdma.model.term import Term


class KMinus1(DfMethod):
    """K - 1 of the studies that inform a term; residual df where one study does (its nuisance terms)."""

    name = "k_minus_1"
    label = "t on K - 1"
    singular = "t on K - 1 stays usable, but its standard error takes the variance to be exactly zero"

    def df(self, inference: Inference, asked: Combinations) -> list[float | None]:
        """The fewest of each combination's terms."""
        return [fewest([term_df(inference, term) for term in terms]) for terms in asked.terms]

    def notes(self, inference: Inference, terms: Sequence[Term]) -> list[str]:
        """Name the shared terms that one study informs."""
        alone = [term for term in terms if inference.informs.get(term, 1) < 2]
        if not alone:
            return []
        return [f"df: k_minus_1: one study informs {', '.join(alone)}, which carry residual df"]


def term_df(inference: Inference, term: Term) -> float:
    """K - 1, or the residual df where K is one."""
    k = inference.informs.get(term, 1)
    return float(k - 1) if k > 1 else residual_df(inference)
