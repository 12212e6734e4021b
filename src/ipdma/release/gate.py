"""The gate: what of a trial's draft becomes its bundle, what is withheld, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import pairwise

from ipdma.bundle.faults import describe
from ipdma.bundle.records import (
    BEND,
    OBSERVED,
    OUTCOME,
    Block,
    Bundle,
    Gate,
    ScaleSquares,
    Serves,
    Withheld,
    sets_of,
)
from ipdma.cohort.guests import name_squares
from ipdma.plan import PROGNOSIS, Plan
from ipdma.release.attack import Tally, attack_block, attack_bundle, is_distinct
from ipdma.release.attacks.bends import attack_bends
from ipdma.release.attacks.cells import LEVERAGE, attack_persons
from ipdma.release.attacks.differences import DIFFERENCES, RELEASES, attack_differences
from ipdma.release.attacks.find import DROP, KEEP_ONE, MERGE, Find, column_key
from ipdma.release.attacks.reconstruction import RECONSTRUCTION, Effort
from ipdma.release.attacks.sets import attack_drawn, attack_pairs, attack_people, attack_sets
from ipdma.release.attacks.standardisers import STANDARDISERS, attack_squares, key_of
from ipdma.release.attacks.unions import Key, attack_unions, indicator_sums, levels_of_few
from ipdma.release.counts import tellable
from ipdma.release.make import TrialDraft
from ipdma.release.moments import Draft, narrowed

NOT_TRIED = "trying whether whole scores follow from the moments takes more than is allowed"
STEPS = 5_000  # of solving for whole numbers while a bundle is made
WITHDRAW = (
    "have the earlier release deleted wherever it went and take it out of the ledger, or wait until the two "
    "differ by enough people"
)


def ungated(draft: TrialDraft) -> Bundle:
    """Everything, for one's own machine alone: the bundle says in itself that it is not for sharing."""
    passage = Passage(draft.bundle, 1, ())
    out = {id(own) for sets in draft_sets(draft.blocks) if not is_even(sets, passage) for own in sets}
    return replace(
        draft.bundle,
        gate=Gate(1, False, (), (*draft.bundle.gate.withheld, *passage.withheld)),
        scales=tuple(own.squares for own in draft.squares),
        blocks=tuple(own.block for own in draft.blocks if id(own) not in out),
    )


@dataclass
class Passage:
    """What has passed the gate so far."""

    head: Bundle
    minimum: int
    earlier: Sequence[Bundle]
    effort: Effort = field(default_factory=lambda: Effort(STEPS))
    kept: list[Draft] = field(default_factory=list)
    withheld: list[Withheld] = field(default_factory=list)

    @property
    def blocks(self) -> list[Block]:
        """Blocks that have passed."""
        return [own.block for own in self.kept]

    def hold(self, what: str, find: Find) -> None:
        """Note what is withheld, once."""
        way_out = WITHDRAW if find.attack == RELEASES else find.way_out
        if all((own.what, own.attack) != (what, find.attack) for own in self.withheld):
            self.withheld.append(Withheld(what, find.attack, find.reason, way_out))


@dataclass(frozen=True)
class Released:
    """A bundle that may leave, or why none may.

    Attributes
    ----------
    bundle : Bundle or None
        None where no block passed, or none of the headlines that the trial has.
    withheld : list of Withheld
    untried : int
        Searches for whole numbers that were not allowed to end; their blocks are withheld.
    """

    bundle: Bundle | None
    withheld: list[Withheld]
    untried: int = 0


def release(draft: TrialDraft, plan: Plan, minimum: int, earlier: Sequence[Bundle] = ()) -> Released:
    """Let blocks through one by one, the headline's first, each attacked beside those that have passed.

    A column that fails leaves its block, and what remains is attacked again; a block that differs from one
    that has passed by too few people is withheld. Nothing passes where the trial has a headline and none of
    its headlines does.

    Parameters
    ----------
    draft : TrialDraft
    plan : Plan
    minimum : int
        Fewest people that may be told of: the plan's `minimum_cell`, or more.
    earlier : sequence of Bundle
        What was released of this trial before.
    """
    passage = Passage(draft.bundle, minimum, earlier, withheld=[*draft.held])
    for block in draft.blocks:
        if block.block.imputation is None:
            admit(block, passage)
    for sets in draft_sets(draft.blocks):
        admit_sets(sets, passage)
    asked = [own.block for own in draft.blocks if is_headline(own.block, plan)]
    passed = [own for own in passage.blocks if is_headline(own, plan)]
    if not passage.kept or (asked and not passed):
        return Released(None, passage.withheld, passage.effort.left)
    scales = tuple(admit_squares(draft, passage))
    held = (*draft.bundle.gate.withheld, *passage.withheld)
    made = replace(tellable(draft.bundle, minimum), blocks=tuple(passage.blocks), scales=scales)
    finds, tally, _ = attack_bundle(made, minimum, passage.effort, earlier)
    gate = Gate(minimum, not finds, tally.as_attacks(passage.effort), held)
    return Released(replace(made, gate=gate), passage.withheld, passage.effort.left)


