"""The attack on a report while it is made: on the records and on every number that it prints."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ipdma.analysis.kept import Kept
from ipdma.provenance import digest_files, digest_text
from ipdma.report.ledger import Ledger
from ipdma.runs.attack_shared import Outcome, attack_shared, files_attacked
from ipdma.runs.disclose_pages import untold_pages
from ipdma.runs.jobs import Desk
from ipdma.runs.recipes import digest_numbers


def attacker(desk: Desk, plan: Mapping[str, Any], kept: Kept) -> Callable[[Ledger], int]:
    """A function that counts the withheld numbers that follow from a report's; the job keeps what it finds.

    Parameters
    ----------
    desk : Desk
        Gets `disclosure.json`; the record files and the trials' pages lie in its results folder.
    plan : mapping
        With its defaults filled in.
    kept : Kept
        Holds the outcome of the same attack in an earlier run, which is not made again.

    Returns
    -------
    function of a Ledger
        Attacks what it claims, and gives how many numbers of few people can be worked out.
    """

    def attacked(ledger: Ledger) -> int:
        desk.say("looking whether withheld numbers can be worked out of records, tables, figures and pages")
        printed = [claim.as_mapping() for claim in ledger.claims]
        make = partial(attack, desk, plan, printed, kept)
        outcome = Outcome.from_mapping(kept.get_whole(key_of_attack(desk, plan, printed), make))
        desk.put("disclosure.json", outcome.as_json())
        for line in outcome.lines():
            desk.say(line)
        return len(outcome.exposed)

    return attacked


def attack(
    desk: Desk, plan: Mapping[str, Any], printed: Sequence[Mapping[str, Any]], kept: Kept
) -> dict[str, Any]:
    """What the attack finds, as JSON has it."""
    return attack_shared(desk.results, plan, printed, kept=kept).as_mapping()


def key_of_attack(desk: Desk, plan: Mapping[str, Any], printed: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 of all that the attack reads: the plan's numbers, files of the run, what is printed."""
    files = {path.relative_to(desk.results).as_posix(): path for path in files_attacked(desk.results)}
    digests = {name: digest_files([path]) for name, path in files.items()}
    untold = untold_pages(desk.results)
    return digest_text(json.dumps(["attack", digest_numbers(plan), digests, untold, printed]))
