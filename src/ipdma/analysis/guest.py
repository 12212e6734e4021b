"""A trial that takes part as a bundle, in one cell: which of its blocks answers a fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ipdma.analysis.settings import Moderator, cut_labels
from ipdma.bundle.guest import cell_rows, counted
from ipdma.bundle.records import BASELINE, EVENT, NUMBER, OUTCOME, POINTS, SENSITIVITY, Block, Bundle, Serves


@dataclass(frozen=True)
class GuestCell:
    """One bundle in one cell of the analysis.

    Attributes
    ----------
    bundle : Bundle
    serves : Serves
        The cell, and which of its rows.
    imputation : int or None
        Of completed rows which data set of the analysis this is; a bundle's own come round again.
    """

    bundle: Bundle
    serves: Serves
    imputation: int | None = None

    @property
    def study(self) -> str:
        """The trial's id."""
        return self.bundle.study_id

    def under(self, sensitivity: str) -> GuestCell:
        """The same trial under a sensitivity analysis with people of its own."""
        return replace(self, serves=replace(self.serves, rows=f"{SENSITIVITY}{sensitivity}"))

    @property
    def columns(self) -> frozenset[str]:
        """Names of all columns that the bundle can tell of."""
        return self.bundle.columns

    @property
    def sets(self) -> int:
        """How many completed data sets of these rows the bundle has."""
        return self.bundle.sets.get(self.serves, 0)

    def block(self, names: Sequence[str]) -> Block | None:
        """The block of these columns; none where numbers stand beside an event, which moments cannot
        answer."""
        block = self.bundle.find(self.serves, names, self.data_set)
        if block is None:
            return None
        event = any(column.name == OUTCOME and column.coding == EVENT for column in block.columns)
        numbers = any(column.coding in (NUMBER, POINTS) for column in block.columns)
        return None if event and numbers else block

    def completed(self, rows: str, imputation: int) -> GuestCell:
        """The same trial in a completed data set of an analysis."""
        return replace(self, serves=replace(self.serves, rows=rows), imputation=imputation)

    @property
    def data_set(self) -> int | None:
        """Which of the bundle's own data sets stands in that of the analysis; None for rows as observed."""
        return (self.imputation - 1) % self.sets + 1 if self.imputation and self.sets else None

    def moderator_name(self, moderator: Moderator) -> str:
        """The column under which a bundle has a moderator: one that is not its variable as it stands has
        its own, and no other column answers for it."""
        own = f"moderator.{moderator.name}"
        coded = moderator.type == "categorical" or moderator.transform == "log"
        asis = not coded and own not in self.columns and moderator.column in self.columns
        return moderator.column if asis else own

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


def is_score(block: Block | None, name: str) -> bool:
    """Whether a column is a score in points."""
    return block is not None and any(c.name == name and c.coding == POINTS for c in block.columns)


def points_factor(rows: pd.DataFrame, at: np.ndarray | slice = slice(None)) -> float:
    """What turns points into the analysed score in some rows: the sign of the scale over its constant."""
    for raw, score in (("baseline_raw", "baseline"), ("outcome_raw", "outcome")):
        points, scores = (rows[name].to_numpy(float)[at] for name in (raw, score))
        usable = np.isfinite(points) & np.isfinite(scores) & (np.abs(points) > 0)
        if usable.any():
            largest = int(np.argmax(np.where(usable, np.abs(points), 0.0)))
            return float(scores[largest] / points[largest])
    return 1.0


def uncoded(values: np.ndarray, moderator: Moderator, factor: float) -> np.ndarray:
    """Values of a moderator's column that are coded into these again; `factor` turns points into scores."""
    if moderator.cuts:
        starts = dict(zip(cut_labels(moderator), (moderator.cuts[0] - 1.0, *moderator.cuts), strict=True))
        return np.array([starts[value] for value in values], dtype=float)
    if moderator.transform != "log":
        return values
    numbers: np.ndarray = np.exp(values.astype(float))
    return numbers * factor if moderator.column == BASELINE else numbers
