"""Which rows belong to the trial, whose they are, and at which visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ipdma.site.checks.identifiers import check_identifiers
from ipdma.site.checks.visits import report_repeated_visits
from ipdma.site.codes import code_key
from ipdma.site.columns import Columns
from ipdma.site.facts import Facts, Person
from ipdma.site.findings import Findings
from ipdma.site.judge import Judge, Outcome
from ipdma.site.reading import Reading
from ipdma.site.study_file import KeepRows, StudyFile, Visit
from ipdma.site.table import Column, Table


def kept_rows(file: StudyFile, table: Table, columns: Columns, facts: Facts) -> list[int]:
    """Positions of the rows that belong to the trial; the others are counted with the reason."""
    everything = list(range(len(table.rows)))
    facts.read = facts.kept = len(everything)
    keep = file.source.keep
    column = columns.find(keep.column, None) if keep else None
    if keep is None or column is None:
        return everything
    kept = [
        position
        for position in everything
        if is_kept(column, column.cells[position], keep, file.source.decimal)
    ]
    facts.kept = len(kept)
    if len(kept) < len(everything):
        facts.excluded = {keep.why: len(everything) - len(kept)}
    return kept


def is_kept(column: Column, cell: str, keep: KeepRows, decimal: str | None) -> bool:
    """Whether this cell, or its declared label, is one of the codes to keep."""
    wanted = {code_key(code) for code in keep.codes}
    keys = {code_key(cell, decimal or "."), code_key(cell)}
    label = column.label_of(cell)
    if label and not column.label_of(label):
        keys.add(code_key(label))
    keys |= {code_key(code) for code, own in column.labels.items() if code_key(own) in keys}
    return bool(keys & wanted)


def find_persons(reading: Reading, facts: Facts) -> list[int | None]:
    """Make the participants of the kept rows; returns each kept row's participant, None where it has none."""
    made = reading.file.variables.get("participant")
    column = None
    if made is not None and made.verb in ("from", "first_of"):
        names = reading.columns.expand(made.columns, "participant")
        found = reading.columns.find_all(names, "participant") if names is not None else None
        column = found[0] if found else None
        cells = first_filled(found, reading.kept) if found else None
    elif made is not None and made.verb == "row_number":
        cells = [str(position + 1) for position in reading.kept]
    elif made is not None and made.verb == "constant":
        cells = [made.constant or ""] * len(reading.kept)
    else:
        cells = None
    if cells is None:
        # nobody can be told apart; rows stand for participants so that the rest can still be checked
        cells = [f"row {reading.table.rows[position]}" for position in reading.kept]
    numbers = [reading.table.rows[position] for position in reading.kept]
    name = column.name if column else None
    facts.columns["participant"] = name
    owners = group_persons(cells, numbers, facts)
    report_missing(reading.findings, reading.table.file, name, cells, numbers)
    if not reading.file.long:
        report_repeated(
            reading.findings, reading.table.file, name, facts.persons, dict(zip(numbers, cells, strict=True))
        )
    by_row = dict(zip(numbers, cells, strict=True))
    report_case(reading.findings, reading.table.file, name, facts.persons, by_row)
    if made is not None and made.verb in ("from", "first_of") and column is not None:
        check_identifiers(reading.findings, reading.table.file, name, facts.persons, by_row)
    return owners


def first_filled(columns: Sequence[Column], kept: Sequence[int]) -> list[str]:
    """Per row the first column's cell that holds anything."""
    return [next((c.cells[i] for c in columns if c.cells[i].strip()), columns[0].cells[i]) for i in kept]


def group_persons(cells: Sequence[str], rows: Sequence[int], facts: Facts) -> list[int | None]:
    """Participants in the order in which they first occur."""
    index: dict[str, int] = {}
    owners: list[int | None] = []
    for cell, row in zip(cells, rows, strict=True):
        name = cell.strip()
        if not name:
            owners.append(None)
            continue
        if name not in index:
            index[name] = len(facts.persons)
            facts.persons.append(Person(name, []))
        facts.persons[index[name]].rows.append(row)
        owners.append(index[name])
    return owners


def report_missing(
    findings: Findings, file: str, column: str | None, cells: Sequence[str], rows: Sequence[int]
) -> None:
    """Rows without an identifier."""
    empty = [(row, cell) for cell, row in zip(cells, rows, strict=True) if not cell.strip()]
    if empty:
        findings.add("participant_missing", file, "participant", column, empty, of=len(rows))


def report_repeated(
    findings: Findings, file: str, column: str | None, persons: Sequence[Person], cells: Mapping[int, str]
) -> None:
    """Identifiers that stand on more than one row of a file with a row per participant."""
    places = [(row, cells[row]) for person in persons if len(person.rows) > 1 for row in person.rows]
    if places:
        findings.add("participant_repeated", file, "participant", column, places, of=len(cells))


def report_case(
    findings: Findings, file: str, column: str | None, persons: Sequence[Person], cells: Mapping[int, str]
) -> None:
    """Identifiers that differ by upper and lower case alone."""
    alike: dict[str, list[Person]] = {}
    for person in persons:
        alike.setdefault(person.id.casefold(), []).append(person)
    places = [
        (row, cells[row]) for group in alike.values() if len(group) > 1 for p in group for row in p.rows
    ]
    if places:
        findings.add("participant_case", file, "participant", column, places, of=len(cells))


def find_visits(reading: Reading, owners: Sequence[int | None], facts: Facts) -> list[Visit | None]:
    """Each kept row's visit in a long file; unlisted visits and repeated ones are reported."""
    name = reading.file.source.visit_column
    column = reading.columns.find(name, "visit") if name else None
    if column is None:
        return [None] * len(reading.kept)
    visits = reading.file.source.visits
    judge = Judge(
        column,
        lambda cell, stored: Outcome(fault="unlisted_visit"),
        values={code: code for code in visits},
        decimal=reading.decimal,
        use_declared=False,
    )
    outcomes = [judge(column.cells[position]) for position in reading.kept]
    rows = [reading.table.rows[position] for position in reading.kept]
    bad = [
        (row, column.cells[position])
        for row, position, outcome in zip(rows, reading.kept, outcomes, strict=True)
        if outcome.value is None
    ]
    if bad:
        private = {"allowed": ", ".join(visits)}
        reading.findings.add(
            "unlisted_visit", reading.table.file, "visit", column.name, bad, of=len(rows), private=private
        )
    found = [visits[str(o.value)] if o.value is not None else None for o in outcomes]
    report_repeated_visits(reading, column.name, owners, found, facts)
    return found
