"""What each study says by itself of one term: the data of Hartung-Knapp's scale and of a second stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipdma.model.term import Term

Array = NDArray[Any]


@dataclass(frozen=True)
class OwnEstimates:
    """Per study, for one term, on the scale of the data; NaN where a study cannot inform it.

    Attributes
    ----------
    term : Term
    estimate, variance : ndarray of shape (K,)
        `variance` is the sampling variance; in a Gaussian fit at the model's residual variances.
    tau2 : float
        The term's variance between studies.
    """

    term: Term
    estimate: Array
    variance: Array
    tau2: float

    @property
    def informed(self) -> Array:
        """Whether each study has an estimate of its own, shape (K,)."""
        return np.isfinite(self.variance)

    @property
    def studies(self) -> int:
        """The number of studies that have an estimate of their own."""
        return int(self.informed.sum())

    @property
    def weight(self) -> Array:
        """1 / (v_k + tau2), zero where a study has no estimate; shape (K,)."""
        return np.where(self.informed, 1 / (np.where(self.informed, self.variance, 1.0) + self.tau2), 0.0)
