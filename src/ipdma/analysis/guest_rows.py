"""The rows of a cell for one fit: those of trials that are bundles are made for its columns, all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ipdma.analysis.guest import GuestCell, is_score, points_factor, uncoded
from ipdma.analysis.settings import Moderator
from ipdma.bundle.expand import arm_columns
from ipdma.bundle.guest import was_measured
from ipdma.bundle.records import OF_MODERATOR, OUTCOME, Block

Write = tuple[np.ndarray, np.ndarray]  # positions of an arm's rows, and values of the first of them


@dataclass(frozen=True)
class Place:
    """Where the rows of a guest stand among those of a cell.

    Attributes
    ----------
    guest : GuestCell
    rows : DataFrame
        Of the cell.
    arms : mapping of str to ndarray of int
        Positions of each arm's rows.
    factors : mapping of str to float
        What turns points into the analysed score in each arm.
    """

    guest: GuestCell
    rows: pd.DataFrame
    arms: Mapping[str, np.ndarray]
    factors: Mapping[str, float]
    empty: dict[str, bool] = field(default_factory=dict)

    def is_unknown(self, name: str) -> bool:
        """Whether a column is there and has no value of this trial; one that no trial has is refused
        elsewhere."""
        if name not in self.empty:
            at = np.concatenate(list(self.arms.values()))
            self.empty[name] = name in self.rows and not self.rows[name].iloc[at].notna().any()
        return self.empty[name]

    def asked(self, names: Sequence[str], moderator: Moderator | None = None) -> list[str]:
        """The names of a block's columns: all but those whose values stand in the trial's own rows, as the
        registry's do, without the bundle speaking of them."""
        coded = [] if moderator is None else [self.guest.moderator_name(moderator)]
        wanted = [name for name in names if name in self.guest.columns or self.is_unknown(name)]
        return list(dict.fromkeys([OUTCOME, *wanted, *coded]))

    def is_silent(self, names: Sequence[str], moderator: Moderator | None = None) -> bool:
        """Whether a fit on these columns, and not on the outcome alone, lacks rows that this trial has: what
        it never measured, its rows would not tell either."""
        asked = self.asked(names, moderator)
        if asked == [OUTCOME] or self.guest.block(asked) is not None:
            return False
        measured = [name for name in names if not name.startswith(OF_MODERATOR)]
        columns = [*measured, *([moderator.column] if moderator else [])]
        return all(was_measured(self.guest.bundle, name) for name in columns if self.is_unknown(name))


def places_of(rows: pd.DataFrame, guests: Sequence[GuestCell]) -> list[Place]:
    """Where each guest stands among some rows; those that are not there are left out."""
    if not guests:
        return []
    arms: dict[tuple[str, int | None], dict[str, np.ndarray]] = {}
    completed = guests[0].imputation is not None
    found: Mapping[Any, Any] = rows.groupby(
        ["study", "arm", *(["imputation"] if completed else [])], sort=False
    ).indices
    for (study, arm, *data_set), at in found.items():
        arms.setdefault((str(study), int(data_set[0]) if completed else None), {})[str(arm)] = np.asarray(at)
    there = [
        (guest, arms[guest.study, guest.imputation])
        for guest in guests
        if (guest.study, guest.imputation) in arms
    ]
    return [
        Place(guest, rows, own, {arm: points_factor(rows, at) for arm, at in own.items()})
        for guest, own in there
    ]


def with_guest_columns(
    rows: pd.DataFrame, places: Sequence[Place], names: Sequence[str], moderator: Moderator | None = None
) -> pd.DataFrame:
    """The rows in which guests have these columns: complete people with a block's moments, the others empty.

    Parameters
    ----------
    rows : DataFrame
        Of the cell, `outcome` observed in all.
    places : sequence of Place
        Its guests. One whose bundle does not tell of the columns together has no rows.
    names : sequence of str
        Columns beside the outcome; what a bundle does not speak of (a trial's own values) stays as it is.
    moderator : Moderator, optional
        One that is coded at the site; its column is filled so that it is coded the same again.
    """
    kept = np.ones(len(rows), dtype=bool)
    telling: list[tuple[Place, list[str], Block]] = []
    for place in places:
        asked = place.asked(names, moderator)
        block = place.guest.block(asked)
        if block is not None:
            telling.append((place, asked, block))
        elif asked != [OUTCOME]:
            kept[np.concatenate(list(place.arms.values()))] = False
    writes = writes_of(telling, moderator)
    columns = {name: column_with(rows, name, own) for name, own in writes.items()}
    return rows.assign(**columns)[kept]


def writes_of(
    telling: Sequence[tuple[Place, list[str], Block]], moderator: Moderator | None
) -> dict[str, list[Write]]:
    """By column: where which values go, arm by arm."""
    wanted = [(block, arm) for place, _, block in telling for arm in place.arms if arm in block.arms]
    made = iter(arm_columns(wanted))
    found: dict[str, list[Write]] = {}
    for place, asked, block in telling:
        coded = None if moderator is None else place.guest.moderator_name(moderator)
        for arm, at in place.arms.items():
            own, factor = next(made) if arm in block.arms else {}, place.factors[arm]
            columns = {name: points(own, name, block, factor) for name in asked if name != coded}
            if moderator is not None and moderator.column not in columns:
                values = points(own, str(coded), block, factor)
                if len(values) and not is_score(block, str(coded)):
                    values = uncoded(values, moderator, factor)
                columns[moderator.column] = values
            for name, values in columns.items():
                found.setdefault(name, []).append((at, values))
    return found


def points(made: Mapping[str, np.ndarray], name: str, block: Block, factor: float) -> np.ndarray:
    """A column of a block's rows, scores standardised; no value where it has none."""
    values = made.get(name, np.empty(0))
    return values * factor if is_score(block, name) else values


def column_with(rows: pd.DataFrame, name: str, writes: Sequence[Write]) -> np.ndarray:
    """A column of a cell with the values of its guests; their other people have none, but keep their
    outcome."""
    if name == OUTCOME:
        outcome: np.ndarray = rows[name].to_numpy(dtype=float, copy=True)
        for at, values in writes:
            outcome[at[: len(values)]] = values
        return outcome
    others = np.ones(len(rows), dtype=bool)
    others[np.concatenate([at for at, _ in writes])] = False
    own = rows[name] if name in rows else pd.Series(np.nan, index=rows.index)
    number = pd.api.types.is_numeric_dtype(own) and not pd.api.types.is_bool_dtype(own)
    text = any(values.dtype == object for _, values in writes)
    text = text or (not number and bool(own[others].notna().any()))
    column = np.full(len(rows), None if text else np.nan, dtype=object if text else float)
    if number or text:
        column[others] = own.to_numpy()[others]
    for at, values in writes:
        column[at[: len(values)]] = values
    return column
