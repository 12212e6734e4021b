"""The invented people of one arm: whole categories and scores inside their ranges, with the moments of the
blocks.

Scores come first, then one variable after the other: who has it and at which level is settled by counts,
people of one kind change places until the moments are near, and the numbers move the rest of the way
together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ipdma.bundle.records import EVENT, LEVEL, LOG, Moments
from ipdma.bundle.rows import NoRows
from ipdma.bundle.twin.columns import Attribute, Known, Score, Use, Variable, told
from ipdma.bundle.twin.events import Rule, tie_events
from ipdma.bundle.twin.intervals import Interval
from ipdma.bundle.twin.people import MISSING, People, Set, put_level, settle_scores, settle_variable
from ipdma.bundle.twin.places import change_places
from ipdma.bundle.twin.sets import set_of, wanted_of
from ipdma.bundle.twin.solve import ENOUGH, Wanted, find_numbers
from ipdma.bundle.twin.starts import start_of

ARM_TRIES, SCORE_TRIES, VARIABLE_TRIES = 3, 10, 3
INSIDE = 1e-6  # how far inside its end a level's numbers stay


@dataclass
class ArmTwin:
    """The people of an arm as far as they are invented.

    Attributes
    ----------
    people : People
    places : dict of attribute to int
        Columns of the numbers.
    numbers : ndarray of shape (n, A)
    intervals : list of Interval
    wanted : list of Wanted
    lost : list of str
        What does not come out as in the bundle, in sentences.
    """

    people: People
    places: dict[Attribute, int] = field(default_factory=dict)
    numbers: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    intervals: list[Interval] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def column(self, own: Attribute) -> np.ndarray:
        """The numbers of an attribute, NaN where somebody has none."""
        return np.where(self.people.has[own], self.numbers[:, self.places[own]], np.nan)


@dataclass(frozen=True)
class Arm:
    """What is known of an arm.

    Attributes
    ----------
    name : str
    n : int
        Its people.
    uses : sequence of Use
        Blocks that have it.
    known : dict of attribute to Known
    baselines : dict of Score to Moments
        Scores of everyone with a baseline, where no block tells of them.
    rules : sequence of Rule
        Events that follow from scores.
    """

    name: str
    n: int
    uses: Sequence[Use]
    known: dict[Attribute, Known]
    baselines: dict[Score, Moments]
    rules: Sequence[Rule]

    def of_scores(self) -> list[Use]:
        """Blocks of scores alone."""
        return [use for use in self.uses if all(isinstance(own, Score) for own in use.attributes)]

    def ready(self, own: Variable, people: People) -> list[Use]:
        """Blocks with a variable in which everything else is settled."""
        return [
            use
            for use in self.uses
            if own in use.attributes and all(other == own or other in people.has for other in use.attributes)
        ]


def invent_arm(arm: Arm, seed: Sequence[int]) -> ArmTwin:
    """Invent the people of one arm.

    Raises
    ------
    NoRows
        Where the counts of the scores fit nobody.
    """
    best: ArmTwin | None = None
    for attempt in range(ARM_TRIES):
        rng = np.random.default_rng([*seed, attempt])
        twin = invent_scores(arm, rng, attempt > 0)
        for own in (own for own in arm.known if isinstance(own, Variable)):
            add_variable(arm, twin, own, rng)
        if best is None or len(twin.lost) < len(best.lost):
            best = twin
        if not best.lost:
            break
    assert best is not None
    return best


def is_event(use: Use) -> bool:
    """Whether a block is of an event, which follows from what else is there."""
    return any(column.coding == EVENT for column in use.block.columns)


def invent_scores(arm: Arm, rng: np.random.Generator, loose: bool) -> ArmTwin:
    """The scores of everyone, events among them; the try that comes nearest."""
    best, nearest = None, np.inf
    for _ in range(SCORE_TRIES):
        twin, miss = try_scores(arm, rng, loose)
        if best is None or miss < nearest:
            best, nearest = twin, miss
        if miss <= ENOUGH:
            break
    assert best is not None
    if nearest > ENOUGH:
        best.lost.append(f"arm {arm.name}: the moments of its scores are met to {nearest:.1g} of their SD")
    return best


def try_scores(arm: Arm, rng: np.random.Generator, loose: bool) -> tuple[ArmTwin, float]:
    """One try: patterns of visits (left to chance where `loose`), numbers, then the events that they make."""
    uses = arm.of_scores()
    names = list(dict.fromkeys([*(own for own in arm.known if isinstance(own, Score)), *arm.baselines]))
    names.sort(key=lambda own: own != own.at_baseline())
    sets = [set_of(use, arm.known, arm.name) for use in uses]
    sets += [Set((own,), moments.n) for own, moments in arm.baselines.items()]
    twin = ArmTwin(
        settle_scores(arm.n, names, sets, int(rng.integers(2**32)) if loose else None),
        {own: j for j, own in enumerate(names)},
    )
    twin.wanted = [wanted_of(use, twin.people, twin.places, arm.known, arm.name) for use in uses]
    for own, moments in arm.baselines.items():
        rows = np.flatnonzero(twin.people.has[own])
        twin.wanted.append(Wanted.of_number(rows, twin.places[own], moments))
    common = rng.standard_normal(arm.n)
    columns = [start_of(own, uses, arm.baselines, arm.name, arm.n, rng, common) for own in names]
    twin.numbers = np.column_stack(columns) if columns else np.zeros((arm.n, 0))
    twin.intervals = [interval_of(arm, twin, own) for own in names]
    twin.numbers, miss = find_numbers(twin.numbers, twin.intervals, twin.wanted)
    if arm.rules and miss <= ENOUGH:
        twin.intervals, twin.lost = tie_events(
            arm.name, twin.people, arm.rules, twin.places, twin.numbers, twin.intervals
        )
        twin.numbers, miss = find_numbers(twin.numbers, twin.intervals, twin.wanted)
    return twin, miss


def add_variable(arm: Arm, twin: ArmTwin, own: Variable, rng: np.random.Generator) -> None:
    """Give everyone a variable; where its moments with the scores cannot be met, that is said and they are
    not."""
    uses = arm.ready(own, twin.people)
    for _ in range(VARIABLE_TRIES):
        try:
            if try_variable(arm, twin, own, uses, rng):
                return
        except NoRows:
            break
    whole = [use for use in uses if len(set(use.attributes)) == 1]
    twin.lost += [f"arm {arm.name}: {told(use.block)} does not come out" for use in uses if use not in whole]
    try:
        if try_variable(arm, twin, own, whole, rng):
            return
    except NoRows:
        pass
    twin.lost += [f"arm {arm.name}: {told(use.block)} does not come out" for use in whole]
    put_level(twin.people, own, np.full(arm.n, MISSING))


def try_variable(
    arm: Arm, twin: ArmTwin, own: Variable, uses: Sequence[Use], rng: np.random.Generator
) -> bool:
    """Settle a variable and move the numbers; what was there before stays where that does not succeed."""
    known = arm.known[own]
    cut = known.numeric or any(limits is not None for limits in known.levels.values())
    levels = len(known.levels) + 1 if cut else len(known.levels)
    free = levels - 1 if cut else None
    sets = [set_of(use, arm.known, arm.name) for use in uses]
    of_kind = settle_variable(twin.people, own, levels, sets, rng, free)
    trial = ArmTwin(twin.people, dict(twin.places), twin.numbers, list(twin.intervals))
    if cut:
        trial.places[own] = len(twin.places)
        column = start_of(own, uses, {}, arm.name, arm.n, rng, None)
        trial.numbers = np.column_stack([twin.numbers, column])
    change_places(arm, trial, own, uses, of_kind, rng)
    if cut:
        trial.intervals.append(interval_of(arm, trial, own, uses))
    more = [wanted_of(use, trial.people, trial.places, arm.known, arm.name) for use in uses]
    trial.numbers, miss = find_numbers(trial.numbers, trial.intervals, [*twin.wanted, *more])
    if miss > max(ENOUGH, twin_miss(twin)):
        return False
    twin.places, twin.numbers, twin.intervals = trial.places, trial.numbers, trial.intervals
    twin.wanted += more
    return True


def twin_miss(twin: ArmTwin) -> float:
    """How far the moments were off before; scores that are not exact keep nobody from a variable."""
    misses = [np.abs(one.misses(twin.numbers)).max(initial=0.0) for one in twin.wanted]
    return max((float(miss) for miss in misses if miss > ENOUGH), default=0.0) * 2


def interval_of(arm: Arm, twin: ArmTwin, own: Attribute, uses: Sequence[Use] | None = None) -> Interval:
    """Where each person's number may lie: what is possible, at the level that the person is at; a column that
    does not vary in a set of people is its mean there."""
    known = arm.known.get(own, Known())
    low, high = known.range or (-np.inf, np.inf)
    lows, highs = np.full(arm.n, float(low)), np.full(arm.n, float(high))
    if isinstance(own, Variable):
        for level, limits in enumerate(known.levels.values()):
            at = twin.people.level[own] == level
            if limits is not None:
                lows[at] = np.maximum(lows[at], limits[0] + INSIDE)
                highs[at] = np.minimum(highs[at], limits[1] - INSIDE)
    for use in arm.of_scores() if uses is None else uses:
        one = wanted_of(use, twin.people, twin.places, arm.known, arm.name)
        for place, (column, other) in enumerate(zip(use.block.columns, use.attributes, strict=True)):
            if other == own and column.coding == LOG:
                lows[one.rows] = np.maximum(lows[one.rows], INSIDE)
            elif other == own and column.coding != LEVEL and one.covariance[place, place] <= 0:
                lows[one.rows] = highs[one.rows] = one.means[place]
    return Interval(lows, highs)
