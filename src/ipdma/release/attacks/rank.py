"""Columns against rows: moments of many columns over few people are nearly the rows themselves."""

from __future__ import annotations

from collections.abc import Iterator

from ipdma.bundle.records import LEVEL, Block
from ipdma.release.attacks.find import DROP, Find

RANK = "rank"
PEOPLE_PER_COLUMN = 3  # DataSHIELD's nfilter.glm allows 0.33 parameters a person


def attack_rank(block: Block, minimum: int) -> Iterator[Find]:
    """Arms with fewer than three people for each column and the constant.

    A category counts its levels less 1.
    """
    if minimum <= 1:
        return
    needed = needed_people(block)
    for arm, moments in block.arms.items():
        if moments.n < needed:
            reason = f"{len(block.columns)} columns over fewer than {needed} people of arm {arm}"
            yield Find(RANK, arm, block.names[-1:], reason, DROP)


def needed_people(block: Block) -> int:
    """Fewest people for the columns of a block."""
    levels = {column.name for column in block.columns if column.coding == LEVEL}
    return PEOPLE_PER_COLUMN * (len(block.columns) - len(levels) + 1)
