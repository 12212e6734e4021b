"""A trial that takes part as a bundle, in one cell: its rows for the columns of one fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from ipdma.analysis.settings import Moderator, cut_labels
from ipdma.bundle.expand import arm_rows
from ipdma.bundle.guest import cell_rows, counted
from ipdma.bundle.records import EVENT, NUMBER, OUTCOME, POINTS, SENSITIVITY, Block, Bundle, Serves


@dataclass(frozen=True)
class GuestCell:
    """One bundle in one cell of the analysis.

    Attributes
    ----------
    bundle : Bundle
    serves : Serves
        The cell, and which of its rows.
    """

    bundle: Bundle
    serves: Serves

    @property
    def study(self) -> str:
        """The trial's id."""
        return self.bundle.study_id

    def under(self, sensitivity: str) -> GuestCell:
        """The same trial under a sensitivity analysis with people of its own."""
        return replace(self, serves=replace(self.serves, rows=f"{SENSITIVITY}{sensitivity}"))

    @cached_property
    def columns(self) -> frozenset[str]:
        """Names of all columns that the bundle can tell of."""
        return frozenset(name for block in self.bundle.blocks for name in block.names)

    def block(self, names: Sequence[str]) -> Block | None:
        """The block of these columns; none where numbers stand beside an event, which moments cannot
        answer."""
        block = self.bundle.find(self.serves, names)
        if block is None:
            return None
        codings = {column.coding for column in block.columns}
        return None if EVENT in codings and codings & {NUMBER, POINTS} else block

    def is_silent(self, own: pd.DataFrame, names: Sequence[str], moderator: Moderator | None = None) -> bool:
        """Whether a fit on these columns, and not on the outcome alone, has no rows of this trial.

        `own` are the trial's rows, as `rows` takes them.
        """
        asked = self.asked(own, names, moderator)
        return asked != [OUTCOME] and self.block(asked) is None

    def asked(self, own: pd.DataFrame, names: Sequence[str], moderator: Moderator | None) -> list[str]:
        """The names of a block's columns: all but those whose values stand in the trial's own rows, as the
        registry's do, without the bundle speaking of them."""
        coded = [] if moderator is None else [self.moderator_name(moderator)]
        wanted = [name for name in names if name in self.columns or is_unknown(own, name)]
        return list(dict.fromkeys([OUTCOME, *wanted, *coded]))

    def rows(
        self, own: pd.DataFrame, names: Sequence[str], moderator: Moderator | None = None
    ) -> pd.DataFrame:
        """The trial's analysed rows with these columns: complete ones with the block's moments, the others
        empty.

        Parameters
        ----------
        own : DataFrame
            The trial's analysed rows, `outcome` observed in all.
        names : sequence of str
            Columns beside the outcome; what the bundle does not speak of (a trial's own values) stays as
            it is.
        moderator : Moderator, optional
            One that is coded at the site; its column is filled so that it is coded the same again.
        """
        asked = self.asked(own, names, moderator)
        block = self.block(asked)
        if block is None and asked == [OUTCOME]:
            return own
        coded = None if moderator is None else self.moderator_name(moderator)
        parts = []
        for arm, part in own.groupby("arm", sort=False):
            made = arm_rows(block, str(arm)) if block is not None and arm in block.arms else pd.DataFrame()
            columns = {name: self.column(part, made, block, name) for name in asked if name != coded}
            if moderator is not None and moderator.column not in columns:
                columns[moderator.column] = self.column(part, made, block, str(coded), moderator)
            parts.append(part.assign(**columns))
        return pd.concat(parts)

    def column(
        self,
        part: pd.DataFrame,
        made: pd.DataFrame,
        block: Block | None,
        name: str,
        moderator: Moderator | None = None,
    ) -> np.ndarray:
        """A column of one arm's rows: as the block has it, scores standardised, and missing where it has
        none."""
        gap = len(part) - len(made)
        if name not in made:
            return part[OUTCOME].to_numpy() if name == OUTCOME else np.full(gap, np.nan)
        values = made[name].to_numpy()
        if is_score(block, name):
            values = values * points_factor(part)
        elif moderator is not None:
            values = uncoded(values, moderator)
        if name == OUTCOME:
            return np.concatenate([values, part[OUTCOME].to_numpy()[len(made) :]])
        return padded(values, gap)

    def moderator_name(self, moderator: Moderator) -> str:
        """The column under which a bundle has a moderator: one that is not its variable as it stands has
        its own."""
        own = f"moderator.{moderator.name}"
        return own if own in self.columns or moderator.column not in self.columns else moderator.column

    def fresh(self, own: pd.DataFrame) -> pd.DataFrame:
        """The trial's rows for this cell made anew, on the scale of its rows `own`; none where it has no
        such cell."""
        if own.empty:
            return own
        made, factor = cell_rows(self.bundle, counted(self.bundle, self.serves)), points_factor(own)
        event = made[OUTCOME].notna().any()
        made["outcome"] = made[OUTCOME] if event else made["outcome_raw"] * factor
        made["baseline"] = made["baseline_raw"] * factor
        same = (
            own.drop_duplicates("arm")
            .set_index("arm")
            .drop(columns=[c for c in made.columns if c != "arm"], errors="ignore")
        )
        found = made.join(same, on="arm")
        return found[found["treat"].notna()].reindex(columns=own.columns)


def is_unknown(rows: pd.DataFrame, name: str) -> bool:
    """Whether a column is there and has no value; one that no trial has is refused elsewhere."""
    return name in rows and not rows[name].notna().any()


def is_score(block: Block | None, name: str) -> bool:
    """Whether a column is a score in points."""
    return block is not None and any(c.name == name and c.coding == POINTS for c in block.columns)


def padded(values: np.ndarray, gap: int) -> np.ndarray:
    """Values with missing ones behind them."""
    if values.dtype == object:
        return np.concatenate([values, np.full(gap, None, dtype=object)])
    return np.concatenate([values.astype(float), np.full(gap, np.nan)])


def points_factor(rows: pd.DataFrame) -> float:
    """What turns points into the analysed score: the sign of the scale over its constant."""
    for raw, score in (("baseline_raw", "baseline"), ("outcome_raw", "outcome")):
        points, scores = rows[raw].to_numpy(float), rows[score].to_numpy(float)
        usable = np.isfinite(points) & np.isfinite(scores) & (np.abs(points) > 0)
        if usable.any():
            at = int(np.argmax(np.where(usable, np.abs(points), 0.0)))
            return float(scores[at] / points[at])
    return 1.0


def uncoded(values: np.ndarray, moderator: Moderator) -> np.ndarray:
    """Values of a moderator's column that are coded into these again."""
    if moderator.cuts:
        starts = dict(zip(cut_labels(moderator), (moderator.cuts[0] - 1.0, *moderator.cuts), strict=True))
        return np.array([starts[value] for value in values], dtype=float)
    return np.exp(values.astype(float)) if moderator.transform == "log" else values
