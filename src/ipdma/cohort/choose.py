"""Which instrument and which visit stand for a study at one time point of the plan."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ipdma.codebook import Codebook
from ipdma.cohort.records import Scale, StudyScores

SCORE_COLUMNS = ["study", "participant", "score"]


@dataclass(frozen=True)
class Choice:
    """The instrument that stands for a study, its rater and scoring, and the week of the outcome visit.

    `weeks` counts from randomisation; NaN where the visit has no week, or only a baseline is scored.
    """

    instrument: str
    rating: str
    scoring: str
    weeks: float

    @property
    def scale(self) -> Scale:
        """Instrument, rating and scoring."""
        return self.instrument, self.rating, self.scoring


def visit_window(point: Mapping[str, Any], last_post: float) -> tuple[float, float, float | None] | None:
    """First and last week, from randomisation, of a time point, and the week that visits should be near.

    Parameters
    ----------
    point : mapping
        The plan's entry: `timepoint`, `weeks_after_post` or `weeks`, `target`.
    last_post : float
        The study's last post week; NaN when it has none.

    Returns
    -------
    tuple or None
        None when the window counts from post and the study has no post visit. The target is None where
        neither window nor target is given.
    """
    after_post = point["weeks_after_post"]
    origin = last_post if after_post else 0.0
    if math.isnan(origin):
        return None
    low, high = after_post or point["weeks"] or (-math.inf, math.inf)
    target = point["target"]
    if target is None and math.isfinite(low) and math.isfinite(high):
        target = (low + high) / 2
    return origin + low, origin + high, None if target is None else origin + target


def eligible_visits(
    scores: StudyScores, scale: Scale, point: Mapping[str, Any], window: tuple[float, float, float | None]
) -> pd.DataFrame:
    """Scores on one scale at visits of the time point inside its window, both ends included."""
    low, high, _ = window
    at_point = scores.visits(scale, point["timepoint"])
    if math.isinf(low) and math.isinf(high):
        return at_point
    return at_point[at_point["weeks"].between(low - 1e-9, high + 1e-9)]


def nearest_week(weeks: Sequence[float], target: float | None, timepoint: str) -> float:
    """The week nearest to the target, the earlier on a tie; NaN where no week is known.

    Without a target the last post visit counts, or the first visit of any other time point.
    """
    known = sorted(week for week in set(weeks) if not math.isnan(week))
    if not known:
        return math.nan
    if target is None:
        return known[-1] if timepoint == "post" else known[0]
    return min(known, key=lambda week: (round(abs(week - target), 9), week))


def scales_in_order(
    found: Iterable[Scale], preference: Sequence[str], rating: str, codebook: Codebook
) -> Iterator[Scale]:
    """Instrument, rating and scoring that occur, by preference.

    Where an instrument was used by two raters its own comes first; where it was scored in two ways, its
    default.
    """
    found = list(found)
    for instrument in preference:
        own = codebook.instruments.get(instrument)
        keys = [key for key in found if key[0] == instrument and rating in ("any", key[1])]
        yield from sorted(keys, key=lambda key: (own is not None and key[1] != own.rating, key[1], key[2]))


def choose_scale(
    scores: StudyScores,
    point: Mapping[str, Any],
    window: tuple[float, float, float | None],
    outcome: Mapping[str, Any],
    codebook: Codebook,
) -> Choice | None:
    """The first preferred instrument on which a participant has both a baseline and an outcome score.

    Parameters
    ----------
    scores : StudyScores
        Those of the contrast's participants in one study.
    window : tuple
        As `visit_window` gives it.
    outcome : mapping
        The plan's outcome, resolved: `instruments`, `rating`.

    Returns
    -------
    Choice or None
        With the visit nearest to the target among those at which such a participant was seen; None where no
        preferred instrument has both scores.
    """
    for scale in scales_in_order(scores.by_scale, outcome["instruments"], outcome["rating"], codebook):
        weeks = weeks_after_baseline(scores, scale, point, window)
        if weeks:
            return Choice(*scale, nearest_week(weeks, window[2], point["timepoint"]))
    return None


def weeks_after_baseline(
    scores: StudyScores, scale: Scale, point: Mapping[str, Any], window: tuple[float, float, float | None]
) -> list[float]:
    """Weeks of the eligible visits, on one scale, of participants who have a baseline score on it."""

    def find() -> list[float]:
        visits = eligible_visits(scores, scale, point, window)
        seen = visits["participant"].isin(set(baseline_scores(scores, scale)["participant"]))
        return list(visits.loc[seen, "weeks"])

    found: list[float] = scores.once(("weeks", scale, point["timepoint"], *window[:2]), find)
    return found


def choose_baseline(scores: StudyScores, outcome: Mapping[str, Any], codebook: Codebook) -> Choice | None:
    """The first preferred instrument with a baseline score, for outcomes that no instrument measures.

    None where no participant has such a score.
    """
    for scale in scales_in_order(scores.by_scale, outcome["instruments"], outcome["rating"], codebook):
        if len(scores.visits(scale, "baseline")):
            return Choice(*scale, math.nan)
    return None


def baseline_scores(scores: StudyScores, scale: Scale) -> pd.DataFrame:
    """`study, participant, score` at baseline on one scale."""
    return scores.visits(scale, "baseline")[SCORE_COLUMNS]


def outcome_scores(scores: StudyScores, scale: Scale, timepoint: str, weeks: float) -> pd.DataFrame:
    """`study, participant, score` at one visit on one scale."""

    def find() -> pd.DataFrame:
        at_point = scores.visits(scale, timepoint)
        same = at_point["weeks"].isna() if math.isnan(weeks) else at_point["weeks"] == weeks
        return at_point.loc[same, SCORE_COLUMNS]

    found: pd.DataFrame = scores.once((timepoint, weeks, scale), find)
    return found
