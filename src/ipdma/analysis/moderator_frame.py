"""The rows of a moderator's model: the moderator coded as the plan says, beside outcome and covariates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ipdma.analysis.cell import RESERVED, YES_NO, Cell, DesignRows, design_frame
from ipdma.analysis.settings import Moderator, cut_labels
from ipdma.model.spec import ModelSpec


@dataclass(frozen=True)
class ModeratorFrame(DesignRows):
    """Rows in which a moderator stands under its plan name.

    Attributes
    ----------
    frame : DataFrame
        `study, treat, outcome`, covariates and the moderator, missing values kept.
    covariates : tuple of str
        Covariates without the moderator's own column, which enters once, under the moderator's name.
    kind : str
        `continuous` or `categorical`.
    levels : tuple of str
        Levels present among analysed rows, reference first; empty when continuous.
    notes : tuple of str
        What had to be decided in coding, in sentences.
    guests : tuple of str
        Studies whose rows are nobody's: right in their moments, and not in their quantiles.
    """

    name: str
    kind: str
    levels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    guests: tuple[str, ...] = ()

    @property
    def spread(self) -> pd.DataFrame:
        """Complete rows whose quantiles can be read: those of participants; none where all trials are
        bundles."""
        whole = self.complete
        return whole[~whole["study"].isin(self.guests)]

    def measured(self) -> list[str]:
        """Studies in which anyone analysed has a value."""
        return self.spans[0]

    def varying(self) -> list[str]:
        """Studies that can inform a within-trial term: the moderator varies among their analysed."""
        return self.spans[1]

    @cached_property
    def spans(self) -> tuple[list[str], list[str]]:
        """Studies with a value of the moderator, and those with several."""
        study, names = pd.factorize(self.complete["study"].to_numpy(), sort=True)
        value, levels = pd.factorize(self.complete[self.name].to_numpy())
        pairs = np.unique(study * (len(levels) + 1) + value) // (len(levels) + 1)
        several = np.bincount(pairs, minlength=len(names)) > 1
        return list(names), list(names[several])

    def varying_levels(self) -> set[str]:
        """Levels that some of a study's analysed have, and others not."""
        own = {level: self.shares(level) for level in self.levels}
        return {level for level, shares in own.items() if ((shares > 0) & (shares < 1)).any()}

    def shares(self, level: str) -> np.ndarray:
        """The share of each study's complete rows that have a level, studies by name."""
        study, names = pd.factorize(self.complete["study"].to_numpy(), sort=True)
        there = self.complete[self.name].to_numpy() == level
        found: np.ndarray = np.bincount(study, there, len(names)) / np.bincount(study, minlength=len(names))
        return found

    def join(self, spec: ModelSpec) -> ModelSpec:
        """A model with this moderator, on the columns of `frame`."""
        return spec.replace(
            covariates=self.covariates,
            moderator=self.name,
            moderator_type=self.kind,
            levels=self.levels or None,
        )


class Refused(Exception):
    """A moderator that this cell cannot answer; the message says why."""


def others_than(moderator: Moderator, covariates: Sequence[str]) -> list[str]:
    """The covariates beside a moderator, whose own variable enters once."""
    return [name for name in covariates if name != moderator.column]


def moderator_frame(cell: Cell, moderator: Moderator, covariates: Sequence[str]) -> ModeratorFrame:
    """Code a moderator and join it to outcome and covariates of a cell's analysed rows.

    Raises Refused and KeyError as `frame_of_rows` does.
    """
    rest = others_than(moderator, covariates)
    there = moderator.column in cell.rows
    rows = cell.with_columns(rest, moderator) if there else cell.analysed
    return frame_of_rows(rows, moderator, covariates, tuple(guest.study for guest in cell.guests))


