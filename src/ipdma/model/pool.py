"""Second-stage meta-analysis: study estimates in, one pooled estimate out (docs/interface/pool.md)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import special

from ipdma.errors import DataError, join_faults
from ipdma.model.df import WALD, OwnEstimates, second_stage
from ipdma.model.interval import quantile
from ipdma.model.pivot import pivot_interval
from ipdma.model.records import OF_ESTIMATE, Estimate, as_plain
from ipdma.model.spec import PoolSpec
from ipdma.model.tau2 import estimate_tau2, generalised_q, q_profile, typical_variance, weighted_mean
from ipdma.model.term import TREATMENT


@dataclass(frozen=True)
class Pooled:
    """A pooled estimate (docs/interface/pool.md, the record).

    Attributes
    ----------
    estimate, std_error, df, statistic, p_value, ci_low, ci_high : float
        The pooled effect by `ci`; `df` is None for Wald. Under `nst` the standard error is the weighted
        estimate's own, `statistic` is T(0) and the interval need not be symmetric.
    tau2, tau2_ci_low, tau2_ci_high : float
        The between-study variance, and its Q-profile interval (None where no random effect is possible, or
        the interval is empty).
    i2, i2_q : float
        Percent of variation between studies, from tau2 and from Q; `h2` = 1 / (1 - i2 / 100), from tau2.
    q, q_df, q_p : float
        Cochran's Q test; q_p is None for a single study, which has none.
    pi_low, pi_high : float or None
        The prediction interval.
    k : int
        Number of studies.
    weights : dict of str to float
        Percent by study.
    beside : mapping of str to Estimate
        By method the intervals that a reader expects next to `nst`.
    """

    estimate: float
    std_error: float
    df: float | None
    statistic: float
    p_value: float
    ci_low: float
    ci_high: float
    tau2: float
    tau2_ci_low: float | None
    tau2_ci_high: float | None
    i2: float
    i2_q: float
    h2: float
    q: float
    q_df: int
    q_p: float | None
    pi_low: float | None
    pi_high: float | None
    k: int
    weights: dict[str, float]
    warnings: tuple[str, ...] = ()
    beside: Mapping[str, Estimate] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The record as docs/interface/pool.md writes it."""
        own = {name: value for name, value in vars(self).items() if name != "beside"}
        found: dict[str, Any] = as_plain(own)
        return found

    def second_stage(self) -> dict[str, object]:
        """What a two-stage estimate carries beside its own interval."""
        own = {*OF_ESTIMATE, "warnings", "beside"}
        return {name: value for name, value in vars(self).items() if name not in own}


def pool_effects(
    study: Sequence[str],
    estimate: Sequence[float] | np.ndarray,
    std_error: Sequence[float] | np.ndarray,
    spec: PoolSpec | None = None,
) -> Pooled:
    """Pool study estimates.

    Parameters
    ----------
    study : sequence of str, length K
        Names; one that occurs twice is told apart as `name (2)` in the weights.
    estimate, std_error : sequence of float, length K
        Study estimates and their standard errors, on one scale (ratios as logarithms).
    spec : PoolSpec
        Estimator of tau2 (None means reml), interval, prediction interval, level.

    Returns
    -------
    Pooled

    Raises
    ------
    DataError
        For no study at all, lengths that differ, a number that is not finite, or a standard error that is
        not positive.
    FitError
        Where an interval has no width because all estimates are equal.
    """
    spec = spec or PoolSpec()
    y, se = np.asarray(estimate, dtype=float), np.asarray(std_error, dtype=float)
    names = distinct_names([str(name) for name in study])
    check_effects(names, y, se)
    v, warnings = se**2, repeated_names(study)
    method = "common" if len(y) == 1 else (spec.tau2 or "reml")
    tau2 = estimate_tau2(y, v, method)
    w, mu = weighted_mean(y, v, tau2)
    own = OwnEstimates(TREATMENT, y, v, tau2)
    wald, said = WALD.estimate(own, mu, spec.level)
    chosen, weight = wald, w
    if len(y) == 1:
        warnings.append(f"one study ({names[0]}): its own estimate with a Wald interval; nothing was pooled")
    elif method != "common":
        stage = second_stage(spec.ci)
        chosen, said = stage.estimate(own, mu, spec.level)
        weight = stage.weights(own)
    warnings += said
    pi = prediction_interval(y, v, tau2, wald, chosen, method, spec, warnings)
    interval = (None, None) if method == "common" else tau2_interval(y, v, spec.level, warnings)
    return Pooled(
        **{key: getattr(chosen, key) for key in ("estimate", "std_error", "df", "statistic", "p_value")},
        ci_low=chosen.ci_low,
        ci_high=chosen.ci_high,
        tau2=tau2,
        tau2_ci_low=interval[0],
        tau2_ci_high=interval[1],
        **heterogeneity(y, v, tau2),
        pi_low=pi[0],
        pi_high=pi[1],
        k=len(y),
        weights=dict(zip(names, map(float, 100 * weight / weight.sum()), strict=True)),
        warnings=tuple(warnings),
        beside=chosen.beside,
    )


