"""A harmonised upload as numbers: what every check reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from ipdma.codebook import Codebook

IDENTITY = ("study", "participant", "arm", "condition")


@dataclass(frozen=True)
class TrialTables:
    """One trial, typed.

    Attributes
    ----------
    study : str
    participants : DataFrame
        `participant, arm, condition` and the codebook's variables, numbers as floats, in the order of the
        upload (often the order of recruitment).
    scores : DataFrame
        A column per instrument, rating, scoring and visit (`hamd17 baseline`), indexed by participant.
    arms, published : mapping
        What the trial declares, and what its paper prints.
    """

    study: str
    participants: pd.DataFrame
    scores: pd.DataFrame
    arms: Mapping[str, Any]
    published: Mapping[str, Any]
    codebook: Codebook

    @cached_property
    def numbers(self) -> list[str]:
        """Numeric participant variables with any value."""
        return [c for c in self.variables if pd.api.types.is_numeric_dtype(self.participants[c])]

    @cached_property
    def categories(self) -> list[str]:
        """Categorical participant variables with any value."""
        return [c for c in self.variables if c not in self.numbers]

    @cached_property
    def variables(self) -> list[str]:
        """Participant variables with any value."""
        columns = [c for c in self.participants.columns if c not in IDENTITY]
        return [c for c in columns if self.participants[c].notna().any()]

    @cached_property
    def baseline(self) -> pd.DataFrame:
        """Numeric baseline variables and baseline scores, a row per participant."""
        after = ("sessions_attended",)
        own = self.participants.set_index("participant")[[c for c in self.numbers if c not in after]]
        scores = self.scores[[c for c in self.scores.columns if c.endswith(" baseline")]]
        return own.join(scores, how="left")


def read_tables(
    study: str,
    declared: Mapping[str, Any],
    participants: pd.DataFrame,
    assessments: pd.DataFrame,
    codebook: Codebook,
) -> TrialTables:
    """Type the tables of an upload.

    Parameters
    ----------
    study : str
    declared : mapping
        Its study.yaml (`arms`, `published`).
    participants, assessments : DataFrame
        As the upload holds them, every cell as text.
    """
    people = participants.copy()
    for name in people.columns:
        if name in IDENTITY:
            continue
        column = people[name].where(people[name].astype(str).str.strip() != "")
        numeric = pd.to_numeric(column, errors="coerce")
        people[name] = numeric if numeric.notna().sum() == column.notna().sum() else column
    return TrialTables(
        study,
        people,
        wide_scores(assessments),
        declared.get("arms") or {},
        declared.get("published") or {},
        codebook,
    )


def wide_scores(assessments: pd.DataFrame) -> pd.DataFrame:
    """A column per scale and visit; a visit is its time point, with weeks where it is not the baseline."""
    rows = assessments.copy()
    if rows.empty:
        return pd.DataFrame()
    weeks = pd.to_numeric(rows["weeks"], errors="coerce").map(
        lambda w: "" if pd.isna(w) or w == 0 else f"@{w:g}"
    )
    scale = rows["instrument"] + rows["scoring"].fillna("").map(lambda s: f"[{s}]" if s else "")
    rows["column"] = scale + " " + rows["timepoint"] + weeks.where(rows["timepoint"] != "baseline", "")
    rows["score"] = pd.to_numeric(rows["score"], errors="coerce")
    return rows.pivot_table(index="participant", columns="column", values="score", aggfunc="first", sort=True)
