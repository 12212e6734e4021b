"""Intervals and p-values on the t or normal reference, in one place."""

from __future__ import annotations

import math
from collections.abc import Mapping

import scipy  # its parts are loaded where they are first used

from ipdma.model.records import Estimate
from ipdma.model.term import Term


def quantile(df: float | None, level: float) -> float:
    """The two-sided critical value at `level`: t with `df`, or normal where df is None or infinite."""
    upper = 0.5 + level / 2
    if df is None or math.isinf(df):
        return float(scipy.special.ndtri(upper))
    return float(scipy.special.stdtrit(df, upper))


def two_sided_p(statistic: float, df: float | None) -> float:
    """The two-sided p-value of a t (df) or z (df None or infinite) statistic, exact far in the tail."""
    if df is None or math.isinf(df):
        return float(2 * scipy.special.ndtr(-abs(statistic)))
    return float(2 * scipy.special.stdtr(df, -abs(statistic)))


def f_upper_p(f: float, df_num: float, df_den: float | None) -> float:
    """P(F > f); df_den None or infinite is the chi-squared limit."""
    if df_den is None or math.isinf(df_den):
        return float(scipy.special.chdtrc(df_num, f * df_num))
    return float(scipy.special.fdtrc(df_num, df_den, f))


def make_estimate(
    term: str,
    estimate: float,
    std_error: float,
    df: float | None,
    level: float,
    extra: Mapping[str, object] | None = None,
) -> Estimate:
    """An estimate with its statistic, p-value and interval at `level`.

    A `term` that is plain text is the name of a linear combination; `std_error` is positive, and df None the
    normal reference.
    """
    named = term if isinstance(term, Term) else Term("contrast", column=term)
    statistic = estimate / std_error
    half = quantile(df, level) * std_error
    p_value = two_sided_p(statistic, df)
    return Estimate(
        named, estimate, std_error, df, statistic, p_value, estimate - half, estimate + half, extra or {}
    )
