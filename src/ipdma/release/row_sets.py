"""Every set of rows and columns that an analysis of the plan uses of one trial, the headline's first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from ipdma.analysis.cell import Cell
from ipdma.analysis.characteristics import IDENTITY
from ipdma.analysis.context import Context
from ipdma.analysis.curves import raw_knots
from ipdma.analysis.longitudinal import BASELINE, visit_rows, visits_of
from ipdma.analysis.multiverse import covariate_sets, is_asked
from ipdma.analysis.records import Ledger
from ipdma.analysis.sensitivity import changed_cell
from ipdma.analysis.settings import Moderator, Settings
from ipdma.bundle.records import EVERYONE, OBSERVED, SENSITIVITY, VISITS, Column, ScaleOf, Serves
from ipdma.codebook import Codebook
from ipdma.plan import PROGNOSIS
from ipdma.plan.record import REBUILDING, SELECTING
from ipdma.release.columns import (
    curve_columns,
    may_leave,
    moderator_columns,
    outcome_columns,
    range_of_scale,
    score_column,
    variable_columns,
)


@dataclass(frozen=True)
class RowSet:
    """People of one trial who are complete in some columns.

    Attributes
    ----------
    serves : tuple of Serves
    scale : ScaleOf or None
    columns : tuple of Column
    values : ndarray of shape (n, p)
    arm, people : ndarray of str, shape (n,)
    imputation : int or None
    knots : tuple of float
        At which columns of coding `bend` bend, in the unit of the column before the first of them.
    drawn : ndarray of bool, shape (n, q), or None
        Whose values of each of the q variables behind the columns were drawn; None where all were observed.
    """

    serves: tuple[Serves, ...]
    scale: ScaleOf | None
    columns: tuple[Column, ...]
    values: np.ndarray
    arm: np.ndarray
    people: np.ndarray
    imputation: int | None = None
    knots: tuple[float, ...] = ()
    drawn: np.ndarray | None = None


@dataclass(frozen=True)
class Ask:
    """Covariates, and perhaps a moderator, of one model; `curve` asks for the bends at the plan's knots."""

    covariates: tuple[str, ...]
    moderator: Moderator | None = None
    curve: bool = False


def row_sets(context: Context, codebook: Codebook) -> Iterator[RowSet]:
    """Every row set of a trial, ordered by what it is worth.

    Headlines come first, then moderators, sensitivity analyses, the multiverse, visits, predictors of the
    plan's `prognosis`, and characteristics of everyone.

    Parameters
    ----------
    context : Context
        Cells of the one trial (those of `prognosis` too) under `site_plan`, its participants and variants.
    codebook : Codebook
    """
    cells = sorted(context.cells.values(), key=lambda cell: worth(cell, context.settings))
    stages = (headlines, moderators, what_ifs, specifications)
    plain = [cell for cell in cells if cell.contrast != PROGNOSIS]
    for stage in stages:
        for cell in plain:
            yield from stage(cell, context, codebook)
    for cell in plain:
        yield from visits(cell, context, codebook)
    for cell in cells:
        if cell.contrast == PROGNOSIS:
            yield from predictors(cell, context, codebook)
    if context.participants is not None:
        yield from everyone(context.participants, codebook)


def worth(cell: Cell, settings: Settings) -> tuple[int, int, int]:
    """Outcomes in the plan's order, then time points, then contrasts."""
    plan = settings.plan
    contrasts = [*plan["contrasts"], PROGNOSIS]
    return (
        list(plan["outcomes"]).index(cell.outcome),
        list(plan["time_points"]).index(cell.timepoint),
        contrasts.index(cell.contrast),
    )


def covariates_of(settings: Settings, cell: Cell, model: str) -> tuple[str, ...]:
    """The covariates of a model; a binary outcome leaves as counts, which adjust for nothing."""
    return settings.plan.model(model, cell.family).covariates if cell.family == "gaussian" else ()


def headlines(cell: Cell, context: Context, codebook: Codebook) -> Iterator[RowSet]:
    """Every model of the cell, the primary one first."""
    settings = context.settings
    names = sorted(settings.models_of(cell.outcome), key=lambda name: name != settings.primary_model)
    asks = [Ask(covariates_of(settings, cell, name)) for name in names]
    yield from asked(cell, [OBSERVED], asks, context, codebook)


