"""What if: the headline again, changed in what an entry of the plan's `sensitivity` says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ipdma.analysis.aggregate import aggregate_effects, ipd_effects, write_pooled
from ipdma.analysis.cell import Cell, cell_of
from ipdma.analysis.efficacy import fit_both
from ipdma.analysis.fitting import model_keys
from ipdma.analysis.moderators import fit_plain_moderator
from ipdma.analysis.records import Ledger
from ipdma.analysis.settings import Settings, model_entry

ROW_KEYS = ("rating", "preference", "standardise", "crosswalk", "weeks_after_post")


def analyse_sensitivity(
    cell: Cell,
    settings: Settings,
    aggregate: pd.DataFrame | None,
    variants: Mapping[str, Mapping[tuple, Any]] | None,
) -> Ledger:
    """Every sensitivity analysis of the plan that is meant for this cell."""
    ledger = Ledger()
    for name, keys in settings.sensitivity.items():
        if not settings.analyses(cell.contrast, cell.outcome, cell.timepoint, keys):
            continue
        ident = cell.ident(name)
        part = changed_cell(ledger, cell, name, keys, variants)
        if part is None:
            continue
        if not part.studies:
            ledger.note(ident, "not_run", "no study is left under it")
            continue
        write_choices(ledger, cell, name, keys)
        if keys.get("leave_one_out"):
            leave_each_out(ledger, part, settings, keys)
        else:
            fit_changed(ledger, part, settings, name, keys, aggregate)
    return ledger


def changed_cell(
    ledger: Ledger,
    cell: Cell,
    name: str,
    keys: Mapping[str, Any],
    variants: Mapping[str, Mapping[tuple, Any]] | None,
) -> Cell | None:
    """The cell with the rows that the entry leaves: rebuilt, studies or participants selected; None.

    And why, where not.
    """
    if any(keys.get(key) for key in ROW_KEYS):
        tables = (variants or {}).get(name)
        table = None if tables is None else tables.get((cell.contrast, cell.outcome, cell.timepoint))
        if table is None:
            ledger.note(cell.ident(name), "not_run", "no rows could be built for it")
            return None
        cell = cell_of((cell.contrast, cell.outcome, cell.timepoint), table, cell.family)
        write_crosswalks(ledger, cell, name, keys)
    rows = cell.rows[~cell.rows["study"].isin([str(s) for s in keys.get("exclude_studies") or ()])]
    for selection in ("registry", "participants"):
        for column, values in (keys.get(selection) or {}).items():
            if column not in rows:
                ledger.note(cell.ident(name), "not_run", f"the rows have no column '{column}'")
                return None
            rows = rows[is_among(rows[column], values)]
    return cell.but(rows)


def is_among(column: pd.Series, values: Sequence[Any]) -> pd.Series:
    """Whether each value is one of `values`, numbers compared as numbers and text without regard to case."""
    wanted = {str(v).strip().lower() for v in values}
    if pd.api.types.is_numeric_dtype(column):
        numbers = {float(v) for v in wanted if v.replace(".", "", 1).lstrip("-").isdigit()}
        return column.astype(float).isin(numbers)
    return column.astype(object).map(lambda v: str(v).strip().lower() in wanted)


def write_choices(ledger: Ledger, cell: Cell, name: str, keys: Mapping[str, Any]) -> None:
    """Write what the entry changes, for the specification curve."""
    for key, value in keys.items():
        if key in ("label", "outcomes", "contrasts", "time_points", "moderators") or value in (None, False):
            continue
        for part, choice in value.items() if isinstance(value, Mapping) else [("", value)]:
            text = ", ".join(map(str, choice)) if isinstance(choice, (list, tuple)) else str(choice)
            ledger.count(cell.ident(name), "choice", variable=f"{key}.{part}".rstrip("."), level=text)


def write_crosswalks(ledger: Ledger, cell: Cell, name: str, keys: Mapping[str, Any]) -> None:
    """Write how many participants were converted from which instrument."""
    if not keys.get("crosswalk") or "converted_from" not in cell.analysed:
        return
    source = cell.analysed["converted_from"].astype(object)
    source = source[source.notna() & (source.astype(str) != "")]
    for instrument, n in source.astype(str).value_counts().sort_index().items():
        ledger.count(
            cell.ident(name), "crosswalk", variable=str(instrument), level=str(keys["crosswalk"]), n=int(n)
        )


def changed_keys(settings: Settings, cell: Cell, keys: Mapping[str, Any]) -> dict[str, Any]:
    """The primary model's keys with those that the entry changes."""
    changed = {**settings.models[settings.primary_model], **model_entry(keys.get("model"))}
    return model_keys(settings, settings.primary_model, cell.family, changed)


def fit_changed(
    ledger: Ledger,
    cell: Cell,
    settings: Settings,
    name: str,
    keys: Mapping[str, Any],
    aggregate: pd.DataFrame | None,
) -> None:
    """The changed headline in both stages.

    With aggregate-only trials in the second stage where the entry says so.
    """
    model = changed_keys(settings, cell, keys)
    if keys.get("aggregate"):
        effects = [*ipd_effects(cell, settings, model), *aggregate_effects(aggregate, cell)]
        tau2 = "common" if model.get("treatment_effect") == "common" else None
        write_pooled(ledger, cell.ident(name, "two"), effects, settings, cell, tau2)
        return
    fit_both(ledger, cell, settings, name, model)
    for moderator in settings.moderators_of(cell.outcome):
        if moderator.name in (keys.get("moderators") or ()):
            fit_plain_moderator(ledger, cell, settings, name, moderator, model)


def leave_each_out(ledger: Ledger, cell: Cell, settings: Settings, keys: Mapping[str, Any]) -> None:
    """The headline without each study in turn, in both stages."""
    if len(cell.studies) < 3:
        ledger.note(
            cell.ident("leave_one_out"), "not_run", f"{len(cell.studies)} studies: nothing is left to pool"
        )
        return
    model = changed_keys(settings, cell, keys)
    for study in cell.studies:
        part = cell.but(cell.analysed[cell.analysed["study"] != study])
        fit_both(ledger, part, settings, f"leave_out:{study}", model, studies=False)
