"""From the cohort to the rows of one analysis: one row per participant, who is left out, and why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from ipdma.codebook import Instrument, Scoring
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
    ROW_COLUMNS,
    SCALE_COLUMNS,
    AnalysisRows,
    Cohort,
    StudyScores,
)
from ipdma.cohort.standardise import Constant, find_constant, scale_row

NOT_ABOUT_TRIALS = (
    "citation",
    "registration",
    "status",
    "reason",
    "arms",
    "chance",
)  # of the registry: no moderators
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
    parts, scales = [], []
    exclusions: list[Exclusion] = []
    for own in cohort.taking_part((*question.active, *question.reference)):
        try:
            rows, scale = study_rows(cohort, question, own.rows, own.scores)
        except LeftOut as why:
            exclusions.append((own.study, str(why), len(own.rows) or own.people))
            if own.rows.empty:
                continue
        else:
            parts.append(rows)
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
                parts.append(rows)
                scales.extend(scale)
        except LeftOut as why:
            exclusions.append((guest.study, str(why), len(table.rows)))
    parts, exclusions = apply_minimum(parts, exclusions, question)
    return AnalysisRows(
        rows=join_registry(finish_rows(parts, cohort), cohort.registry),
        exclusions=exclusion_table(exclusions),
        scales=unique_scales(scales if parts else []),
    )


def exclusion_table(exclusions: Sequence[Exclusion]) -> pd.DataFrame:
    """Who was left out and why; NaN where a trial withholds how many."""
    table = pd.DataFrame(exclusions, columns=list(EXCLUSION_COLUMNS))
    return table.astype({"n": float}) if table["n"].isna().any() else table


def apply_minimum(
    parts: list[pd.DataFrame], exclusions: list[Exclusion], question: Question
) -> tuple[list[pd.DataFrame], list[Exclusion]]:
    """An outcome that too few studies measured is none: its studies are left out, with that reason."""
    minimum = question.outcome["minimum_studies"]
    if len(parts) >= minimum:
        return parts, exclusions
    why = f"measured in {len(parts)} of the {minimum} studies that the outcome needs"
    left = [(rows["study"].iloc[0], why, len(rows)) for rows in parts]
    return [], sorted([*exclusions, *left], key=lambda row: str(row[0]))


def study_rows(
    cohort: Cohort,
    question: Question,
    people: pd.DataFrame,
    scores: StudyScores,
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The rows of one study and the constant behind them. Raises LeftOut where it takes no part."""
    if people.empty:
        raise LeftOut(NO_ARM)
    present = set(people["condition"].unique())
    for side, conditions in question.sides().items():
        if not present & set(conditions):
            raise LeftOut(f"no participant in the {side} arm")
    choice = find_choice(cohort, question, scores)
    scales: list[dict[str, Any]] = []
    if choice is None:
        rows = with_sides(add_scores(people, None, None, None), question)
        rows["outcome"] = rows[VARIABLES[question.outcome["measure"]]].map(YES_NO)
    else:
        rows, constant, choice = score_rows(cohort, question, people, scores, choice)
        scales.append(scale_row(choice, constant))
    require_outcomes(rows, question)
    return rows, scales


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
    require_outcomes(rows, question)
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


def score_rows(
    cohort: Cohort,
    question: Question,
    people: pd.DataFrame,
    scores: StudyScores,
    choice: Choice,
) -> tuple[pd.DataFrame, Constant, Choice]:
    """Baseline and outcome joined to the rows, standardised, turned; the outcome derived from them."""
    source, crosswalk = choice, None
    target = question.outcome["crosswalk"]
    if target and target != source.instrument:
        crosswalk = find_crosswalk(cohort.codebook, source.instrument, target)
        if crosswalk is None:
            raise LeftOut(f"no crosswalk from {source.instrument} to {target}")
        choice = converted_choice(source, target, cohort.codebook)
    constant = find_constant(
        cohort, question.standard(), choice, people["study"].iloc[0], people["participant"]
    )

    def find() -> pd.DataFrame:
        before = baseline_scores(scores, source.scale)
        after = outcome_scores(scores, source.scale, question.point["timepoint"], source.weeks)
        if crosswalk is not None:
            before, after = convert_scores(before, crosswalk), convert_scores(after, crosswalk)
        rows = with_sides(add_scores(people, before, after, choice), question)
        return rows if crosswalk is None else rows.assign(converted_from=source.instrument)

    key = ("rows", question.active, question.point["timepoint"], source, choice)
    rows = scores.once(key, find).assign(scale=constant.value)
    derive_outcome(cohort, question, rows, choice, constant)
    return rows, constant, choice


