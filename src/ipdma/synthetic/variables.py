"""Participants' characteristics of one drawn trial, in the codebook's words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ipdma.synthetic.truth import StudyTruth

SHARES = {
    "education": {"low": 0.25, "medium": 0.45, "high": 0.30},
    "relationship": {"partnered": 0.55, "single": 0.27, "separated": 0.15, "widowed": 0.03},
    "employment": {
        "employed": 0.52,
        "unemployed": 0.12,
        "sick_leave": 0.16,
        "student": 0.08,
        "homemaker": 0.06,
        "retired": 0.03,
        "other": 0.03,
    },
}
THERAPY = ("stpp", "combined", "supportive", "other_psychotherapy", "antidepressant_supportive", "other")
PLANNED_SESSIONS = 16
PATIENTS_PER_THERAPIST = 7


def draw_participants(study: StudyTruth, rng: np.random.Generator) -> pd.DataFrame:
    """Draw arms in random order and every variable of the codebook (severity aside), a row per participant.

    Episode duration falls inside its category by half a month, so that no change of unit moves it to another.
    """
    arms = rng.permutation(np.repeat(list(study.arms), list(study.arms.values())))
    n = len(arms)
    age = np.clip(np.round(rng.normal(*study.age, n)), 18, 80)
    months = draw_months(study.duration, n, rng)
    table = pd.DataFrame({"condition": arms, "age": age})
    table["sex"] = np.where(rng.random(n) < study.female, "female", "male")
    for name, shares in SHARES.items():
        table[name] = rng.choice(list(shares), n, p=list(shares.values()))
    table["episode_duration_months"] = months
    table["chronic"] = yes_no(months >= 24)
    table["previous_episodes"] = rng.poisson(1.3, n).astype(float)
    table["age_at_onset"] = draw_onset(age, months, table["previous_episodes"].to_numpy(), rng)
    table["antidepressant_at_baseline"] = yes_no(rng.random(n) < study.antidepressant)
    table["personality_disorder"] = yes_no(rng.random(n) < study.personality_disorder)
    table["childhood_trauma"] = yes_no(rng.random(n) < study.childhood_trauma)
    return table


def yes_no(truth: np.ndarray) -> np.ndarray:
    """`yes` and `no`, as the codebook writes them."""
    return np.where(truth, "yes", "no")


def draw_months(shares: tuple[float, float, float], n: int, rng: np.random.Generator) -> np.ndarray:
    """Months of the current episode in steps of a half: under 12, 12 to under 24, 24 to 144."""
    kind = rng.choice(3, n, p=list(shares))
    u = rng.random(n)
    months = np.select([kind == 0, kind == 1], [1 + 10.5 * u, 12.5 + 11 * u], 24.5 + 120 * u**2)
    return np.floor(months * 2) / 2


def draw_onset(
    age: np.ndarray, months: np.ndarray, episodes: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Age at the first episode: the start of this one if it is the first, earlier otherwise, from 8 on."""
    start = np.floor(age - months / 12)
    earlier = np.where(episodes > 0, np.ceil(rng.exponential(7, len(age))), 0)
    return np.clip(start - earlier, 8, age)


def add_process(
    table: pd.DataFrame, study: StudyTruth, severity: np.ndarray, left: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Add, in place, what depends on severity (shape (n,), SDs) and on who left early (bool, shape (n,))."""
    n = len(table)
    chance = 1 / (1 + np.exp(0.4 - 0.5 * severity))
    if study.comorbid_anxiety is not None:
        chance = np.full(n, study.comorbid_anxiety)
    table["comorbid_anxiety"] = yes_no(rng.random(n) < chance)
    in_therapy = table["condition"].isin(THERAPY).to_numpy()
    sessions = np.where(left, rng.integers(1, 9, n), PLANNED_SESSIONS - rng.binomial(6, 0.2, n))
    table["sessions_attended"] = np.where(in_therapy, sessions, np.nan)
    table["dropout"] = yes_no(left & (rng.random(n) < 0.8))
    therapists = max(2, int(in_therapy.sum()) // PATIENTS_PER_THERAPIST)
    codes = pd.Series([f"T{k:02d}" for k in rng.integers(1, therapists + 1, n)], index=table.index)
    table["therapist"] = codes.where(pd.Series(in_therapy, index=table.index))
    return table


def draw_remission(score: np.ndarray, seen: np.ndarray, rng: np.random.Generator) -> pd.Series:
    """Remission by diagnosis at post: likelier at a low score (SDs from baseline); unknown if not seen."""
    chance = 1 / (1 + np.exp(2.0 * (score + 1.0)))
    return pd.Series(yes_no(rng.random(len(score)) < chance)).where(pd.Series(seen))