def tau2_interval(
    y: np.ndarray, v: np.ndarray, level: float, warnings: list[str]
) -> tuple[float | None, float | None]:
    """The Q-profile interval of tau2, or nothing with the reason."""
    interval = q_profile(y, v, level)
    if interval is not None:
        return interval
    warnings.append(
        "no interval of tau2: its Q-profile set is empty, since the studies agree more closely than their "
        "own errors would lead one to expect"
    )
    return None, None


def repeated_names(study: Sequence[str]) -> list[str]:
    """Say which names occur more than once: estimates of one study are not independent."""
    repeated = sorted(name for name, times in Counter(map(str, study)).items() if times > 1)
    if not repeated:
        return []
    return [f"{', '.join(repeated)}: named more than once; each row is taken as a study of its own"]


def distinct_names(names: list[str]) -> list[str]:
    """Tell apart names that occur more than once: `name`, `name (2)`, ..."""
    seen: dict[str, int] = {}
    taken = set(names)
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        label = name if seen[name] == 1 else f"{name} ({seen[name]})"
        while label != name and label in taken:
            seen[name] += 1
            label = f"{name} ({seen[name]})"
        taken.add(label)
        result.append(label)
    return result


def check_effects(names: list[str], y: np.ndarray, se: np.ndarray) -> None:
    """Raise DataError naming every study whose numbers cannot be pooled."""
    if not len(names):
        raise DataError("no study estimate to pool: expected at least one row with an estimate and its error")
    if not len(names) == len(y) == len(se):
        raise DataError(
            f"expected one estimate and one standard error per study, got {len(names)} studies, {len(y)} "
            f"estimates and {len(se)} standard errors"
        )
    faults = [
        f"study '{name}': expected a finite estimate, got {value}"
        for name, value in zip(names, y, strict=True)
        if not math.isfinite(value)
    ]
    faults += [
        f"study '{name}': expected a standard error above zero, got {value:g}"
        for name, value in zip(names, se, strict=True)
        if not (math.isfinite(value) and value > 0)
    ]
    if faults:
        raise DataError(join_faults(faults))


def prediction_interval(
    y: np.ndarray,
    v: np.ndarray,
    tau2: float,
    wald: Estimate,
    chosen: Estimate,
    tau2_method: str,
    spec: PoolSpec,
    warnings: list[str],
) -> tuple[float | None, float | None]:
    """The interval of a new study's effect.

    By the generalised pivot, never narrower than the pooled interval; or mu -+ t sqrt(tau2 + SE^2), on k - 2
    (Higgins, Thompson and Spiegelhalter 2009), k - 1 or normal. Where there is none, `warnings` says why.
    """
    k = len(y)
    if tau2_method == "common" or k < 3:
        why = "tau2 is common to all studies" if k >= 3 else f"it needs at least 3 studies, got {k}"
        warnings.append(f"no prediction interval: {why}")
        return None, None
    if spec.by_pivot:
        low, high = pivot_interval(y, v, spec.level)
        return min(low, chosen.ci_low), max(high, chosen.ci_high)
    se = chosen.std_error if spec.prediction_se == "ci" else wald.std_error
    df = {"k_minus_2": k - 2, "k_minus_1": k - 1, "normal": None}[spec.prediction_df]
    half = quantile(df, spec.level) * math.sqrt(tau2 + se**2)
    return chosen.estimate - half, chosen.estimate + half


def heterogeneity(y: np.ndarray, v: np.ndarray, tau2: float) -> dict[str, Any]:
    """Cochran's Q test, I2 from tau2 and from Q in percent, and H2."""
    df = len(y) - 1
    if df == 0:
        return {"i2": 0.0, "i2_q": 0.0, "h2": 1.0, "q": 0.0, "q_df": 0, "q_p": None}
    q = generalised_q(y, v, 0.0)
    s2 = typical_variance(v)
    return {
        "i2": 100 * tau2 / (tau2 + s2),
        "i2_q": 100 * max(0.0, (q - df) / q) if q > 0 else 0.0,
        "h2": 1 + tau2 / s2,
        "q": q,
        "q_df": df,
        "q_p": float(special.chdtrc(df, q)),
    }
