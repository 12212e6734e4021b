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
GuestKey = tuple[str, str, str, str]  # contrast, outcome, time point, sensitivity analysis or ""


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
    absent : tuple of (str, int or None)
        Who is left out, and why, where the tables have no such cell: contributed people of a bundle, none
        of a publication.
    """

    study: str
    tables: Mapping[GuestKey, GuestRows]
    squares: Mapping[tuple[str, str, str, Scale], Squares] = field(default_factory=dict)
    absent: tuple[tuple[str, int | None], ...] = ()

    def table(self, key: GuestKey) -> GuestRows | None:
        """The rows of a cell, or None.

        A sensitivity analysis that leaves a trial's rows as they are has the cell's own.
        """
        return self.tables.get(key) or self.tables.get((*key[:3], ""))
