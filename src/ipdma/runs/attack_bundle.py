"""Tries to recover people from a bundle's file alone, beside earlier releases where there are any."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from ipdma.bundle import Bundle
from ipdma.release.attack import Tally, attack_bundle
from ipdma.release.attacks.find import Find
from ipdma.release.attacks.reconstruction import Clock
from ipdma.runs.release import read_ledger

DEFAULT = 10  # people, where a bundle was made with the gate off
SECONDS = 15.0
Finds = list[tuple[str, Find]]


def disclose_bundle(
    bundle: Bundle, minimum: int | None = None, ledger: Path | None = None
) -> tuple[Finds, Tally, Clock]:
    """Attack a bundle.

    Parameters
    ----------
    minimum : int, optional
        Fewest people that may be told of; default the bundle's own, and 10 where its gate was off.
    ledger : Path, optional
        Folder of earlier releases of the same trial.
    """
    own = bundle.gate.minimum_cell
    least = minimum or (own if own > 1 else DEFAULT)
    earlier = [] if ledger is None else list(read_ledger(ledger).values())
    return attack_bundle(bundle, least, Clock(SECONDS), earlier)


def bundle_json(finds: Finds, tally: Tally, clock: Clock) -> str:
    """The outcome as it is written."""
    found = [{"what": what, **asdict(find)} for what, find in finds]
    tried = [asdict(own) for own in tally.as_attacks(clock)]
    return json.dumps({"found": found, "attacks": tried, "not_tried": clock.left}, indent=1) + "\n"


def bundle_summary(finds: Finds, tally: Tally, clock: Clock, limit: int) -> Iterator[str]:
    """The outcome in lines."""
    for own in tally.as_attacks(clock):
        within = "" if own.seconds_allowed is None else f" (within {own.seconds_allowed:g} s)"
        yield f"{own.attack}: tried {own.tried} times{within}, found somebody {own.found} times"
    if clock.left:
        yield f"not tried for want of time: {clock.left} searches for whole numbers"
    if not finds:
        yield "nobody could be recovered"
        return
    for what, find in finds if limit <= 0 else finds[:limit]:
        yield f"  {what}: {find.reason}; {find.way_out}"
    if 0 < limit < len(finds):
        yield f"  ... and {len(finds) - limit} more (--limit 0 lists all)"
