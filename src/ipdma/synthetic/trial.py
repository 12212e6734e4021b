"""One trial drawn from its truth: participants and scores in memory, in the codebook's words."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np
import pandas as pd

from ipdma.synthetic.attrition import drop_scores
from ipdma.synthetic.effects import CaseMix, draw_trial_effects, effect_of_arm, level_of
from ipdma.synthetic.truth import StudyTruth, Truth
from ipdma.synthetic.variables import add_process, draw_participants, draw_remission

ALWAYS_GIVEN = (
    "participant",
    "condition",
    "age",
    "sex",
    "dropout",
    "sessions_attended",
    "therapist",
    "remitted_by_diagnosis",
)


@dataclass(frozen=True)
class Trial:
    """A drawn trial.

    Attributes
    ----------
    study : StudyTruth
        What it was drawn from.
    participants : DataFrame
        One row per participant: `participant`, `condition` and codebook variables; empty where not given.
    assessments : DataFrame
        One row per observed score: `participant, instrument, timepoint, weeks, score, scoring`; weeks after
        baseline, score in points.
    effects : dict
        The effects drawn for this trial: contrast -> time point -> effect in baseline SDs, below 0 where the
        active side is better.
    """

    study: StudyTruth
    participants: pd.DataFrame
    assessments: pd.DataFrame
    effects: dict[str, dict[str, float]]


def trial_rng(seed: int, name: str) -> np.random.Generator:
    """A stream of its own for each trial, so that one trial more or less changes no other."""
    return np.random.default_rng([seed, crc32(name.encode())])


def draw_trial(study: StudyTruth, truth: Truth, seed: int) -> Trial:
    """Draw one trial: baselines first, as whole points, then outcomes that follow from those points."""
    rng = trial_rng(seed, study.name)
    drawn = draw_trial_effects(truth, rng)
    table = draw_participants(study, rng)
    scores = {"baseline": draw_baseline(study, truth, len(table), rng)}
    scores |= draw_outcomes(study, truth, table, scores["baseline"], drawn, rng)
    seen = drop_scores(study, truth, table["condition"].to_numpy(), scores, rng)
    severity = severity_of(study, truth, scores["baseline"])[:, 0]
    table = add_process(table, study, severity, ~seen["post"], rng)
    change = severity_of(study, truth, scores["post"])[:, 0]
    table["remitted_by_diagnosis"] = draw_remission(change, seen["post"], rng)
    table.insert(0, "participant", name_participants(study, len(table), rng))
    assessments = long_scores(study, truth, table, scores, seen)
    return Trial(study, blank_some(table, study, truth, rng), assessments, drawn)


def name_participants(study: StudyTruth, n: int, rng: np.random.Generator) -> list[str]:
    """Study numbers in the order of the file, with gaps where screened people did not enter."""
    numbers = np.cumsum(rng.choice([1, 2], n, p=[0.85, 0.15]))
    return [f"{number:03d}" for number in numbers]


def correlated(rng: np.random.Generator, shape: tuple[int, ...], r: float) -> np.ndarray:
    """Standard normal draws whose last axis is equicorrelated at `r`."""
    shared = rng.standard_normal((*shape[:-1], 1))
    return np.sqrt(r) * shared + np.sqrt(1 - r) * rng.standard_normal(shape)


def to_points(study: StudyTruth, truth: Truth, z: np.ndarray) -> np.ndarray:
    """Points in steps and in range from SDs around the baseline means; `z` has shape (n, instruments)."""
    scales = [truth.instruments[name] for name in study.instruments]
    points = np.column_stack([s.mean + s.sd * z[:, k] for k, s in enumerate(scales)])
    low, high = np.array([s.range for s in scales]).T
    per_point = np.array([1 / s.step for s in scales])
    return np.clip(np.round(points * per_point) / per_point, low, high)


def draw_baseline(study: StudyTruth, truth: Truth, n: int, rng: np.random.Generator) -> np.ndarray:
    """Baseline points, shape (n, instruments)."""
    z = correlated(rng, (n, len(study.instruments)), truth.noise["baseline_between_instruments"])
    return to_points(study, truth, study.severity_shift + z)


def severity_of(study: StudyTruth, truth: Truth, points: np.ndarray) -> np.ndarray:
    """Points of any visit as SDs above the trial's expected baseline mean, shape (n, instruments)."""
    scales = [truth.instruments[name] for name in study.instruments]
    mean, sd = np.array([(s.mean, s.sd) for s in scales]).T
    return (points - mean) / sd - study.severity_shift


