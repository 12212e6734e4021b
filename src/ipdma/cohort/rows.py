"""From the cohort to the rows of one analysis: one row per participant, who is left out, and why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ipdma.codebook import Instrument, Scoring
from ipdma.cohort.assemble import Part, assemble
from ipdma.cohort.choose import (
    Choice,
    baseline_scores,
    choose_baseline,
    choose_scale,
    outcome_scores,
    visit_window,
)
from ipdma.cohort.crosswalks import convert_scores, converted_choice, find_crosswalk
from ipdma.cohort.derive import (
    VARIABLES,
    YES_NO,
    derive_reliable_change,
    derive_remission,
    derive_response,
    reliability_of,
    rule_missing,
    scoring_of,
)
from ipdma.cohort.guests import GuestRows
from ipdma.cohort.question import Question
from ipdma.cohort.records import (
    EXCLUSION_COLUMNS,
    SCALE_COLUMNS,
    AnalysisRows,
    Cohort,
    StudyScores,
    TakingPart,
)
from ipdma.cohort.standardise import Constant, find_constant, scale_row

PROGNOSIS = "prognosis"  # the contrast of arms alone
NO_ARM = "no arm of this contrast"
OTHER_ARM = "arm takes no part in this contrast"
NO_POST = "no post visit to count the window from"
Exclusion = tuple[Any, str, int | None]  # study, reason, people
NO_SCORES = "no instrument of the preference with a baseline and an outcome score"


class LeftOut(Exception):
    """Carries why a study takes no part; never leaves this module."""


def build_rows(
    cohort: Cohort, plan: Any, contrast: str, outcome: str, timepoint: str, variant: str = ""
) -> AnalysisRows:
    """Build the rows of one contrast, outcome and time point of the plan.

    Parameters
    ----------
    cohort : Cohort
    plan : Plan
        Complete; `plan.variant(name)` for a sensitivity analysis that changes instruments, rating,
        standardiser, crosswalk or window.
    contrast, outcome, timepoint : str
        Names under `contrasts`, `outcomes` and `time_points`.
    variant : str
        The name of the sensitivity analysis that `plan` was changed for.

    Returns
    -------
    AnalysisRows
    """
    own = plan["contrasts"][contrast]
    question = Question(
        tuple(own["active"]),
        tuple(own["reference"]),
        plan.outcome(outcome),
        plan["time_points"][timepoint],
        plan,
        (contrast, outcome, timepoint, variant),
    )
    return answer(cohort, question)


def build_arm_rows(
    cohort: Cohort, plan: Any, conditions: Sequence[str], outcome: str, timepoint: str
) -> AnalysisRows:
    """Build the rows of every arm with one of the conditions, whatever it was compared with (prognosis).

    `treat` is 1 for everyone; trials and cohorts without a reference arm take part.
    """
    key = (PROGNOSIS, outcome, timepoint, "")
    question = Question(
        tuple(conditions), (), plan.outcome(outcome), plan["time_points"][timepoint], plan, key
    )
    return answer(cohort, question)


def answer(cohort: Cohort, question: Question) -> AnalysisRows:
    """Ask every study, then apply what concerns all of them."""
    parts: list[Part] = []
    guests: list[pd.DataFrame] = []
    scales: list[dict[str, Any]] = []
    exclusions: list[Exclusion] = []
    for own in cohort.taking_part((*question.active, *question.reference)):
        try:
            part, scale = study_rows(cohort, question, own)
        except LeftOut as why:
            exclusions.append((own.study, str(why), len(own.rows) or own.people))
            if own.rows.empty:
                continue
        else:
            parts.append(part)
            scales.extend(scale)
        if own.people > len(own.rows):
            exclusions.append((own.study, OTHER_ARM, own.people - len(own.rows)))
    for guest in cohort.guests:
        table = guest.table(question.key)
        if table is None:
            exclusions.extend((guest.study, why, n) for why, n in guest.absent)
            continue
        exclusions.extend((guest.study, why, n) for why, n in table.left_out)
        try:
            if len(table.rows):
                rows, scale = guest_rows(cohort, question, guest.study, table)
                guests.append(rows)
                scales.extend(scale)
        except LeftOut as why:
            exclusions.append((guest.study, str(why), len(table.rows)))
    too_few = below_minimum(parts, guests, question)
    if too_few:
        parts, guests, scales = [], [], []
        exclusions = sorted([*exclusions, *too_few], key=lambda row: str(row[0]))
    return AnalysisRows(
        rows=assemble(parts, guests, cohort),
        exclusions=exclusion_table(exclusions),
        scales=unique_scales(scales),
    )


def exclusion_table(exclusions: Sequence[Exclusion]) -> pd.DataFrame:
    """Who was left out and why; NaN where a trial withholds how many."""
    table = pd.DataFrame(exclusions, columns=list(EXCLUSION_COLUMNS))
    return table.astype({"n": float}) if table["n"].isna().any() else table


def below_minimum(
    parts: Sequence[Part], guests: Sequence[pd.DataFrame], question: Question
) -> list[Exclusion]:
    """Why the studies of an outcome that too few measured are left out; nothing where enough did."""
    minimum, found = question.outcome["minimum_studies"], len(parts) + len(guests)
    if found >= minimum:
        return []
    why = f"measured in {found} of the {minimum} studies that the outcome needs"
    own = [(part.study, why, len(part)) for part in parts]
    return own + [(rows["study"].iloc[0], why, len(rows)) for rows in guests]


def study_rows(cohort: Cohort, question: Question, own: TakingPart) -> tuple[Part, list[dict[str, Any]]]:
    """The rows of one study and the constant behind them. Raises LeftOut where it takes no part."""
    if own.rows.empty:
        raise LeftOut(NO_ARM)
    present = set(own.conditions)
    for side, conditions in question.sides().items():
        if not present & set(conditions):
            raise LeftOut(f"no participant in the {side} arm")
    choice = find_choice(cohort, question, own.scores)
    scales: list[dict[str, Any]] = []
    if choice is None:
        columns = score_columns(own, question, None, None, None)
        columns["outcome"] = variable_outcome(own, question)
    else:
        columns, constant, choice = scored(cohort, question, own, choice)
        scales.append(scale_row(choice, constant))
    require_outcomes(own.conditions, columns["outcome"], question)
    return Part(own, columns), scales


def guest_rows(
    cohort: Cohort, question: Question, study: str, own: GuestRows
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The rows of nobody that stand for a trial, standardised like the others, and their constant."""
    rows = own.rows.assign(study=study)
    scales: list[dict[str, Any]] = []
    if own.choice is None:
        rows = rows.assign(
            instrument="", rating="", scoring="", weeks=math.nan, scale=math.nan, baseline=math.nan
        )
    else:
        choice = own.choice
        constant = find_constant(cohort, question.standard(), choice, study, rows["participant"])
        instrument = cohort.codebook.instruments[choice.instrument]
        turn = 1.0 if instrument.higher_is_worse else -1.0
        if question.outcome["measure"] == "score":
            require_constant(constant, choice)
            rows["outcome"] = turn * rows["outcome_raw"] / constant.value
        divisor = 1.0 if math.isnan(constant.value) else constant.value
        rows["baseline"] = turn * rows["baseline_raw"] / divisor
        rows = rows.assign(instrument=choice.instrument, rating=choice.rating, scoring=choice.scoring)
        rows = rows.assign(weeks=choice.weeks, scale=constant.value)
        scales.append(scale_row(choice, constant))
    require_outcomes(
        rows["condition"].to_numpy(dtype=object), rows["outcome"].to_numpy(dtype=float), question
    )
    rows["converted_from"] = own.converted_from
    return with_sides(rows, question), scales


