"""A cell of the analysis: the rows of one contrast, outcome and time point, ready for a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from ipdma.analysis.digest_table import digest_table
from ipdma.analysis.guest import GuestCell
from ipdma.analysis.guest_rows import Place, places_of, with_guest_columns
from ipdma.analysis.records import Ident
from ipdma.analysis.settings import Moderator
from ipdma.bundle import Bundle, Serves
from ipdma.bundle.records import OBSERVED

RESERVED = ("study", "treat", "outcome")
YES_NO = {"no": 0.0, "yes": 1.0}


@dataclass(frozen=True)
class DesignRows:
    """The rows that several fits share; nobody writes into them.

    Attributes
    ----------
    frame : DataFrame
        `study, treat, outcome`, covariates and what else a model asks for; missing values kept.
    covariates : tuple of str
        Names of the covariates in it.
    """

    frame: pd.DataFrame
    covariates: tuple[str, ...]

    @cached_property
    def complete(self) -> pd.DataFrame:
        """Rows without a missing value."""
        whole = np.ones(len(self.frame), dtype=bool)
        for name in self.frame:
            whole &= pd.notna(self.frame[name].to_numpy())
        return self.frame if whole.all() else self.frame[whole]

    @cached_property
    def digest(self) -> str:
        """A digest of all that the frame holds."""
        return digest_table(self.frame)

    def summaries(self, binomial: bool) -> dict[str, dict[str, object]]:
        """As `study_summaries` of the complete rows."""
        if binomial not in self.by_study:
            self.by_study[binomial] = study_summaries(self.complete, binomial)
        return self.by_study[binomial]

    @cached_property
    def by_study(self) -> dict[bool, dict[str, dict[str, object]]]:
        """Those that were made."""
        return {}


@dataclass(frozen=True)
class Cell:
    """Rows of one contrast, outcome and time point (one row per participant with a baseline score).

    Attributes
    ----------
    contrast, outcome, timepoint : str
        The plan's names.
    family : str
        `gaussian` or `binomial`.
    rows : DataFrame
        As `ipdma.cohort.build_rows` leaves them; outcome NaN where it was not observed.
    exclusions, scales : DataFrame or None
        Who was left out and why; the standardising constants.
    guests : tuple of GuestCell
        Trials whose rows are nobody's: they have the right counts and, one by one, the right means and
        spreads. For a fit `with_columns` gives rows whose covariances are right as well.
    """

    contrast: str
    outcome: str
    timepoint: str
    family: str
    rows: pd.DataFrame
    exclusions: pd.DataFrame | None = None
    scales: pd.DataFrame | None = None
    guests: tuple[GuestCell, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """Contrast, outcome and time point."""
        return self.contrast, self.outcome, self.timepoint

    def ident(self, model: str = "", stage: str = "", moderator: str = "", variant: str = "") -> Ident:
        """The name of a fit on this cell."""
        return Ident(self.contrast, self.outcome, self.timepoint, model, stage, moderator, variant)

    @cached_property
    def analysed(self) -> pd.DataFrame:
        """Rows with an outcome, in studies that have both sides."""
        study, names = pd.factorize(self.rows["study"].to_numpy())
        there = pd.notna(self.rows["outcome"].to_numpy())
        treat, sides = pd.factorize(self.rows["treat"].to_numpy())
        pairs = np.unique((study * len(sides) + treat)[there & (treat >= 0)])
        both = np.bincount(pairs // max(len(sides), 1), minlength=len(names)) == 2
        found: pd.DataFrame = self.rows[there & both[study]]
        return found

    @cached_property
    def studies(self) -> list[str]:
        """Studies with both sides and outcomes, in the order of their names."""
        return sorted(self.analysed["study"].astype(str).unique())

    def with_columns(
        self, names: Sequence[str], moderator: Moderator | None = None, one_sided: bool = False
    ) -> pd.DataFrame:
        """The analysed rows for a fit of the outcome on these columns; those of a guest are made for it.

        A guest that does not tell of them has none: were its rows there without values, a covariate that no
        trial tells of would go, and the fit be another than its name says.

        `one_sided` takes every row with an outcome, for arms alone.
        """
        rows, places = self.used(one_sided), self.places(one_sided)
        return with_guest_columns(rows, places, names, moderator) if places else rows

    def silent(
        self, names: Sequence[str], moderator: Moderator | None = None, one_sided: bool = False
    ) -> list[str]:
        """Guests of this cell whose bundles do not tell of these columns together; see `with_columns`."""
        silent = (p.guest.study for p in self.places(one_sided) if p.is_silent(names, moderator))
        return list(dict.fromkeys(silent))

    def places(self, one_sided: bool) -> list[Place]:
        """Where its guests stand among the rows that a fit may use."""
        if not self.guests:
            return []
        return places_of(self.used(True), self.guests) if one_sided else self.analysed_places

    @cached_property
    def analysed_places(self) -> list[Place]:
        """The same among the analysed rows."""
        return places_of(self.analysed, self.guests)

    def used(self, one_sided: bool) -> pd.DataFrame:
        """The analysed rows, or every row with an outcome."""
        return self.rows[self.rows["outcome"].notna()] if one_sided else self.analysed

    def design(self, covariates: Sequence[str]) -> DesignRows:
        """The rows of a fit on these covariates, made once for all models that ask for them.

        Raises
        ------
        KeyError
            Naming a covariate that is no column.
        """
        names = tuple(covariates)
        if names not in self.designs:
            self.designs[names] = DesignRows(*design_frame(self.with_columns(names), names))
        return self.designs[names]

    @cached_property
    def designs(self) -> dict[tuple[str, ...], DesignRows]:
        """Those that were made, by their covariates."""
        return {}

    def without_guests(self) -> Cell:
        """The trials with rows alone, for what moments cannot answer."""
        gone = [guest.study for guest in self.guests]
        return replace(self, rows=self.rows[~self.rows["study"].isin(gone)], guests=()) if gone else self

    def but(self, rows: pd.DataFrame) -> Cell:
        """The same cell with other rows."""
        return replace(self, rows=rows)


def cell_of(
    key: tuple[str, str, str],
    table: Any,
    family: str,
    bundles: Sequence[Bundle] = (),
    rows_of: str = OBSERVED,
) -> Cell:
    """A cell from an AnalysisRows record (`.rows`, `.exclusions`, `.scales`) or from a DataFrame of rows.

    `bundles` are the trials without rows; `rows_of` names which of their rows the table holds.
    """
    rows = with_objects(table if isinstance(table, pd.DataFrame) else table.rows)
    extra = (getattr(table, "exclusions", None), getattr(table, "scales", None))
    ordered = rows.sort_values("study", kind="stable", ignore_index=True)
    guests = tuple(GuestCell(bundle, Serves(*key, rows_of)) for bundle in bundles)
    return Cell(*key, family, ordered, *extra, guests)


def with_objects(rows: pd.DataFrame) -> pd.DataFrame:
    """A copy with the study as text, all text as objects in one piece of memory: rows are chosen often."""
    rows = rows.assign(study=rows["study"].astype(str))
    text = [name for name, kind in rows.dtypes.items() if kind == "str"]
    words = pd.DataFrame(rows[text].to_numpy(object), index=rows.index, columns=text, dtype=object)
    return pd.concat([words, rows.drop(columns=text)], axis=1)[rows.columns].copy()


def design_frame(rows: pd.DataFrame, covariates: Sequence[str]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Study, treatment, outcome and numeric covariates: a text covariate becomes its dummies.

    Returns
    -------
    frame : DataFrame
        `study, treat, outcome` and the covariates.
    names : tuple of str
        Names of the covariates in it; a level of `sex` is `sex[male]`. One that is constant over all rows
        is left out.

    Raises
    ------
    KeyError
        Naming a covariate that is no column.
    """
    treat, outcome = (rows[name].to_numpy(dtype=float) for name in RESERVED[1:])
    frame, names = {"study": rows["study"].array, "treat": treat, "outcome": outcome}, []
    there = ~np.isnan(outcome)
    for name in covariates:
        for column, values in numeric_columns(rows, name).items():
            seen = values.to_numpy()
            low, high = np.nanmin(seen[there], initial=np.inf), np.nanmax(seen[there], initial=-np.inf)
            if low < high:
                frame[column] = seen
                names.append(column)
    return pd.DataFrame(frame, index=rows.index), tuple(names)


