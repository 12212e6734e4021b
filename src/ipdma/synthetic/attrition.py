"""Who is lost, and when: missing at random given the scores seen so far."""

from __future__ import annotations

import numpy as np

from ipdma.synthetic.truth import StudyTruth, Truth


def drop_scores(
    study: StudyTruth,
    truth: Truth,
    condition: np.ndarray,
    scores: dict[str, np.ndarray],
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Say which scores are seen: visit -> bool of shape (n,). Baseline always is.

    The log odds of a loss rise with the last seen score on the trial's first instrument. Who has missed post
    returns at follow-up with the stated chance; an arm that is not followed up has no later score at all.
    A visit of which the truth states no loss has a third of that at post.

    Parameters
    ----------
    condition : ndarray of shape (n,)
    scores : dict of str to ndarray of shape (n, instruments)
        Points at each visit, before anyone is lost.
    """
    n = len(condition)
    seen = {"baseline": np.ones(n, dtype=bool)}
    last = standardised(scores["baseline"][:, 0])
    for time in study.times:
        share = study.attrition.get(time, study.attrition["post"] / 3)
        here = rng.random(n) >= chance_of_loss(share, truth.attrition["on_last_score"], last)
        returns = rng.random(n) < truth.attrition["returns"]
        if time == "follow_up":
            here = np.where(seen["post"], here, returns)
            if study.follow_up_arms:
                here = here & np.isin(condition, study.follow_up_arms)
        seen[time] = here.astype(bool)
        last = np.where(here, standardised(scores[time][:, 0]), last)
    return seen


def standardised(score: np.ndarray) -> np.ndarray:
    """Scores about the trial's mean at that visit, in SDs of that visit."""
    return (score - score.mean()) / max(score.std(), 1e-9)


def chance_of_loss(share: float, slope: float, last: np.ndarray) -> np.ndarray:
    """Chance of a missing score: `share` at an average last score, none where the share is 0."""
    if share <= 0:
        return np.zeros_like(last)
    return 1 / (1 + np.exp(-(np.log(share / (1 - share)) + slope * last)))
