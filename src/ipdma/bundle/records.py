"""A bundle as a record: the moments of each arm of a trial for the rows and columns that a plan uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ipdma.cohort.guests import Behind

OUTCOME, BASELINE = "outcome", "baseline"
OBSERVED, IMPUTED, EVERYONE = "observed", "imputed", "everyone"
MISSING = "outcome_missing"  # the column that says whose outcome was drawn
OF_MODERATOR = "moderator."  # begins a column that is coded or bent for a moderator, and no variable itself
SENSITIVITY, VISITS = "sensitivity.", "visits."
POINTS, NUMBER, LOG, LEVEL, EVENT, BEND = "points", "number", "log", "level", "event", "bend"
INDICATORS = (LEVEL, EVENT)


@dataclass(frozen=True)
class Column:
    """A column of a block.

    Attributes
    ----------
    name : str
        `outcome`, `baseline`, a variable, or a moderator of the plan that is coded from one.
    of : str
        The variable behind it; of an event its measure, as `response`.
    coding : str
        `points` of an instrument, `number` in the variable's unit, its natural `log`, a `bend` of its curve
        at a knot of the plan, or an indicator: of a `level`, or of an `event`.
    level : str
        Of coding `level`; every level that the arms have is a column of its own.
    range : tuple of float or None
        What is possible; of a level that a number was cut into, the numbers at that level, without the
        upper end.
    whole : bool
        Whether every value is a whole number.
    """

    name: str
    of: str
    coding: str
    level: str = ""
    range: tuple[float, float] | None = None
    whole: bool = False

    @property
    def label(self) -> str:
        """`age`, or `sex[male]`."""
        return f"{self.name}[{self.level}]" if self.coding == LEVEL else self.name


@dataclass(frozen=True)
class Moments:
    """People of one arm: their number, the p means and the covariance of shape (p, p), divisor n - 1."""

    n: int
    means: np.ndarray
    covariance: np.ndarray

    @property
    def products(self) -> np.ndarray:
        """Sums of squares and products about the means, shape (p, p)."""
        found: np.ndarray = self.covariance * (self.n - 1)
        return found

    @property
    def totals(self) -> np.ndarray:
        """Sums of squares and products of 1 and the columns about zero, shape (p + 1, p + 1)."""
        whole = np.concatenate([[1.0], self.means])
        found = self.n * np.outer(whole, whole)
        found[1:, 1:] += self.products
        return found

    def of(self, places: Sequence[int]) -> Moments:
        """The same people, fewer columns."""
        at = list(places)
        return Moments(self.n, self.means[at], self.covariance[np.ix_(at, at)])


@dataclass(frozen=True, order=True)
class Serves:
    """What a block is for: a cell of the plan, and which of its rows.

    `rows` is `observed` (complete in the block's columns), `sensitivity.NAME`, `imputed` (one of the
    completed data sets) or `imputed.METHOD` (drawn by reference), `visits.A+B` (people seen at these visits
    and at no other) or `everyone` (contributed people, for characteristics). Contrast `prognosis` is that of
    arms alone; of everyone the three names are empty.
    """

    contrast: str
    outcome: str
    timepoint: str
    rows: str


@dataclass(frozen=True)
class ScaleOf:
    """The instrument behind outcome and baseline, its rating and scoring, and the week of the outcome."""

    instrument: str
    rating: str
    scoring: str
    converted_from: str = ""
    weeks: float | None = None


@dataclass(frozen=True)
class Block:
    """The moments of one set of rows, arm by arm.

    `scale` is None where no instrument was scored; `imputation` says which completed data set the rows are
    of, None for rows as they were observed.
    """

    serves: tuple[Serves, ...]
    scale: ScaleOf | None
    imputation: int | None
    columns: tuple[Column, ...]
    arms: Mapping[str, Moments]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, each once: a category is one name."""
        return tuple(dict.fromkeys(column.name for column in self.columns))

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the columns, in their order."""
        return tuple(column.label for column in self.columns)


@dataclass(frozen=True)
class ScaleSquares:
    """What a standardising constant needs of this trial (divisor df, pooled over trials).

    The sum of squares is about the means of the arms, in squared points; df are scores less arms. `timepoint`
    is empty for scores at baseline, `contrast` where the scores are not only those of a contrast's people.
    """

    standardise: str
    timepoint: str
    contrast: str
    instrument: str
    rating: str
    scoring: str
    n: int
    df: int
    sum_of_squares: float

    @property
    def behind(self) -> Behind:
        """What a constant is pooled over, as the cohort names it."""
        return self.standardise, self.timepoint, self.contrast, (self.instrument, self.rating, self.scoring)


@dataclass(frozen=True)
class ArmCount:
    """People of an arm in a cell and those with an outcome; None where the number is withheld."""

    n: int | None
    observed: int | None


@dataclass(frozen=True)
class CellCounts:
    """Who there is in a cell of the plan and, by reason, who is not.

    `left_out` are pairs of a reason and how many people, None where that number is withheld.
    """

    serves: Serves
    scale: ScaleOf | None
    arms: Mapping[str, ArmCount]
    left_out: tuple[tuple[str, int | None], ...]


@dataclass(frozen=True)
class Arm:
    """An arm of the trial."""

    condition: str
    label: str
    n: int | None


@dataclass(frozen=True)
class Digests:
    """A digest over all keys, and one of each, so that a difference names its key."""

    digest: str
    keys: Mapping[str, str]


@dataclass(frozen=True)
class Attack:
    """How often an attack was tried on the bundle as it stands and how often it found somebody.

    `steps_allowed` is the limit of an attack that searches; None where there is none.
    """

    attack: str
    tried: int
    found: int
    steps_allowed: int | None = None


@dataclass(frozen=True)
class Withheld:
    """What the gate took out, by which attack, why, and what the site can do."""

    what: str
    attack: str
    reason: str
    way_out: str


@dataclass(frozen=True)
class Gate:
    """The gate that the bundle went through; `minimum_cell` 1 means none.

    `for_sharing` says that no attack on the bundle as it stands found anybody.
    """

    minimum_cell: int
    for_sharing: bool
    attacks: tuple[Attack, ...] = ()
    withheld: tuple[Withheld, ...] = ()


@dataclass(frozen=True)
class Bundle:
    """Everything that leaves a site of its trial. No row, no identifier, no value of one person.

    `time_points` says of each time point of the plan which of the dictionary's it is: interim, post or
    follow_up. `integrity` are checks of the trial's data: domain, outcome of the check, how many.
    """

    study: Mapping[str, Any]
    arms: Mapping[str, Arm]
    plan: Digests
    dictionary: Digests
    versions: Mapping[str, str]
    gate: Gate
    scales: tuple[ScaleSquares, ...]
    cells: tuple[CellCounts, ...]
    blocks: tuple[Block, ...]
    integrity: tuple[tuple[str, str, int], ...]
    time_points: Mapping[str, str] = field(default_factory=dict)

    @property
    def study_id(self) -> str:
        """The trial's id."""
        return str(self.study["id"])

    def find(self, serves: Serves, names: Sequence[str], imputation: int | None = None) -> Block | None:
        """The block of a cell's rows that are complete in exactly these columns; None where there is none."""
        return self.index.get((serves, frozenset(names), imputation))

    @cached_property
    def columns(self) -> frozenset[str]:
        """Names of all columns that the bundle can tell of."""
        return frozenset(name for block in self.blocks for name in block.names)

    @cached_property
    def sets(self) -> dict[Serves, int]:
        """How many completed data sets there are of each cell that has any."""
        found: dict[Serves, int] = {}
        for block in self.blocks:
            for serves in block.serves if block.imputation is not None else ():
                found[serves] = max(found.get(serves, 0), int(block.imputation or 0))
        return found

    @cached_property
    def index(self) -> dict[tuple[Serves, frozenset[str], int | None], Block]:
        """The first block of each cell's rows, names of columns and completed data set."""
        found: dict[tuple[Serves, frozenset[str], int | None], Block] = {}
        for block in self.blocks:
            for serves in block.serves:
                found.setdefault((serves, frozenset(block.names), block.imputation), block)
        return found

    def serving(self, serves: Serves) -> Iterator[Block]:
        """Every block for these rows of a cell."""
        return (block for block in self.blocks if serves in block.serves)

    def cell(self, serves: Serves) -> CellCounts | None:
        """Who there is in a cell."""
        return next((cell for cell in self.cells if cell.serves == serves), None)


def sets_of(blocks: Iterable[Block]) -> list[list[Block]]:
    """Blocks of completed data sets, those of the same cells and columns together.

    The gate lets them leave only where they are of the same people too.
    """
    found: dict[tuple[object, ...], list[Block]] = {}
    for block in blocks:
        if block.imputation is not None:
            found.setdefault((block.serves, block.columns), []).append(block)
    return list(found.values())
