"""The gate: what of a trial's draft becomes its bundle."""

from __future__ import annotations

from dataclasses import replace

from ipdma.bundle.records import Bundle, Gate
from ipdma.release.make import TrialDraft


def ungated(draft: TrialDraft) -> Bundle:
    """Everything, for one's own machine alone: the bundle says in itself that it is not for sharing."""
    return replace(
        draft.bundle,
        gate=Gate(1, False, (), draft.bundle.gate.withheld),
        scales=tuple(own.squares for own in draft.squares),
        blocks=tuple(own.block for own in draft.blocks),
    )
