"""Sums of squares for standardisation, attacked like a block: small, or of almost a block's people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ipdma.bundle.records import BASELINE, OUTCOME, Block, ScaleSquares
from ipdma.release.attacks.find import Find, column_key, few

STANDARDISERS = "standardisers"
STANDARD = "those analysed stand in their place"


def attack_squares(
    squares: ScaleSquares, blocks: Sequence[Block], minimum: int, attack: str = STANDARDISERS
) -> Iterator[Find]:
    """Few scores, no spread, or few more or fewer people than blocks of the same scores have together."""
    what = f"{squares.instrument} ({squares.standardise})"
    if minimum <= 1:
        return
    if squares.n < minimum:
        yield Find(attack, "", (), f"{what}: fewer than {minimum} scores", STANDARD)
    if squares.sum_of_squares <= 0:
        yield Find(attack, "", (), f"{what}: all scores of each arm are the same", STANDARD)
    most: dict[str, int] = {}
    for block in blocks:
        if squares.contrast and all(own.contrast != squares.contrast for own in block.serves):
            continue
        if any(column_key(block, column) == key_of(squares) for column in block.columns):
            for arm, moments in block.arms.items():
                most[arm] = max(most.get(arm, 0), moments.n)
    if most and few(abs(squares.n - sum(most.values())), minimum):
        reason = f"{what}: fewer than {minimum} people apart from those of the blocks"
        yield Find(attack, "", (), reason, STANDARD)


def key_of(squares: ScaleSquares) -> tuple[object, ...]:
    """What the scores measure, as `column_key` names it."""
    scale = (squares.instrument, squares.rating, squares.scoring, "")
    return (OUTCOME, squares.timepoint, *scale) if squares.timepoint else (BASELINE, *scale)


def same_scores(first: ScaleSquares, second: ScaleSquares) -> bool:
    """Whether two sums of squares are of the same measurement."""
    return key_of(first) == key_of(second)
