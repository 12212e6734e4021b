"""Domain 1: repeated participants, repeated blocks, terminal digits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy  # its parts are loaded where they are first used

from ipdma.integrity.finding import Check, IntegrityResult
from ipdma.integrity.tables import TrialTables

FEWEST_FOR_DIGITS = 50
DIGIT_LEVEL = 1e-4
ENOUGH_VARIABLES = 4
LONGEST_BLOCK = 4
REPEATS = Check("repeated_participants", 1)
BLOCKS = Check("repeated_blocks", 1)
DIGITS = Check("terminal_digits", 1)


def check_patterns(trial: TrialTables) -> list[IntegrityResult]:
    """All checks of the domain."""
    return [check_repeats(trial), check_blocks(trial), *check_digits(trial)]


def check_repeats(trial: TrialTables) -> IntegrityResult:
    """Participants whose baseline values all equal those of another."""
    data = trial.baseline.dropna(axis=1, how="all")
    rich = data[data.notna().sum(axis=1) >= ENOUGH_VARIABLES]
    spread = float(rich.nunique().clip(lower=1).apply(np.log).sum()) if len(rich) else 0.0
    if spread < np.log(max(len(rich), 2) ** 2 * 20):
        return REPEATS.skipped(trial.study, "too few baseline variables to tell participants apart")
    repeated = int(rich.round(6).duplicated(keep=False).sum())
    return REPEATS.judged(
        trial.study,
        repeated > 0,
        "Some participants share all their baseline values with another; please look whether someone was "
        "entered twice.",
        "No two participants share all their baseline values.",
        subject="baseline variables",
        statistic=float(repeated),
        threshold=0.0,
        n=repeated,
        of=len(rich),
        among=len(trial.participants),
    )


def check_blocks(trial: TrialTables) -> IntegrityResult:
    """Runs of consecutive scores that appear twice in the order of the file."""
    scores = trial.scores.reindex(trial.participants["participant"])
    found, looked = 0, 0
    for column in scores.columns:
        values = scores[column].dropna().to_numpy()
        if len(values) < 30 or len(np.unique(values)) < 8:
            continue
        looked += 1
        pieces = np.lib.stride_tricks.sliding_window_view(values, LONGEST_BLOCK + 1)
        found += int(pd.DataFrame(pieces).duplicated().sum() > 0)
    if not looked:
        return BLOCKS.skipped(trial.study, "no score has thirty values or more")
    return BLOCKS.judged(
        trial.study,
        found > 0,
        "A run of five consecutive scores appears twice in the order of the file; please look whether rows "
        "were copied.",
        "No run of five consecutive scores appears twice.",
        subject="scores",
        statistic=float(found),
        threshold=0.0,
        n=found,
        of=looked,
    )


def check_digits(trial: TrialTables) -> list[IntegrityResult]:
    """Terminal digits of scores with a wide range; heaping at even numbers is left to scales that have it."""
    results = []
    for column in trial.scores.columns:
        values = trial.scores[column].dropna()
        inner = values[(values > values.min()) & (values < values.max())]  # floors and ceilings pile up
        whole = inner[inner % 1 == 0].astype(int)
        if len(whole) < FEWEST_FOR_DIGITS or np.ptp(whole) < 20 or len(whole) < len(inner):
            continue
        counts = np.bincount(whole.abs() % 10, minlength=10)
        statistic, p = scipy.stats.chisquare(counts)
        results.append(
            DIGITS.judged(
                trial.study,
                bool(p < DIGIT_LEVEL),
                "Some last digits are far more frequent than others; please say how the score was recorded.",
                "Last digits are about equally frequent.",
                subject=column,
                statistic=float(statistic),
                threshold=DIGIT_LEVEL,
                n=int(counts.max()),
                of=len(whole),
                among=len(values),
            )
        )
    return results or [DIGITS.skipped(trial.study, "no score with fifty whole values over a wide range")]