def is_headline(block: Block, plan: Plan) -> bool:
    """Whether a block carries the primary model of the plan's first outcome in some contrast."""
    names = {OUTCOME, *plan.primary(plan["outcomes"][plan.first_outcome]["family"]).covariates}
    if plan["outcomes"][plan.first_outcome]["family"] == "binomial":
        names = {OUTCOME}
    return set(block.names) == names and any(serves_headline(own, plan) for own in block.serves)


def serves_headline(serves: Serves, plan: Plan) -> bool:
    """Whether rows are those of the plan's first outcome as observed."""
    same = serves.outcome == plan.first_outcome and serves.rows == OBSERVED
    return same and serves.contrast != PROGNOSIS


def admit(draft: Draft, passage: Passage) -> None:
    """Keep a block, or what remains of it when columns that fail are dropped, or note why it is withheld."""
    what = describe(draft.block)
    while True:
        found = attack_draft(draft, passage)
        if not found:
            if not is_repeated(draft.block, passage.blocks):
                passage.kept.append(draft)
            return
        for find in found:
            passage.hold(what, find)
        lost = {name for find in found for name in find.names}
        lost |= bent(draft.block, lost)
        rest = [name for name in draft.block.names if name not in lost]
        if any(not find.names for find in found) or not worth_keeping(rest, draft.block):
            return
        draft = narrowed(draft, rest)


def bent(block: Block, lost: Set[str]) -> set[str]:
    """The bends of a curve, where one of them or its number is lost: they answer together or not at all."""
    bends = {column.name for column in block.columns if column.coding == BEND}
    number = {own.name for own, bend in pairwise(block.columns) if bend.coding == BEND}
    return bends if lost & (bends | number) else set()


def draft_sets(drafts: Sequence[Draft]) -> list[list[Draft]]:
    """Completed data sets, those of the same cells and columns together."""
    by_block = {id(own.block): own for own in drafts}
    return [[by_block[id(block)] for block in sets] for sets in sets_of(own.block for own in drafts)]


def admit_sets(sets: Sequence[Draft], passage: Passage) -> None:
    """Keep the completed data sets of some rows, all of them or none."""
    first, minimum = sets[0], passage.minimum
    if not is_even(sets, passage):
        return
    found = list(attack_drawn(first.block, first.drawn, minimum))
    found = found or list(attack_pairs([own.values for own in sets], minimum)) or attack_draft(first, passage)
    found = found or list(attack_sets([own.block for own in sets], minimum))
    for own in sets[1:]:
        found = found or attack_alone(own.block, passage)
    for find in found:
        passage.hold(name_of(sets), find)
    if not found:
        passage.kept.extend(sets)


def is_even(sets: Sequence[Draft], passage: Passage) -> bool:
    """Whether completed data sets are of the same people (of the same arms, where the gate is off); else it
    is noted."""
    found = list(attack_people([own.people for own in sets], passage.minimum))
    for find in found:
        passage.hold(name_of(sets), find)
    return not found


def name_of(sets: Sequence[Draft]) -> str:
    """What completed data sets are called together."""
    return describe(replace(sets[0].block, imputation=None))


def worth_keeping(names: Sequence[str], block: Block) -> bool:
    """Whether a block without some columns still answers anything: an outcome needs to be in it."""
    return bool(names) and (OUTCOME not in block.names or OUTCOME in names)


def is_repeated(block: Block, kept: Sequence[Block]) -> bool:
    """Whether what remains of a block is there already for the same cells."""
    return any(
        set(own.names) == set(block.names)
        and own.imputation == block.imputation
        and set(own.serves) & set(block.serves)
        for own in kept
    )


