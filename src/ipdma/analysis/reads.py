"""What each analysis reads beside its rows; it is given that and nothing else.

So its result is known by its rows, by what stands here of the plan, and by the code: a key of the plan that
an analysis does not name cannot change it, and is no reason to make it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import pandas as pd

from ipdma.analysis.cell import Cell
from ipdma.analysis.context import Context, Tables
from ipdma.analysis.settings import Settings
from ipdma.errors import UndeclaredReading
from ipdma.plan import NETWORK, PROGNOSIS, Plan
from ipdma.plan.record import REBUILDING, SELECTING
from ipdma.plan.words import without_words

# The headline's model and scale, and what the plan says of this very question.
ALWAYS = (
    *("outcomes", "models", "primary_model", "level", "pool", "interval"),
    *("instruments", "standardise", "hedges", "explanations"),
)
OF_SETTINGS = {  # what `Settings` took from a key of the plan
    "moderators": ("moderators", "leaders"),
    "moderator_analysis": (
        *("family", "correction", "minimum_studies", "quantiles", "knots"),
        *("naive", "power_interaction", "moderator_models"),
    ),
}
BESIDE = ("cells", "registry", "aggregate", "variants", "participants", "codebook", "bundles")
MODERATED = ("moderators", "moderator_analysis")
SENSITIVITY, MULTIVERSE = "sensitivity", "multiverse"


@dataclass(frozen=True)
class Reads:
    """Keys of the plan beside `ALWAYS`, and fields of the context; `exclusions` are the cell's own.

    `whole` are keys of which an analysis reads more than what concerns its own question.
    """

    plan: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()


PUBLISHED = ("aggregate", "participants", "codebook", "bundles")
READS: dict[str, Reads] = {
    "rows": Reads(beside=("exclusions",)),
    "efficacy": Reads(("absolute",)),
    "moderators": Reads((*MODERATED, "absolute", "minimum_cell")),
    "subgroups": Reads(("subgroups",)),
    "prediction": Reads(
        ("prediction", "time_points", "contrasts", "absolute", "minimum_cell", *MODERATED),
        whole=("outcomes", "contrasts"),  # its error is shared between all predictions of the plan
    ),
    "tree": Reads(("tree", "seed", *MODERATED)),
    "risk_of_bias": Reads(("risk_of_bias",)),
    "rob_moderators": Reads(("risk_of_bias", *MODERATED)),
    "aggregate": Reads(("aggregate_trials",), ("aggregate",)),
    "small_studies": Reads(("aggregate_trials",), ("aggregate",)),
    SENSITIVITY: Reads((SENSITIVITY, "contrasts", "time_points", *MODERATED), ("variants", *PUBLISHED)),
    "nesting": Reads(("nesting",)),
    MULTIVERSE: Reads((MULTIVERSE, SENSITIVITY), ("variants", "bundles")),
    "engines": Reads(("engines", "time_points")),
    PROGNOSIS: Reads(("prognosis", *MODERATED), ("exclusions",), ("outcomes",)),
    NETWORK: Reads(
        ("network", "contrasts", "aggregate_trials", *MODERATED),
        ("aggregate", "exclusions"),
        ("outcomes", "contrasts"),
    ),
    "longitudinal": Reads(("longitudinal", "time_points"), ("cells",), ("outcomes",)),
    "missing": Reads(
        ("missing", "seed", "reliable_change", "time_points", *MODERATED),
        ("cells", "codebook"),
        ("outcomes",),
    ),
}


def keys_read(parts: Iterable[str]) -> set[str]:
    """Keys of the plan that some analyses read."""
    return {*ALWAYS, *(key for part in parts for key in READS[part].plan)}


class Unread:
    """Stands for what an analysis does not read; whoever reads it all the same stops."""

    def __bool__(self) -> NoReturn:
        raise UndeclaredReading("an analysis reads what READS does not name")

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)  # what Python itself asks of any object
        raise UndeclaredReading(f"an analysis reads what READS does not name: its {name}")

    def __iter__(self) -> NoReturn:
        raise UndeclaredReading("an analysis goes through what READS does not name")

    def __getitem__(self, name: object) -> NoReturn:
        raise UndeclaredReading(f"an analysis reads what READS does not name: {name}")


UNREAD: Any = Unread()


@dataclass(frozen=True)
class Unit:
    """One analysis of one cell, or one sensitivity analysis of it.

    Attributes
    ----------
    part : str
        A key of `READS`.
    values : mapping
        What it reads of the plan.
    """

    part: str
    values: Mapping[str, Any]


def units_of(part: str, cell: Cell, plan: Plan) -> Iterator[Unit]:
    """The units of an analysis: each sensitivity analysis by itself, else one."""
    values = plan_read(part, cell, plan)
    if part != SENSITIVITY:
        yield Unit(part, values)
        return
    for name, keys in values[SENSITIVITY].items():
        yield Unit(part, {**values, SENSITIVITY: {name: keys}})


def plan_read(part: str, cell: Cell, plan: Plan) -> dict[str, Any]:
    """What an analysis of a cell reads of the plan, without its words."""
    reads = READS[part]
    values: dict[str, Any] = without_words({key: plan[key] for key in plan if key in (*ALWAYS, *reads.plan)})
    for key, names in (("outcomes", (plan.first_outcome, cell.outcome)), ("contrasts", (cell.contrast,))):
        if key in values and key not in reads.whole:
            values[key] = {name: own for name, own in values[key].items() if name in names}
    question = f"{'.'.join(cell.key)}."
    values["explanations"] = [e for e in plan["explanations"] if e["analysis"].startswith(question)]
    if SENSITIVITY in values:
        values[SENSITIVITY] = sensitivity_read(part, cell, plan, values[SENSITIVITY])
    if MULTIVERSE in values and values[MULTIVERSE]["enabled"] is None:
        values[MULTIVERSE]["enabled"] = bool(plan[SENSITIVITY])
    return values


def sensitivity_read(part: str, cell: Cell, plan: Plan, entries: Mapping[str, Any]) -> dict[str, Any]:
    """The sensitivity analyses meant for a cell; for the multiverse those that change its rows."""
    rows = part == MULTIVERSE
    return {
        name: keys
        for name, keys in entries.items()
        if plan.concerns(name, *cell.key) and not (rows and not plan.changes(name, (*REBUILDING, *SELECTING)))
    }


def settings_read(part: str, settings: Settings, values: Mapping[str, Any]) -> Settings:
    """The settings with that of the plan, and without what came of its other keys."""
    hidden = {f: UNREAD for key, own in OF_SETTINGS.items() if key not in READS[part].plan for f in own}
    explanations = {entry["analysis"]: entry["why"] for entry in values["explanations"]}
    return replace(settings, plan=settings.plan.narrowed(values), explanations=explanations, **hidden)


def cell_read(part: str, cell: Cell, context: Context) -> Cell:
    """The cell, without who was left out where that is not read: every trial of a run is told there."""
    if "exclusions" in READS[part].beside:
        return cell
    return context.cells.get(cell.key) or replace(cell, exclusions=UNREAD)


def context_read(unit: Unit, cell: Cell, context: Context, settings: Settings) -> Context:
    """The context with what an analysis reads of it."""
    beside = READS[unit.part].beside
    given = {name: getattr(context, name) if name in beside else UNREAD for name in BESIDE}
    if "cells" in beside:
        given["cells"] = {key: own for key, own in context.cells.items() if key[0] == cell.contrast}
    if "variants" in beside:
        wanted = unit.values[SENSITIVITY]
        variants = {name: own for name, own in context.variants.items() if name.partition("@")[0] in wanted}
        given["variants"] = {
            n: {k: t for k, t in own.items() if k == cell.key} for n, own in variants.items()
        }
    if "participants" in beside:
        given["participants"] = published_among(context)
    return replace(context, settings=settings, **given)


def rows_read(tables: Tables, cell: Cell) -> Tables:
    """The rows of a cell among those of a sensitivity analysis."""
    own = {key: table for key, table in tables.items() if key == cell.key}
    return {k: replace(t, exclusions=UNREAD) if hasattr(t, "exclusions") else t for k, t in own.items()}


def published_among(context: Context) -> pd.DataFrame | None:
    """The trials with aggregate results that contributed participants as well."""
    if context.participants is None or context.aggregate is None:
        return None
    study = context.participants[["study"]].drop_duplicates(ignore_index=True)
    return study[study["study"].astype(str).isin(context.aggregate["study"].astype(str))]
