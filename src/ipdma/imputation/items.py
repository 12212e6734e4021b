"""Items before totals: missing answers of a questionnaire are imputed, then it is scored.

Harmonised uploads carry totals, prorated by the instrument's own rule at the site, so this is for tables that
hold the items themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ipdma.codebook import Scoring
from ipdma.errors import DataError
from ipdma.imputation.study import impute_study
from ipdma.site.scoring import score_items

Array = NDArray[Any]


@dataclass(frozen=True)
class ImputedTotals:
    """Totals of one instrument at one visit of one trial.

    Attributes
    ----------
    totals : ndarray, shape (M, n)
        The same in every data set where all items were answered; NaN for who answered none, whose total is
        for the imputation of totals.
    notes : tuple of str
        Choices that a reader should know.
    """

    totals: Array
    notes: tuple[str, ...]


def impute_items(
    items: pd.DataFrame,
    arm: Array,
    scoring: Scoring,
    study: str,
    m: int,
    iterations: int = 10,
    master_seed: int = 0,
) -> ImputedTotals:
    """Impute missing items within trial and arm by predictive mean matching, then score them.

    Parameters
    ----------
    items : DataFrame, shape (n, items)
        Answers in the instrument's order, before reversal; NaN where missing.
    arm : array of shape (n,)
    scoring : Scoring
        The codebook's rule; an item that nobody in the trial answered stays missing and is prorated by it.
    study : str
    m, iterations, master_seed : int

    Raises
    ------
    DataError
        Where the columns are not the instrument's items, or it cannot be scored from items.
    """
    if not scoring.can_score_items or items.shape[1] != scoring.items:
        raise DataError(
            f"{study}: got {items.shape[1]} item columns; expected the {scoring.items} items of a scale that "
            "is scored from its items"
        )
    answered = items.notna().any(axis=1).to_numpy()
    totals = np.full((m, len(items)), np.nan)
    if not answered.any():
        return ImputedTotals(totals, (f"{study}: nobody answered an item",))
    kinds = dict.fromkeys(map(str, items.columns), "bounded")
    given = items[answered].rename(columns=str)
    done = impute_study(given, np.asarray(arm)[answered], kinds, study, m, iterations, master_seed)
    complete = given.notna().all(axis=1).to_numpy()
    scores = np.array([scored(row, scoring) for row in done.values[0]])
    for chain, values in enumerate(done.values):
        own = scores.copy()
        own[~complete] = [scored(row, scoring) for row in values[~complete]]
        totals[chain, answered] = own
    return ImputedTotals(totals, done.notes)


def scored(answers: Array, scoring: Scoring) -> float:
    """The total by the codebook's rule, NaN where it allows none."""
    total = score_items([None if np.isnan(a) else float(a) for a in answers], scoring)
    return np.nan if total is None else total
