"""Trials that are bundles in the model over visits: rows of nobody by the visits at which people were seen.

The normal likelihood of repeated scores with gaps depends on the data through the number, means and
covariance of the scores in each arm and pattern of visits alone, so that these rows give the answer of the
trial's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell
from ipdma.analysis.guest import points_factor
from ipdma.bundle import Bundle
from ipdma.bundle.expand import arm_columns
from ipdma.bundle.records import BASELINE, VISITS, Block

SCORE = "score."  # before the time point, in the name of a column


def guest_visit_rows(cells: Sequence[Cell]) -> tuple[pd.DataFrame, list[str]]:
    """Rows of the guests of some cells, one per person and visit, and the guests that have none.

    Parameters
    ----------
    cells : sequence of Cell
        One contrast and outcome at the visits, in their order.

    Returns
    -------
    rows : DataFrame
        `study, participant, treat, baseline, outcome, weeks, visit`.
    silent : list of str
        Trials whose bundle does not tell of every pattern of visits: people would be lacking for how they
        were lost.
    """
    bundles = {guest.study: guest.bundle for cell in cells for guest in cell.guests}
    parts: list[pd.DataFrame] = []
    silent = []
    for study, bundle in bundles.items():
        own = {cell.timepoint: cell.rows[cell.rows["study"] == study] for cell in cells}
        here = {visit: rows for visit, rows in own.items() if len(rows)}
        if not here:
            continue
        blocks = pattern_blocks(bundle, cells[0])
        seen = {name.removeprefix(SCORE) for block in blocks for name in block.names} - {BASELINE}
        if blocks and seen <= set(here):
            parts.extend(pattern_rows(study, blocks, here))
        else:
            silent.append(study)
    return (pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()), silent


def pattern_blocks(bundle: Bundle, cell: Cell) -> list[Block]:
    """The blocks of all patterns of visits; none where the gate withheld anything of one."""
    head = f"{cell.contrast} {cell.outcome} visits "
    if any(own.what.startswith(head) for own in bundle.gate.withheld):
        return []
    return [
        block
        for block in bundle.blocks
        if any(
            (own.contrast, own.outcome) == (cell.contrast, cell.outcome) and own.rows.startswith(VISITS)
            for own in block.serves
        )
    ]


def pattern_rows(
    study: str, blocks: Sequence[Block], here: dict[str, pd.DataFrame]
) -> Iterator[pd.DataFrame]:
    """The people of each arm and pattern, standardised as the trial's rows at each visit are."""
    arms = [(block, arm) for block in blocks for arm in block.arms]
    first = next(iter(here))
    for number, ((_, arm), made) in enumerate(zip(arms, arm_columns(arms), strict=True)):
        own = {visit: rows[rows["arm"].astype(str) == arm] for visit, rows in here.items()}
        people = [f"{arm}-{number}-{i}" for i in range(len(next(iter(made.values()))))]
        start = made[BASELINE] * points_factor(own[first]) if BASELINE in made else np.nan
        for name, values in made.items():
            visit = name.removeprefix(SCORE)
            at = own[first if visit == BASELINE else visit]
            yield pd.DataFrame(
                {
                    "study": study,
                    "participant": people,
                    "treat": at["treat"].iloc[0],
                    "baseline": start,
                    "outcome": values * points_factor(at),
                    "weeks": 0.0 if visit == BASELINE else at["weeks"].iloc[0],
                    "visit": visit,
                }
            )
