"""Makes every participant's variables by the verbs of the mapping."""

from __future__ import annotations

from collections.abc import Sequence

from ipdma.codebook import Variable
from ipdma.site.checks.labels import contradictions
from ipdma.site.codes import code_key
from ipdma.site.date_columns import read_spans
from ipdma.site.facts import Cell, Facts
from ipdma.site.judge import EMPTY, NOT_GIVEN, Judge, NumberTarget, Outcome, Target, WordTarget, text_target
from ipdma.site.missing_codes import OF_VARIABLES, is_doubtful
from ipdma.site.number_forms import are_years
from ipdma.site.read_study import arm_named
from ipdma.site.reading import Reading
from ipdma.site.study_file import VariableMap
from ipdma.site.table import Column
from ipdma.site.units import TIME, convert


def make_variables(reading: Reading, owners: Sequence[int | None], facts: Facts) -> None:
    """Fill `facts.persons` with arms and variables; what nobody collected is listed."""
    for name, variable in reading.codebook.variables.items():
        if name == "participant":
            continue
        made = reading.file.variables.get(name)
        if made is None or made.verb == "not_collected":
            facts.not_collected += [name] if name != "arm" else []
            continue
        facts.columns[name] = ", ".join(made.columns) or None
        for person, cell in zip(
            facts.persons, make_variable(reading, variable, made, owners, facts), strict=True
        ):
            if name == "arm":
                person.arm = None if cell.value is None else str(cell.value)
            else:
                person.cells[name] = cell


def make_variable(
    reading: Reading, variable: Variable, made: VariableMap, owners: Sequence[int | None], facts: Facts
) -> list[Cell]:
    """One variable of every participant."""
    if made.verb == "constant":
        value = float(made.constant or 0) if variable.type == "number" else made.constant
        return [Cell(value, row=person.rows[0]) for person in facts.persons]
    names = reading.columns.expand(made.columns, made.name) if made.verb == "first_of" else made.columns
    columns = reading.columns.find_all(names, made.name) if names is not None else None
    if columns is None:
        return [Cell(None, NOT_GIVEN, person.rows[0]) for person in facts.persons]
    if made.verb == "days_between":
        return read_spans(reading, variable, made, columns, owners, facts)
    return first_value([read_source(reading, variable, made, column, owners, facts) for column in columns])


def read_source(
    reading: Reading,
    variable: Variable,
    made: VariableMap,
    column: Column,
    owners: Sequence[int | None],
    facts: Facts,
) -> list[Cell]:
    """One source column, a cell per participant."""
    judge = make_judge(reading, variable, made, column)
    allowed = say_allowed(reading, variable, made)
    measured = variable.type == "number" and made.values is None
    suspicious: frozenset[float] = OF_VARIABLES if measured else frozenset()
    outcomes = reading.read_column(column, judge, variable.name, allowed, suspicious=suspicious)
    if made.values is not None:
        report_contradictions(reading, variable, made.values, column)
    if variable.name == "arm":
        report_empty_arms(reading, column, owners, facts)
    facts.faulty_values[variable.name] += sum(outcome.fault is not None for outcome in outcomes)
    sound = [outcome if outcome.fault is None else EMPTY for outcome in outcomes]
    return agree(reading, variable.name, column, sound, owners, facts)


def report_contradictions(
    reading: Reading, variable: Variable, values: dict[str, str], column: Column
) -> None:
    """Codes that the mapping takes for something else than the file's own labels say."""
    found = contradictions(variable, values, column, reading.file.arms)
    keys = {code_key(code): code for code in found}
    places = [
        (reading.table.rows[i], column.cells[i])
        for i in reading.kept
        if column.cells[i].strip() and code_key(column.cells[i]) in keys
    ]
    if places:
        pairs = ", ".join(
            f"'{code}' is {values[code]} and labelled '{label}'" for code, label in found.items()
        )
        reading.findings.add(
            "label_contradicts",
            reading.table.file,
            variable.name,
            column.name,
            places,
            of=len(reading.kept),
            private={"pairs": pairs},
        )


def make_judge(reading: Reading, variable: Variable, made: VariableMap, column: Column) -> Judge:
    """How the cells of this column are to be understood."""
    coded = variable.type == "arm"
    return Judge(
        column,
        make_target(reading, variable, made, column),
        values=made.values,
        own_missing=made.missing,
        source_missing={} if coded else reading.file.source.missing,
        decimal=reading.decimal,
        numeric_values=variable.type == "number",
        use_declared=not coded,
    )


