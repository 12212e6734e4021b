"""Domain 5: arm sizes against what the trial declares, and the sequence of arms in the file."""

from __future__ import annotations

import itertools
import math

import numpy as np

from ipdma.integrity.closed_forms import allocation_p, runs_test
from ipdma.integrity.finding import Check, IntegrityResult
from ipdma.integrity.tables import TrialTables

LEVEL = 0.001
FAR = 4.0  # z of the runs test
SIMPLE_RATIOS = (1.0, 1.5, 2.0, 3.0)
DECLARED = Check("randomised_and_contributed", 5)
RATIO = Check("allocation_ratio", 5)
RUNS = Check("runs", 5)


def check_allocation(trial: TrialTables) -> list[IntegrityResult]:
    """Declared numbers, ratio, and runs."""
    return [*check_declared(trial), *check_ratios(trial), check_runs(trial)]


def check_declared(trial: TrialTables) -> list[IntegrityResult]:
    """Participants of each arm against the number randomised."""
    counts = trial.participants["arm"].astype(str).value_counts()
    results = []
    for name, arm in trial.arms.items():
        randomised = (arm or {}).get("randomised") if hasattr(arm, "get") else None
        if randomised in (None, ""):
            continue
        n, of = int(counts.get(str(name), 0)), int(float(str(randomised)))
        results.append(
            DECLARED.judged(
                trial.study,
                n != of,
                "The number of participants is not the number randomised; please account for the others.",
                "Every randomised participant is in the data.",
                subject=str(name),
                statistic=float(n - of),
                threshold=0.0,
                n=n,
                of=of,
            )
        )
    return results or [DECLARED.skipped(trial.study, "no arm says how many were randomised")]


def check_ratios(trial: TrialTables) -> list[IntegrityResult]:
    """Arm sizes against the nearest simple ratio."""
    counts = trial.participants["arm"].astype(str).value_counts().sort_index()
    results = []
    for first, second in itertools.combinations(counts.index, 2):
        a, b = int(counts[first]), int(counts[second])
        ratio = min((r for x in SIMPLE_RATIOS for r in (x, 1 / x)), key=lambda r: abs(math.log(a / b / r)))
        p = allocation_p(a, b, ratio)
        results.append(
            RATIO.judged(
                trial.study,
                p < LEVEL,
                "Arm sizes fit no simple ratio; please say how participants were allocated.",
                f"Arm sizes fit an allocation of {max(ratio, 1 / ratio):g} to 1.",
                subject=f"{first} and {second}",
                statistic=p,
                threshold=LEVEL,
                n=a,
                of=a + b,
            )
        )
    return results or [RATIO.skipped(trial.study, "one arm only")]


def check_runs(trial: TrialTables) -> IntegrityResult:
    """Runs of the largest arm against the others in the order of the file, unless it is sorted by arm."""
    arm = trial.participants["arm"].astype(str).to_numpy()
    labels, counts = np.unique(arm, return_counts=True)
    if len(labels) < 2 or len(arm) < 20:
        return RUNS.skipped(trial.study, "fewer than twenty participants or one arm")
    runs, z = runs_test(arm == labels[np.argmax(counts)])
    if runs <= len(labels):
        return RUNS.skipped(trial.study, "the file is sorted by arm")
    return RUNS.judged(
        trial.study,
        abs(z) > FAR,
        "The sequence of arms in the file is too regular, or too clustered, for chance; please say how "
        "the file is ordered and how participants were allocated.",
        "The sequence of arms is as chance would have it.",
        subject="order of the file",
        statistic=z,
        threshold=FAR,
        n=runs,
        of=len(arm),
    )
