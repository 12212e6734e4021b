"""What standardisation needs of a trial: sums of squares within its arms, by instrument, and no mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from ipdma.bundle.records import ScaleSquares
from ipdma.cohort.choose import outcome_scores
from ipdma.cohort.records import Cohort, Scale
from ipdma.cohort.standardise import Standard, pooled_squares, scores_behind
from ipdma.plan import Plan
from ipdma.release.cells import Table

BASELINE_WORDS = ("instrument_baseline_sd", "study_baseline_sd")
POST, OWN_POST = "instrument_post_sd", "study_post_sd"


@dataclass(frozen=True)
class SquaresDraft:
    """Sums of squares, with what no bundle holds: who stands behind them, by arm."""

    squares: ScaleSquares
    people: dict[str, frozenset[str]]


def draft_squares(cohort: Cohort, plan: Plan, study: str, tables: list[Table]) -> list[SquaresDraft]:
    """Sums of squares for every word that the plan standardises by and every scale that the trial used."""
    words = standardising_words(plan)
    scales = sorted(cohort.scores[study].by_scale) if study in cohort.scores else []
    found: list[SquaresDraft] = []
    for word in sorted(words):
        if word == OWN_POST:
            found += own_post(cohort, plan, study, tables)
            continue
        for timepoint in plan["time_points"] if word == POST else [""]:
            for scale in scales if word in (*BASELINE_WORDS, POST) else []:
                scores = scores_of(cohort, plan, word, timepoint, scale)
                found += squares_of(cohort, scores, word, timepoint, "", scale)
    return found


def standardising_words(plan: Plan) -> set[str]:
    """Every word that an outcome or a sensitivity analysis standardises by."""
    words = {plan.outcome(name)["standardise"] for name in plan["outcomes"]}
    return words | {own["standardise"] for own in plan["sensitivity"].values() if own.get("standardise")}


def scores_of(cohort: Cohort, plan: Plan, word: str, timepoint: str, scale: Scale) -> pd.DataFrame:
    """`study, participant, score` behind a constant, by the rule of the cohort."""
    point = plan["time_points"][timepoint] if timepoint else {}
    return scores_behind(cohort, Standard(word, point, {}), scale, "")


def own_post(cohort: Cohort, plan: Plan, study: str, tables: list[Table]) -> Iterator[SquaresDraft]:
    """Outcome scores of those whom each contrast analyses, at the visit that stands for it."""
    seen = set()
    for table in tables:
        rows, scale = table.rows, table.scale
        place = (table.contrast, table.timepoint, scale)
        if scale is None or rows.empty or place in seen:
            continue
        seen.add(place)
        of = (scale.instrument, scale.rating, scale.scoring)
        among = cohort.scores[study].among(rows["participant"])
        weeks = float("nan") if scale.weeks is None else scale.weeks
        scores = outcome_scores(among, of, plan["time_points"][table.timepoint]["timepoint"], weeks)
        yield from squares_of(cohort, scores, OWN_POST, table.timepoint, table.contrast, of)


def squares_of(
    cohort: Cohort, scores: pd.DataFrame, word: str, timepoint: str, contrast: str, scale: Scale
) -> Iterator[SquaresDraft]:
    """The sum of squares of some scores about their arms' means; nothing without two in an arm."""
    arms = cohort.participants[["study", "participant", "arm"]]
    joined = scores.merge(arms, on=["study", "participant"])
    squares = pooled_squares(joined)
    if squares.df < 1:
        return
    people = {str(arm): frozenset(own["participant"]) for arm, own in joined.groupby("arm")}
    yield SquaresDraft(
        ScaleSquares(word, timepoint, contrast, *scale, squares.n, squares.df, squares.total), people
    )
