"""Domain 2: baseline balance, too good as well as too bad. Descriptive, never to choose covariates."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from scipy import stats

from ipdma.integrity.closed_forms import stouffer, uniform_distance
from ipdma.integrity.finding import IntegrityResult
from ipdma.integrity.patterns import not_checked
from ipdma.integrity.tables import TrialTables

SINGLE = 0.001
COMBINED = 0.005
FEWEST_VALUES = 5  # of a variable with fewer, equal SDs are common


def check_baseline(trial: TrialTables) -> list[IntegrityResult]:
    """All checks of the domain, over every pair of arms."""
    arms = [a for a, n in trial.participants["arm"].value_counts(sort=False).items() if n >= 3]
    pairs = list(itertools.combinations(sorted(map(str, arms)), 2))
    if not pairs:
        return [not_checked(trial, "baseline_balance", "fewer than two arms with three participants", 2)]
    return [result for pair in pairs for result in pair_results(trial, pair)]


def pair_results(trial: TrialTables, pair: tuple[str, str]) -> list[IntegrityResult]:
    """Balance and spread between two arms."""
    arm = trial.participants.set_index("participant")["arm"].astype(str)
    means = {c: mean_p(trial.baseline[c], arm, pair) for c in trial.baseline.columns}
    shares = {c: share_p(trial.participants.set_index("participant")[c], arm, pair) for c in trial.categories}
    spreads = {c: spread_p(trial.baseline[c], arm, pair) for c in trial.baseline.columns}
    label = " and ".join(pair)
    return [
        *extremes(trial, "excess_imbalance", label, {**means, **shares}, "differ at baseline"),
        *extremes(trial, "differential_variability", label, spreads, "differ in spread at baseline"),
        combined(trial, label, [p for p in (*means.values(), *shares.values()) if p is not None]),
        identical_sd(trial, label, arm, pair),
    ]


def two_groups(values: pd.Series, arm: pd.Series, pair: tuple[str, str]) -> list[np.ndarray]:
    """Observed values of each arm."""
    side = arm.reindex(values.index)
    return [values[(side == name) & values.notna()].to_numpy() for name in pair]


def mean_p(values: pd.Series, arm: pd.Series, pair: tuple[str, str]) -> float | None:
    """Welch t-test p; None where it cannot be had."""
    a, b = two_groups(values, arm, pair)
    if min(len(a), len(b)) < 3 or np.ptp(np.concatenate([a, b])) == 0:
        return None
    return finite(float(stats.ttest_ind(a, b, equal_var=False).pvalue))


def share_p(values: pd.Series, arm: pd.Series, pair: tuple[str, str]) -> float | None:
    """Chi-squared p (Fisher's exact for two by two)."""
    side = arm.reindex(values.index)
    keep = side.isin(pair) & values.notna()
    table = pd.crosstab(side[keep], values[keep].astype(str))
    if table.shape[0] < 2 or table.shape[1] < 2:
        return None
    if table.shape == (2, 2):
        return finite(float(stats.fisher_exact(table.to_numpy())[1]))
    return finite(float(stats.chi2_contingency(table.to_numpy())[1]))


def spread_p(values: pd.Series, arm: pd.Series, pair: tuple[str, str]) -> float | None:
    """Brown and Forsythe's p for equal spread."""
    a, b = two_groups(values, arm, pair)
    if min(len(a), len(b)) < 5 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return finite(float(stats.levene(a, b, center="median").pvalue))


def finite(p: float) -> float | None:
    """p, or None where a library gave no number."""
    return p if np.isfinite(p) else None


def extremes(
    trial: TrialTables, check: str, label: str, p_values: dict[str, float | None], words: str
) -> list[IntegrityResult]:
    """One result per variable beyond the threshold, or one that says none is."""
    known = {name: p for name, p in p_values.items() if p is not None}
    if not known:
        return [not_checked(trial, check, f"no variable can be compared between {label}", 2)]
    threshold = SINGLE / len(known)
    far = {name: p for name, p in known.items() if p < threshold}
    if not far:
        text = f"No variable is seen to {words} between {label} more than chance allows."
        return [
            IntegrityResult(
                trial.study, check, 2, "passed", label, min(known.values()), threshold, 0, len(known), text
            )
        ]
    return [
        IntegrityResult(
            trial.study,
            check,
            2,
            "query",
            name,
            p,
            threshold,
            1,
            len(known),
            f"{label} {words} in {name} more than by chance; please say how participants were allocated.",
        )
        for name, p in far.items()
    ]


def combined(trial: TrialTables, label: str, p_values: list[float]) -> IntegrityResult:
    """All p-values together: too similar (near 1) or too different (near 0) arms."""
    if len(p_values) < 5:
        return not_checked(
            trial, "combined_balance", f"fewer than five variables to compare between {label}", 2
        )
    z, upper = stouffer(p_values)
    _, distance_p = uniform_distance(p_values)
    off = min(upper, 1 - upper) < COMBINED / 2 and distance_p < 0.05
    text = "Baseline p-values together are as chance would have them."
    if off:
        text = (
            "Arms are more alike at baseline than chance would have them."
            if z < 0
            else ("Arms differ more at baseline, over all variables, than chance would have them.")
        )
    return IntegrityResult(
        trial.study,
        "combined_balance",
        2,
        "query" if off else "passed",
        label,
        z,
        COMBINED,
        len(p_values),
        len(p_values),
        text,
    )


def identical_sd(trial: TrialTables, label: str, arm: pd.Series, pair: tuple[str, str]) -> IntegrityResult:
    """Variables whose SD is the same in both arms to four digits."""
    same, looked = 0, 0
    for column in trial.baseline.columns:
        a, b = two_groups(trial.baseline[column], arm, pair)
        if min(len(a), len(b)) >= 8 and np.std(a) > 0 and len(np.unique(a)) >= FEWEST_VALUES:
            looked += 1
            same += bool(abs(np.std(a, ddof=1) / max(np.std(b, ddof=1), 1e-12) - 1) < 1e-4)
    if not looked:
        return not_checked(
            trial, "identical_spread", f"no variable of five values or more has eight in each of {label}", 2
        )
    return IntegrityResult(
        trial.study,
        "identical_spread",
        2,
        "query" if same else "passed",
        label,
        float(same),
        0.0,
        same,
        looked,
        "A baseline variable has the same SD in both arms; please look whether values were copied."
        if same
        else "Standard deviations differ between arms as expected.",
    )
