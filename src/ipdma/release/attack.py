"""Every attack on one block beside others, and on a bundle as it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ipdma.bundle.faults import describe
from ipdma.bundle.records import Attack, Block, Bundle, sets_of
from ipdma.cohort.guests import name_squares
from ipdma.release.attacks.cells import CELLS, LEVERAGE, attack_cells, attack_leverage, attack_missing
from ipdma.release.attacks.differences import DIFFERENCES, RELEASES, attack_differences
from ipdma.release.attacks.extremes import EXTREMES, attack_extremes
from ipdma.release.attacks.find import Find
from ipdma.release.attacks.rank import RANK, attack_rank
from ipdma.release.attacks.reconstruction import RECONSTRUCTION, Effort, attack_reconstruction
from ipdma.release.attacks.sets import SETS, attack_sets
from ipdma.release.attacks.standardisers import STANDARDISERS, attack_squares
from ipdma.release.counts import attack_counts, counted_numbers

STEPS = 10_000  # of solving for whole numbers
ORDER = (CELLS, DIFFERENCES, LEVERAGE, RANK, RECONSTRUCTION, EXTREMES, SETS, STANDARDISERS, RELEASES)


@dataclass
class Tally:
    """How often each attack was tried and how often it found somebody."""

    tried: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)

    def count(self, attack: str, tried: int, finds: Sequence[Find]) -> list[Find]:
        """Count, and pass the finds on."""
        self.tried[attack] += tried
        self.found[attack] += len(finds)
        return list(finds)

    def as_attacks(self, effort: Effort) -> tuple[Attack, ...]:
        """For the bundle: every attack, tried and found."""
        limits = {RECONSTRUCTION: effort.steps}
        return tuple(Attack(name, self.tried[name], self.found[name], limits.get(name)) for name in ORDER)


def attack_block(block: Block, head: Bundle, minimum: int, effort: Effort, tally: Tally) -> list[Find]:
    """Attacks on a block alone, the cheap ones first; the search runs where they found nothing.

    `head` has the counts of arms and cells.
    """
    arms = len(block.arms)
    cells = [*attack_cells(block, minimum), *attack_missing(block, head, minimum)]
    found = tally.count(CELLS, arms * len(block.columns), cells)
    found += tally.count(EXTREMES, arms * len(block.columns), list(attack_extremes(block, minimum)))
    found += tally.count(RANK, arms, list(attack_rank(block, minimum)))
    found = found or tally.count(LEVERAGE, arms, list(attack_leverage(block, minimum)))
    if not found:
        before = effort.tried
        finds = list(attack_reconstruction(block, minimum, effort))
        found = tally.count(RECONSTRUCTION, effort.tried - before, finds)
    return found


def attack_bundle(
    bundle: Bundle, minimum: int, effort: Effort | None = None, earlier: Sequence[Bundle] = ()
) -> tuple[list[tuple[str, Find]], Tally, Effort]:
    """Attack every number of people, block, pair of blocks and standardiser of a bundle.

    Parameters
    ----------
    bundle : Bundle
    minimum : int
        Fewest people that may be told of.
    effort : Effort, optional
        Allowed to the search for whole numbers, and what was solved already; default ten thousand steps.
    earlier : sequence of Bundle
        Earlier releases of the same trial.

    Returns
    -------
    finds : list of (what it concerns, Find)
    tally : Tally
    effort : Effort
        `left` searches that it did not allow.
    """
    tally, effort = Tally(), effort or Effort(STEPS)
    finds = list(attack_counts(bundle, minimum))
    tally.count(CELLS, counted_numbers(bundle), [own for _, own in finds])
    distinct: list[Block] = []
    for block in bundle.blocks:
        name = describe(block)
        finds += [(name, own) for own in attack_block(block, bundle, minimum, effort, tally)]
        if not is_distinct(block):
            continue
        others = distinct.copy()
        distinct.append(block)
        pairs = list(attack_differences(block, others, minimum))
        finds += [(name, own) for own in tally.count(DIFFERENCES, len(others), pairs)]
        for release in earlier:
            before = [own for own in release.blocks if is_distinct(own)]
            pairs = list(attack_differences(block, before, minimum, RELEASES))
            finds += [(name, own) for own in tally.count(RELEASES, len(before), pairs)]
    for sets in sets_of(bundle.blocks):
        found = list(attack_sets(sets, minimum))
        finds += [(describe(sets[0]), own) for own in tally.count(SETS, len(sets[0].arms), found)]
    finds += list(attack_standards(bundle, minimum, tally, earlier))
    return finds, tally, effort


def is_distinct(block: Block) -> bool:
    """Whether a block may have people of its own: of completed data sets, which leave only where all are of
    the same people, the first stands for all."""
    return block.imputation in (None, 1)


def attack_standards(
    bundle: Bundle, minimum: int, tally: Tally, earlier: Sequence[Bundle]
) -> Iterator[tuple[str, Find]]:
    """Attack the sums of squares beside the blocks of this bundle and of earlier ones."""
    for squares in bundle.scales:
        found = list(attack_squares(squares, bundle.blocks, minimum))
        for own in tally.count(STANDARDISERS, 1, found):
            yield name_squares(squares.behind), own
        for release in earlier:
            found = list(attack_squares(squares, release.blocks, minimum, RELEASES))
            for own in tally.count(RELEASES, 1, found):
                yield name_squares(squares.behind), own