def make_target(reading: Reading, variable: Variable, made: VariableMap, column: Column) -> Target:
    """What a cell that is no listed code can be."""
    if variable.type == "arm":
        return arm_target(reading)
    if variable.type == "number":
        return number_target(reading, variable, made, column)
    return WordTarget(tuple(variable.levels)) if variable.levels else text_target


def number_target(reading: Reading, variable: Variable, made: VariableMap, column: Column) -> NumberTarget:
    """A number of this variable, with what the whole column tells of its signs."""

    def possible(number: float) -> bool:
        return variable.range is None or variable.range.contains(convert(number, made.unit, variable))

    whole = "not_whole" if variable.integer else None
    span = variable.unit in TIME and made.values is None
    return NumberTarget(
        variable.range,
        variable.plausible,
        whole,
        reading.decimal,
        made.unit,
        variable,
        grouping=reading.grouping_of(column, possible),
        years=span and are_years(column.cells[position] for position in reading.kept),
    )


def arm_target(reading: Reading) -> Target:
    """An arm by its own name or label, where the mapping lists no codes."""

    def judge(cell: str, stored: bool) -> Outcome:
        found = arm_named(cell, reading.file.arms)
        return Outcome(value=found) if found else Outcome(fault="arm_undeclared")

    return judge


def say_allowed(reading: Reading, variable: Variable, made: VariableMap) -> str:
    """What the cells may hold, in words."""
    if made.values is not None:
        return ", ".join([*made.values, *made.missing])
    if variable.type == "arm":
        return ", ".join(reading.file.arms)
    if variable.type == "number":
        unit = f" {variable.unit}" if variable.unit else ""
        return f"{variable.range}{unit}" if variable.range else "any number"
    return ", ".join(variable.levels) or "any text"


def report_empty_arms(reading: Reading, column: Column, owners: Sequence[int | None], facts: Facts) -> None:
    """Participants whose arm is empty on all of their rows; a row of nobody counts in a wide file alone."""
    filled = {owner for owner, i in zip(owners, reading.kept, strict=True) if column.cells[i].strip()}
    places = [
        (reading.table.rows[i], column.cells[i])
        for owner, i in zip(owners, reading.kept, strict=True)
        if (
            owner not in filled
            if owner is not None
            else not reading.file.long and not column.cells[i].strip()
        )
    ]
    if places:
        reading.findings.add("arm_empty", reading.table.file, "arm", column.name, places, of=len(owners))


def agree(
    reading: Reading,
    name: str,
    column: Column,
    outcomes: Sequence[Outcome],
    owners: Sequence[int | None],
    facts: Facts,
) -> list[Cell]:
    """One cell per participant; rows that say different things are reported with all that say something."""
    cells: list[Cell | None] = [None] * len(facts.persons)
    filled: list[list[tuple[int, str, str | float]]] = [[] for _ in facts.persons]
    for owner, position, outcome in zip(owners, reading.kept, outcomes, strict=True):
        if owner is None:
            continue
        row, text = reading.table.rows[position], column.cells[position]
        old = cells[owner]
        if old is None or (old.value is None and stronger(outcome, old)):
            kind = None if outcome.value is not None else outcome.kind or NOT_GIVEN
            cells[owner] = Cell(outcome.value, kind, row, text, is_doubtful(outcome, text))
        if outcome.value is not None:
            filled[owner].append((row, text, outcome.value))
    places = [(row, text) for said in filled if len({v for _, _, v in said}) > 1 for row, text, _ in said]
    # a wide file's repeated identifier is its own finding; that its two rows differ says nothing more
    if places and reading.file.long:
        problem = "arm_changes" if name == "arm" else "variable_changes"
        reading.findings.add(problem, reading.table.file, name, column.name, places, of=len(owners))
    return [cell or Cell(None, NOT_GIVEN) for cell in cells]


def stronger(outcome: Outcome, old: Cell) -> bool:
    """A value says more than a missing kind, and `not_applicable` more than `not_given`."""
    return outcome.value is not None or (outcome.kind == "not_applicable" and old.kind == NOT_GIVEN)


def first_value(sources: Sequence[list[Cell]]) -> list[Cell]:
    """Per participant the first column that holds a value, else the first missing kind that says most."""
    made = []
    for cells in zip(*sources, strict=True):
        given = next((cell for cell in cells if cell.value is not None), None)
        told = next((cell for cell in cells if cell.kind == "not_applicable"), cells[0])
        made.append(given or told)
    return made
