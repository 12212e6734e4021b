"""What trials without rows cannot answer, said where they are missing."""

from __future__ import annotations

from collections.abc import Sequence

from ipdma.analysis.cell import Cell
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Moderator

KIND = "not_in_bundle"


def note_silent(
    ledger: Ledger, ident: Ident, cell: Cell, names: Sequence[str], moderator: Moderator | None = None
) -> None:
    """Name the bundles that do not tell of these columns together; the fit is made without their trials."""
    silent = cell.silent(names, moderator)
    if silent:
        about = ["the outcome", *names, *([moderator.name] if moderator else [])]
        ledger.note(
            ident, KIND, f"without {', '.join(silent)}: the bundle does not tell of {' with '.join(about)}"
        )


def note_left_out(ledger: Ledger, ident: Ident, cell: Cell, what: str) -> None:
    """Name the bundles of a cell that an analysis cannot use at all, since it reads rows."""
    here = set(cell.studies)
    gone = [guest.study for guest in cell.guests if guest.study in here]
    if gone:
        ledger.note(
            ident, KIND, f"without {', '.join(gone)}: {what} needs participants' rows, and a bundle has none"
        )