def case_mix(study: StudyTruth, table: pd.DataFrame, severity: np.ndarray) -> CaseMix:
    """Modifiers as deviations from the trial's expected share, on one instrument's baseline."""
    months = table["episode_duration_months"].to_numpy()
    takes = (table["antidepressant_at_baseline"] == "yes").to_numpy(float)
    return CaseMix(
        severity,
        ((months >= 12) & (months < 24)) - study.duration[1],
        (months >= 24) - study.duration[2],
        takes - study.antidepressant,
    )


def draw_outcomes(
    study: StudyTruth,
    truth: Truth,
    table: pd.DataFrame,
    baseline: np.ndarray,
    drawn: dict[str, dict[str, float]],
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Points at every later visit, each of shape (n, instruments), before anyone is lost."""
    severity = severity_of(study, truth, baseline)
    noise = draw_noise(study, truth, severity.shape, rng)
    common = prognosis_of(study, truth, table)
    arm = table["condition"].to_numpy()
    scores = {}
    for k, time in enumerate(study.times):
        z = truth.course[time]["slope"] * severity + noise[k]
        z += (study.severity_shift + level_of(truth, study.reference, time) + common)[:, None]
        for j in range(severity.shape[1]):
            mix = case_mix(study, table, severity[:, j])
            for name in study.arms:
                z[:, j] += (arm == name) * effect_of_arm(truth, study, name, time, drawn, mix)
        scores[time] = to_points(study, truth, z)
    return scores


def draw_noise(
    study: StudyTruth, truth: Truth, shape: tuple[int, int], rng: np.random.Generator
) -> list[np.ndarray]:
    """Residuals per visit in baseline SDs, autoregressive over visits, equicorrelated over instruments.

    One array of shape (n, instruments) for each visit after baseline.
    """
    r = truth.noise["over_time"]
    fresh = [correlated(rng, shape, truth.noise["between_instruments"]) for _ in study.times]
    noise = fresh[:1]
    for draw in fresh[1:]:
        noise.append(r * noise[-1] + np.sqrt(1 - r * r) * draw)
    return [study.residual_sd * draw for draw in noise]


def prognosis_of(study: StudyTruth, truth: Truth, table: pd.DataFrame) -> np.ndarray:
    """What age, a chronic episode and a personality disorder add in every arm, in baseline SDs, shape (n,).

    0 on average.
    """
    p = truth.prognosis
    chronic = (table["chronic"] == "yes").to_numpy(float) - study.duration[2]
    disorder = (table["personality_disorder"] == "yes").to_numpy(float) - study.personality_disorder
    years = (table["age"].to_numpy() - study.age[0]) / 10
    return p["age_10"] * years + p["chronic"] * chronic + p["personality_disorder"] * disorder


def blank_some(
    table: pd.DataFrame, study: StudyTruth, truth: Truth, rng: np.random.Generator
) -> pd.DataFrame:
    """Keep what the trial collected and blank a small share of it, completely at random."""
    kept = [name for name in table.columns if name in ("participant", "condition", *study.collects)]
    table = table[kept].copy()
    for name in kept:
        lost = rng.random(len(table)) < truth.missing_values
        if name not in ALWAYS_GIVEN:
            table[name] = table[name].where(~lost)
    return table


def long_scores(
    study: StudyTruth,
    truth: Truth,
    table: pd.DataFrame,
    scores: dict[str, np.ndarray],
    seen: dict[str, np.ndarray],
) -> pd.DataFrame:
    """One row per observed score, ordered by instrument, visit and participant."""
    parts = []
    for j, instrument in enumerate(study.instruments):
        for time, points in scores.items():
            here = seen[time]
            part = pd.DataFrame({"participant": table["participant"][here], "score": points[here, j]})
            part.insert(1, "instrument", instrument)
            part.insert(2, "timepoint", time)
            part.insert(3, "weeks", float(study.weeks.get(time, 0)))
            part["scoring"] = truth.instruments[instrument].scoring
            parts.append(part)
    return pd.concat(parts, ignore_index=True)
