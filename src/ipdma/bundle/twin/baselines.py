"""Baseline scores of everyone, where only what a standardising constant needs of them is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ipdma.bundle.records import BASELINE, VISITS, Bundle, Moments, ScaleSquares
from ipdma.bundle.twin.columns import Score, Use

WORDS = ("instrument_baseline_sd", "study_baseline_sd")
Baselines = dict[str, dict[Score, Moments]]


def baselines_of(bundle: Bundle, uses: Sequence[Use], sizes: dict[str, int]) -> tuple[Baselines, list[str]]:
    """By arm the moments of baseline scores that no block tells of whole, and sentences for what they do
    not say.

    A sum of squares is over all arms: what the blocks leave of it is shared among the people whom they do not
    tell of, by their number. On a scale of which nothing else is known each mean is put three SDs above zero.
    """
    found: Baselines = {arm: {} for arm in sizes}
    lost: list[str] = []
    for squares in first_of_each_scale(bundle):
        own = Score(squares.instrument, squares.rating, squares.scoring, BASELINE, 0.0)
        if is_whole(own, uses, sizes, squares.n):
            continue
        if squares.n != sum(sizes.values()):
            lost.append(
                f"baseline on {squares.instrument}: {squares.n} of {sum(sizes.values())} people have it, and "
                "the bundle does not tell in which arm"
            )
            continue
        parts = {arm: largest(own, uses, arm) for arm in sizes}
        for arm, moments in shared(parts, sizes, squares, range_of(own, uses)).items():
            found[arm][own] = moments
    return found, lost


def first_of_each_scale(bundle: Bundle) -> list[ScaleSquares]:
    """One entry of baseline squares for each scale."""
    found: dict[tuple[str, str, str], ScaleSquares] = {}
    for own in bundle.scales:
        if own.standardise in WORDS:
            found.setdefault((own.instrument, own.rating, own.scoring), own)
    return list(found.values())


def is_whole(own: Score, uses: Sequence[Use], sizes: dict[str, int], n: int) -> bool:
    """Whether blocks of people apart by their visits tell of every baseline score."""
    apart = [use for use in uses if own in use.attributes and is_visits(use)]
    blocks = {id(use.block): use.block for use in apart}
    return n == sum(m.n for block in blocks.values() for arm, m in block.arms.items() if arm in sizes)


def range_of(own: Score, uses: Sequence[Use]) -> tuple[float, float] | None:
    """What is possible on a scale, as far as a block tells."""
    columns = (pair for use in uses for pair in zip(use.block.columns, use.attributes, strict=True))
    return next((column.range for column, other in columns if other == own and column.range), None)


def largest(own: Score, uses: Sequence[Use], arm: str) -> Moments | None:
    """The moments of a baseline score over as many people of an arm as blocks apart from each other tell
    of."""
    having = [use for use in uses if own in use.attributes and arm in use.block.arms]
    apart = [use for use in having if is_visits(use)]
    unions = [apart] if apart else []
    for use in having:
        later = [other for other in use.attributes if isinstance(other, Score) and other != own]
        unions.append([use, *(other for other in apart if later and later[0] in other.lacks)])
    found = [
        joined([use.block.arms[arm].of([use.attributes.index(own)]) for use in union]) for union in unions
    ]
    return max(found, key=lambda moments: moments.n, default=None)


def is_visits(use: Use) -> bool:
    """Whether a block is of people seen at some visits and at no other."""
    return use.block.serves[0].rows.startswith(VISITS)


def joined(parts: Sequence[Moments]) -> Moments:
    """The mean and variance of a number over several sets of people together."""
    n = sum(part.n for part in parts)
    mean = sum(part.n * float(part.means[0]) for part in parts) / n
    total = sum(float(part.products[0, 0]) + part.n * (float(part.means[0]) - mean) ** 2 for part in parts)
    return Moments(n, np.array([mean]), np.array([[total / max(n - 1, 1)]]))


def shared(
    parts: dict[str, Moments | None],
    sizes: dict[str, int],
    squares: ScaleSquares,
    limits: tuple[float, float] | None,
) -> dict[str, Moments]:
    """Moments of everyone by arm whose squares add up to those given; `limits` is the scale's range."""
    middle = 3.0 * float(np.sqrt(squares.sum_of_squares / max(squares.df, 1)))
    known = {arm: float(own.products[0, 0]) if own is not None else 0.0 for arm, own in parts.items()}
    more = {arm: n - (parts[arm].n if parts[arm] is not None else 1) for arm, n in sizes.items()}  # type: ignore[union-attr]
    left, people = squares.sum_of_squares - sum(known.values()), sum(more.values())
    found = {}
    for arm, n in sizes.items():
        own = parts[arm]
        extra = left * more[arm] / people if people else 0.0
        mean = float(own.means[0]) if own is not None else middle
        if own is not None and more[arm] == 1:  # one person alone cannot spread about the others' mean
            mean += away(mean, extra * n / own.n, limits) / n
        total = known[arm] + extra
        found[arm] = Moments(n, np.array([mean]), np.array([[total / max(n - 1, 1)]]))
    return found


def away(mean: float, square: float, limits: tuple[float, float] | None) -> float:
    """How far from the others' mean somebody is, its square given: above it, where the range has room."""
    distance = float(np.sqrt(max(square, 0.0)))
    return -distance if limits is not None and mean + distance > limits[1] else distance
