"""What a study.yaml says, as records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MISSING_KINDS = ("not_given", "not_applicable")
RATINGS = ("observer", "self")
ORDERS = ("DMY", "MDY", "YMD")
LAYOUTS = ("wide", "long", "harmonised")
VERBS = ("from", "constant", "row_number", "first_of", "days_between", "not_collected")


@dataclass(frozen=True)
class Visit:
    """Where a visit of a long file belongs; `ignore` says why it takes no part."""

    timepoint: str | None = None
    weeks: float | None = None
    ignore: str | None = None


@dataclass(frozen=True)
class KeepRows:
    """Which rows belong to the trial."""

    column: str
    codes: tuple[str, ...]
    why: str


@dataclass
class Source:
    """The file and how it is written; None is auto."""

    file: str | None = None
    sheet: str | None = None
    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    dates: str | None = None
    missing: dict[str, str] = field(default_factory=dict)
    layout: str = "wide"
    visit_column: str | None = None
    visits: dict[str, Visit] = field(default_factory=dict)
    keep: KeepRows | None = None


@dataclass(frozen=True)
class Arm:
    """An arm as the study declares it."""

    name: str
    condition: str
    label: str = ""
    randomised: int | None = None


TWIN = "SYNTHETIC TWIN"  # begins the label of each arm of a twin


@dataclass(frozen=True)
class VariableMap:
    """How one target variable is made; `verb` is one of VERBS."""

    name: str
    verb: str
    columns: tuple[str, ...] = ()
    values: dict[str, str] | None = None
    missing: dict[str, str] = field(default_factory=dict)
    unit: str | None = None
    constant: str | None = None
    why: str | None = None


@dataclass(frozen=True)
class AssessmentMap:
    """Where one instrument's scores stand."""

    instrument: str
    timepoint: str | None
    weeks: float | None
    total: str | None
    items: tuple[str, ...]
    missing: dict[str, str]
    scoring: str | None
    rating: str | None
    convert: str | None
    place: str


@dataclass
class StudyFile:
    """A study.yaml, as far as it could be understood.

    `mentions` are all column names in it, also those of entries that could not be understood: their columns
    are not reported as unused on top.
    """

    id: str = ""
    randomised: int | None = None
    source: Source = field(default_factory=Source)
    arms: dict[str, Arm] = field(default_factory=dict)
    variables: dict[str, VariableMap] = field(default_factory=dict)
    assessments: list[AssessmentMap] = field(default_factory=list)
    published: dict[str, Any] = field(default_factory=dict)
    confirmed: list[dict[str, Any]] = field(default_factory=list)
    study: dict[str, Any] = field(default_factory=dict)
    raw_arms: dict[str, Any] = field(default_factory=dict)
    mentions: tuple[str, ...] = ()

    @property
    def harmonised(self) -> bool:
        """Whether the files beside it are a harmonised upload."""
        return self.source.layout == "harmonised"

    @property
    def is_twin(self) -> bool:
        """Whether it says of its rows that they are nobody's: a twin's numbers are whole by no promise, and
        its variables go together only as far as moments tell."""
        labels = [own.get("label") for own in self.raw_arms.values() if isinstance(own, dict)]
        return self.harmonised and any(str(label or "").startswith(TWIN) for label in labels)

    @property
    def long(self) -> bool:
        """Whether a row is a participant at a visit."""
        return self.source.layout == "long"
