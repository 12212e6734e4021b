"""Statistics of integrity checks that need no data set: GRIM, runs, allocation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import scipy  # its parts are loaded where they are first used


def grim_consistent(mean: str | float, n: int, items: int = 1) -> bool:
    """Whether a printed mean of whole numbers is possible for n participants (Brown and Heathers 2017).

    Parameters
    ----------
    mean : str or float
        As printed; text keeps trailing zeros, which carry precision.
    n : int
        Participants.
    items : int
        Items that a mean score averages over (1 for a sum score).

    Notes
    -----
    Both ways of rounding a half are taken as possible.
    """
    printed = Decimal(str(mean))
    exponent = printed.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    half = Decimal(1).scaleb(-places) / 2
    grain = n * items
    low = math.ceil((printed - half) * grain)
    return Decimal(low) <= (printed + half) * grain


def runs_test(sequence: Sequence[Any]) -> tuple[int, float]:
    """Number of runs of a two-valued sequence, and its z (Wald and Wolfowitz 1940).

    Raises
    ------
    ValueError
        When the sequence does not hold two values.
    """
    values = np.asarray(sequence)
    levels, codes = np.unique(values, return_inverse=True)
    if len(levels) != 2:
        raise ValueError("a runs test needs a sequence of two values")
    n1, n0 = int(codes.sum()), int(len(codes) - codes.sum())
    runs = 1 + int(np.sum(np.diff(codes) != 0))
    n = n1 + n0
    expected = 2 * n1 * n0 / n + 1
    variance = 2 * n1 * n0 * (2 * n1 * n0 - n) / (n**2 * (n - 1))
    return runs, (runs - expected) / math.sqrt(variance) if variance > 0 else 0.0


def allocation_p(n_first: int, n_second: int, ratio: float = 1.0) -> float:
    """Exact two-sided binomial p of an allocation against ratio : 1."""
    return float(scipy.stats.binomtest(n_first, n_first + n_second, ratio / (1 + ratio)).pvalue)
