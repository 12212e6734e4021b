"""Whole numbers in a known range with known sums: solved for, and named where only one answer is left.

For each value v of a column, c_v people have it: sum c = n, sum v c = S1, sum v^2 c = S2, and beside an
indicator the same inside it. A value that the same few people have in every solution is recovered
(mixed-integer linear programs by HiGHS, through scipy).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from ipdma.bundle.records import INDICATORS, Block, Moments
from ipdma.release.attacks.find import DROP, Find, whole_columns

RECONSTRUCTION = "reconstruction"
SMALL = 20  # people up to which an arm is solved for: beyond, thousands of answers fit a usual spread
NARROW = 2.0  # standard deviation in points below which a larger arm is
WIDEST = 200  # values of a column
LIMIT = 1  # scipy's status of a search that its limit ended
PROGRAM = 10  # steps that a program costs beside the nodes of its tree
MOST = 1000  # nodes of one program


@dataclass
class Effort:
    """What the search for whole numbers may cost, and what it has cost so far.

    A step is a node of the search tree of a mixed-integer program, and each program costs some more. No clock
    is asked, so that the same bundle comes out on a slow machine and on a busy one.

    Attributes
    ----------
    steps, spent : int
        Steps allowed, and taken.
    asked, left : int
        Searches asked for, and those among them that ended for want of steps.
    seen : dict of bytes to bool
        By system of equations whether a person's value follows from it, so that none is solved twice.
    """

    steps: int
    asked: int = 0
    left: int = 0
    spent: int = 0
    seen: dict[bytes, bool] = field(default_factory=dict)

    @property
    def remaining(self) -> int:
        """Steps left."""
        return self.steps - self.spent

    @property
    def tried(self) -> int:
        """Searches that came to an end."""
        return self.asked - self.left


class Exhausted(Exception):
    """A search that did not come to an end."""


def attack_reconstruction(block: Block, minimum: int, effort: Effort) -> Iterator[Find]:
    """Whole-number columns of small or narrow arms, alone and beside each indicator."""
    if minimum <= 1:
        return
    indicators = [i for i, column in enumerate(block.columns) if column.coding in INDICATORS]
    for arm, moments in block.arms.items():
        for place in whole_columns(block):
            if not worth_solving(moments, place):
                continue
            for beside in (None, *indicators):
                if recovered(block, moments, place, beside, minimum, effort):
                    names = block.columns[place if beside is None else beside].name
                    reason = f"a score of {block.columns[place].label} in arm {arm} follows from the moments"
                    yield Find(RECONSTRUCTION, arm, (names,), reason, DROP)
                    break


def worth_solving(moments: Moments, place: int) -> bool:
    """Whether an arm is small, or varies so little that few answers are left."""
    return moments.n <= SMALL or moments.covariance[place, place] < NARROW**2


def recovered(
    block: Block, moments: Moments, place: int, beside: int | None, minimum: int, effort: Effort
) -> bool:
    """Whether few people's value is the same in every solution; False, and left, where the effort ends."""
    limits = block.columns[place].range
    if limits is None or limits[1] - limits[0] > WIDEST:
        return False
    left, right = system(moments, place, beside, limits)
    key = left.tobytes() + right.tobytes()
    effort.asked += 1
    if key not in effort.seen:
        try:
            effort.seen[key] = is_certain(left, right, minimum, effort)
        except Exhausted:
            effort.left += 1
            return False
    return effort.seen[key]


def system(
    moments: Moments, place: int, beside: int | None, limits: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Equations of the numbers of people at each value; beside an indicator those without come first."""
    values = np.arange(np.ceil(limits[0]), np.floor(limits[1]) + 1)
    origin = np.round(moments.means[place])  # squares about a middle value keep the numbers small
    v = values - origin
    totals = moments.totals
    n, s1 = totals[0, 0], totals[0, place + 1]
    s2 = totals[place + 1, place + 1] - 2 * origin * s1 + origin**2 * n
    rows = np.array([np.ones_like(v), v, v**2])
    right = np.array([n, s1 - origin * n, s2])
    if beside is None:
        return rows, np.round(right)
    nothing = np.zeros_like(v)
    own, crossed = totals[0, beside + 1], totals[place + 1, beside + 1]
    inside = np.array([np.concatenate([nothing, rows[0]]), np.concatenate([nothing, rows[1]])])
    left = np.vstack([np.hstack([rows, rows]), inside])
    return left, np.round(np.concatenate([right, [own, crossed - origin * own]]))


def is_certain(left: np.ndarray, right: np.ndarray, minimum: int, effort: Effort) -> bool:
    """Whether some value is taken by the same few people in every solution: the least and the most agree."""
    width = left.shape[1]
    first = solve(left, right, np.zeros(width), effort)
    if first is None:
        return False
    candidates = (first > 0.5) & (first < minimum - 0.5)
    while candidates.any():
        at = int(np.flatnonzero(candidates)[0])
        for sign in (1.0, -1.0):
            weights = np.where(candidates, sign * 1e-3, 0.0)
            weights[at] = sign
            other = solve(left, right, weights, effort)
            if other is None:
                return False
            candidates &= other == first
            if not candidates[at]:
                break
        else:
            return True
    return False


def solve(left: np.ndarray, right: np.ndarray, weights: np.ndarray, effort: Effort) -> np.ndarray | None:
    """Numbers of people at each value with the least weight; None where there are none.

    Raises
    ------
    Exhausted
        Where no steps are left, or this program took more than one program may.
    """
    if effort.remaining <= 0:
        raise Exhausted
    done = milp(
        weights,
        integrality=np.ones(left.shape[1]),
        bounds=Bounds(0, right[0]),
        constraints=LinearConstraint(left, right - 1e-6, right + 1e-6),
        options={"node_limit": min(effort.remaining, MOST)},
    )
    effort.spent += PROGRAM + int(done.mip_node_count or 0)
    if done.status == LIMIT:
        raise Exhausted
    return None if done.x is None else np.round(done.x)
