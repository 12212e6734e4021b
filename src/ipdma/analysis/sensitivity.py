"""What if: the headline again, changed in what an entry of the plan's `sensitivity` says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from ipdma.analysis.cell import Cell, cell_of
from ipdma.analysis.context import Context
from ipdma.analysis.guest_notes import KIND, note_partial
from ipdma.analysis.headline import fit_both
from ipdma.analysis.measurement_error import fit_with_error
from ipdma.analysis.moderators import fit_plain_moderator
from ipdma.analysis.published import fit_published, pool_with_aggregate, published_here
from ipdma.analysis.records import Ledger
from ipdma.analysis.same_trials import Trials, add_same_published, add_same_trials, primary_trials
from ipdma.analysis.settings import Settings
from ipdma.bundle import Bundle
from ipdma.bundle.guest import was_measured
from ipdma.bundle.published import MIDDLE, POSITIONS, is_scanned, published_bundles
from ipdma.bundle.records import SENSITIVITY
from ipdma.model.records import Fit
from ipdma.model.spec import ModelSpec
from ipdma.plan.checks import OF_THEIR_OWN
from ipdma.plan.record import REBUILDING, SELECTING

ALONE = tuple(key for key in OF_THEIR_OWN if key != "aggregate")  # the trials are their point, or their own


def analyse_sensitivity(cell: Cell, context: Context) -> Ledger:
    """Every sensitivity analysis of the plan that is meant for this cell."""
    ledger, settings = Ledger(), context.settings
    entries = settings.plan["sensitivity"].items()
    meant = {name: keys for name, keys in entries if settings.plan.concerns(name, *cell.key)}
    changed = [name for name, keys in meant.items() if not any(keys.get(key) for key in ALONE)]
    primary = primary_trials(cell, settings) if changed and cell.studies else {}
    for name, keys in meant.items():
        part = changed_cell(ledger, cell, name, context)
        if part is None:
            continue
        if not part.studies:
            ledger.note(cell.ident(name), "not_run", "no study is left under it")
            continue
        write_choices(ledger, cell, name, keys)
        spec = settings.plan.model_under(name, cell.family)
        if keys.get("leave_one_out"):
            leave_each_out(ledger, part, settings, spec)
        elif keys.get("aggregate"):
            with_published(ledger, cell, part, context, name, spec, primary)
        elif keys.get("reliability"):
            fit_with_error(ledger, part, settings, name, spec)
        else:
            fits = fit_changed(ledger, part, settings, name, spec)
            add_same_trials(ledger, cell, part, settings, name, spec, fits, primary)
    return ledger


def changed_cell(ledger: Ledger, cell: Cell, name: str, context: Context) -> Cell | None:
    """The cell with the rows that a sensitivity analysis rebuilds or keeps.

    None, with the reason in the ledger, where that cannot be done.
    """
    made = rebuilt_cell(ledger, cell, name, context)
    return None if made is None else chosen(ledger, made, name, context)


def rebuilt_cell(
    ledger: Ledger,
    cell: Cell,
    name: str,
    context: Context,
    at: str = "",
    bundles: Sequence[Bundle] = (),
) -> Cell | None:
    """The cell with the rows that a sensitivity analysis rebuilds, before it keeps some of them.

    `at` and `bundles` are a position in the ranges of published moments and the trials that they stand for.
    """
    keys = context.settings.plan["sensitivity"][name]
    if at or context.settings.plan.changes(name, REBUILDING):
        table = context.variants.get(f"{name}{at}", {}).get(cell.key)
        if table is None:
            ledger.note(cell.ident(name), "not_run", "no rows could be built for it")
            return None
        rows_of = f"{SENSITIVITY}{name}"
        cell = cell_of(cell.key, table, cell.family, [*context.bundles, *bundles], rows_of)
        write_crosswalks(ledger, cell, name, keys)
        note_partial(ledger, cell.ident(name), cell.scales)
    elif cell.guests:
        people = tuple(keys.get("participants") or ())
        note_unchosen(ledger, cell, name, people)
        cell = guests_under(cell, name, anew=bool(people))
    return cell


def chosen(ledger: Ledger, cell: Cell, name: str, context: Context) -> Cell | None:
    """The cell with the rows that a sensitivity analysis keeps; None where it has not the column for it."""
    keys = context.settings.plan["sensitivity"][name]
    rows = cell.rows[~cell.rows["study"].isin(keys.get("exclude_studies") or ())]
    for selection in SELECTING:
        for column, values in (keys.get(selection) or {}).items():
            if column not in rows:
                ledger.note(cell.ident(name), "not_run", f"the rows have no column '{column}'")
                return None
            chosen = is_among(rows[column], values)
            if selection == "participants":  # a bundle's rows were chosen at its site
                chosen |= rows["study"].isin([guest.study for guest in cell.guests])
            rows = rows[chosen]
    return cell.but(rows)


def guests_under(cell: Cell, name: str, anew: bool) -> Cell:
    """The cell with what bundles have for a sensitivity analysis; `anew` where that chooses people."""
    guests = tuple(guest.under(name) for guest in cell.guests)
    if not anew:
        return replace(cell, guests=guests)
    kept = cell.without_guests().rows
    made = [guest.fresh(cell.rows[cell.rows["study"] == guest.study]) for guest in guests]
    rows = pd.concat([kept, *(part for part in made if len(part))], ignore_index=True)
    return replace(cell, rows=rows.sort_values("study", kind="stable", ignore_index=True), guests=guests)


def note_unchosen(ledger: Ledger, cell: Cell, name: str, columns: Sequence[str]) -> None:
    """Name the bundles that do not tell of the people whom an analysis chooses by these columns."""
    there = {*cell.rows["study"]}
    guests = [guest.under(name) for guest in cell.guests if columns and guest.study in there]
    lost = [
        guest.study
        for guest in guests
        if not any(guest.bundle.serving(guest.serves))
        and all(was_measured(guest.bundle, column) for column in columns)
    ]
    if lost:
        text = f"without {', '.join(lost)}: the bundle does not tell of people chosen by {', '.join(columns)}"
        ledger.note(cell.ident(name), KIND, text)


def is_among(column: pd.Series, values: Sequence[object]) -> pd.Series:
    """Whether each value is one of `values`, numbers compared as numbers and text without regard to case."""
    wanted = {str(v).strip().lower() for v in values}
    if pd.api.types.is_numeric_dtype(column):
        numbers = {float(v) for v in wanted if v.replace(".", "", 1).lstrip("-").isdigit()}
        return column.astype(float).isin(numbers)
    return column.astype(object).map(lambda v: str(v).strip().lower() in wanted)


def write_choices(ledger: Ledger, cell: Cell, name: str, keys: Mapping[str, object]) -> None:
    """Write what the entry changes, for the specification curve."""
    for key, value in keys.items():
        if key in ("label", "outcomes", "contrasts", "time_points", "moderators") or value in (None, False):
            continue
        for part, choice in value.items() if isinstance(value, Mapping) else [("", value)]:
            text = ", ".join(map(str, choice)) if isinstance(choice, (list, tuple)) else str(choice)
            ledger.count(cell.ident(name), "choice", variable=f"{key}.{part}".rstrip("."), level=text)


def write_crosswalks(ledger: Ledger, cell: Cell, name: str, keys: Mapping[str, object]) -> None:
    """Write how many participants were converted from which instrument."""
    if not keys.get("crosswalk") or "converted_from" not in cell.analysed:
        return
    source = cell.analysed["converted_from"].astype(object)
    source = source[source.notna() & (source.astype(str) != "")]
    for instrument, n in source.astype(str).value_counts().sort_index().items():
        ledger.count(
            cell.ident(name), "crosswalk", variable=str(instrument), level=str(keys["crosswalk"]), n=int(n)
        )


def fit_changed(ledger: Ledger, cell: Cell, settings: Settings, name: str, spec: ModelSpec) -> dict[str, Fit]:
    """The changed headline, and the moderators that the entry names, in both stages; the headline's fits."""
    fits = fit_both(ledger, cell, settings, name, spec)
    named = settings.plan["sensitivity"][name].get("moderators") or ()
    for moderator in settings.moderators_of(cell.outcome):
        if moderator.name in named:
            fit_plain_moderator(ledger, cell, settings, name, moderator, spec)
    return fits


