"""Trials that take part by the moments of their arms: rows of nobody, and what constants need of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from ipdma.cohort.choose import Choice
from ipdma.cohort.records import Scale, Squares

WITHHELD = "withheld by the trial's gate"
UNTOLD = "its bundle does not tell of this outcome"
NOT_TOLD = (WITHHELD, UNTOLD)
SQUARES = "standardiser "  # before the name of a sum of squares that a gate withheld
Behind = tuple[str, str, str, Scale]  # a way to standardise, time point, contrast, scale
GuestKey = tuple[str, str, str, str]  # contrast, outcome, time point, sensitivity analysis or ""


def name_squares(behind: Behind) -> str:
    """What a bundle's gate calls the sum of squares behind a constant."""
    word, timepoint, contrast, scale = behind
    words = [" ".join(part for part in scale if part), word, timepoint, contrast]
    return SQUARES + ", ".join(part for part in words if part)


@dataclass(frozen=True)
class GuestRows:
    """The rows of a guest in one cell of the plan, or why it has none.

    Attributes
    ----------
    rows : DataFrame
        `participant, arm, condition, baseline_raw, outcome_raw` in points; `outcome` where it is no score.
        Empty for a trial that takes no part here.
    choice : Choice or None
        The scale and the week of the outcome; None where there is no scale.
    converted_from : str
        The instrument that the scores were converted from, or empty.
    left_out : tuple of (str, int or None)
        Contributed people who are not among the rows, by reason; None where their number is withheld.
    """

    rows: pd.DataFrame
    choice: Choice | None
    converted_from: str = ""
    left_out: tuple[tuple[str, int | None], ...] = ()


@dataclass(frozen=True)
class Guest:
    """A trial without participants' rows.

    Attributes
    ----------
    study : str
    tables : mapping of GuestKey to GuestRows
    squares : mapping to Squares
        By what `Standard.behind` gives: a way to standardise, time point, contrast and scale.
    partial : frozenset of str
        Those (by `name_squares`) that are of some of the scores alone, or not there, since a gate withheld
        the whole.
    absent : tuple of (str, int or None)
        Who is left out, and why, where the tables have no such cell: contributed people of a bundle, none
        of a publication.
    """

    study: str
    tables: Mapping[GuestKey, GuestRows]
    squares: Mapping[Behind, Squares] = field(default_factory=dict)
    partial: frozenset[str] = frozenset()
    absent: tuple[tuple[str, int | None], ...] = ()

    def table(self, key: GuestKey) -> GuestRows | None:
        """The rows of a cell, or None.

        A sensitivity analysis that leaves a trial's rows as they are has the cell's own.
        """
        return self.tables.get(key) or self.tables.get((*key[:3], ""))
