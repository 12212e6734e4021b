"""What trials without rows cannot answer, said where they are missing."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ipdma.analysis.cell import Cell
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Moderator
from ipdma.bundle import Bundle
from ipdma.bundle.guest import withheld_variables
from ipdma.cohort.guests import NOT_TOLD

KIND = "not_in_bundle"


def note_silent(
    ledger: Ledger,
    ident: Ident,
    cell: Cell,
    names: Sequence[str],
    moderator: Moderator | None = None,
    one_sided: bool = False,
) -> None:
    """Name the bundles that do not tell of these columns together; the fit is made without their trials.

    What an analysis says of several fits stands once.
    """
    silent = cell.silent(names, moderator, one_sided)
    about = ["the outcome", *names, *([moderator.name] if moderator else [])]
    if silent:
        text = f"without {', '.join(silent)}: the bundle does not tell of {' with '.join(about)}"
        note_once(ledger, ident, text)


def note_once(ledger: Ledger, ident: str | Ident, text: str) -> None:
    """Say something that an analysis finds at several fits or visits."""
    if all((note["analysis_id"], note["text"]) != (str(ident), text) for note in ledger.notes):
        ledger.note(ident, KIND, text)


def note_left_out(ledger: Ledger, ident: Ident, cells: Sequence[Cell], what: str) -> None:
    """Name the bundles of some cells that an analysis cannot use at all, since it reads rows."""
    gone = dict.fromkeys(
        guest.study for cell in cells for guest in cell.guests if guest.study in set(cell.studies)
    )
    if gone:
        ledger.note(
            ident, KIND, f"without {', '.join(gone)}: {what} needs participants' rows, and a bundle has none"
        )


def note_not_told(ledger: Ledger, name: str, cell: Cell) -> None:
    """Say of which trials people of a cell are not told, or not how many are left out."""
    if cell.exclusions is None:
        return
    for row in cell.exclusions.to_dict("records"):
        if row["reason"] in NOT_TOLD:
            some = "" if pd.notna(row["n"]) else " (how many it withholds)"
            ledger.note(name, KIND, f"without people of {row['study']}{some}: {row['reason']}")
        elif pd.isna(row["n"]):
            ledger.note(name, KIND, f"{row['study']} withholds how many people are left out: {row['reason']}")


def note_partial(ledger: Ledger, name: str | Ident, scales: pd.DataFrame | None) -> None:
    """Name the trials without rows of which not all scores are behind a constant: every row that is divided
    by it moves with it."""
    if scales is None or "partial" not in scales:
        return
    told = scales["partial"].fillna("").to_numpy() != ""
    for row in scales[told].to_dict("records") if told.any() else ():
        scale = " ".join(str(row[key]) for key in ("instrument", "rating", "scoring") if row[key])
        text = f"the constant of {scale} ({row['what']}) is without some scores of {row['partial']}"
        note_once(ledger, name, f"{text}: the gate withheld the sum of squares of all")


def note_withheld(ledger: Ledger, name: str, bundle: Bundle) -> None:
    """Say which arms and variables of everyone contributed a trial withholds."""
    arms = [arm for arm, own in bundle.arms.items() if own.n is None]
    for arm in arms:
        ledger.note(name, KIND, f"{bundle.study_id} withholds how many people arm {arm} has")
    variables = withheld_variables(bundle)
    if variables:
        ledger.note(name, KIND, f"without {bundle.study_id}: its gate withheld {', '.join(variables)}")
