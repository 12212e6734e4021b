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
from scipy.special import gammaln

from ipdma.cohort.choose import (
    SCALE_KEY,
    Choice,
    baseline_scores,
    eligible_visits,
    last_post_week,
    nearest_week,
    outcome_scores,
    rows_of_scale,
    visit_window,
)

STUDY_WORDS = ("study_baseline_sd", "study_post_sd")


@dataclass(frozen=True)
class Constant:
    """A standardising constant: the value, the scores and degrees of freedom behind it, the study or ''."""

    value: float
    n: int
    df: int
    study: str
    what: str


def pooled_sd(scores: pd.DataFrame) -> tuple[float, int, int]:
    """Root of the pooled within-cell variance.

    Parameters
    ----------
    scores : DataFrame
        `study, arm, score`; a cell is an arm of a study.

    Returns
    -------
    sd : float
        sqrt(sum (n - 1) s^2 / sum (n - 1)); NaN where no cell has two scores or nothing varies.
    n, df : int
        Scores, and sum (n - 1).
    """
    cells = scores.groupby(["study", "arm"])["score"]
    deviations = scores["score"] - cells.transform("mean")
    df = int((cells.size() - 1).sum())
    if df < 1:
        return math.nan, len(scores), 0
    variance = float((deviations**2).sum()) / df
    return (math.sqrt(variance) if variance > 1e-24 else math.nan), len(scores), df


def hedges_factor(df: int) -> float:
    """Hedges' exact J(m) = Gamma(m / 2) / (sqrt(m / 2) Gamma((m - 1) / 2)); NaN below two."""
    if df < 2:
        return math.nan
    return float(np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / math.sqrt(df / 2))


def find_constant(
    word: str,
    choice: Choice,
    study: str,
    contrast_arms: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    plan: Mapping[str, Any],
    point: Mapping[str, Any],
) -> Constant:
    """The constant for one study on its chosen scale.

    Parameters
    ----------
    word : str
        The plan's `standardise`.
    contrast_arms : DataFrame
        `participant, arm` of the study's participants in the contrast.
    tables : mapping
        `arms` (study, participant, arm of everyone) and `assessments` of the whole cohort.
    """
    if word == "none":
        return Constant(1.0, 0, 0, "", word)
    if word == "external":
        return Constant(float(plan["external"].get(choice.instrument, math.nan)), 0, 0, "", word)
    scores = scores_behind(word, choice, study, contrast_arms, tables, point)
    sd, n, df = pooled_sd(scores)
    factor = hedges_factor(df) if plan["hedges"] else 1.0
    return Constant(sd / factor, n, df, study if word in STUDY_WORDS else "", word)


def scores_behind(
    word: str,
    choice: Choice,
    study: str,
    contrast_arms: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    point: Mapping[str, Any],
) -> pd.DataFrame:
    """`study, arm, score` of everyone whose scores make up a constant."""
    assessments, arms = tables["assessments"], tables["arms"]
    if word == "instrument_baseline_sd":
        scores = baseline_scores(assessments, choice)
    elif word == "study_baseline_sd":
        scores = baseline_scores(assessments[assessments["study"] == study], choice)
    elif word == "instrument_post_sd":
        scores = scores_at_point(assessments, choice, point)
    else:
        own = assessments[assessments["study"] == study]
        scores = outcome_scores(own, choice, point["timepoint"])
        scores = scores[scores["participant"].isin(contrast_arms["participant"])]
    return scores.merge(arms, on=["study", "participant"])[["study", "arm", "score"]]


def scores_at_point(assessments: pd.DataFrame, choice: Choice, point: Mapping[str, Any]) -> pd.DataFrame:
    """Scores of every study at its own visit of the time point, on the chosen scale."""
    parts = []
    for _, own in assessments.groupby("study"):
        window = visit_window(point, last_post_week(own))
        if window is None:
            continue
        key = (choice.instrument, choice.rating, choice.scoring)
        visits = eligible_visits(rows_of_scale(own, key), point, window)
        if not visits.empty:
            week = nearest_week(list(visits["weeks"]), window[2], point["timepoint"])
            parts.append(visits[visits["weeks"].eq(week) | (visits["weeks"].isna() & math.isnan(week))])
    columns = ["study", "participant", "score"]
    return pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)


def scale_row(choice: Choice, constant: Constant) -> dict[str, Any]:
    """One row of `AnalysisRows.scales`."""
    return {
        **{key: getattr(choice, key) for key in SCALE_KEY},
        "study": constant.study,
        "constant": constant.value,
        "n": constant.n,
        "df": constant.df,
        "what": constant.what,
    }
