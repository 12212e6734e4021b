"""A partner's table: columns as a site keeps them, with labels and missing codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ipdma.synthetic.languages import LANGUAGES, Language
from ipdma.synthetic.truth import StudyTruth

NOT_GIVEN = 999.0  # where a file has a code for a missing number
NOT_APPLICABLE = -8.0
WEEKS_PER_MONTH = 30.4375 / 7
CODED = ("sex", "education", "relationship", "employment")
YES_NO = (
    "chronic",
    "antidepressant_at_baseline",
    "comorbid_anxiety",
    "personality_disorder",
    "childhood_trauma",
    "dropout",
    "remitted_by_diagnosis",
)


@dataclass
class Sheet:
    """A table in the making.

    Attributes
    ----------
    table : DataFrame
        Numbers as float, text as str; NaN and "" are empty cells.
    labels : dict
        Column to code to label, for formats that keep value labels.
    user_missing : dict
        Column to codes that the format declares as missing.
    variables : dict
        Codebook variable to its entry in study.yaml.
    """

    table: pd.DataFrame
    labels: dict[str, dict[float, str]] = field(default_factory=dict)
    user_missing: dict[str, list[float]] = field(default_factory=dict)
    variables: dict[str, dict[str, Any]] = field(default_factory=dict)


def language_of(study: StudyTruth) -> Language:
    """The words of this study's site."""
    return LANGUAGES[study.file["language"]]


def writes_labels(study: StudyTruth) -> bool:
    """Whether the site types its categories as words (csv and xlsx of three languages)."""
    return study.file["format"] in ("csv", "xlsx") and study.file["language"] in ("de", "it", "es")


def declares_missing(study: StudyTruth) -> bool:
    """Whether an empty number is written as a code that the format declares missing."""
    return study.file["format"] == "sav"


def present_participants(study: StudyTruth, participants: pd.DataFrame, rng: np.random.Generator) -> Sheet:
    """Turn participants into the site's own columns, with the entries of study.yaml that read them back."""
    sheet = Sheet(pd.DataFrame(index=participants.index))
    add_identifier(sheet, study, participants)
    add_coded(sheet, study, "arm", participants["condition"], dict(arm_labels(study)), "arm")
    for name in participants.columns.drop(["participant", "condition"]):
        add_variable(sheet, study, name, participants[name], rng)
    return sheet


def add_identifier(sheet: Sheet, study: StudyTruth, participants: pd.DataFrame) -> None:
    """The site's study number, or none at all where the file has no identifier."""
    if study.file.get("row_number"):
        sheet.variables["participant"] = {"row_number": "the file came without an identifier"}
        return
    column = language_of(study).columns["participant"]
    sheet.table[column] = participants["participant"].to_numpy()
    sheet.variables["participant"] = {"from": column}


def arm_labels(study: StudyTruth) -> Mapping[str, str]:
    """Condition to the site's label, in the order of the study's arms."""
    return {name: language_of(study).conditions[name] for name in study.arms}


def add_variable(
    sheet: Sheet, study: StudyTruth, name: str, values: pd.Series, rng: np.random.Generator
) -> None:
    """Add one codebook variable in the site's way."""
    if name == "sex" and values.nunique() == 1 and study.female == 1:
        sheet.variables["sex"] = {"constant": "female"}
    elif name == "age" and study.file.get("birth_dates"):
        add_dates(sheet, study, values, rng)
    elif name in CODED or name in YES_NO:
        add_coded(sheet, study, name, values, dict(language_of(study).levels(name)), name)
    elif name == "therapist":
        column = language_of(study).columns[name]
        sheet.table[column] = values.fillna("").to_numpy()
        sheet.variables[name] = {"from": column}
    else:
        add_number(sheet, study, name, values)


def add_coded(
    sheet: Sheet, study: StudyTruth, name: str, values: pd.Series, labels: dict[str, str], target: str
) -> None:
    """A categorical column: labels typed in, or numeric codes (yes/no from 0, others from 1)."""
    column = language_of(study).columns[name]
    first = 0 if name in YES_NO else 1
    codes = {
        level: label if writes_labels(study) else first + k for k, (level, label) in enumerate(labels.items())
    }
    entry: dict[str, Any] = {"from": column, "values": {str(code): level for level, code in codes.items()}}
    if writes_labels(study):
        sheet.table[column] = values.map(codes).fillna("").astype(str).to_numpy()
    else:
        numbers = values.map(codes).astype(float)
        sheet.labels[column] = {float(code): labels[level] for level, code in codes.items()}
        sheet.table[column] = coded_missing(sheet, study, column, numbers, 9.0).to_numpy()
    sheet.variables[target] = entry
    if name == study.file.get("corrected"):
        add_correction(sheet, column, entry)


def add_correction(sheet: Sheet, column: str, entry: dict[str, Any]) -> None:
    """Move every ninth value to a column of later corrections, and leave a slip in its old place."""
    corrected = f"{column}_corrected"
    late = np.arange(len(sheet.table)) % 9 == 4
    late &= sheet.table[column].notna().to_numpy()
    sheet.table[corrected] = sheet.table[column].where(late)
    sheet.table[column] = sheet.table[column].where(~late, 1.0)
    del entry["from"]
    entry["first_of"] = [corrected, column]


def coded_missing(sheet: Sheet, study: StudyTruth, column: str, numbers: pd.Series, code: float) -> pd.Series:
    """Fill empty numbers with a declared missing code where the format keeps such codes."""
    if not declares_missing(study) or not numbers.isna().any():
        return numbers
    sheet.user_missing.setdefault(column, []).append(code)
    return numbers.fillna(code)


def add_number(sheet: Sheet, study: StudyTruth, name: str, values: pd.Series) -> None:
    """A numeric column; the Dutch sites count an episode in weeks; no therapy, no sessions."""
    column = language_of(study).columns[name]
    numbers = values.astype(float)
    entry: dict[str, Any] = {"from": column}
    if column.endswith("weken"):
        numbers = (numbers * WEEKS_PER_MONTH).round()
        entry["unit"] = "weeks"
    if name == "sessions_attended" and numbers.isna().any():
        entry["missing"] = {f"{NOT_APPLICABLE:g}": "not_applicable"}
        numbers = numbers.fillna(NOT_APPLICABLE)
        sheet.table[column] = numbers.to_numpy()
    else:
        sheet.table[column] = coded_missing(sheet, study, column, numbers, NOT_GIVEN).to_numpy()
    sheet.variables[name] = entry


def add_dates(sheet: Sheet, study: StudyTruth, age: pd.Series, rng: np.random.Generator) -> None:
    """A birth date and an intake date, day first, whose distance in completed years is the age."""
    words = language_of(study).columns
    intake = pd.Timestamp(f"{study.year - 6}-03-01") + pd.to_timedelta(
        rng.integers(0, 900, len(age)), unit="D"
    )
    days = rng.integers(5, 355, len(age))
    birth = [
        when - pd.DateOffset(years=int(years)) - pd.Timedelta(days=int(extra))
        for when, years, extra in zip(intake, age, days, strict=True)
    ]
    sheet.table[words["birth"]] = [day.strftime("%d.%m.%Y") for day in birth]
    sheet.table[words["intake"]] = [day.strftime("%d.%m.%Y") for day in intake]
    sheet.variables["age"] = {"days_between": [words["birth"], words["intake"]]}
