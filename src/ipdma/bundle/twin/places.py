"""People of one kind change places until a variable goes with their scores nearly as it should."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ipdma.bundle.twin.columns import Use, Variable
from ipdma.bundle.twin.people import put_level
from ipdma.bundle.twin.sets import wanted_of

if TYPE_CHECKING:
    from ipdma.bundle.twin.arm import Arm, ArmTwin

CHANGES = 300  # tried
FEW = 4  # kinds of fewer people change as often as those


def change_places(
    arm: Arm, twin: ArmTwin, own: Variable, uses: Sequence[Use], of_kind: np.ndarray, rng: np.random.Generator
) -> None:
    """Try random exchanges of level, and of number, between two people of a kind; keep those that bring the
    moments nearer."""
    uses = [use for use in uses if len(set(use.attributes)) > 1]
    if not uses:
        return
    place = twin.places.get(own)
    level, best = twin.people.level[own], distance(arm, twin, uses)
    for _ in range(CHANGES):
        a = int(rng.integers(len(level)))
        b = int(rng.choice(np.flatnonzero(of_kind == of_kind[a])))
        if a == b or (level[a] == level[b] and place is None):
            continue
        exchange(twin, own, a, b, place)
        now = distance(arm, twin, uses)
        if now < best:
            best = now
        else:
            exchange(twin, own, a, b, place)


def exchange(twin: ArmTwin, own: Variable, a: int, b: int, place: int | None) -> None:
    """Two people exchange their level and their number of a variable."""
    level = twin.people.level[own]
    level[[a, b]] = level[[b, a]]
    put_level(twin.people, own, level)
    if place is not None:
        twin.numbers[[a, b], place] = twin.numbers[[b, a], place]


def distance(arm: Arm, twin: ArmTwin, uses: Sequence[Use]) -> float:
    """Sum of squared distances of the blocks' moments."""
    total = 0.0
    for use in uses:
        one = wanted_of(use, twin.people, twin.places, arm.known, arm.name)
        misses = one.misses(twin.numbers)
        total += float(misses @ misses)
    return total
