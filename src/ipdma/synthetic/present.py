"""A drawn trial as its site would send it: wide or long, totals or items, with the mapping to read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ipdma.codebook import load_codebook
from ipdma.synthetic.items import draw_items
from ipdma.synthetic.languages import PREFIX
from ipdma.synthetic.sheet import NOT_GIVEN, Sheet, declares_missing, language_of, present_participants
from ipdma.synthetic.trial import Trial

BLANK_ITEM = 0.04  # share of questionnaires with one unanswered item, in files that say `blank_items`


@dataclass
class Presented:
    """A partner's table with `source` and `assessments` of its study.yaml; the sheet has the `variables`."""

    sheet: Sheet
    source: dict[str, Any] = field(default_factory=dict)
    assessments: list[dict[str, Any]] = field(default_factory=list)


def present_trial(trial: Trial, rng: np.random.Generator) -> Presented:
    """Lay out one trial as its `file` says; `rng` draws items, dates and screening failures alone."""
    shown = Presented(present_participants(trial.study, trial.participants, rng))
    if trial.study.file["layout"] == "long":
        add_long_scores(shown, trial)
    else:
        add_wide_scores(shown, trial, rng)
    if trial.study.file.get("screening_failures"):
        add_screening_failures(shown, trial, rng)
    return shown


def score_of(trial: Trial, instrument: str, time: str) -> pd.Series:
    """Totals of one instrument at one visit in the order of the participants, NaN where not seen."""
    here = trial.assessments
    here = here[(here["instrument"] == instrument) & (here["timepoint"] == time)]
    return trial.participants["participant"].map(here.set_index("participant")["score"])


def scoring_of(trial: Trial, instrument: str) -> dict[str, str]:
    """The scoring variant, where it is not the instrument's default."""
    word = trial.assessments.loc[trial.assessments["instrument"] == instrument, "scoring"].iloc[0]
    return {"scoring": word} if word else {}


def visits_of(trial: Trial) -> dict[str, str]:
    """Time point to suffix of its columns."""
    times = ("baseline", *trial.study.times)
    return {time: f"t{k}" for k, time in enumerate(times)}


def add_wide_scores(shown: Presented, trial: Trial, rng: np.random.Generator) -> None:
    """A column, or a column per item, for every instrument and visit."""
    for instrument in trial.study.instruments:
        for time, suffix in visits_of(trial).items():
            entry = {"instrument": instrument, "timepoint": time, "weeks": trial.study.weeks.get(time, 0)}
            entry |= scoring_of(trial, instrument)
            totals = score_of(trial, instrument, time)
            if instrument in trial.study.file.get("items", ()):
                entry["items"] = add_items(shown.sheet, trial, instrument, suffix, totals, rng)
            else:
                entry["total"] = add_total(shown.sheet, trial, f"{PREFIX[instrument]}_{suffix}", totals)
            shown.assessments.append(entry)


def add_total(sheet: Sheet, trial: Trial, column: str, totals: pd.Series) -> str:
    """One column of totals; an SPSS file declares its missing code."""
    if declares_missing(trial.study) and totals.isna().any():
        sheet.user_missing[column] = [NOT_GIVEN]
        totals = totals.fillna(NOT_GIVEN)
    sheet.table[column] = totals.to_numpy()
    return column


def add_items(
    sheet: Sheet, trial: Trial, instrument: str, suffix: str, totals: pd.Series, rng: np.random.Generator
) -> str:
    """A column per item; returns the range `first..last` that study.yaml names."""
    scoring = load_codebook().instruments[instrument].default
    seen = totals.notna().to_numpy()
    answers = np.full((len(totals), scoring.items), np.nan)
    answers[seen] = draw_items(totals.to_numpy()[seen], scoring, rng)
    if trial.study.file.get("blank_items") and scoring.missing_items_allowed:
        blank = np.flatnonzero(seen & (rng.random(len(totals)) < BLANK_ITEM))
        answers[blank, rng.integers(0, scoring.items, len(blank))] = np.nan
    names = [f"{PREFIX[instrument]}{k:02d}_{suffix}" for k in range(1, scoring.items + 1)]
    sheet.table = pd.concat(
        [sheet.table, pd.DataFrame(answers, columns=names, index=sheet.table.index)], axis=1
    )
    return f"{names[0]}..{names[-1]}"


def add_long_scores(shown: Presented, trial: Trial) -> None:
    """A row per participant and visit attended; characteristics stand in the first of them."""
    study, sheet = trial.study, shown.sheet
    column = language_of(study).columns["visit"]
    fixed = [shown.sheet.variables[name]["from"] for name in ("participant", "arm")]
    parts = []
    for k, time in enumerate(visits_of(trial)):
        part = sheet.table.copy() if k == 0 else sheet.table[fixed].copy()
        part.insert(len(fixed), column, float(k))
        for instrument in study.instruments:
            part[PREFIX[instrument]] = score_of(trial, instrument, time)
        part["_order"] = range(len(part))
        keep = part[[PREFIX[i] for i in study.instruments]].notna().any(axis=1) | (k == 0)
        parts.append(part[keep])
        if k == 0 and study.file.get("ignored_visit"):
            call = part[[*fixed, column, "_order"]].iloc[::3].copy()
            parts.append(call.assign(**{column: 90.0}))
    long = pd.concat(parts, ignore_index=True).sort_values(["_order", column], kind="stable")
    for name in sheet.table.columns:
        if isinstance(sheet.table[name].dtype, pd.StringDtype):
            long[name] = long[name].fillna("")
    sheet.table = long.drop(columns="_order").reset_index(drop=True)
    sheet.labels[column] = {
        float(k): language_of(study).visits[time] for k, time in enumerate(visits_of(trial))
    }
    shown.source["visit"] = visit_block(trial, column)
    shown.assessments = [
        {"instrument": name, **scoring_of(trial, name), "total": PREFIX[name]} for name in study.instruments
    ]


def visit_block(trial: Trial, column: str) -> dict[str, Any]:
    """The `visit` of a long file's source."""
    values: dict[str, Any] = {
        str(k): {"timepoint": time, "weeks": trial.study.weeks.get(time, 0)}
        for k, time in enumerate(visits_of(trial))
    }
    if trial.study.file.get("ignored_visit"):
        values["90"] = {"ignore": "a telephone contact without a scale"}
    return {"column": column, "values": values}


def add_screening_failures(shown: Presented, trial: Trial, rng: np.random.Generator) -> None:
    """Rows of people who were screened and not randomised, marked in a column of their own."""
    table, n = shown.sheet.table, trial.study.file["screening_failures"]
    identifier = shown.sheet.variables["participant"]["from"]
    first = [c for c in table.columns if c.endswith("_t0")]
    failures = table.sample(n, random_state=int(rng.integers(2**31)))[[identifier, *first]].copy()
    failures[identifier] = [f"S{k:02d}" for k in range(1, n + 1)]
    for column in first:
        failures[column] = np.clip(failures[column] - 9, 0, None)
    table = pd.concat([table.assign(randomised=1.0), failures.assign(randomised=0.0)], ignore_index=True)
    shown.sheet.table = table
    shown.sheet.labels["randomised"] = {0.0: "no", 1.0: "yes"}
    shown.source["keep_rows"] = {"column": "randomised", "equals": "1", "why": "screened, not randomised"}
