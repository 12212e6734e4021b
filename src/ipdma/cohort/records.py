"""What the cohort stage reads and leaves: uploads, the stacked cohort, the rows of one analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ipdma.codebook import Codebook

ROW_COLUMNS = (
    "study",
    "participant",
    "arm",
    "condition",
    "comparator",
    "treat",
    "instrument",
    "rating",
    "scoring",
    "converted_from",
    "weeks",
    "baseline",
    "outcome",
    "baseline_raw",
    "outcome_raw",
    "scale",
)
EXCLUSION_COLUMNS = ("study", "reason", "n")
SCALE_COLUMNS = ("instrument", "rating", "scoring", "study", "constant", "n", "df", "what")


@dataclass(frozen=True)
class Upload:
    """One harmonised upload (INTERFACE section 4), every cell as text.

    Attributes
    ----------
    study : mapping
        Its `study.yaml`: `study`, `arms`, `published`, `confirmed`.
    participants, assessments, missing : DataFrame
        The three tables; an empty cell is an empty text.
    account : mapping
        Its `account.json`.
    """

    study: Mapping[str, Any]
    participants: pd.DataFrame
    assessments: pd.DataFrame
    missing: pd.DataFrame
    account: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cohort:
    """All contributed trials, stacked.

    Attributes
    ----------
    participants : DataFrame
        `study, participant, arm, condition` and every codebook variable: numbers float, words text, missing
        NaN.
    assessments : DataFrame
        `study, participant, instrument, rating, timepoint, weeks, score, scoring`; weeks and score float.
    missing : DataFrame
        `study, participant, variable, reason`.
    studies : DataFrame
        One row per contributed study: `study, country, year, randomised, participants`.
    registry : DataFrame or None
        One row per eligible trial, as the registry has it, all text but for columns of numbers.
    codebook : Codebook
    """

    participants: pd.DataFrame
    assessments: pd.DataFrame
    missing: pd.DataFrame
    studies: pd.DataFrame
    registry: pd.DataFrame | None
    codebook: Codebook


@dataclass(frozen=True)
class AnalysisRows:
    """The rows of one contrast, outcome and time point, and who is not among them.

    Attributes
    ----------
    rows : DataFrame
        One row per participant of the contrast in the studies that take part: `ROW_COLUMNS`, then every
        codebook variable and the registry's columns. `treat` is 1 active, 0 reference; `outcome` is
        standardised and turned (higher is worse), or 0 and 1; NaN where it was not observed.
    exclusions : DataFrame
        `study, reason, n`: every contributed participant is in `rows` or counted here once.
    scales : DataFrame
        The constants that scores were divided by.
    """

    rows: pd.DataFrame
    exclusions: pd.DataFrame
    scales: pd.DataFrame