def attack_draft(draft: Draft, passage: Passage) -> list[Find]:
    """Everything that is tried on one block beside those that have passed."""
    block, minimum = draft.block, passage.minimum
    found = attack_alone(block, passage)
    if found:
        return found
    kept = [own for own in passage.kept if is_distinct(own.block)]
    found = [*attack_rows(draft, kept, minimum)]
    found += attack_differences(block, [own.block for own in kept], minimum)
    for release_before in passage.earlier:
        before = [own for own in release_before.blocks if is_distinct(own)]
        found += attack_differences(block, before, minimum, RELEASES)
    return found


def attack_alone(block: Block, passage: Passage) -> list[Find]:
    """Everything that is tried on one block by itself."""
    before = passage.effort.left
    found = attack_block(block, passage.head, passage.minimum, passage.effort, Tally())
    if not found and passage.effort.left > before:
        found = [Find(RECONSTRUCTION, "", (), NOT_TRIED, DROP)]
    return found


def attack_rows(draft: Draft, kept: Sequence[Draft], minimum: int) -> Iterator[Find]:
    """What only the site can try: leverage from the rows, and unions of sets of people."""
    for arm in draft.people:
        yield from attack_bends(draft.block, arm, draft.values[arm], draft.knots, minimum)
        if attack_persons(draft.values[arm], minimum):
            reason = f"a combination of columns is the indicator of one person of arm {arm}"
            yield Find(LEVERAGE, arm, draft.block.names[-1:], reason, DROP)
        yield from attack_people_between(draft, arm, kept, minimum)


def attack_people_between(draft: Draft, arm: str, kept: Sequence[Draft], minimum: int) -> Iterator[Find]:
    """Few people, or few of a level, from a block's people and those of one or two others put together."""
    block, people = draft.block, draft.people[arm]
    keys = {column_key(block, column) for column in block.columns}
    others: dict[frozenset[str], dict[Key, float]] = {}
    for own in sorted(
        (o for o in kept if arm in o.people and shares(o.block, keys)), key=lambda o: sorted(o.people[arm])
    ):
        others.setdefault(own.people[arm], {}).update(indicator_sums(own.block, arm))
    if attack_unions(people, list(others), minimum):
        reason = f"sets of people of arm {arm}, put together, leave fewer than {minimum} apart"
        yield Find(DIFFERENCES, arm, (), reason, KEEP_ONE)
        return
    found = levels_of_few((people, indicator_sums(block, arm)), others, minimum)
    for column in block.columns:
        if column_key(block, column) in found:
            reason = (
                f"sets of people of arm {arm}, put together, leave fewer than {minimum} with or without "
                f"{column.label}"
            )
            yield Find(DIFFERENCES, arm, (column.name,), reason, MERGE)


def shares(block: Block, keys: set[tuple[object, ...]]) -> bool:
    """Whether a block measures one of the same things."""
    return any(column_key(block, column) in keys for column in block.columns)


def admit_squares(draft: TrialDraft, passage: Passage) -> Iterator[ScaleSquares]:
    """Sums of squares that pass; where one does not, those of the people in the blocks take its place."""
    for own in draft.squares:
        found = list(attack_squares(own.squares, passage.blocks, passage.minimum))
        for release_before in passage.earlier:
            found += attack_squares(own.squares, release_before.blocks, passage.minimum, RELEASES)
        if not found:
            yield own.squares
            continue
        for find in found:
            passage.hold(name_squares(own.squares.behind), find)
        yield from analysed_squares(own.squares, passage)


def analysed_squares(squares: ScaleSquares, passage: Passage) -> Iterator[ScaleSquares]:
    """The sum of squares of the same scores over the people of the blocks, which says nothing new."""
    largest: dict[str, tuple[int, float]] = {}
    for block in passage.blocks:
        keys = [column_key(block, column) for column in block.columns]
        if key_of(squares) not in keys or block.imputation is not None:
            continue
        if squares.contrast and all(own.contrast != squares.contrast for own in block.serves):
            continue
        at = keys.index(key_of(squares))
        for arm, moments in block.arms.items():
            own = (moments.n, float(moments.products[at, at]))
            largest[arm] = max(largest.get(arm, own), own)
    if largest:
        n, total = sum(n for n, _ in largest.values()), sum(own for _, own in largest.values())
        found = replace(squares, n=n, df=n - len(largest), sum_of_squares=total)
        if not any(attack_squares(found, passage.blocks, passage.minimum, STANDARDISERS)):
            yield found
