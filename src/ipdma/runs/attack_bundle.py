"""Tries to recover people from a bundle's file alone, beside earlier releases where there are any."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from ipdma.bundle import Bundle
from ipdma.errors import SpecError
from ipdma.release.attack import Tally, attack_bundle
from ipdma.release.attacks.differences import RELEASES
from ipdma.release.attacks.find import Find
from ipdma.release.attacks.reconstruction import Effort
from ipdma.runs.release import read_ledger

DEFAULT = 10  # people, where a bundle was made with the gate off
STEPS = 15_000  # of solving for whole numbers
Finds = list[tuple[str, Find]]


def disclose_bundle(
    bundle: Bundle, minimum: int | None = None, ledger: Path | None = None
) -> tuple[Finds, Tally, Effort]:
    """Attack a bundle.

    Parameters
    ----------
    bundle : Bundle
    minimum : int, optional
        Fewest people that may be told of; default the bundle's own, and 10 where its gate was off. The
        bundle's own or more, and of one whose gate was off 2 or more: one person alone is always too few.
    ledger : Path, optional
        Folder of earlier releases of the same trial.

    Returns
    -------
    finds : list of (what it concerns, Find)
    tally : Tally
        How often each attack was tried, and found somebody.
    effort : Effort
        `left` counts the searches that it did not allow.

    Raises
    ------
    SpecError
        For a `minimum` below what the bundle was made with, or below 2.
    """
    least = least_attacked(bundle.gate.minimum_cell, minimum)
    earlier = [] if ledger is None else list(read_ledger(ledger).values())
    return attack_bundle(bundle, least, Effort(STEPS), earlier)


def least_attacked(own: int, asked: int | None) -> int:
    """The fewest people that may be told of, as asked or as the bundle has it.

    Raises SpecError where `asked` is lower than the bundle's own, or than 2.
    """
    lowest, why = (
        (own, f"the bundle was made with {own}, and fewer would ask less of it than was asked then")
        if own > 1
        else (2, "with fewer than two nobody could be found, whatever the bundle holds")
    )
    if asked is not None and asked < lowest:
        raise SpecError(f"--minimum-cell {asked}: {why}; leave it out, or give {lowest} or more")
    return asked or (own if own > 1 else DEFAULT)


def bundle_json(finds: Finds, tally: Tally, effort: Effort) -> str:
    """The outcome as JSON text: `found`, `attacks`, `not_tried`."""
    found = [{"what": what, **asdict(find)} for what, find in finds]
    tried = [asdict(own) for own in tally.as_attacks(effort)]
    return json.dumps({"found": found, "attacks": tried, "not_tried": effort.left}, indent=1) + "\n"


def bundle_summary(finds: Finds, tally: Tally, effort: Effort, limit: int) -> Iterator[str]:
    """The outcome in lines, with at most `limit` finds (0: all)."""
    for own in tally.as_attacks(effort):
        within = "" if own.steps_allowed is None else f" (within {own.steps_allowed} steps)"
        yield f"{own.attack}: tried {own.tried} times{within}, found somebody {own.found} times"
    if not tally.tried[RELEASES]:
        yield "no earlier release was held against it: name the folder of releases with --ledger"
    if effort.left:
        yield f"not tried, beyond the steps allowed: {effort.left} searches for whole numbers"
    if not finds:
        yield "nobody could be recovered"
        return
    for what, find in finds if limit <= 0 else finds[:limit]:
        yield f"  {what}: {find.reason}; {find.way_out}"
    if 0 < limit < len(finds):
        yield f"  ... and {len(finds) - limit} more (--limit 0 lists all)"