def moderators(cell: Cell, context: Context, codebook: Codebook) -> Iterator[RowSet]:
    """Every moderator of the cell, in every model that moderators are fitted in."""
    settings = context.settings
    asks = [
        Ask(covariates_of(settings, cell, model), moderator)
        for model in settings.moderator_models
        for moderator in settings.moderators_of(cell.outcome)
    ]
    yield from asked(cell, [OBSERVED], asks, context, codebook)
    if cell.family == "gaussian":
        curves = [replace(ask, curve=True) for ask in asks if ask.moderator and is_curve(ask.moderator)]
        yield from asked(cell, [OBSERVED], curves, context, codebook)


def is_curve(moderator: Moderator) -> bool:
    """Whether a moderator has a curve at knots that a site knows: no quantiles, no standardised scores."""
    known = moderator.column != BASELINE or bool(moderator.knots_on)
    return known and bool(moderator.knots) and moderator.type == "continuous"


def what_ifs(cell: Cell, context: Context, codebook: Codebook) -> Iterator[RowSet]:
    """Every sensitivity analysis that is meant for the cell, with its moderators."""
    settings = context.settings
    alike: dict[tuple[Ask, ...], list[str]] = {}  # on the cell's own rows, what asks for the same at once
    for name in settings.plan["sensitivity"]:
        if not settings.plan.concerns(name, *cell.key):
            continue
        asks = asks_under(name, cell, settings)
        if not settings.plan.changes(name, (*REBUILDING, *SELECTING)):
            alike.setdefault(tuple(asks), []).append(SENSITIVITY + name)
            continue
        part = changed_cell(Ledger(), cell, name, context)
        if part is not None:
            yield from asked(part, [SENSITIVITY + name], asks, context, codebook)
    for asks, names in alike.items():
        yield from asked(cell, names, asks, context, codebook)


def asks_under(name: str, cell: Cell, settings: Settings) -> Sequence[Ask]:
    """The model of a sensitivity analysis, and with each moderator that it names."""
    adjusted = cell.family == "gaussian"
    covariates = settings.plan.model_under(name, cell.family).covariates if adjusted else ()
    named = settings.plan["sensitivity"][name].get("moderators") or ()
    chosen = [m for m in settings.moderators_of(cell.outcome) if m.name in named]
    return [Ask(covariates), *(Ask(covariates, moderator) for moderator in chosen)]


def specifications(cell: Cell, context: Context, codebook: Codebook) -> Iterator[RowSet]:
    """The covariate sets of the multiverse, on the cell's rows and on those of each what-if."""
    settings = context.settings
    if not is_asked(cell, settings):
        return
    same = [OBSERVED]
    for name in settings.plan["sensitivity"]:
        if not settings.plan.concerns(name, *cell.key):
            continue
        if not settings.plan.changes(name, (*REBUILDING, *SELECTING)):
            same.append(SENSITIVITY + name)
            continue
        part = changed_cell(Ledger(), cell, name, context)
        if part is not None:
            yield from specified(part, [SENSITIVITY + name], context, codebook)
    yield from specified(cell, same, context, codebook)


def specified(cell: Cell, rows: Sequence[str], context: Context, codebook: Codebook) -> Iterator[RowSet]:
    """The covariate sets of the multiverse on some rows, which may go by several names."""
    asks = [Ask(tuple(names)) for names in covariate_sets(cell, context.settings).values()]
    yield from asked(cell, rows, asks, context, codebook)


def visits(cell: Cell, context: Context, codebook: Codebook) -> Iterator[RowSet]:
    """People by the visits at which they were seen, scores side by side."""
    cells = visits_of(cell, context)
    if cell.outcome != context.settings.plan.first_outcome or not cells or cell is not cells[0]:
        return
    long = visit_rows(cells)
    if long.empty:
        return
    arms = (
        pd.concat([own.rows for own in cells]).drop_duplicates("participant").set_index("participant")["arm"]
    )
    order = [BASELINE, *(own.timepoint for own in cells)]
    wide = long.pivot(index="participant", columns="visit", values="outcome")
    wide *= points_per_outcome(cell.rows, codebook)
    limits = range_of_scale(cell.rows, codebook)
    pattern = wide.notna().apply(lambda row: "+".join(v for v in order if row.get(v)), axis=1)
    for name, part in wide.groupby(pattern):
        seen = str(name).split("+")
        coded = chain(*(score_column(visit_name(v), part[v], limits) for v in seen))
        serves = (Serves(cell.contrast, cell.outcome, "visits", VISITS + str(name)),)
        yield from complete(serves, scale_of_rows(cell.rows), arms.loc[part.index], part.index, coded)


