"""The constants that scores are divided by: one per instrument, rating and scoring, or one per study.

Divided by a constant, differences are standardised and nothing else changes; scores are never centred.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy  # its parts are loaded where they are first used

from ipdma.cohort.choose import (
    Choice,
    baseline_scores,
    eligible_visits,
    nearest_week,
    outcome_scores,
    visit_window,
)
from ipdma.cohort.guests import Behind, name_squares
from ipdma.cohort.records import Cohort, Scale, Squares, StudyScores

STUDY_WORDS = ("study_baseline_sd", "study_post_sd")


@dataclass(frozen=True)
class Constant:
    """A standardising constant.

    Attributes
    ----------
    value : float
        In points of the instrument; NaN where there is no standard deviation.
    n, df : int
        Scores and degrees of freedom behind it; 0 where the plan gives the value.
    study : str
        The study that it is for; empty: all.
    what : str
        The plan's word, as `instrument_baseline_sd`.
    partial : tuple of str
        Trials without rows of which not all scores are behind it, since a gate withheld some.
    """

    value: float
    n: int
    df: int
    study: str
    what: str
    partial: tuple[str, ...] = ()


def pooled_squares(scores: pd.DataFrame) -> Squares:
    """What a pooled within-cell variance is made from.

    Parameters
    ----------
    scores : DataFrame
        `study, arm, score`; a cell is an arm of a study.

    Returns
    -------
    Squares
        `total` is sum (n - 1) s^2 and `df` sum (n - 1), over the cells.
    """
    return squares_within(scores["score"], scores.groupby(["study", "arm"]).ngroup().to_numpy())


def squares_within(scores: pd.Series, cells: np.ndarray) -> Squares:
    """The same of scores whose cells are told by a number each."""
    deviations = scores - scores.groupby(cells).transform("mean")
    return Squares(len(scores), len(scores) - len(np.unique(cells)), float((deviations**2).sum()))


def hedges_factor(df: int) -> float:
    """Hedges' exact J(m) = Gamma(m / 2) / (sqrt(m / 2) Gamma((m - 1) / 2)) at m = `df`; NaN below two.

    Hedges 1981, J Educ Stat 6:107.
    """
    if df < 2:
        return math.nan
    return float(
        np.exp(scipy.special.gammaln(df / 2) - scipy.special.gammaln((df - 1) / 2)) / math.sqrt(df / 2)
    )


@dataclass(frozen=True)
class Standard:
    """How scores are standardised.

    Attributes
    ----------
    word : str
        The plan's `standardise`.
    point : mapping
        The plan's time point.
    external : mapping
        The plan's standard deviations per instrument, in points.
    hedges : bool
        Multiply the standardised difference by J.
    contrast, timepoint : str
        The plan's names of the cell, for trials without rows.
    """

    word: str
    point: Mapping[str, Any]
    external: Mapping[str, float]
    hedges: bool = False
    contrast: str = ""
    timepoint: str = ""

    def behind(self, scale: Scale) -> Behind:
        """What a constant of this kind is pooled over, as a guest names it."""
        at_visit = self.word.endswith("post_sd")
        own_people = self.word == "study_post_sd"
        return self.word, self.timepoint if at_visit else "", self.contrast if own_people else "", scale


def find_constant(
    cohort: Cohort, standard: Standard, choice: Choice, study: str, people: pd.Series
) -> Constant:
    """The constant for one study on its chosen scale.

    Parameters
    ----------
    cohort : Cohort
    standard : Standard
        How scores are standardised.
    choice : Choice
        The study's scale, and the week of its outcome.
    study : str
    people : Series
        The names of the study's participants in the contrast.

    Returns
    -------
    Constant
        Of value 1 where nothing is standardised; NaN where the plan gives no external standard deviation, no
        arm of a study has two scores, or nothing varies.
    """
    word = standard.word
    if word == "none":
        return Constant(1.0, 0, 0, "", word)
    if word == "external":
        return Constant(float(standard.external.get(choice.instrument, math.nan)), 0, 0, "", word)
    own = study if word in STUDY_WORDS else ""
    key = (word, choice.scale, own, repr(standard.point), standard.hedges)
    if word == "study_post_sd":
        mine = cohort.scores.get(study, StudyScores({}, math.nan)).among(people)
        scores = outcome_scores(mine, choice.scale, standard.point["timepoint"], choice.weeks)
        return constant_of(cohort, squares_of(cohort, scores), standard, choice.scale, own)
    if key not in cohort.constants:
        squares = cohort.once(
            key[:4], lambda: squares_of(cohort, scores_behind(cohort, standard, choice.scale, own))
        )
        cohort.constants[key] = constant_of(cohort, squares, standard, choice.scale, own)
    found: Constant = cohort.constants[key]
    return found


def squares_of(cohort: Cohort, scores: pd.DataFrame) -> Squares:
    """Some scores about the means of their trials' arms."""
    people = zip(scores["study"], scores["participant"], strict=True)
    cells = np.array([cohort.cells.get(person, -1) for person in people], dtype=int)
    return squares_within(scores["score"][cells >= 0], cells[cells >= 0])


def constant_of(cohort: Cohort, squares: Squares, standard: Standard, scale: Scale, study: str) -> Constant:
    """The pooled standard deviation of some scores, by their squares, and of the guests' on that scale.

    Hedges' factor is in it where the plan asks for that.
    """
    behind = standard.behind(scale)
    asked = [guest for guest in cohort.guests if study in ("", guest.study)]
    for guest in asked:
        if behind in guest.squares:
            squares += guest.squares[behind]
    partial = tuple(guest.study for guest in asked if name_squares(behind) in guest.partial)
    factor = hedges_factor(squares.df) if standard.hedges else 1.0
    return Constant(squares.sd / factor, squares.n, squares.df, study, standard.word, partial)


def scores_behind(cohort: Cohort, standard: Standard, scale: Scale, study: str) -> pd.DataFrame:
    """`study, participant, score` of everyone whose scores make up a constant."""
    asked = [study] if study else list(cohort.scores)
    known = [cohort.scores[name] for name in asked if name in cohort.scores]
    studies = [own for own in known if scale in own.by_scale] or [StudyScores({}, math.nan)]
    if standard.word == "instrument_post_sd":
        return pd.concat([scores_at_point(own, scale, standard.point) for own in studies])
    return pd.concat([baseline_scores(own, scale) for own in studies])


def scores_at_point(scores: StudyScores, scale: Scale, point: Mapping[str, Any]) -> pd.DataFrame:
    """Scores of one study at its own visit of the time point, on one scale."""
    window = visit_window(point, scores.last_post)
    if window is None or scale not in scores.by_scale:
        return outcome_scores(scores, ("", "", ""), point["timepoint"], math.nan)
    visits = eligible_visits(scores, scale, point, window)
    week = nearest_week(list(visits["weeks"]), window[2], point["timepoint"])
    return outcome_scores(scores, scale, point["timepoint"], week)


def scale_row(choice: Choice, constant: Constant) -> dict[str, Any]:
    """One row of `AnalysisRows.scales`."""
    return {
        "instrument": choice.instrument,
        "rating": choice.rating,
        "scoring": choice.scoring,
        "study": constant.study,
        "constant": constant.value,
        "n": constant.n,
        "df": constant.df,
        "what": constant.what,
        "partial": ", ".join(constant.partial),
    }