def numeric_columns(rows: pd.DataFrame, name: str) -> dict[str, pd.Series]:
    """A column as numbers: itself, yes and no as 1 and 0, or a dummy for each level but the first."""
    if name not in rows:
        raise KeyError(name)
    values = rows[name]
    if values.dtype == float:
        return {name: values}
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return {name: values.astype(float)}
    levels = sorted(values.dropna().astype(str).unique())
    if set(levels) <= set(YES_NO):
        return {name: values.map(YES_NO).astype(float)}
    return {
        f"{name}[{level}]": (values.astype(object) == level).astype(float).where(values.notna(), np.nan)
        for level in levels[1:]
    }


def study_summaries(rows: pd.DataFrame, binomial: bool) -> dict[str, dict[str, object]]:
    """For each study the participants, mean and SD of the outcome by side (a share and no SD when binary).

    Every row has an outcome.
    """
    study, names = pd.factorize(rows["study"].to_numpy())
    treat, outcome = rows["treat"].to_numpy(dtype=float), rows["outcome"].to_numpy(dtype=float)
    order = np.argsort(study, kind="stable")
    starts = np.searchsorted(study[order], np.arange(len(names) + 1))
    out: dict[str, dict[str, Any]] = {}
    for name, (start, stop) in zip(names, pairwise(starts), strict=True):
        found = out[str(name)] = {"n_active": 0, "n_reference": 0}
        at = order[start:stop]
        for side, code in (("reference", 0), ("active", 1)):
            values = outcome[at][treat[at] == code]
            if len(values):
                found[f"n_{side}"], found[f"mean_{side}"] = len(values), float(values.mean())
                spread = len(values) > 1 and not binomial
                found[f"sd_{side}"] = float(values.std(ddof=1)) if spread else None
    return out
