"""Domains 3, 4 and 6: expected correlations, the order of time, statements that contradict each other."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ipdma.integrity.finding import Check, IntegrityResult
from ipdma.integrity.tables import TrialTables

FEWEST = 15
OVER_TIME = (0.0, 0.95)  # a later score on the same scale: some relation, never near identity
BETWEEN_SCALES = (0.2, 0.995)
CORRELATIONS = Check("expected_correlations", 3)
DATES = Check("date_violations", 4)
CONTRADICTIONS = Check("contradictions", 6)
DROPOUTS = Check("dropouts_with_scores", 6)


def check_relations(trial: TrialTables) -> list[IntegrityResult]:
    """All checks of the three domains."""
    return [*check_correlations(trial), check_dates(trial), *check_contradictions(trial)]


def check_correlations(trial: TrialTables) -> list[IntegrityResult]:
    """Same scale over time, and different scales at one visit."""
    results = []
    columns = list(trial.scores.columns)
    for i, first in enumerate(columns):
        for second in columns[i + 1 :]:
            bounds = expected_bounds(first, second)
            both = trial.scores[[first, second]].dropna()
            if bounds is None or len(both) < FEWEST or (both.nunique() < 2).any():
                continue
            results.append(correlation_result(trial, first, second, both, bounds))
    return results or [CORRELATIONS.skipped(trial.study, "no two scores with fifteen participants")]


def expected_bounds(first: str, second: str) -> tuple[float, float] | None:
    """What a pair of scores should correlate, or None where nothing is expected."""
    (scale_a, visit_a), (scale_b, visit_b) = first.rsplit(" ", 1), second.rsplit(" ", 1)
    if scale_a == scale_b and visit_a != visit_b:
        return OVER_TIME
    if scale_a != scale_b and visit_a == visit_b and visit_a != "baseline":
        return BETWEEN_SCALES
    return None


def correlation_result(
    trial: TrialTables, first: str, second: str, both: pd.DataFrame, bounds: tuple[float, float]
) -> IntegrityResult:
    """Whether a correlation is where it should be, chance allowed for (Fisher's z, two standard errors)."""
    r = float(np.corrcoef(both.to_numpy().T)[0, 1])
    width = 2 / np.sqrt(max(len(both) - 3, 1))
    z = np.arctanh(np.clip(r, -0.999999, 0.999999))
    low, high = np.tanh(z - width), np.tanh(z + width)
    return CORRELATIONS.judged(
        trial.study,
        bool(high < bounds[0] or low > bounds[1]),
        "These scores are related less, or more closely, than usual; please check how they were joined.",
        "These scores are related as expected.",
        subject=f"{first} with {second}",
        statistic=r,
        threshold=bounds[0] if r < bounds[0] else bounds[1],
        n=len(both),
        of=len(trial.participants),
    )


def check_dates(trial: TrialTables) -> IntegrityResult:
    """Uploads hold weeks, not dates: what can be checked is left to the site's own check."""
    why = "uploads hold weeks from randomisation, no dates; the site's check read the dates"
    return DATES.skipped(trial.study, why)


def check_contradictions(trial: TrialTables) -> list[IntegrityResult]:
    """Statements about one participant that cannot both be true."""
    people = trial.participants.set_index("participant")
    rules = {
        "onset_after_age": ("age_at_onset", "age", lambda a, b: a > b, "age at onset is above age"),
        "episode_longer_than_life": (
            "episode_duration_months",
            "age",
            lambda a, b: a > 12 * b,
            "the episode is longer than life",
        ),
        "chronic_against_duration": (
            "chronic",
            "episode_duration_months",
            lambda a, b: ((a == "yes") & (b < 12)) | ((a == "no") & (b >= 36)),
            "chronicity and duration disagree",
        ),
    }
    results = []
    for check, (first, second, wrong, words) in rules.items():
        if first not in people or second not in people:
            continue
        both = people[[first, second]].dropna()
        if len(both):
            results.append(
                contradiction(trial, check, words, int(wrong(both[first], both[second]).sum()), len(both))
            )
    results += [dropouts_with_scores(trial, people)] if "dropout" in people else []
    return results or [CONTRADICTIONS.skipped(trial.study, "no pair of variables that could contradict")]


def contradiction(trial: TrialTables, check: str, words: str, n: int, of: int) -> IntegrityResult:
    """Count the participants for whom two statements disagree."""
    return Check(check, 6).judged(
        trial.study,
        n > 0,
        f"For some participants {words}; please look at both values.",
        f"For no participant {words}.",
        subject="participants",
        statistic=float(n),
        threshold=0.0,
        n=n,
        of=of,
        among=len(trial.participants),
    )


def dropouts_with_scores(trial: TrialTables, people: pd.DataFrame) -> IntegrityResult:
    """Nobody who dropped out lacks a post score, or all of them have one: dropout may mean something else."""
    post = trial.scores[[c for c in trial.scores.columns if " post" in c]].notna().any(axis=1)
    left = people.index[people["dropout"] == "yes"]
    if len(left) < 5 or post.empty:
        return DROPOUTS.skipped(trial.study, "fewer than five participants dropped out")
    scored = int(post.reindex(left, fill_value=False).sum())
    return DROPOUTS.judged(
        trial.study,
        scored == len(left),
        "Everyone who dropped out has a post score; please say what dropout means in this trial.",
        "Dropout and post scores go together as expected.",
        subject="dropout",
        statistic=scored / len(left),
        threshold=1.0,
        n=scored,
        of=len(left),
        among=len(people),
    )
