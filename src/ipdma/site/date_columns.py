"""Ages and durations from two date columns; the dates are read and never written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ipdma.codebook import Variable
from ipdma.site.dates import completed_years, is_serial, needs_order, parse_date, shown_order, span
from ipdma.site.facts import Cell, Facts
from ipdma.site.judge import NOT_GIVEN, Judge, Outcome
from ipdma.site.reading import Reading
from ipdma.site.study_file import VariableMap
from ipdma.site.table import Column
from ipdma.site.units import TIME


def read_spans(
    reading: Reading,
    variable: Variable,
    made: VariableMap,
    columns: Sequence[Column],
    owners: Sequence[int | None],
    facts: Facts,
) -> list[Cell]:
    """The time from the first date to the second, in the variable's unit."""
    starts, ends = (read_dates(reading, made, column, owners, facts) for column in columns)
    cells: list[Cell] = []
    places: dict[str, list[tuple[int, str]]] = {}
    for start, end, person in zip(starts, ends, facts.persons, strict=True):
        cell, fault = between(start, end, person.rows[0], variable)
        cells.append(cell)
        if fault:
            facts.faulty_values[variable.name] += cell.value is None
            places.setdefault(fault, []).append((cell.row, f"{start.text} to {end.text}"))
    names = ", ".join(column.name for column in columns)
    said = {
        "first": columns[0].name,
        "second": columns[1].name,
        "allowed": f"{variable.range} {variable.unit}",
    }
    for fault, where in places.items():
        of = len(facts.persons)
        reading.findings.add(fault, reading.table.file, variable.name, names, where, of=of, said=said)
    return cells


def between(start: Cell, end: Cell, row: int, variable: Variable) -> tuple[Cell, str | None]:
    """One participant's span and what is to be said of it."""
    first, last = start.value, end.value
    if not isinstance(first, date) or not isinstance(last, date):
        kind = "not_applicable" if "not_applicable" in (start.kind, end.kind) else NOT_GIVEN
        return Cell(None, kind, row), None
    row = end.row or row
    if last < first:
        return Cell(None, NOT_GIVEN, row), "dates_out_of_order"
    value = length(first, last, variable)
    if variable.range and not variable.range.contains(value):
        return Cell(None, NOT_GIVEN, row), "out_of_range"
    doubtful = variable.plausible is not None and not variable.plausible.contains(value)
    return Cell(value, None, row, str((last - first).days)), "implausible" if doubtful else None


def length(start: date, end: date, variable: Variable) -> float:
    """Age in completed years; any other span as a fraction of its unit."""
    if variable.name.startswith("age") and variable.unit in ("years", "year"):
        return float(completed_years(start, end))
    unit = next(name for name in ("days", "weeks", "months", "years") if TIME[name] == TIME[variable.unit])
    return span(start, end, unit)


def read_dates(
    reading: Reading, made: VariableMap, column: Column, owners: Sequence[int | None], facts: Facts
) -> list[Cell]:
    """One date per participant, with faults reported once per column."""
    cells = [column.cells[position] for position in reading.kept]
    rows = [reading.table.rows[position] for position in reading.kept]
    order = reading.file.source.dates or shown_order(all_date_cells(reading))
    if order is None and needs_order(cells):
        ambiguous = [(row, cell) for row, cell in zip(rows, cells, strict=True) if needs_order([cell])]
        if ("dates", column.name) not in reading.columns.reported:
            reading.columns.reported.add(("dates", column.name))
            reading.findings.add(
                "date_order", reading.table.file, made.name, column.name, ambiguous, of=len(rows)
            )
        return [Cell(None, NOT_GIVEN, person.rows[0]) for person in facts.persons]
    judge = Judge(
        column, date_target(order), own_missing=made.missing, source_missing=reading.file.source.missing
    )
    return resolve(reading, made, column, [judge(cell) for cell in cells], cells, rows, owners, facts, order)


def all_date_cells(reading: Reading) -> list[str]:
    """The cells of every date column, which share one order."""
    names = {
        name
        for made in reading.file.variables.values()
        if made.verb == "days_between"
        for name in made.columns
    }
    return [cell for column in reading.table.columns if column.name in names for cell in column.cells]


def date_target(order: str | None):
    """Judges a cell as a date of this order; the value stays text until it is resolved."""

    def judge(cell: str, stored: bool) -> Outcome:
        if parse_date(cell, order) is not None:
            return Outcome(value=cell.strip())
        if is_serial(cell) is not None:
            return Outcome(fault="excel_day")
        return Outcome(fault="impossible_date")

    return judge


def resolve(
    reading: Reading,
    made: VariableMap,
    column: Column,
    outcomes: Sequence[Outcome],
    cells: Sequence[str],
    rows: Sequence[int],
    owners: Sequence[int | None],
    facts: Facts,
    order: str | None,
) -> list[Cell]:
    """Report bad dates, then one date per participant; rows that differ are reported."""
    facts.faulty_values[made.name] += sum(outcome.fault is not None for outcome in outcomes)
    first_time = ("read", column.name) not in reading.columns.reported
    reading.columns.reported.add(("read", column.name))
    report_bad(reading, made, column, outcomes, cells, rows, first_time, order)
    found: list[Cell | None] = [None] * len(facts.persons)
    said: list[list[tuple[int, str, date]]] = [[] for _ in facts.persons]
    for owner, outcome, cell, row in zip(owners, outcomes, cells, rows, strict=True):
        if owner is None:
            continue
        when = parse_date(str(outcome.value), order) if outcome.value is not None else None
        if when is not None:
            said[owner].append((row, cell, when))
        old = found[owner]
        if old is None or (old.value is None and when is not None):
            found[owner] = Cell(when, outcome.kind or NOT_GIVEN if when is None else None, row, cell)  # type: ignore[arg-type]
    places = [(row, cell) for each in said if len({when for _, _, when in each}) > 1 for row, cell, _ in each]
    if places and reading.file.long and first_time:
        reading.findings.add(
            "variable_changes", reading.table.file, made.name, column.name, places, of=len(rows)
        )
    return [cell or Cell(None, NOT_GIVEN) for cell in found]


def report_bad(
    reading: Reading,
    made: VariableMap,
    column: Column,
    outcomes: Sequence[Outcome],
    cells: Sequence[str],
    rows: Sequence[int],
    first_time: bool,
    order: str | None,
) -> None:
    """Cells that are no date, or the day numbers that Excel leaves behind."""
    if not first_time:
        return
    for name in ("impossible_date", "excel_day"):
        places = [(row, cell) for row, cell, o in zip(rows, cells, outcomes, strict=True) if o.fault == name]
        if places:
            meant = {cell: str(is_serial(cell)) for _, cell in places if is_serial(cell)}
            private = {"meant": ", ".join(f"{cell} is {day}" for cell, day in sorted(meant.items())[:3])}
            said = {"order": order or "YMD"}
            reading.findings.add(
                name,
                reading.table.file,
                made.name,
                column.name,
                places,
                of=len(rows),
                said=said,
                private=private,
            )