def with_published(
    ledger: Ledger, cell: Cell, part: Cell, context: Context, name: str, spec: ModelSpec, primary: Trials
) -> None:
    """The changed model with the trials that are only published.

    In one stage those with the moments of their arms, over the range of what is not known of them; in two
    stages those with an estimate as well.
    """
    rows, plan, codebook = published_here(cell, context), context.settings.plan, context.codebook
    keys = plan["sensitivity"][name]
    without = frozenset({*cell.studies, *map(str, keys.get("exclude_studies") or ())})
    if not rows or codebook is None:
        pool_with_aggregate(ledger, part, context, name, spec, without=without)
        add_same_published(ledger, cell, part, context, name, spec, primary, without)
        return
    for position in POSITIONS if is_scanned(rows) else [MIDDLE]:
        bundles = published_bundles(rows, plan, codebook, f"{SENSITIVITY}{name}", position)
        whole = rebuilt_cell(ledger, cell, name, context, f"@{position:g}", bundles)
        joined = whole and chosen(ledger, whole, name, context)
        if whole is None or joined is None:
            continue
        model = name if position == MIDDLE else f"{name}:{position:g}"
        fit_published(ledger, joined, context, model, spec, rows, position, without)
        usual = None if plan.changes(name, REBUILDING) else whole
        names = frozenset(str(row["study"]) for row in rows)
        add_same_published(ledger, usual, joined, context, model, spec, primary, without, names)


def leave_each_out(ledger: Ledger, cell: Cell, settings: Settings, spec: ModelSpec) -> None:
    """The headline without each study in turn, in both stages."""
    if len(cell.studies) < 3:
        ledger.note(
            cell.ident("leave_one_out"), "not_run", f"{len(cell.studies)} studies: nothing is left to pool"
        )
        return
    for study in cell.studies:
        part = cell.but(cell.analysed[cell.analysed["study"] != study])
        fit_both(ledger, part, settings, f"leave_out:{study}", spec, studies=False)
