"""What the cohort stage reads and leaves: uploads, the stacked cohort, the rows of one analysis."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ipdma.codebook import Codebook

if TYPE_CHECKING:
    from ipdma.cohort.guests import Guest

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
SCALE_COLUMNS = ("instrument", "rating", "scoring", "study", "constant", "n", "df", "what", "partial")


@dataclass(frozen=True)
class Upload:
    """One harmonised upload (docs/interface/upload.md), every cell as text.

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


Scale = tuple[str, str, str]  # instrument, rating, scoring


@dataclass(frozen=True)
class Squares:
    """Scores about the means of their cells: how many, degrees of freedom, sum of squares (points^2)."""

    n: int
    df: int
    total: float

    def __add__(self, other: Squares) -> Squares:
        """Both together."""
        return Squares(self.n + other.n, self.df + other.df, self.total + other.total)

    @property
    def sd(self) -> float:
        """Root of the pooled variance; NaN where no cell has two scores or nothing varies."""
        variance = self.total / self.df if self.df > 0 else 0.0
        return math.sqrt(variance) if variance > 1e-24 else math.nan


NO_SCORES = pd.DataFrame(
    {"study": "", "participant": "", "timepoint": "", "weeks": 0.0, "score": 0.0}, index=[]
)


@dataclass(frozen=True)
class StudyScores:
    """The scores of one study, apart by scale.

    Attributes
    ----------
    by_scale : mapping of (instrument, rating, scoring) to DataFrame
        `study, participant, timepoint, weeks, score`.
    last_post : float
        The last week of its post visits, whatever the scale; NaN without one.
    asked : dict
        What was made of them once it has been asked for.
    """

    by_scale: Mapping[Scale, pd.DataFrame]
    last_post: float
    asked: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def once(self, key: object, make: Callable[[], Any]) -> Any:
        """What `make` gives, computed when `key` is first asked for and kept; nobody may change it."""
        return made_once(self.asked, key, make)

    def visits(self, scale: Scale, timepoint: str) -> pd.DataFrame:
        """Those on one scale at one time point, the columns of `by_scale`."""

        def find() -> pd.DataFrame:
            own = self.by_scale.get(scale, NO_SCORES)
            return own.take(np.flatnonzero(own["timepoint"].to_numpy(dtype=object) == timepoint))

        found: pd.DataFrame = self.once(("visits", scale, timepoint), find)
        return found

    def among(self, participants: pd.Series) -> StudyScores:
        """Only the scores of some participants; the study's last post week stays."""
        wanted = set(participants)
        kept = {scale: own[own["participant"].isin(wanted)] for scale, own in self.by_scale.items()}
        return StudyScores({scale: own for scale, own in kept.items() if not own.empty}, self.last_post)


@dataclass(frozen=True)
class TakingPart:
    """One study's participants in some arms, with their scores.

    Attributes
    ----------
    study : str
    people : int
        How many it has in all arms.
    rows : DataFrame
        The participants.
    positions : array of int
        Where they stand among those of the cohort.
    scores : StudyScores
    """

    study: str
    people: int
    rows: pd.DataFrame
    positions: np.ndarray
    scores: StudyScores

    @cached_property
    def conditions(self) -> np.ndarray:
        """The condition of each, as text."""
        return self.rows["condition"].to_numpy(dtype=object)


@dataclass(frozen=True)
class Cohort:
    """All contributed trials, stacked.

    Attributes
    ----------
    participants : DataFrame
        `study, participant, arm, condition` and every codebook variable: numbers float, words text, missing
        NaN.
    assessments : DataFrame
        `study, participant, instrument, rating, timepoint, weeks, score, scoring`; weeks from randomisation
        and score in points, both float.
    missing : DataFrame
        `study, participant, variable, reason`.
    studies : DataFrame
        One row per contributed study: `study, country, year, randomised, participants`.
    registry : DataFrame or None
        One row per eligible trial, as the registry has it, all text but for columns of numbers.
    codebook : Codebook
    guests : tuple of Guest
        Trials that take part without participants' rows.
    constants : dict
        Standardising constants once they have been computed.
    asked : dict
        Parts of participants and assessments once they have been asked for, whatever the guests are.
    """

    participants: pd.DataFrame
    assessments: pd.DataFrame
    missing: pd.DataFrame
    studies: pd.DataFrame
    registry: pd.DataFrame | None
    codebook: Codebook
    guests: tuple[Guest, ...] = ()
    constants: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)
    asked: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def once(self, key: object, make: Callable[[], Any]) -> Any:
        """What `make` gives, computed when `key` is first asked for and kept."""
        return made_once(self.asked, key, make)

    def taking_part(self, conditions: Sequence[str]) -> list[TakingPart]:
        """Every study with its participants in arms of some conditions, in the order of their names."""
        return list(self.once(("arms", *conditions), lambda: [*self.in_arms(conditions)]))

    def in_arms(self, conditions: Sequence[str]) -> Iterator[TakingPart]:
        """As `taking_part`."""
        nothing = StudyScores({}, math.nan)
        wanted = self.participants["condition"].isin(conditions).to_numpy()
        for study, everyone in self.participants.groupby("study").indices.items():
            people = np.asarray(everyone)
            positions = people[wanted[people]]
            own = self.participants.take(positions)
            scores = self.scores.get(str(study), nothing).among(own["participant"])
            yield TakingPart(str(study), len(people), own, positions, scores)

    @cached_property
    def scores(self) -> dict[str, StudyScores]:
        """The scores of every study that has any."""
        # chosen from many times, which is quicker where texts are objects in one piece of memory
        table = self.assessments.astype(dict.fromkeys(("study", "participant", "timepoint"), object))
        return {str(study): split_scores(own) for study, own in table.groupby("study")}

    @cached_property
    def cells(self) -> dict[tuple[str, str], int]:
        """A number for each arm of a study, by study and participant."""
        own = self.participants
        arms: dict[tuple[str, str], int] = {}
        numbers = [arms.setdefault(arm, len(arms)) for arm in zip(own["study"], own["arm"], strict=True)]
        return dict(zip(zip(own["study"], own["participant"], strict=True), numbers, strict=True))


def made_once(asked: dict[Any, Any], key: object, make: Callable[[], Any]) -> Any:
    """What `make` gives, computed when `key` is first asked for and kept."""
    if key not in asked:
        asked[key] = make()
    return asked[key]


def split_scores(assessments: pd.DataFrame) -> StudyScores:
    """One study's assessments apart by scale."""
    own = assessments[list(NO_SCORES)]
    found: Mapping[Any, Any] = assessments.groupby(["instrument", "rating", "scoring"]).indices
    by_scale = {(str(i), str(r), str(s)): own.take(where) for (i, r, s), where in found.items()}
    return StudyScores(by_scale, float(assessments.loc[assessments["timepoint"] == "post", "weeks"].max()))


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
        `study, reason, n`: every contributed participant is in `rows` or counted here once. `n` is NaN where
        a trial withholds how many.
    scales : DataFrame
        `SCALE_COLUMNS`: the constants, in points, that scores were divided by.
    """

    rows: pd.DataFrame
    exclusions: pd.DataFrame
    scales: pd.DataFrame