def with_sides(rows: pd.DataFrame, question: Question) -> pd.DataFrame:
    """The treatment, and what it was compared with in this study."""
    rows["treat"] = rows["condition"].isin(question.active).astype(int)
    rows["comparator"] = " + ".join(sorted(rows.loc[rows["treat"] == 0, "condition"].unique()))
    return rows


def find_choice(cohort: Cohort, question: Question, scores: StudyScores) -> Choice | None:
    """The scale and visit of a study; None where the outcome is a variable and no baseline was scored.

    Raises LeftOut where a scored outcome has no scale, or its window no post visit to count from.
    """
    outcome = preferring_target(question.outcome)
    window = visit_window(question.point, scores.last_post)
    choice = None
    if window is not None:
        choice = choose_scale(scores, question.point, window, outcome, cohort.codebook)
    if question.outcome["measure"] in VARIABLES:
        return choice or choose_baseline(scores, outcome, cohort.codebook)
    if window is None:
        raise LeftOut(NO_POST)
    if choice is None:
        raise LeftOut(NO_SCORES)
    return choice


def preferring_target(outcome: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where scores are converted, an instrument that needs no conversion comes first."""
    target = outcome["crosswalk"]
    if not target:
        return outcome
    others = [name for name in outcome["instruments"] if name != target]
    return {**outcome, "instruments": [target, *others]}


def scored(
    cohort: Cohort, question: Question, own: TakingPart, choice: Choice
) -> tuple[dict[str, Any], Constant, Choice]:
    """Baseline and outcome of a study's people, standardised, turned; the outcome derived from them."""
    source, crosswalk = choice, None
    target = question.outcome["crosswalk"]
    if target and target != source.instrument:
        crosswalk = find_crosswalk(cohort.codebook, source.instrument, target)
        if crosswalk is None:
            raise LeftOut(f"no crosswalk from {source.instrument} to {target}")
        choice = converted_choice(source, target, cohort.codebook)
    constant = find_constant(cohort, question.standard(), choice, own.study, own.rows["participant"])

    def find() -> dict[str, Any]:
        before = baseline_scores(own.scores, source.scale)
        after = outcome_scores(own.scores, source.scale, question.point["timepoint"], source.weeks)
        if crosswalk is not None:
            before, after = convert_scores(before, crosswalk), convert_scores(after, crosswalk)
        columns = score_columns(own, question, before, after, choice)
        return columns if crosswalk is None else {**columns, "converted_from": source.instrument}

    key = ("rows", question.active, question.point["timepoint"], source, choice)
    columns = {**own.scores.once(key, find), "scale": constant.value}
    return columns | derive_outcome(cohort, question, own, columns, choice, constant), constant, choice


def score_columns(
    own: TakingPart,
    question: Question,
    before: pd.DataFrame | None,
    after: pd.DataFrame | None,
    choice: Choice | None,
) -> dict[str, Any]:
    """The sides of a study's people, their raw scores and the words of the scale."""
    treat = np.isin(own.conditions, question.active)
    columns: dict[str, Any] = {
        "treat": treat.astype(int),
        "comparator": " + ".join(sorted(set(own.conditions[~treat]))),
        "converted_from": "",
        "weeks": math.nan if choice is None else choice.weeks,
        "scale": math.nan,
        "baseline": math.nan,
    }
    for key in ("instrument", "rating", "scoring"):
        columns[key] = "" if choice is None else getattr(choice, key)
    for column, scores in (("baseline_raw", before), ("outcome_raw", after)):
        known = {} if scores is None else dict(zip(scores["participant"], scores["score"], strict=True))
        columns[column] = np.array([known.get(person, math.nan) for person in own.rows["participant"]])
    return columns


def variable_outcome(own: TakingPart, question: Question) -> np.ndarray:
    """An outcome that is a variable of yes and no, as 1 and 0."""
    cells = own.rows[VARIABLES[question.outcome["measure"]]]
    return np.array([YES_NO.get(cell, math.nan) for cell in cells])


def derive_outcome(
    cohort: Cohort,
    question: Question,
    own: TakingPart,
    columns: Mapping[str, Any],
    choice: Choice,
    constant: Constant,
) -> dict[str, Any]:
    """`baseline` and `outcome` of a study's people."""
    measure = question.outcome["measure"]
    instrument = cohort.codebook.instruments[choice.instrument]
    turn = 1.0 if instrument.higher_is_worse else -1.0
    if measure == "score":
        require_constant(constant, choice)
        outcome = turn * columns["outcome_raw"] / constant.value
    elif measure in VARIABLES:
        outcome = variable_outcome(own, question)
    else:
        scoring = scoring_of(instrument, choice.scoring)
        reason = rule_missing(measure, instrument, scoring)
        if reason:
            raise LeftOut(reason)
        outcome = derived(cohort, question, own, columns, choice, instrument, scoring).to_numpy()
    divisor = 1.0 if math.isnan(constant.value) else constant.value
    return {"baseline": turn * columns["baseline_raw"] / divisor, "outcome": outcome}


def require_constant(constant: Constant, choice: Choice) -> None:
    """Raises LeftOut where a score has nothing to be divided by."""
    if math.isnan(constant.value):
        raise LeftOut(f"no standard deviation of {choice.instrument} ({constant.what})")


def derived(
    cohort: Cohort,
    question: Question,
    own: TakingPart,
    columns: Mapping[str, Any],
    choice: Choice,
    instrument: Instrument,
    scoring: Scoring,
) -> pd.Series:
    """Response, remission or reliable change from the raw scores."""
    measure = question.outcome["measure"]
    before, after = pd.Series(columns["baseline_raw"]), pd.Series(columns["outcome_raw"])
    if measure == "response":
        return derive_response(before, after, instrument, scoring)
    if measure == "remission":
        return derive_remission(after, instrument, scoring)
    rule, reliability = question.plan["reliable_change"], reliability_of(instrument, question.plan)
    if reliability is None:
        raise LeftOut(f"{instrument.name} names no reliability")
    standard = replace(question.standard(), word=rule["standard_deviation"], external={}, hedges=False)
    sd = find_constant(cohort, standard, choice, own.study, own.rows["participant"]).value
    if math.isnan(sd):
        raise LeftOut(f"no standard deviation of {choice.instrument} ({rule['standard_deviation']})")
    change = derive_reliable_change(before, after, instrument, sd, reliability, rule["threshold"])
    return change[0] if measure == "reliable_improvement" else change[1]


def require_outcomes(conditions: np.ndarray, outcome: np.ndarray, question: Question) -> None:
    """Raises LeftOut where a side has no observed outcome: the study cannot inform the contrast."""
    observed = set(conditions[~np.isnan(outcome)])
    for side, wanted in question.sides().items():
        if not observed & set(wanted):
            raise LeftOut(f"no outcome observed in the {side} arm")


def unique_scales(scales: list[dict[str, Any]]) -> pd.DataFrame:
    """One row per constant."""
    own = sorted(scales, key=lambda row: [row[key] for key in ("instrument", "rating", "scoring", "study")])
    return pd.DataFrame(own, columns=list(SCALE_COLUMNS)).drop_duplicates(ignore_index=True)
