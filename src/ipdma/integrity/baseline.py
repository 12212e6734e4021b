"""Domain 2: baseline balance, too good as well as too bad. Descriptive, never to choose covariates."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import scipy  # its parts are loaded where they are first used

from ipdma.integrity.finding import Check, IntegrityResult
from ipdma.integrity.tables import TrialTables

SINGLE = 0.001
COMBINED = 0.005
FEWEST_VALUES = 5  # of a variable with fewer, equal SDs are common
BALANCE = Check("baseline_balance", 2)
IMBALANCE = Check("excess_imbalance", 2)
VARIABILITY = Check("differential_variability", 2)
COMBINED_BALANCE = Check("combined_balance", 2)
IDENTICAL = Check("identical_spread", 2)


def check_baseline(trial: TrialTables) -> list[IntegrityResult]:
    """All checks of the domain, over every pair of arms."""
    arms = [a for a, n in trial.participants["arm"].value_counts(sort=False).items() if n >= 3]
    pairs = list(itertools.combinations(sorted(map(str, arms)), 2))
    if not pairs:
        return [BALANCE.skipped(trial.study, "fewer than two arms with three participants")]
    return [result for pair in pairs for result in pair_results(trial, pair)]


def pair_results(trial: TrialTables, pair: tuple[str, str]) -> list[IntegrityResult]:
    """Balance and spread between two arms."""
    arm = trial.participants.set_index("participant")["arm"].astype(str)
    side = arm.reindex(trial.baseline.index)
    sides = [(side == name).to_numpy(dtype=bool) for name in pair]
    groups = {c: two_groups(trial.baseline[c], sides) for c in trial.baseline.columns}
    means = {c: mean_p(*own) for c, own in groups.items()}
    shares = {c: share_p(trial.participants[c], trial.participants["arm"], pair) for c in trial.categories}
    spreads = {c: spread_p(*own) for c, own in groups.items()}
    label = " and ".join(pair)
    return [
        *extremes(trial, IMBALANCE, label, {**means, **shares}, "differ at baseline"),
        *extremes(trial, VARIABILITY, label, spreads, "differ in spread at baseline"),
        combined(trial, label, [p for p in (*means.values(), *shares.values()) if p is not None]),
        identical_sd(trial, label, groups),
    ]


def two_groups(values: pd.Series, sides: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Observed values of each arm; `sides` says of every participant whether they are in it."""
    known, numbers = values.notna().to_numpy(), values.to_numpy()
    return numbers[sides[0] & known], numbers[sides[1] & known]


def mean_p(a: np.ndarray, b: np.ndarray) -> float | None:
    """Welch t-test p; None where there are too few values, or all are the same."""
    if min(len(a), len(b)) < 3 or np.ptp(np.concatenate([a, b])) == 0:
        return None
    return finite(float(scipy.stats.ttest_ind(a, b, equal_var=False).pvalue))


def share_p(values: pd.Series, arm: pd.Series, pair: tuple[str, str]) -> float | None:
    """Chi-squared p (Fisher's exact for two by two)."""
    keep = (arm.astype(str).isin(pair) & values.notna()).to_numpy()
    table = cross_table(arm[keep], values[keep])
    if table.shape[0] < 2 or table.shape[1] < 2:
        return None
    if table.shape == (2, 2):
        return finite(float(scipy.stats.fisher_exact(table)[1]))
    return finite(float(scipy.stats.chi2_contingency(table)[1]))


def cross_table(rows: pd.Series, columns: pd.Series) -> np.ndarray:
    """How many have each pair of values, which stand in the order of their texts."""
    (i, own), (j, other) = (
        np.unique(c.astype(str).to_numpy(object), return_inverse=True)[::-1] for c in (rows, columns)
    )
    return np.bincount(i * len(other) + j, minlength=len(own) * len(other)).reshape(len(own), len(other))


def spread_p(a: np.ndarray, b: np.ndarray) -> float | None:
    """Brown and Forsythe's p for equal spread."""
    if min(len(a), len(b)) < 5 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return finite(float(scipy.stats.levene(a, b, center="median").pvalue))


def finite(p: float) -> float | None:
    """p, or None where a library gave no number."""
    return p if np.isfinite(p) else None


def extremes(
    trial: TrialTables, check: Check, label: str, p_values: dict[str, float | None], words: str
) -> list[IntegrityResult]:
    """One result per variable beyond the threshold, or one that says none is."""
    known = {name: p for name, p in p_values.items() if p is not None}
    if not known:
        return [check.skipped(trial.study, f"no variable can be compared between {label}")]
    threshold = SINGLE / len(known)
    far = {name: p for name, p in known.items() if p < threshold}
    if not far:
        text = f"No variable is seen to {words} between {label} more than chance allows."
        least = min(known.values())
        return [
            check.passed(
                trial.study, text, subject=label, statistic=least, threshold=threshold, n=0, of=len(known)
            )
        ]
    return [
        check.query(
            trial.study,
            f"{label} {words} in {name} more than by chance; please say how participants were allocated.",
            subject=name,
            statistic=p,
            threshold=threshold,
            n=1,
            of=len(known),
        )
        for name, p in far.items()
    ]


def combined(trial: TrialTables, label: str, p_values: list[float]) -> IntegrityResult:
    """All p-values together: too similar (near 1) or too different (near 0) arms."""
    if len(p_values) < 5:
        why = f"fewer than five variables to compare between {label}"
        return COMBINED_BALANCE.skipped(trial.study, why)
    z, upper = scipy.stats.combine_pvalues(np.clip(p_values, 1e-12, 1 - 1e-12), method="stouffer")
    distance_p = scipy.stats.kstest(p_values, "uniform").pvalue
    off = bool(min(upper, 1 - upper) < COMBINED / 2 and distance_p < 0.05)
    alike = "Arms are more alike at baseline than chance would have them."
    apart = "Arms differ more at baseline, over all variables, than chance would have them."
    return COMBINED_BALANCE.judged(
        trial.study,
        off,
        alike if z < 0 else apart,
        "Baseline p-values together are as chance would have them.",
        subject=label,
        statistic=float(z),
        threshold=COMBINED,
        n=len(p_values),
        of=len(p_values),
    )


def identical_sd(
    trial: TrialTables, label: str, groups: Mapping[str, tuple[np.ndarray, np.ndarray]]
) -> IntegrityResult:
    """Variables whose SD is the same in both arms to four digits."""
    same, looked = 0, 0
    for a, b in groups.values():
        if min(len(a), len(b)) >= 8 and np.std(a) > 0 and len(np.unique(a)) >= FEWEST_VALUES:
            looked += 1
            same += bool(abs(np.std(a, ddof=1) / max(np.std(b, ddof=1), 1e-12) - 1) < 1e-4)
    if not looked:
        why = f"no variable of five values or more has eight in each of {label}"
        return IDENTICAL.skipped(trial.study, why)
    return IDENTICAL.judged(
        trial.study,
        same > 0,
        "A baseline variable has the same SD in both arms; please look whether values were copied.",
        "Standard deviations differ between arms as expected.",
        subject=label,
        statistic=float(same),
        threshold=0.0,
        n=same,
        of=looked,
    )
