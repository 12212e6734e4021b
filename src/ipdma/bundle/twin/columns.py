"""What the columns of a bundle are about: scores at visits and variables of people, and who must have
them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ipdma.bundle.records import (
    BASELINE,
    BEND,
    EVENT,
    LEVEL,
    OBSERVED,
    OUTCOME,
    POINTS,
    SENSITIVITY,
    VISITS,
    Block,
    Bundle,
    Column,
    Moments,
    ScaleOf,
    Serves,
)

VARIABLES = {"dropout": "dropout", "remission_by_diagnosis": "remitted_by_diagnosis"}  # events that are asked
FROM_SCORES = ("response", "remission")
VISIT = "score."
UNKNOWN = "people whom a sensitivity analysis chooses"


@dataclass(frozen=True, order=True)
class Score:
    """A score: the scale, and the plan's time point (or baseline) with its week, 0 where that is not told."""

    instrument: str
    rating: str
    scoring: str
    timepoint: str
    weeks: float

    def at_baseline(self) -> Score:
        """The baseline score on the same scale."""
        return Score(self.instrument, self.rating, self.scoring, BASELINE, 0.0)


@dataclass(frozen=True, order=True)
class Variable:
    """A variable of a person."""

    name: str


Attribute = Score | Variable


@dataclass
class Known:
    """What a bundle tells of an attribute.

    Attributes
    ----------
    range : tuple of float or None
        What is possible of a number.
    levels : dict of str to tuple of float or None
        A category's levels; of a number that is cut, the numbers at each.
    numeric : bool
        Whether some block has it as a number.
    """

    range: tuple[float, float] | None = None
    levels: dict[str, tuple[float, float] | None] = field(default_factory=dict)
    numeric: bool = False


@dataclass(frozen=True)
class Use:
    """A block that the twin reproduces: the attribute behind each column, and attributes that its people
    lack."""

    block: Block
    attributes: tuple[Attribute, ...]
    lacks: tuple[Attribute, ...] = ()


def uses_of(bundle: Bundle) -> tuple[list[Use], list[str]]:
    """The blocks that the twin reproduces, and a sentence for what it cannot.

    A score that was converted is left to its source; an event that follows from scores comes with them.
    """
    found, lost = [], []
    chosen = people_chosen(bundle)
    for block in bundle.blocks:
        why = not_usable(block, chosen)
        if block.imputation not in (None, 1):
            continue  # told with the first data set
        if why:
            lost.append(f"{told(block)}: {why}")
            continue
        visits = next((serves for serves in block.serves if serves.rows.startswith(VISITS)), None)
        own = variable_block(block)
        found.append(visit_use(bundle, own, visits) if visits else Use(own, attributes_of(own)))
    return [use for use in found if use is not None], lost


def people_chosen(bundle: Bundle) -> set[Serves]:
    """Cells of sensitivity analyses whose people are fewer than those of the same score in the plan's own
    cell."""
    places: dict[object, Block] = {}
    chosen: set[Serves] = set()
    for own in (OBSERVED, SENSITIVITY):
        for block in bundle.blocks:
            events = tuple(column.of for column in block.columns if column.coding == EVENT)
            for serves in (serves for serves in block.serves if serves.rows.startswith(own)):
                key = (serves.contrast, block.scale, serves.timepoint, frozenset(block.names), events)
                if own == OBSERVED:
                    places[key] = block
                elif places.get(key, block) is not block:
                    chosen.add(serves)
    return chosen


def not_usable(block: Block, chosen: Collection[Serves]) -> str:
    """Why the twin cannot have a block's moments, or an empty text."""
    if block.imputation is not None:
        return "completed data sets, of which a person has one only"
    if block.scale is not None and block.scale.converted_from:
        return "scores converted by a crosswalk"
    if any(column.coding == BEND for column in block.columns):
        return "columns of a curve, which follow from their variable"
    return UNKNOWN if all(serves in chosen for serves in block.serves) else ""


