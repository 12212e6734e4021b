"""Each trial's own estimate of a term from its own rows alone, with its own variance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ipdma.model.term import Term


@dataclass(frozen=True)
class TrialEstimates:
    """The trials that inform one term, as if each were the only one.

    Attributes
    ----------
    term : Term
    studies : tuple of str, length k
    estimate, variance : ndarray of shape (k,)
        On the scale of the data; the variance rests on the trial's own residuals.
    df : tuple of float or None, length k
        Residual degrees of freedom of each variance; None for a normal reference.
    notes : tuple of str
        What was done to a trial (a zero cell), and which trials say nothing.
    """

    term: Term
    studies: tuple[str, ...]
    estimate: NDArray[Any]
    variance: NDArray[Any]
    df: tuple[float | None, ...]
    notes: tuple[str, ...] = ()

    @property
    def k(self) -> int:
        """Number of trials."""
        return len(self.studies)
