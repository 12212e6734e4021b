"""Residual degrees of freedom: rows less coefficients."""

from __future__ import annotations

from ipdma.errors import FitError
from ipdma.model.df.method import Combinations, DfMethod, Inference


class Residual(DfMethod):
    """t on the rows less the coefficients, as if there were no variation between studies."""

    name = "residual"
    label = "residual"
    singular = "residual df are unreliable here: they ignore that the effect may vary between studies"

    def df(self, inference: Inference, asked: Combinations) -> list[float | None]:
        """The residual df for each combination."""
        return [residual_df(inference)] * len(asked.names)


def residual_df(inference: Inference) -> float:
    """Rows less coefficients. Raises FitError where none is left."""
    if inference.residual_df < 1:
        raise FitError(
            f"the informative rows are too few for {len(inference.terms)} coefficients: no residual degrees "
            "of freedom are left; use fewer columns"
        )
    return inference.residual_df