def points_per_outcome(rows: pd.DataFrame, codebook: Codebook) -> float:
    """-1 where rows in points were turned, since on their instrument higher is better; else 1."""
    return 1.0 if codebook.instruments[rows["instrument"].iloc[0]].higher_is_worse else -1.0


def visit_name(visit: str) -> str:
    """The column of a visit's score."""
    return BASELINE if visit == BASELINE else f"score.{visit}"


def predictors(cell: Cell, context: Context, codebook: Codebook) -> Iterator[RowSet]:
    """Predictors of the outcome inside the arms that the plan's `prognosis` names."""
    settings = context.settings
    chosen, covariates = settings.plan["prognosis"]["predictors"], settings.plan["prognosis"]["covariates"]
    asks = [Ask(tuple(covariates), m) for m in settings.moderators if chosen is None or m.name in chosen]
    yield from asked(cell, [OBSERVED], asks, context, codebook)


def everyone(participants: pd.DataFrame, codebook: Codebook) -> Iterator[RowSet]:
    """Each characteristic of everyone contributed."""
    for name in participants.columns:
        if name not in IDENTITY and may_leave(name, codebook):
            coded = variable_columns(participants, name, codebook)
            serves = (Serves("", "", "", EVERYONE),)
            yield from complete(serves, None, participants["arm"], participants["participant"], coded)


def asked(
    cell: Cell, rows: Sequence[str], asks: Iterable[Ask], context: Context, codebook: Codebook
) -> Iterator[RowSet]:
    """The row set of each model on a cell's rows; a column that is not the trial's own is the centre's."""
    serves = tuple(Serves(cell.contrast, cell.outcome, cell.timepoint, name) for name in rows)
    table = cell.rows[cell.rows["outcome"].notna()]
    if table.empty:
        return
    measure, scale = str(context.settings.plan["outcomes"][cell.outcome]["measure"]), scale_of_rows(table)
    outcome = list(outcome_columns(table, cell.family, measure, codebook))
    known: dict[str, list[tuple[Column, pd.Series]]] = {}  # covariates, which many models share
    for ask in asks:
        coded = chain(outcome, *columns_of(table, ask, codebook, known))
        knots = raw_knots(ask.moderator) if ask.curve and ask.moderator else ()
        for found in complete(serves, scale, table["arm"], table["participant"], coded):
            yield replace(found, knots=knots)


def columns_of(
    table: pd.DataFrame, ask: Ask, codebook: Codebook, known: dict[str, list[tuple[Column, pd.Series]]]
) -> Iterator[Iterable[tuple[Column, pd.Series]]]:
    """The columns of a model's covariates, `known` ones again, and of its moderator, whose own variable
    enters once."""
    own = ask.moderator
    for name in ask.covariates:
        if name in table and may_leave(name, codebook) and (own is None or name != own.column):
            if name not in known:
                known[name] = list(variable_columns(table, name, codebook))
            yield known[name]
    if own is not None and own.column in table and may_leave(own.column, codebook):
        yield (curve_columns if ask.curve else moderator_columns)(table, own, codebook)


def complete(
    serves: tuple[Serves, ...],
    scale: ScaleOf | None,
    arm: Any,
    people: Any,
    coded: Iterable[tuple[Column, pd.Series]],
) -> Iterator[RowSet]:
    """The people who have a value in every column; nothing where nobody has."""
    pairs = list(coded)
    if not pairs:
        return
    columns = tuple(column for column, _ in pairs)
    values = np.column_stack([series.to_numpy(dtype=float) for _, series in pairs])
    kept = np.isfinite(values).all(axis=1)
    if kept.any():
        who, where = np.asarray(people, dtype=object), np.asarray(arm, dtype=object)
        yield RowSet(serves, scale, columns, values[kept], where[kept], who[kept])


def scale_of_rows(rows: pd.DataFrame) -> ScaleOf | None:
    """The instrument behind rows; None where none was scored."""
    first = rows.iloc[0]
    if not first["instrument"]:
        return None
    weeks = None if pd.isna(first["weeks"]) else float(first["weeks"])
    instrument, rating, scoring, source = (
        str(first[key]) for key in ("instrument", "rating", "scoring", "converted_from")
    )
    return ScaleOf(instrument, rating, scoring, source, weeks)
