"""Expected log odds ratios of the binary outcomes, which follow from the scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ipdma.codebook import load_codebook
from ipdma.cohort import build_rows, stack
from ipdma.synthetic.recovery import plan_of
from ipdma.synthetic.trial import draw_trial
from ipdma.synthetic.truth import StudyTruth, Truth
from ipdma.synthetic.uploads import upload_of

OUTCOMES = ("response", "remission")
COLUMNS = ("contrast", "outcome", "timepoint", "study", "log_odds_ratio")


def expected_log_odds(
    truth: Truth, per_arm: int, seed: int, outcomes: Sequence[str] = OUTCOMES
) -> pd.DataFrame:
    """Each trial's log odds ratio, adjusted for baseline, were its arms of `per_arm` participants.

    Every trial has its contrast's mean effect (tau 0); attrition, rounding and ends of scales are as stated.
    The plan's estimand is near the mean over trials.

    Parameters
    ----------
    truth : Truth
    per_arm : int
        The more, the nearer to the odds that the truth implies.
    seed : int
    outcomes : sequence of str
        Names of binary outcomes of the default plan.

    Returns
    -------
    DataFrame
        `contrast, outcome, timepoint, study, log_odds_ratio`, a row per trial that takes part.
    """
    calm = without_heterogeneity(truth)
    rows = [
        (contrast, outcome, time, name, value)
        for name, study in calm.studies.items()
        for contrast, outcome, time, value in odds_of_trial(study, calm, per_arm, seed, outcomes)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def without_heterogeneity(truth: Truth) -> Truth:
    """The same truth with one effect per contrast in all trials."""
    still = {name: replace(e, tau=dict.fromkeys(e.tau, 0.0)) for name, e in truth.effects.items()}
    return replace(truth, effects=still)


def odds_of_trial(
    study: StudyTruth, truth: Truth, per_arm: int, seed: int, outcomes: Sequence[str]
) -> list[tuple[str, str, str, float]]:
    """Contrast, outcome, time point and log odds ratio of one enlarged trial."""
    contrasts = [name for name in truth.effects if study.name in truth.trials_of(name)]
    if not contrasts:
        return []
    big = replace(study, arms=dict.fromkeys(study.arms, per_arm))
    cohort, plan = stack([upload_of(draw_trial(big, truth, seed))], load_codebook()), plan_of(truth)
    found = []
    for contrast in contrasts:
        for outcome in outcomes:
            for time in plan["time_points"]:
                rows = build_rows(cohort, plan, contrast, outcome, time).rows
                if len(rows):
                    found.append((contrast, outcome, time, adjusted_log_odds_ratio(rows)))
    return found


def adjusted_log_odds_ratio(rows: pd.DataFrame) -> float:
    """Coefficient of `treat` in a logistic regression on treatment and baseline, by Newton's method.

    Rows without outcome or baseline are left out.
    """
    rows = rows.dropna(subset=["outcome", "baseline"])
    baseline = rows["baseline"] - rows["baseline"].mean()
    x = np.column_stack([np.ones(len(rows)), rows["treat"], baseline]).astype(float)
    y, beta = rows["outcome"].to_numpy(float), np.zeros(3)
    for _ in range(25):
        p = 1 / (1 + np.exp(-x @ beta))
        step = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x, x.T @ (y - p))
        beta += step
        if np.abs(step).max() < 1e-10:
            break
    return float(beta[1])
