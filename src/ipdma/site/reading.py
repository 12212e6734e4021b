"""Turns the columns of a raw file into outcomes and reports what is wrong in them, a finding per column and
cause."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ipdma.codebook import Codebook
from ipdma.site.checks.labels import missing_labels, says_number
from ipdma.site.codes import code_key
from ipdma.site.columns import Columns
from ipdma.site.findings import Findings
from ipdma.site.judge import Judge, Outcome
from ipdma.site.missing_codes import looks_missing, written
from ipdma.site.number_forms import grouping_sign, shows_decimals, thousands
from ipdma.site.study_file import StudyFile
from ipdma.site.table import Column, Table

TELLING = 5
CODE_FAULTS = ("unlisted_code", "arm_undeclared")
GROUPED_LIKE = re.compile(
    r"\s*[+-]?[0-9]{1,3}(?:\.[0-9]{3})+(,)[0-9]+\s*\Z|\s*[+-]?[0-9]{1,3}(?:,[0-9]{3})+(\.)[0-9]+\s*\Z"
)
NUMBER_LIKE = re.compile(r"\s*[+-]?[0-9]*([.,]?)[0-9]+(?:[eE][+-]?[0-9]{1,3})?\s*\Z")


@dataclass
class Reading:
    """A raw file while it is read.

    Attributes
    ----------
    kept : list of int
        Positions of the table's rows that belong to the trial.
    decimal : str or None
        The file's decimal sign; None where it shows both equally often.
    coded : frozenset of str
        Columns of codes, identifiers or dates, whose signs say nothing about numbers.
    """

    file: StudyFile
    table: Table
    columns: Columns
    codebook: Codebook
    findings: Findings
    kept: list[int]
    decimal: str | None = "."
    coded: frozenset[str] = frozenset()

    def grouping_of(self, column: Column, possible: Callable[[float], bool]) -> str:
        """What a sign before three digits means in every cell of a column that has one.

        Returns
        -------
        str
            Empty where it is the decimal sign: the study says so, other columns show it, or the numbers
            would not
            be `possible` otherwise. `read` where the study, or other columns, name another decimal sign. Else
            `ask`: 1,460 may be 1460 or 1.46.
        """
        sign = grouping_sign(column.cells)
        large = [n for cell in set(column.cells) if (n := thousands(cell)) is not None] if sign else []
        if not large or not all(map(possible, large)):
            return ""
        declared = self.file.source.decimal
        if declared is not None:
            return "" if declared == sign else "read"
        others = [c for c in self.table.columns if c.name != column.name and c.name not in self.coded]
        if any(shows_decimals(other.cells, sign) for other in others):
            return ""
        other_sign = "," if sign == "." else "."
        return "read" if any(shows_decimals(other.cells, other_sign) for other in others) else "ask"

    def read_column(
        self,
        column: Column,
        judge: Judge,
        variable: str,
        allowed: str,
        positions: Sequence[int] | None = None,
        suspicious: frozenset[float] = frozenset(),
    ) -> list[Outcome]:
        """Outcomes of a column's cells in the kept rows (or those given); faults and doubts are reported."""
        positions = self.kept if positions is None else positions
        cells = [column.cells[position] for position in positions]
        outcomes = [judge(cell) for cell in cells]
        rows = [self.table.rows[position] for position in positions]
        labelled = missing_labels(column) if judge.values is None else frozenset()
        report_column(
            self.findings,
            self.table.file,
            column,
            variable,
            allowed,
            rows,
            cells,
            outcomes,
            suspicious,
            labelled,
        )
        return outcomes


def report_column(
    findings: Findings,
    file: str,
    column: Column,
    variable: str,
    allowed: str,
    rows: Sequence[int],
    cells: Sequence[str],
    outcomes: Sequence[Outcome],
    suspicious: frozenset[float] = frozenset(),
    labelled: frozenset[object] = frozenset(),
) -> None:
    """One finding per cause that occurs in this column; `labelled` are codes that the file calls unknown."""
    places: dict[str, list[tuple[int, str]]] = {}
    suspects = looks_missing(cells, outcomes, suspicious) if suspicious else frozenset()
    for row, cell, outcome in zip(rows, cells, outcomes, strict=True):
        if outcome.value is None and outcome.fault is None and not outcome.declared:
            continue
        suspect = bool(suspects) and written(cell) in suspects and not says_number(column.label_of(cell))
        name = outcome.fault or ("looks_missing" if suspect else outcome.doubt)
        if labelled and outcome.fault is None and code_key(cell) in labelled:
            name = "labelled_missing"
        if outcome.declared:
            name = "declared_missing"
        if name:
            places.setdefault(name, []).append((row, cell))
    for name, where in places.items():
        # lists of codes are words that cells hold; ranges are not
        said = {} if name in CODE_FAULTS else {"allowed": allowed}
        private = {"labels": say_labels(column, where), "allowed": allowed, "declared": str(column.missing)}
        findings.add(name, file, variable, column.name, where, of=len(rows), said=said, private=private)


def say_labels(column: Column, places: Sequence[tuple[int, str]]) -> str:
    """The declared labels of offending codes, for the local report."""
    labels = {cell: column.label_of(cell) for _, cell in places}
    return ", ".join(f"'{cell}' is labelled '{label}'" for cell, label in sorted(labels.items()) if label)


def find_decimal(table: Table, skip: set[str], used: set[str], declared: str | None) -> str | None:
    """The sign that the file's numbers show: the commoner one; `.` where none shows, None where both are as
    common.

    Parameters
    ----------
    skip : set of str
        Columns whose cells are codes, identifiers or dates, not measurements.
    used : set of str
        Columns that the mapping names; the others count only where these show a sign less than five times.
    """
    if declared is not None:
        return declared
    own, others = Counter[str](), Counter[str]()
    for column in table.columns:
        if column.name not in skip:
            (own if column.name in used else others).update(sign_votes(column))
    # columns that nobody asked for (a version, a time) count only where the mapped ones say little
    votes = own if sum(own.values()) >= TELLING or not others else own + others
    if not votes:
        return "."
    if votes["."] == votes[","]:
        return None
    return max(votes, key=lambda sign: votes[sign])


def sign_votes(column: Column) -> Counter[str]:
    """Cells of a column of numbers that show a decimal sign, by sign; nothing where most cells are no
    numbers."""
    counts = Counter(column.cells)
    votes: Counter[str] = Counter()
    filled = numbers = 0
    for cell, n in counts.items():
        match = NUMBER_LIKE.match(cell)
        numbers += n if match else 0
        filled += n if match or cell.strip() else 0
        if match and match[1]:
            votes[match[1]] += n
        elif not match and (grouped := GROUPED_LIKE.match(cell)):
            votes[grouped[1] or grouped[2]] += n
            numbers += n
    return votes if numbers * 2 >= filled else Counter()
