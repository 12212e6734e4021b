"""Completed data sets of one trial, as the plan's analyses impute it, coded like rows that were observed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell
from ipdma.analysis.completed import complete_cell, helping_cells, imputed_variables, with_helpers
from ipdma.analysis.context import Context
from ipdma.analysis.departed import delta_pairs, drawn_from_reference, missing_outcomes, start_columns
from ipdma.analysis.missing_plan import MissingPlan, read_missing
from ipdma.analysis.settings import Settings, read_settings
from ipdma.bundle.records import BASELINE, EVENT, IMPUTED, MISSING, OUTCOME, Column, Serves, Withheld
from ipdma.codebook import Codebook
from ipdma.plan import PROGNOSIS, Plan
from ipdma.release.attacks.find import few
from ipdma.release.attacks.sets import SETS, WITHOUT
from ipdma.release.columns import Coded, outcome_columns
from ipdma.release.row_sets import Ask, RowSet, columns_of, complete, points_per_outcome, scale_of_rows, worth


@dataclass(frozen=True)
class Stack:
    """The completed data sets of a cell, one below the other.

    Attributes
    ----------
    cell : Cell
    table : DataFrame, shape (m n, ...)
        Scores in points as the instrument has them.
    observed : DataFrame, shape (n, ...)
        The same people with their gaps.
    rows : str
        What the sets are called.
    """

    cell: Cell
    table: pd.DataFrame
    observed: pd.DataFrame
    rows: str = IMPUTED

    @property
    def people(self) -> int:
        """People in each data set."""
        return len(self.observed)


def completed_row_sets(
    context: Context, plan: Plan, codebook: Codebook, minimum: int = 1
) -> Iterator[RowSet | Withheld]:
    """Every set of completed rows that an imputed analysis of the plan uses.

    A cell of which no set could pass, since all hold outcomes that were drawn for few, is not imputed.

    Parameters
    ----------
    context : Context
        Cells of the one trial under `site_plan`.
    plan : Plan
        As the centre has it, since it decides what helps to impute.
    codebook : Codebook
    minimum : int
        Fewest people that may be told of.
    """
    settings = read_settings(plan)
    missing = read_missing(settings)
    for cell in sorted(context.cells.values(), key=lambda cell: worth(cell, settings)):
        imputed = cell.family == "gaussian" and missing.imputes(cell.outcome) and cell.contrast != PROGNOSIS
        if not imputed or not cell.studies:
            continue
        held = list(outcomes_of_few(cell, minimum))
        yield from held or sets_of_cell(cell, context, settings, missing, codebook)


def outcomes_of_few(cell: Cell, minimum: int) -> Iterator[Withheld]:
    """Arms in which the outcome would be drawn for few people."""
    gone = cell.rows[OUTCOME].isna().groupby(cell.rows["arm"].astype(str)).sum()
    what = f"{' '.join(cell.key)} {IMPUTED}: {OUTCOME}"
    for arm in (arm for arm, n in gone.items() if few(int(n), minimum)):
        reason = f"an outcome would be drawn for fewer than {minimum} people of arm {arm}"
        yield Withheld(what, SETS, reason, WITHOUT)


def sets_of_cell(
    cell: Cell, context: Context, settings: Settings, missing: MissingPlan, codebook: Codebook
) -> Iterator[RowSet]:
    """The completed data sets of one cell, and those drawn by reference."""
    helped = with_helpers(cell, helping_cells(cell, list(context.cells.values()), settings))
    done = complete_cell(helped.rows, imputed_variables(cell, settings, missing), helped.names, missing)
    points = done.done.rows
    stack = Stack(cell, with_raw_scores(points, codebook), helped.rows)
    yield from coded_sets(stack, asks_of(cell, context.settings, missing), codebook)
    covariates = Ask(settings.primary(cell.family).covariates)
    if delta_pairs(missing):
        yield from coded_sets(stack, [covariates], codebook, with_missing=True)
    gap = missing_outcomes(points, cell)
    for method in missing.reference_based:
        starts = start_columns(points, helped.earlier) if method == "copy_increments" else {}
        drawn = drawn_from_reference(done, gap, method, missing.seed, starts)
        table = with_raw_scores(points.assign(outcome=drawn), codebook)
        yield from coded_sets(replace(stack, table=table, rows=f"{IMPUTED}.{method}"), [covariates], codebook)


def asks_of(cell: Cell, settings: Settings, missing: MissingPlan) -> Iterator[Ask]:
    """The models that are refitted on completed data, alone and with each moderator."""
    for model in missing.models:
        covariates = settings.plan.model(model, cell.family).covariates
        yield Ask(covariates)
        yield from (Ask(covariates, moderator) for moderator in settings.moderators_of(cell.outcome))


def with_raw_scores(points: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    """Completed rows with raw scores for all."""
    turn = points_per_outcome(points, codebook)
    return points.assign(outcome_raw=turn * points[OUTCOME], baseline_raw=turn * points[BASELINE])


def coded_sets(
    stack: Stack, asks: Iterable[Ask], codebook: Codebook, with_missing: bool = False
) -> Iterator[RowSet]:
    """The row set of each model in each data set; `with_missing` adds whose outcome was drawn."""
    table, cell = stack.table, stack.cell
    known: dict[str, list[tuple[Column, pd.Series]]] = {}
    serves = (Serves(cell.contrast, cell.outcome, cell.timepoint, stack.rows),)
    for ask in asks:
        outcome = outcome_columns(table, cell.family, "", codebook)
        flag = missing_column(stack) if with_missing else iter(())
        coded = chain(outcome, *columns_of(table, ask, codebook, known), flag)
        for found in complete(serves, scale_of_rows(table), table["arm"], np.arange(len(table)), coded):
            yield from data_sets(found, stack, drawn_people(stack.observed, ask))


def missing_column(stack: Stack) -> Coded:
    """Whose outcome was drawn."""
    gone = np.tile(stack.observed[OUTCOME].isna(), len(stack.table) // stack.people)
    yield Column(MISSING, OUTCOME, EVENT, "", None, True), pd.Series(gone.astype(float))


def drawn_people(observed: pd.DataFrame, ask: Ask) -> np.ndarray:
    """Who lacks which of the q variables behind the columns of a model that the trial has, shape (n, q)."""
    names = [OUTCOME, *ask.covariates, *([ask.moderator.column] if ask.moderator else [])]
    there = [name for name in dict.fromkeys(names) if name in observed and observed[name].notna().any()]
    return observed[there].isna().to_numpy()


def data_sets(found: RowSet, stack: Stack, drawn: np.ndarray) -> Iterator[RowSet]:
    """A row set of all data sets as one for each.

    Their people may differ: a drawn value that is no level of the plan is missing.
    """
    place = found.people.astype(int)
    number, person = place // stack.people, place % stack.people
    columns = tuple(map(possible, found.columns, found.values.T))
    parts = [np.flatnonzero(number == own) for own in range(len(stack.table) // stack.people)]
    names = stack.observed["participant"].to_numpy(dtype=object)
    for own, at in enumerate(parts, 1):
        yield RowSet(
            found.serves,
            found.scale,
            columns,
            found.values[at],
            found.arm[at],
            names[person[at]],
            own,
            drawn=drawn[person[at]],
        )


def possible(column: Column, values: np.ndarray) -> Column:
    """A column without its range where a drawn value is outside."""
    limits = column.range
    inside = limits is None or bool((values >= limits[0]).all() and (values <= limits[1]).all())
    return column if inside or column.coding == "level" else replace(column, range=None)
