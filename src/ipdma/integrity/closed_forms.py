"""Statistics of integrity checks that need no data set: GRIM, runs, digits, combined p-values, lost SDs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Array = NDArray[Any]


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


def rounded(value: float, places: int) -> Decimal:
    """Half up, as papers round."""
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


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


def terminal_digits(counts: Sequence[int]) -> tuple[float, int, float]:
    """Chi-squared of ten terminal-digit counts against equal shares, its df and p."""
    observed = np.asarray(counts, dtype=float)
    expected = observed.sum() / len(observed)
    statistic = float(np.sum((observed - expected) ** 2) / expected)
    df = len(observed) - 1
    return statistic, df, float(special.chdtrc(df, statistic))


def stouffer(p_values: Sequence[float]) -> tuple[float, float]:
    """Combined z of one-sided p-values, and its one-sided p."""
    z = float(special.ndtri(1 - np.clip(np.asarray(p_values, dtype=float), 1e-12, 1 - 1e-12)).sum())
    z /= math.sqrt(len(p_values))
    return z, float(special.ndtr(-z))


def uniform_distance(p_values: Sequence[float]) -> tuple[float, float]:
    """Kolmogorov-Smirnov distance of p-values from uniform, and its p."""
    result = stats.kstest(np.asarray(p_values, dtype=float), "uniform")
    return float(result.statistic), float(result.pvalue)


def sd_from_se(std_error: float, n: int) -> float:
    """SD = SE sqrt(n)."""
    return std_error * math.sqrt(n)


def sd_from_interval(width: float, n: int, level: float = 0.95) -> float:
    """SD of a mean from the width of its t interval: sqrt(n) width / (2 t)."""
    t = float(special.stdtrit(n - 1, 0.5 + level / 2))
    return math.sqrt(n) * width / (2 * t)


def allocation_p(n_first: int, n_second: int, ratio: float = 1.0) -> float:
    """Exact two-sided binomial p of an allocation against ratio : 1."""
    return float(stats.binomtest(n_first, n_first + n_second, ratio / (1 + ratio)).pvalue)
