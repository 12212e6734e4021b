"""The normal reference: as if the variances were known."""

from __future__ import annotations

from ipdma.model.df.method import Array, Batch, Combinations, DfMethod, Inference


class Normal(DfMethod):
    """z in the place of t."""

    name = "normal"
    label = "normal"
    singular = "the normal interval is unreliable here: it ignores that the variances are estimated"
    beside = "normal"

    def df(self, inference: Inference, asked: Combinations) -> list[float | None]:
        """None for each combination."""
        return [None] * len(asked.names)

    def batch(self, fits: Batch) -> tuple[Array, None]:
        """Model-based standard errors without df."""
        return fits.std_error, None