def add_scores(
    people: pd.DataFrame, before: pd.DataFrame | None, after: pd.DataFrame | None, choice: Choice | None
) -> pd.DataFrame:
    """Participants with their raw scores and the words of the scale."""
    rows = people.copy()
    for column, scores in (("baseline_raw", before), ("outcome_raw", after)):
        known = {} if scores is None else dict(zip(scores["participant"], scores["score"], strict=True))
        rows[column] = rows["participant"].map(known).astype(float)
    for key in ("instrument", "rating", "scoring"):
        rows[key] = "" if choice is None else getattr(choice, key)
    rows["converted_from"] = ""
    rows["weeks"] = math.nan if choice is None else choice.weeks
    rows["scale"] = math.nan
    rows["baseline"] = math.nan
    return rows


def derive_outcome(
    cohort: Cohort,
    question: Question,
    rows: pd.DataFrame,
    choice: Choice,
    constant: Constant,
) -> None:
    """Fill in `baseline` and `outcome` of a study's rows."""
    measure = question.outcome["measure"]
    instrument = cohort.codebook.instruments[choice.instrument]
    scoring = scoring_of(instrument, choice.scoring)
    turn = 1.0 if instrument.higher_is_worse else -1.0
    if measure == "score":
        require_constant(constant, choice)
    rows["baseline"] = turn * rows["baseline_raw"] / (1.0 if math.isnan(constant.value) else constant.value)
    if measure == "score":
        rows["outcome"] = turn * rows["outcome_raw"] / constant.value
    elif measure in VARIABLES:
        rows["outcome"] = rows[VARIABLES[measure]].map(YES_NO).astype(float)
    else:
        reason = rule_missing(measure, instrument, scoring)
        if reason:
            raise LeftOut(reason)
        rows["outcome"] = derived(cohort, question, rows, choice, instrument, scoring)


def require_constant(constant: Constant, choice: Choice) -> None:
    """Raises LeftOut where a score has nothing to be divided by."""
    if math.isnan(constant.value):
        raise LeftOut(f"no standard deviation of {choice.instrument} ({constant.what})")


def derived(
    cohort: Cohort,
    question: Question,
    rows: pd.DataFrame,
    choice: Choice,
    instrument: Instrument,
    scoring: Scoring,
) -> pd.Series:
    """Response, remission or reliable change from the raw scores."""
    measure = question.outcome["measure"]
    before, after = rows["baseline_raw"], rows["outcome_raw"]
    if measure == "response":
        return derive_response(before, after, instrument, scoring)
    if measure == "remission":
        return derive_remission(after, instrument, scoring)
    own, reliability = question.plan["reliable_change"], reliability_of(instrument, question.plan)
    if reliability is None:
        raise LeftOut(f"{instrument.name} names no reliability")
    standard = replace(question.standard(), word=own["standard_deviation"], external={}, hedges=False)
    sd = find_constant(cohort, standard, choice, rows["study"].iloc[0], rows["participant"]).value
    if math.isnan(sd):
        raise LeftOut(f"no standard deviation of {choice.instrument} ({own['standard_deviation']})")
    change = derive_reliable_change(before, after, instrument, sd, reliability, own["threshold"])
    return change[0] if measure == "reliable_improvement" else change[1]


def require_outcomes(rows: pd.DataFrame, question: Question) -> None:
    """Raises LeftOut where a side has no observed outcome: the study cannot inform the contrast."""
    observed = set(rows["condition"].to_numpy(dtype=object)[rows["outcome"].notna().to_numpy()])
    for side, conditions in question.sides().items():
        if not observed & set(conditions):
            raise LeftOut(f"no outcome observed in the {side} arm")


def finish_rows(parts: Sequence[pd.DataFrame], cohort: Cohort) -> pd.DataFrame:
    """One table with the columns in their order."""
    variables = [c for c in cohort.participants.columns if c not in ROW_COLUMNS]
    columns = [*ROW_COLUMNS, *variables]
    if not parts:
        frame = pd.DataFrame(columns=columns)
        numbers = ("weeks", "baseline", "outcome", "baseline_raw", "outcome_raw", "scale", "treat")
        types = {c: "float" if c in numbers else "str" for c in ROW_COLUMNS}
        return frame.astype({**types, **cohort.participants[variables].dtypes.to_dict()})
    return pd.concat(parts, ignore_index=True).reindex(columns=columns)


def join_registry(rows: pd.DataFrame, registry: pd.DataFrame | None) -> pd.DataFrame:
    """Study-level columns of the registry beside each row; a name that the rows have already stays theirs."""
    if registry is None:
        return rows
    columns = ["study", *(c for c in registry.columns if c not in rows.columns and c not in NOT_ABOUT_TRIALS)]
    return rows.merge(registry[columns].drop_duplicates("study"), on="study", how="left", validate="m:1")


def unique_scales(scales: list[dict[str, Any]]) -> pd.DataFrame:
    """One row per constant."""
    table = pd.DataFrame(scales, columns=list(SCALE_COLUMNS)).drop_duplicates()
    return table.sort_values(["instrument", "rating", "scoring", "study"], ignore_index=True)
