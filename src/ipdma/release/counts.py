"""Numbers of people that stand beside the blocks: of the arms, in each cell, and of those left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ipdma.bundle.records import OBSERVED, Arm, ArmCount, Bundle, CellCounts
from ipdma.release.attacks.cells import CELLS
from ipdma.release.attacks.find import Find, few

WITHHOLD = "withhold the number"


def tellable(bundle: Bundle, minimum: int) -> Bundle:
    """The bundle without numbers of few people, and without those that would give such a number away.

    Where an arm's number is withheld, how many people were randomised and how many are left out go as well:
    minus the arms that are told they would be that arm. People of an arm in a cell are not told where few of
    the arm, or of the cell as observed, are not among them; a missing outcome is told (docs/privacy.md).
    """
    arms = {name: replace(arm, n=enough(arm.n, minimum)) for name, arm in bundle.arms.items()}
    hidden = any(arm.n is None for arm in arms.values())
    study = {**bundle.study, "randomised": None} if hidden else bundle.study
    cells = tuple(tellable_cell(cell, bundle, minimum, hidden) for cell in bundle.cells)
    return replace(bundle, study=study, arms=arms, cells=cells)


def tellable_cell(cell: CellCounts, bundle: Bundle, minimum: int, hidden: bool) -> CellCounts:
    """The counts of a cell that may be told; of those left out none where an arm is hidden."""
    base = bundle.cell(replace(cell.serves, rows=OBSERVED))
    arms = {}
    for name, own in cell.arms.items():
        other = None if base is None else base.arms.get(name)
        safe = not is_near(own, bundle.arms.get(name), other, minimum)
        arms[name] = own if safe else ArmCount(None, None)
    left = tuple((why, None if hidden else enough(n, minimum)) for why, n in cell.left_out)
    return replace(cell, arms=arms, left_out=left)


def is_near(own: ArmCount, arm: Arm | None, base: ArmCount | None, minimum: int) -> bool:
    """Whether the counts of an arm in a cell are few people, or differ by few from the arm or the cell as
    observed."""
    apart = [own.n, own.observed, gap(None if arm is None else arm.n, own.n)]
    if base is not None:
        apart += [gap(base.n, own.n), gap(base.observed, own.observed)]
    return any(n is not None and few(n, minimum) for n in apart)


def gap(whole: int | None, part: int | None) -> int | None:
    """How many more there are in the one than in the other, where both are told."""
    return None if whole is None or part is None else abs(whole - part)


def enough(n: int | None, minimum: int) -> int | None:
    """A number of people, or None where it is few."""
    return None if n is not None and few(n, minimum) else n


def attack_counts(bundle: Bundle, minimum: int) -> Iterator[tuple[str, Find]]:
    """Numbers that are told and are few people, or give few people away, and what they concern."""
    safe = tellable(bundle, minimum)
    for name, arm in bundle.arms.items():
        if arm != safe.arms[name]:
            yield "arms", find(name, f"fewer than {minimum} people in arm {name}")
    if bundle.study != safe.study:
        yield "study", find("", "randomised people minus the arms that are told are a withheld arm")
    for cell, own in zip(bundle.cells, safe.cells, strict=True):
        what = " ".join(
            part for part in (cell.serves.contrast, cell.serves.outcome, cell.serves.timepoint) if part
        )
        for name, counts in cell.arms.items():
            if counts != own.arms[name]:
                yield what, find(name, f"people of arm {name} are, or differ by, fewer than {minimum}")
        for before, after in zip(cell.left_out, own.left_out, strict=True):
            if before != after:
                yield (
                    what,
                    find("", f"left out ({before[0]}): fewer than {minimum}, or those of a withheld arm"),
                )


def find(arm: str, reason: str) -> Find:
    """A number that has to be withheld."""
    return Find(CELLS, arm, (), reason, WITHHOLD)


def counted_numbers(bundle: Bundle) -> int:
    """How many numbers there are to attack."""
    return len(bundle.arms) + sum(2 * len(cell.arms) + len(cell.left_out) for cell in bundle.cells)
