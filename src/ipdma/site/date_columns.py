"""Ages and durations from two date columns; the dates are read and never written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from ipdma.codebook import Variable
from ipdma.site.codes import parse_number
from ipdma.site.date_numbers import KINDS, are_years, possible_kinds, spss_date
from ipdma.site.date_orders import contradicts, is_mixed, looks_swapped, order_of, own_order
from ipdma.site.dates import ISO, PARTS, completed_years, lacks_day, needs_order, parse_date, span
from ipdma.site.facts import Cell, Facts
from ipdma.site.judge import NOT_GIVEN, Judge, Outcome, Target
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
    report_two_orders(reading, made, columns)
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


def report_two_orders(reading: Reading, made: VariableMap, columns: Sequence[Column]) -> None:
    """Ask where the two columns show different orders, each of its own."""
    orders = [own_order(column.cells) for column in columns]
    if None in orders or orders[0] == orders[1] or reading.file.source.dates:
        return
    said = {
        "first": columns[0].name,
        "second": columns[1].name,
        "order": orders[0],
        "shown": orders[1],
    }
    reading.findings.add(
        "date_orders_differ", reading.table.file, made.name, f"{said['first']}, {said['second']}", said=said
    )


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
    """Age in completed years; any other span rounded to the variable's step, half a step upwards."""
    if variable.name.startswith("age") and variable.unit in ("years", "year"):
        return float(completed_years(start, end))
    unit = next(name for name in ("days", "weeks", "months", "years") if TIME[name] == TIME[variable.unit])
    steps = math.floor(span(start, end, unit) / variable.step + 0.5)
    return round(steps * variable.step, 10)


def read_dates(
    reading: Reading, made: VariableMap, column: Column, owners: Sequence[int | None], facts: Facts
) -> list[Cell]:
    """One date per participant, with faults reported once per column."""
    cells = [column.cells[position] for position in reading.kept]
    rows = [reading.table.rows[position] for position in reading.kept]
    order = order_of(cells, other_date_cells(reading, column), reading.file.source.dates)
    fault = fault_of_order(cells, order, reading.file.source.dates)
    if fault is not None:
        if ("dates", column.name) not in reading.columns.reported:
            reading.columns.reported.add(("dates", column.name))
            report_order(reading, made, column, fault, cells, rows)
        return [Cell(None, NOT_GIVEN, person.rows[0]) for person in facts.persons]
    numbers = [n for cell in cells if (n := parse_number(cell)) is not None]
    judge = Judge(
        column,
        date_target(order, bool(numbers) and are_years(numbers)),
        own_missing=made.missing,
        source_missing=reading.file.source.missing,
    )
    return resolve(reading, made, column, [judge(cell) for cell in cells], cells, rows, owners, facts, order)


def fault_of_order(cells: Sequence[str], order: str | None, declared: str | None) -> str | None:
    """Why no date of a column can be read, as the name of a finding."""
    if looks_swapped(cells):
        return "dates_swapped"
    if contradicts(cells, declared):
        return "date_order_contradicts"
    if declared in ("DMY", "MDY"):
        return None
    if is_mixed(cells):
        return "dates_mixed"
    return "date_order" if order in (None, "YMD") and needs_order(cells) else None


def report_order(
    reading: Reading,
    made: VariableMap,
    column: Column,
    fault: str,
    cells: Sequence[str],
    rows: Sequence[int],
) -> None:
    """The cells whose order of day and month is not known, or not the declared one."""
    concerned = ISO if fault == "dates_swapped" and any(map(ISO.match, map(str.strip, cells))) else PARTS
    places = [(row, cell) for row, cell in zip(rows, cells, strict=True) if concerned.match(cell.strip())]
    declared = reading.file.source.dates or ""
    said = {"order": declared, "shown": "MDY" if declared == "DMY" else "DMY"}
    reading.findings.add(fault, reading.table.file, made.name, column.name, places, of=len(rows), said=said)


def other_date_cells(reading: Reading, column: Column) -> list[list[str]]:
    """The cells of the study's other date columns, which may show an order that this one does not."""
    names = {
        name
        for made in reading.file.variables.values()
        if made.verb == "days_between"
        for name in made.columns
    }
    return [other.cells for other in reading.table.columns if other.name in names - {column.name}]


def date_target(order: str | None, years: bool) -> Target:
    """Judges a cell as a date of this order; the value stays text until it is resolved.

    Parameters
    ----------
    years : bool
        Whether the column's numbers are calendar years.
    """

    def judge(cell: str, stored: bool) -> Outcome:
        if parse_date(cell, order) is not None:
            return Outcome(value=cell.strip())
        if (day := spss_date(cell)) is not None:
            return Outcome(value=day.isoformat(), doubt="dates_from_seconds")
        if parse_number(cell) is not None and parse_date(cell, "YMD") is None:
            return Outcome(fault="bare_year" if years else "excel_day")
        return Outcome(fault="bare_year" if lacks_day(cell) else "impossible_date")

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
    for name in ("impossible_date", "excel_day", "bare_year", "dates_from_seconds"):
        places = [
            (row, cell)
            for row, cell, o in zip(rows, cells, outcomes, strict=True)
            if name in (o.fault, o.doubt)
        ]
        if places:
            said, private = {"order": order or "YMD"}, {}
            if name == "excel_day":
                said["cause"], private["meant"] = say_numbers(reading, made, column, places)
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


def say_numbers(
    reading: Reading, made: VariableMap, column: Column, places: Sequence[tuple[int, str]]
) -> tuple[str, str]:
    """Which programs can have meant these numbers, and for the site alone what the first one would be."""
    numbers = sorted({n for _, cell in places if (n := parse_number(cell)) is not None})
    columns = [numbers]
    if len(numbers) * 2 >= len({cell for cell in column.cells if cell.strip()}):
        sources = [reading.table.column(name) for name in made.columns if reading.table.find(name)]
        columns = [
            [n for cell in source.cells if (n := parse_number(cell)) is not None] for source in sources
        ]
    kinds = possible_kinds(columns, Path(reading.table.file).suffix.lower()) or possible_kinds([numbers], "")
    if not kinds:
        return "no program is known that counts dates so", ""
    cell = places[0][1].strip()
    meant = "; ".join(f"{cell} is {KINDS[kind](float(cell))} in {kind}" for kind in kinds[:3])
    return " or ".join(kinds), meant
