"""What the words mean, as frozen records: numbers with their sources, variables, instruments, scorings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Number:
    """A published number: its value, where it is printed, and whether that place was looked up."""

    value: float
    source: str = ""
    verified: bool = False

    def __float__(self) -> float:
        return float(self.value)


@dataclass(frozen=True)
class Range:
    """A closed interval of possible values."""

    low: Number
    high: Number

    @property
    def bounds(self) -> tuple[float, float]:
        """The two ends as plain numbers."""
        return float(self.low), float(self.high)

    def contains(self, value: float, slack: float = 1e-9) -> bool:
        """Whether `value` lies inside, ends included."""
        return float(self.low) - slack <= value <= float(self.high) + slack

    def __str__(self) -> str:
        return f"{self.low.value:g} to {self.high.value:g}"


@dataclass(frozen=True)
class Band:
    """A severity band, both ends included; a score between two bands belongs to the lower one."""

    label: str
    low: Number
    high: Number


@dataclass(frozen=True)
class Rule:
    """A response fraction or a remission cut-off, with the alternatives that the literature uses."""

    number: Number
    alternatives: tuple[Number, ...] = ()

    @property
    def value(self) -> float:
        """The default number."""
        return float(self.number)


@dataclass(frozen=True)
class Scoring:
    """One way to score an instrument, complete in itself: nothing is inherited at use.

    Attributes
    ----------
    name : str
        `sum`, `mean` or another variant's name.
    rule : str
        `sum`, `mean`, or `total_only` where items cannot be scored here.
    items : int
        Items that the columns of an upload must supply; 0 where the rule is `total_only`.
    item_ranges : tuple of Range
        One per item, in the instrument's order, before reversal.
    reversed_items : tuple of int
        Items (from 1) that are turned over before adding: low + high - answer.
    highest_of : tuple of tuple of int
        Groups of items of which only the highest answer counts.
    multiplier : float
        Factor on the sum or mean.
    range : Range
        Possible totals.
    integer : bool
        Whether a total from complete items is a whole number.
    missing_items_allowed : int
        Items that may be missing; past that the total is missing.
    response, remission : Rule or None
        As on the instrument, on this variant's scale; None where no rule is known for it.
    """

    name: str
    label: str
    rule: str
    items: int
    item_ranges: tuple[Range, ...]
    reversed_items: tuple[int, ...]
    highest_of: tuple[tuple[int, ...], ...]
    multiplier: float
    range: Range
    integer: bool
    missing_items_allowed: int
    response: Rule | None
    remission: Rule | None

    @property
    def can_score_items(self) -> bool:
        """Whether totals can be computed from items."""
        return self.rule != "total_only" and self.items > 0

    @property
    def floor(self) -> float:
        """The lowest possible total, from which a response is counted."""
        return float(self.range.low)


@dataclass(frozen=True)
class Instrument:
    """A depression scale: how it is scored and what its totals mean."""

    name: str
    label: str
    rating: str
    range: Range
    items: Number | None
    item_range: Range | None
    item_ranges: Mapping[int, Range]
    integer: bool
    higher_is_worse: bool
    default_scoring: str
    scorings: Mapping[str, Scoring]
    bands: tuple[Band, ...]
    band_sets: Mapping[str, tuple[Band, ...]]
    response: Rule | None
    remission: Rule | None
    reliability: Number | None
    missing_items_allowed: int
    patterns: tuple[str, ...] = ()
    note: str = ""
    builtin: bool = False

    def scoring(self, name: str | None = None) -> Scoring:
        """The named variant, or the default one; KeyError where the instrument names no such variant."""
        return self.scorings[name or self.default_scoring]

    @property
    def default(self) -> Scoring:
        """The scoring that the instrument-level range describes."""
        return self.scorings[self.default_scoring]


@dataclass(frozen=True)
class Variable:
    """A target variable of the harmonised data.

    Attributes
    ----------
    type : str
        `identifier`, `arm`, `number`, `category`, `yes_no` or `text` (a code such as a therapist's).
    unit : str
        Target unit, empty where there is none.
    units : mapping of str to float
        What one of each accepted source unit is in the target unit.
    range, plausible : Range or None
        Outside `range` is impossible (must fix), outside `plausible` is to be confirmed.
    step : float
        What a span of two dates is rounded to, in the target unit: finer ones could point at a person.
    levels : mapping of str to str
        Level to label, for `category` and `yes_no`.
    labels : mapping of str to str
        Language code to name of the variable.
    """

    name: str
    label: str
    type: str
    unit: str = ""
    units: Mapping[str, float] = field(default_factory=dict)
    range: Range | None = None
    plausible: Range | None = None
    step: float = 1.0
    levels: Mapping[str, str] = field(default_factory=dict)
    required: bool = False
    integer: bool = False
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    builtin: bool = False


@dataclass(frozen=True)
class Term:
    """A condition or a time point."""

    name: str
    label: str
    description: str = ""
