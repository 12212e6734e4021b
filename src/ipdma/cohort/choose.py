"""Which instrument and which visit stand for a study at one time point of the plan."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ipdma.codebook import Codebook

SCALE_KEY = ["instrument", "rating", "scoring"]


@dataclass(frozen=True)
class Choice:
    """The instrument that stands for a study, its rater and scoring, and the week of the outcome visit."""

    instrument: str
    rating: str
    scoring: str
    weeks: float


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


def last_post_week(assessments: pd.DataFrame) -> float:
    """The last week of a study's post visits, whatever the instrument; NaN without one."""
    return float(assessments.loc[assessments["timepoint"] == "post", "weeks"].max())


def eligible_visits(
    assessments: pd.DataFrame, point: Mapping[str, Any], window: tuple[float, float, float | None]
) -> pd.DataFrame:
    """Scores at visits of the time point inside its window, both ends included."""
    low, high, _ = window
    at_point = assessments[assessments["timepoint"] == point["timepoint"]]
    if math.isinf(low) and math.isinf(high):
        return at_point
    return at_point[at_point["weeks"].between(low - 1e-9, high + 1e-9)]


def nearest_week(weeks: Sequence[float], target: float | None, timepoint: str) -> float:
    """The week nearest to the target, the earlier on a tie.

    Without a target the last post visit counts, or the first visit of any other time point.
    """
    known = sorted(week for week in set(weeks) if not math.isnan(week))
    if not known:
        return math.nan
    if target is None:
        return known[-1] if timepoint == "post" else known[0]
    return min(known, key=lambda week: (round(abs(week - target), 9), week))


def scales_in_order(
    assessments: pd.DataFrame, preference: Sequence[str], rating: str, codebook: Codebook
) -> Iterator[tuple[str, str, str]]:
    """Instrument, rating and scoring that occur, by preference.

    Where an instrument was used by two raters its own comes first; where it was scored in two ways, its
    default.
    """
    found = set(assessments[SCALE_KEY].drop_duplicates().itertuples(index=False, name=None))
    for instrument in preference:
        own = codebook.instruments.get(instrument)
        keys = [key for key in found if key[0] == instrument and rating in ("any", key[1])]
        yield from sorted(keys, key=lambda key: (own is not None and key[1] != own.rating, key[1], key[2]))


def rows_of_scale(assessments: pd.DataFrame, key: tuple[str, str, str]) -> pd.DataFrame:
    """Assessments on one instrument by one rater in one scoring."""
    instrument, rating, scoring = key
    return assessments[
        (assessments["instrument"] == instrument)
        & (assessments["rating"] == rating)
        & (assessments["scoring"] == scoring)
    ]


def choose_scale(
    assessments: pd.DataFrame,
    point: Mapping[str, Any],
    window: tuple[float, float, float | None],
    outcome: Mapping[str, Any],
    codebook: Codebook,
) -> Choice | None:
    """The first preferred instrument on which a participant has both a baseline and an outcome score.

    Parameters
    ----------
    assessments : DataFrame
        Those of the contrast's participants in one study.
    window : tuple
        As `visit_window` gives it.
    outcome : mapping
        The plan's outcome, resolved: `instruments`, `rating`.

    Returns
    -------
    Choice or None
        With the visit nearest to the target among those at which such a participant was seen.
    """
    for key in scales_in_order(assessments, outcome["instruments"], outcome["rating"], codebook):
        own = rows_of_scale(assessments, key)
        with_baseline = own.loc[own["timepoint"] == "baseline", "participant"]
        visits = eligible_visits(own, point, window)
        visits = visits[visits["participant"].isin(with_baseline)]
        if not visits.empty:
            return Choice(*key, nearest_week(list(visits["weeks"]), window[2], point["timepoint"]))
    return None


def choose_baseline(
    assessments: pd.DataFrame, outcome: Mapping[str, Any], codebook: Codebook
) -> Choice | None:
    """The first preferred instrument with a baseline score, for outcomes that no instrument measures."""
    baseline = assessments[assessments["timepoint"] == "baseline"]
    for key in scales_in_order(baseline, outcome["instruments"], outcome["rating"], codebook):
        return Choice(*key, math.nan)
    return None


def baseline_scores(assessments: pd.DataFrame, choice: Choice) -> pd.DataFrame:
    """`study, participant, score` at baseline on the chosen scale."""
    own = rows_of_scale(assessments, (choice.instrument, choice.rating, choice.scoring))
    return own.loc[own["timepoint"] == "baseline", ["study", "participant", "score"]]


def outcome_scores(assessments: pd.DataFrame, choice: Choice, timepoint: str) -> pd.DataFrame:
    """`study, participant, score` at the chosen visit on the chosen scale."""
    own = rows_of_scale(assessments, (choice.instrument, choice.rating, choice.scoring))
    at_point = own[own["timepoint"] == timepoint]
    same = at_point["weeks"].isna() if math.isnan(choice.weeks) else at_point["weeks"] == choice.weeks
    return at_point.loc[same, ["study", "participant", "score"]]
