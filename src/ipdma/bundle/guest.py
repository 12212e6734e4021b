"""A bundle as a guest of the cohort: rows of nobody with the counts, means and spreads of each cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from ipdma.bundle.expand import arm_columns
from ipdma.bundle.records import (
    BASELINE,
    EVENT,
    EVERYONE,
    MISSING,
    OBSERVED,
    OUTCOME,
    POINTS,
    SENSITIVITY,
    ArmCount,
    Block,
    Bundle,
    CellCounts,
    ScaleOf,
    Serves,
)
from ipdma.cohort.choose import Choice
from ipdma.cohort.guests import SQUARES, UNTOLD, WITHHELD, Guest, GuestKey, GuestRows
from ipdma.cohort.records import Cohort, Squares

ALL = Serves("", "", "", EVERYONE)
RAW = {OUTCOME: "outcome_raw", BASELINE: "baseline_raw"}


def guest_of(bundle: Bundle) -> Guest:
    """A trial of the cohort whose rows are not here."""
    squares = {own.behind: Squares(own.n, own.df, own.sum_of_squares) for own in bundle.scales}
    partial = frozenset(own.what for own in bundle.gate.withheld if own.what.startswith(SQUARES))
    sizes = [own.n for own in bundle.arms.values()]
    people = sum(n for n in sizes if n is not None) if None not in sizes else None
    return Guest(bundle.study_id, dict(cell_tables(bundle)), squares, partial, ((UNTOLD, people),))


def cell_tables(bundle: Bundle) -> Iterator[tuple[GuestKey, GuestRows]]:
    """The rows of each cell of the plan, and of each sensitivity analysis with rows of its own."""
    for cell in bundle.cells:
        own = cell.serves
        if own.rows != OBSERVED and not own.rows.startswith(SENSITIVITY):
            continue
        key = (
            own.contrast,
            own.outcome,
            own.timepoint,
            own.rows.removeprefix(SENSITIVITY) * (own.rows != OBSERVED),
        )
        rows = cell_rows(bundle, cell)
        gone = (*((why, n) for why, n in cell.left_out if n != 0), *held_back(cell, rows))
        source = "" if cell.scale is None else cell.scale.converted_from
        yield key, GuestRows(rows, choice_of(cell.scale), source, gone)


def held_back(cell: CellCounts, rows: pd.DataFrame) -> Iterator[tuple[str, int | None]]:
    """People of a cell without a row: their arms are in no block, or their number is not told."""
    there = rows["arm"].value_counts()
    lost = [own.n - int(there.get(arm, 0)) if own.n is not None else None for arm, own in cell.arms.items()]
    if any(n is None for n in lost):
        yield WITHHELD, None
    elif any(lost):
        yield WITHHELD, sum(n for n in lost if n is not None)


def choice_of(scale: ScaleOf | None) -> Choice | None:
    """The scale and the week of the outcome."""
    if scale is None:
        return None
    weeks = np.nan if scale.weeks is None else scale.weeks
    return Choice(scale.instrument, scale.rating, scale.scoring, weeks)


def counted(bundle: Bundle, serves: Serves) -> CellCounts:
    """The counts of a cell; where a bundle has none of these rows, those of its largest block."""
    found = bundle.cell(serves)
    if found is not None:
        return found
    blocks = list(bundle.serving(serves))
    sizes = {arm: max((size(block, arm) for block in blocks), default=0) for arm in bundle.arms}
    arms = {arm: ArmCount(n, n) for arm, n in sizes.items() if n}
    return CellCounts(serves, blocks[0].scale if blocks else None, arms, ())


def cell_rows(bundle: Bundle, cell: CellCounts) -> pd.DataFrame:
    """Everyone of a cell: outcomes with the moments of those observed, baselines with those of the complete.

    Returns
    -------
    DataFrame
        `participant, arm, condition, baseline_raw, outcome_raw` and, of an event, `outcome`; NaN where
        there is none. A withheld count is that of the largest block.
    """
    blocks = [
        block for block in bundle.serving(cell.serves) if block.imputation is None and OUTCOME in block.names
    ]
    parts = [people_of(bundle, cell, arm, blocks) for arm in cell.arms if blocks]
    columns = ["participant", "arm", "condition", *RAW.values(), OUTCOME]
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.DataFrame({name: np.concatenate([own[name] for own in parts]) for name in columns})


def people_of(bundle: Bundle, cell: CellCounts, arm: str, blocks: list[Block]) -> dict[str, np.ndarray]:
    """The people of one arm of a cell, by column."""
    largest = max(blocks, key=lambda block: (size(block, arm), -len(block.columns)))
    paired = next((b for b in blocks if set(b.names) == {OUTCOME, BASELINE}), largest)
    n = max(cell.arms[arm].n or 0, size(largest, arm))
    found = {
        "participant": np.array([f"{arm}-{i:04d}" for i in range(1, n + 1)], dtype=object),
        "arm": np.full(n, arm, dtype=object),
        "condition": np.full(n, bundle.arms[arm].condition, dtype=object),
        **dict.fromkeys((*RAW.values(), OUTCOME), np.full(n, np.nan)),
    }
    event = any(column.coding == EVENT for column in largest.columns if column.name == OUTCOME)
    scores = scores_behind(bundle, cell, largest, arm) if event else None
    wanted = [(OUTCOME if event else RAW[OUTCOME], OUTCOME, largest)]
    wanted += [(RAW[OUTCOME], OUTCOME, scores)] if scores is not None else []
    wanted += [(RAW[BASELINE], BASELINE, paired if scores is None else scores)]
    made: dict[int, dict[str, np.ndarray]] = {}
    for column, name, block in wanted:
        if name in block.names and arm in block.arms:
            if id(block) not in made:
                (made[id(block)],) = arm_columns([(block, arm)])
            found[column] = padded(made[id(block)][name].astype(float), n)
    return found


def padded(values: np.ndarray, n: int) -> np.ndarray:
    """Values with missing ones behind them, n in all."""
    return np.concatenate([values, np.full(n - len(values), np.nan, dtype=values.dtype)])


def scores_behind(bundle: Bundle, cell: CellCounts, events: Block, arm: str) -> Block | None:
    """The scores that an event was derived from: a block of as many people at the same visit, on the same
    scale."""
    own = cell.serves
    for block in bundle.blocks:
        same = any(
            (s.contrast, s.timepoint, s.rows) == (own.contrast, own.timepoint, own.rows) for s in block.serves
        )
        scores = set(block.names) == {OUTCOME, BASELINE} and block.columns[0].coding == POINTS
        if same and scores and block.scale == cell.scale and size(block, arm) == size(events, arm):
            return block
    return None


def size(block: Block, arm: str) -> int:
    """People of an arm in a block."""
    return block.arms[arm].n if arm in block.arms else 0


def everyone(cohort: Cohort, bundles: Sequence[Bundle]) -> pd.DataFrame:
    """Every contributed person, for counts and characteristics; those of a bundle are nobody.

    Returns
    -------
    DataFrame
        The columns of `Cohort.participants`; of a bundle each variable alone has its counts, mean and spread.
    """
    parts = [cohort.participants, *(people_table(bundle) for bundle in bundles)]
    whole = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return whole.reindex(columns=cohort.participants.columns)


def people_table(bundle: Bundle) -> pd.DataFrame:
    """The people of a bundle: `study, participant, arm, condition` and its variables."""
    blocks = list(bundle.serving(ALL))
    parts = []
    for arm, own in bundle.arms.items():
        n = max([own.n or 0, *(size(block, arm) for block in blocks)])
        columns: dict[str, object] = {"participant": [f"{arm}-{i:04d}" for i in range(1, n + 1)]}
        for made in arm_columns([(block, arm) for block in blocks if arm in block.arms]):
            columns |= {name: padded(values, n) for name, values in made.items()}
        words = {"study": bundle.study_id, "arm": arm, "condition": own.condition}
        parts.append(pd.DataFrame({**columns, **words}))
    return pd.concat(parts, ignore_index=True)


def withheld_variables(bundle: Bundle) -> list[str]:
    """Variables of everyone contributed that the trial has and its gate withheld, in the gate's order."""
    there = {name for block in bundle.serving(ALL) for name in block.names}
    prefix = f"{EVERYONE}: "
    held = [own.what.removeprefix(prefix) for own in bundle.gate.withheld if own.what.startswith(prefix)]
    return [name for name in dict.fromkeys(held) if name not in there]


def was_measured(bundle: Bundle, name: str) -> bool:
    """Whether a trial has a score or a variable, as far as its bundle says; that of a publication tells of no
    variable of everyone, and so does not say."""
    held = withheld_variables(bundle)
    untold = not held and not any(bundle.serving(ALL))
    return untold or name in {OUTCOME, MISSING, BASELINE, *bundle.columns, *held}