def variable_block(block: Block) -> Block:
    """An event that is a variable of its own as that variable's levels no and yes; any other block as it
    is."""
    first = block.columns[0]
    name = VARIABLES.get(first.of, "")
    if first.coding != EVENT or not name:
        return block
    levels = tuple(Column(name, name, LEVEL, level, None, True) for level in ("no", "yes"))
    rest = len(block.columns) - 1
    turn = np.zeros((rest + 2, rest + 1))  # no is 1 less yes
    turn[:2, 0], turn[2:, 1:] = (-1.0, 1.0), np.eye(rest)
    shift = np.eye(rest + 2)[0]
    arms = {
        arm: Moments(own.n, turn @ own.means + shift, turn @ own.covariance @ turn.T)
        for arm, own in block.arms.items()
    }
    return replace(block, columns=(*levels, *block.columns[1:]), arms=arms)


def told(block: Block) -> str:
    """A block in words: the first cell that it serves, and its columns."""
    own = block.serves[0]
    names = [own.contrast, own.outcome, own.timepoint, own.rows if own.rows != OBSERVED else ""]
    return f"{' '.join(name for name in names if name)} ({', '.join(block.names)})"


def attributes_of(block: Block) -> tuple[Attribute, ...]:
    """The attribute behind each column of a block of one visit."""
    return tuple(attribute(column, block.scale, block.serves[0].timepoint) for column in block.columns)


def attribute(column: Column, scale: ScaleOf | None, timepoint: str) -> Attribute:
    """A score at baseline or at the block's time point, or a variable."""
    if (scale is not None and column.of in (OUTCOME, BASELINE, *FROM_SCORES)) or column.coding == POINTS:
        assert scale is not None
        weeks = scale.weeks if scale.weeks is not None else 0.0
        own = Score(scale.instrument, scale.rating, scale.scoring, timepoint, weeks)
        return own.at_baseline() if column.of == BASELINE else own
    return Variable(column.of)


def visit_use(bundle: Bundle, block: Block, serves: Serves) -> Use | None:
    """A block of people seen at some visits: their scores, and those of other visits that they lack."""
    scale, others = block.scale, set()
    if scale is None:
        return None
    first = Score(scale.instrument, scale.rating, scale.scoring, "", 0.0)
    for own in bundle.cells:
        same = own.serves.contrast == serves.contrast and own.serves.outcome == serves.outcome
        if same and own.serves.rows == OBSERVED and own.scale is not None and is_scale(own.scale, first):
            others.add((own.serves.timepoint, own.scale.weeks or 0.0))
    weeks = dict(others)
    here = tuple(
        first.at_baseline()
        if name == BASELINE
        else Score(*scale_words(first), name.removeprefix(VISIT), weeks.get(name.removeprefix(VISIT), 0.0))
        for name in block.labels
    )
    whole = {first.at_baseline(), *(Score(*scale_words(first), name, week) for name, week in others)}
    return Use(block, here, tuple(sorted(whole - set(here))))


def scale_words(score: Score) -> tuple[str, str, str]:
    """Instrument, rating and scoring."""
    return score.instrument, score.rating, score.scoring


def is_scale(scale: ScaleOf, score: Score) -> bool:
    """Whether a cell's scale is a score's."""
    return (scale.instrument, scale.rating, scale.scoring) == scale_words(score)


def known_of(uses: Sequence[Use]) -> dict[Attribute, Known]:
    """What the blocks tell of each attribute: ranges, levels, whether it is a number."""
    found: dict[Attribute, Known] = {}
    for use in uses:
        for column, own in zip(use.block.columns, use.attributes, strict=True):
            if column.coding == EVENT:
                continue
            known = found.setdefault(own, Known())
            if column.coding == LEVEL:
                known.levels.setdefault(column.level, column.range)
            else:
                known.numeric = True
                known.range = known.range or column.range
    return found


def levels_in(use: Use) -> Mapping[Attribute, list[tuple[int, str]]]:
    """Of each category in a block the places of its columns and their levels."""
    found: dict[Attribute, list[tuple[int, str]]] = {}
    for place, (column, own) in enumerate(zip(use.block.columns, use.attributes, strict=True)):
        if column.coding == LEVEL:
            found.setdefault(own, []).append((place, column.level))
    return found


def events_in(uses: Sequence[Use]) -> Iterator[tuple[Use, str]]:
    """Blocks of an event, and its measure."""
    for use in uses:
        for column in use.block.columns:
            if column.coding == EVENT:
                yield use, column.of