def frame_of_rows(
    rows: pd.DataFrame, moderator: Moderator, covariates: Sequence[str], guests: tuple[str, ...] = ()
) -> ModeratorFrame:
    """Code a moderator and join it to outcome and covariates.

    Raises
    ------
    Refused
        When its column is not there, holds nothing that varies or cannot be cut, or the rows need its name.
    KeyError
        Naming a covariate that is no column of the rows.
    """
    if moderator.name in RESERVED:
        raise Refused(f"a moderator cannot be named '{moderator.name}': the rows use that name")
    if moderator.column not in rows:
        raise Refused(f"the rows have no column '{moderator.column}'")
    frame, names = design_frame(rows, others_than(moderator, covariates))
    clash = {name: f"{name} (covariate)" for name in names if name == moderator.name}
    frame = frame.rename(columns=clash)
    values, kind, notes = coded_values(rows[moderator.column], moderator)
    frame[moderator.name] = values
    levels = present_levels(values, moderator, kind)
    if values.dropna().nunique() < 2:
        raise Refused(f"'{moderator.column}' does not vary among the analysed participants")
    covariates = tuple(clash.get(n, n) for n in names)
    return ModeratorFrame(frame, covariates, moderator.name, kind, levels, notes, guests)


def coded_values(column: pd.Series, moderator: Moderator) -> tuple[pd.Series, str, tuple[str, ...]]:
    """The moderator's values, its kind, and what had to be decided on the way.

    Numbers come in units of the moderator's `per`, after its logarithm; levels as text.

    Raises
    ------
    Refused
        When it has cuts and its column holds text.
    """
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if moderator.type == "categorical":
        if moderator.cuts:
            if not numeric:
                raise Refused(f"'{moderator.column}' holds text, so `cuts` cannot divide it")
            return cut_levels(column, moderator), "categorical", ()
        return text_levels(column, moderator), "categorical", ()
    if not numeric:
        return number_or_levels(column, moderator)
    values = column.astype(float)
    if moderator.transform == "log":
        values = values.where(values > 0).map(np.log)
    return values / moderator.per, "continuous", ()


def number_or_levels(column: pd.Series, moderator: Moderator) -> tuple[pd.Series, str, tuple[str, ...]]:
    """A text column declared continuous: yes and no as 1 and 0; anything else is categorical, and said so."""
    text = column.astype(object).where(column.notna(), None).map(lambda v: None if v is None else str(v))
    if set(text.dropna().unique()) <= set(YES_NO):
        return text.map(YES_NO).astype(float), "continuous", ()
    note = f"'{moderator.column}' holds categories, so it is analysed as categorical"
    return text_levels(column, moderator), "categorical", (note,)


def text_levels(column: pd.Series, moderator: Moderator) -> pd.Series:
    """Levels as text; a value that `levels` does not list is missing. A whole number loses its `.0`."""
    numeric = pd.api.types.is_numeric_dtype(column)
    names = {v: level_text(float(v) if numeric else v) for v in column.dropna().unique()}
    text = column.map(names).astype(object)
    listed = set(moderator.levels) & {*names.values()} if moderator.levels else {*names.values()}
    return text.where(text.isin(listed), None)


def level_text(value: object) -> str:
    """A level as text, the same for a number among numbers as for one beside a bundle's levels."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def cut_levels(column: pd.Series, moderator: Moderator) -> pd.Series:
    """Divide numbers at the cuts, each level beginning at its cut."""
    labels = cut_labels(moderator)
    index = np.searchsorted(np.asarray(moderator.cuts), column.astype(float).to_numpy(), side="right")
    text = np.asarray(labels, dtype=object)[np.clip(index, 0, len(labels) - 1)]
    return pd.Series(text, index=column.index, dtype=object).where(column.notna(), None)


def present_levels(values: pd.Series, moderator: Moderator, kind: str) -> tuple[str, ...]:
    """Levels that someone analysed has, in the plan's order, else that of their text."""
    if kind != "categorical":
        return ()
    present = set(values.dropna().unique())
    order = cut_labels(moderator) if moderator.cuts else moderator.levels or tuple(sorted(present))
    return tuple(level for level in order if level in present)
