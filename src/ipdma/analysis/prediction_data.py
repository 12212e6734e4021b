"""The rows of a prediction: the plan's baseline variables side by side, in the trials that have them all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ipdma.analysis.cell import Cell
from ipdma.analysis.characteristics import positions
from ipdma.analysis.moderator_frame import Refused, coded_values, present_levels
from ipdma.analysis.records import Ident, Ledger
from ipdma.analysis.settings import Moderator, Settings
from ipdma.model.residual_groups import residual_groups
from ipdma.model.ridge import TrialProducts, trial_products

Array = NDArray[Any]
SHARE = 0.5  # of the participants analysed, that must have all variables


@dataclass(frozen=True)
class Column:
    """A variable as the model has it: a number, or one level of it against the first."""

    moderator: Moderator
    level: str = ""

    @property
    def name(self) -> str:
        """Its column."""
        return f"{self.moderator.name}[{self.level}]" if self.level else self.moderator.name


@dataclass(frozen=True)
class PredictionData:
    """Complete rows, trial by trial.

    Attributes
    ----------
    rows : DataFrame
        `study, treat, outcome` and the columns, in the units of the plan's moderators.
    columns : tuple of Column
    levels : mapping of str to tuple of str
        Levels of each categorical variable, reference first.
    of : int
        Participants analysed, with or without the variables.
    """

    rows: pd.DataFrame
    columns: tuple[Column, ...]
    levels: dict[str, tuple[str, ...]]
    of: int

    @cached_property
    def studies(self) -> list[str]:
        """Trials, by name."""
        return sorted(self.rows["study"].unique())

    @cached_property
    def places(self) -> dict[str, Array]:
        """Where the rows of each trial stand."""
        return positions(self.rows, "study")

    @cached_property
    def treat(self) -> Array:
        """1 under the treatment, shape (n,)."""
        return self.rows["treat"].to_numpy(float)

    @cached_property
    def outcome(self) -> Array:
        """The outcome, shape (n,)."""
        return self.rows["outcome"].to_numpy(float)

    @cached_property
    def x(self) -> Array:
        """The columns, shape (n, p)."""
        found: Array = self.rows[[c.name for c in self.columns]].to_numpy(float)
        return found

    @cached_property
    def centred(self) -> Array:
        """The columns less their trial's mean, in SDs inside trials, shape (n, p)."""
        means = pd.DataFrame(self.x).groupby(self.rows["study"].to_numpy()).transform("mean").to_numpy()
        found: Array = (self.x - means) / self.scale
        return found

    @cached_property
    def scale(self) -> Array:
        """SD of each column inside trials, shape (p,): interactions are penalised alike per SD."""
        groups = self.rows["study"].to_numpy()
        away = self.x - pd.DataFrame(self.x).groupby(groups).transform("mean").to_numpy()
        found: Array = np.sqrt((away**2).sum(axis=0) / (len(away) - len(self.studies)))
        return found

    def of_study(self, study: str) -> tuple[Array, Array, Array]:
        """Columns in SDs, treatment and outcome of one trial."""
        own = self.places[study]
        return self.x[own] / self.scale, self.treat[own], self.outcome[own]

    @cached_property
    def products(self) -> list[TrialProducts]:
        """What each trial says."""
        return [trial_products(study, *self.of_study(study)) for study in self.studies]

    def groups(self, residual: str) -> tuple[Array, list[str]]:
        """Trials that share a residual variance, and what is to be said of it."""
        if residual == "common":
            return np.zeros(len(self.products), dtype=int), []
        informs = np.array([np.diag(t.gram) > 0 for t in self.products])
        sizes = np.array([t.n for t in self.products]), np.array([t.free for t in self.products])
        return residual_groups(sizes[0], informs, sizes[1], tuple(self.studies))


def prediction_data(ledger: Ledger, ident: Ident, cell: Cell, settings: Settings) -> PredictionData:
    """Take up the plan's variables in their order; one that too few people have together with those before
    it is left out, and said.

    Raises
    ------
    Refused
        Where no variable is left: each varies within too few trials, or too few people have it.
    """
    wanted = settings.plan["prediction"]["variables"]
    moderators = {m.name: m for m in settings.moderators}
    base = cell.analysed[["study", "treat", "outcome"]].astype({"treat": float, "outcome": float})
    fewest = max(2, min(settings.minimum_studies, len(cell.studies)))
    rows, levels = base, {}
    columns: list[Column] = []
    for name in wanted:
        try:
            own, added, order = coded_columns(cell, moderators[name])
            rows, columns = take_up(rows, columns, own, added, len(base), fewest), [*columns, *added]
        except Refused as error:
            ledger.count(ident, "prediction_without", variable=name, level=str(error))
            continue
        if order:
            levels[name] = order
    if not columns:
        raise Refused("no variable of `prediction` is measured in enough trials")
    return PredictionData(rows.reset_index(drop=True), tuple(columns), levels, len(base))


def coded_columns(cell: Cell, moderator: Moderator) -> tuple[pd.DataFrame, list[Column], tuple[str, ...]]:
    """A variable's columns over the analysed rows, and its levels.

    Raises
    ------
    Refused
        Where its column is not there, does not vary or cannot be cut.
    """
    if moderator.column not in cell.analysed:
        raise Refused(f"the rows have no column '{moderator.column}'")
    values, kind, _ = coded_values(cell.analysed[moderator.column], moderator)
    levels = present_levels(values, moderator, kind)
    if values.dropna().nunique() < 2:
        raise Refused("it does not vary among the analysed participants")
    if kind == "continuous":
        only = Column(moderator)
        return pd.DataFrame({only.name: values.astype(float)}), [only], ()
    columns = [Column(moderator, level) for level in levels[1:]]
    known = values.notna()
    dummies = {c.name: (values == c.level).astype(float).where(known) for c in columns}
    return pd.DataFrame(dummies, index=values.index), columns, levels


def take_up(
    rows: pd.DataFrame, before: list[Column], own: pd.DataFrame, added: list[Column], of: int, fewest: int
) -> pd.DataFrame:
    """The rows that have this variable too, in trials with people on both sides.

    Raises
    ------
    Refused
        Where it would leave too few trials or too few people.
    """
    found = rows.join(own).dropna()
    sides = found.groupby(["study", "treat"])["outcome"].transform("size")
    both = found.groupby("study")["treat"].transform("nunique") == 2
    small = (sides < 2).groupby(found["study"]).transform("any")
    found = found[both & ~small]
    for column in added:
        varying = int((found.groupby("study")[column.name].nunique() > 1).sum())
        if varying < fewest:
            what = f"{column.level}: " if column.level else ""
            there = found["study"].nunique()
            raise Refused(f"{what}it varies within {varying} of {there} trials; {fewest} are asked for")
    if len(found) < SHARE * of:
        rest = f"{' together with those before it' if before else ''}"
        raise Refused(f"fewer than half of the participants have it{rest}")
    return found
