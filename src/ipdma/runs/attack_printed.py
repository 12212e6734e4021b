"""The attack on a report while it is made: on the records and on every number that it prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ipdma.report.ledger import Ledger
from ipdma.runs.attack_shared import attack_shared
from ipdma.runs.jobs import Desk


def attacker(desk: Desk, plan: Mapping[str, Any]) -> Callable[[Ledger], int]:
    """A function that counts the withheld numbers that follow from a report's; the job keeps what it finds.

    Parameters
    ----------
    desk : Desk
        Gets `disclosure.json`; the record files and the trials' pages lie in its results folder.
    plan : mapping
        With its defaults filled in.

    Returns
    -------
    function of a Ledger
        Attacks what it claims, and gives how many numbers of few people can be worked out.
    """

    def attacked(ledger: Ledger) -> int:
        printed = (claim.as_mapping() for claim in ledger.claims)
        outcome = attack_shared(desk.results, plan, printed, desk.say)
        desk.put("disclosure.json", outcome.as_json())
        for line in outcome.lines():
            desk.say(line)
        return len(outcome.exposed)

    return attacked
