"""Reads a harmonised upload, judged as strictly as a raw file: tables, codes, ranges, duplicates, account."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ipdma.codebook import Codebook, Variable
from ipdma.errors import ReadError
from ipdma.privacy.acting import unshield
from ipdma.privacy.identifying import content_kind
from ipdma.site.entries import match_word
from ipdma.site.facts import Cell, Facts, Person
from ipdma.site.findings import Findings
from ipdma.site.formats import ReadOptions, check_size
from ipdma.site.formats.text import read as read_text
from ipdma.site.harmonised_scores import read_scores
from ipdma.site.judge import NOT_GIVEN, Judge, NumberTarget, Target, WordTarget, text_target
from ipdma.site.missing_codes import OF_VARIABLES, is_doubtful
from ipdma.site.reading import report_column
from ipdma.site.rows import report_case, report_missing, report_repeated
from ipdma.site.study_file import MISSING_KINDS, StudyFile
from ipdma.site.table import Table

PARTICIPANTS, ASSESSMENTS, MISSING = TABLES = ("participants.csv", "assessments.csv", "missing.csv")
ACCOUNT = "account.json"
HEAD = ("study", "participant", "arm", "condition")
MISSING_HEAD = ("study", "participant", "variable", "reason")
REASONS = ("not_collected", *MISSING_KINDS)


def read_harmonised(
    folder: Path, file: StudyFile, codebook: Codebook, findings: Findings, not_checked: list[dict[str, str]]
) -> Facts:
    """Read the tables beside a harmonised study.yaml.

    Raises
    ------
    ReadError
        A table is missing or cannot be read.
    """
    absent = [name for name in TABLES if not (folder / name).is_file()]
    if absent:
        raise ReadError(
            f"{', '.join(absent)}: missing beside study.yaml; a harmonised upload has {', '.join(TABLES)}"
        )
    tables = {name: read_beside(folder, name) for name in TABLES}
    facts = Facts(PARTICIPANTS, ASSESSMENTS)
    facts.read = facts.kept = len(tables[PARTICIPANTS].rows)
    if not facts.read:
        findings.add("no_rows", PARTICIPANTS)
    if read_persons(tables[PARTICIPANTS], file, codebook, facts, findings):
        facts.complete = read_scores(tables[ASSESSMENTS], file, codebook, facts, findings)
        read_reasons(tables[MISSING], file, codebook, facts, findings)
    else:
        facts.complete = False
        for name in (ASSESSMENTS, MISSING):
            why = f"{PARTICIPANTS} lacks columns"
            not_checked.append({"check": "tables", "what": name, "why": why})
    counted = {
        "participants": {len(tables[PARTICIPANTS].rows), len(facts.persons)},
        "scores": {len(tables[ASSESSMENTS].rows), len(facts.scores) + len(facts.faulty)},
    }
    check_account(folder, facts, counted, findings, not_checked)
    return facts


def read_beside(folder: Path, name: str) -> Table:
    """One of the tables; only its header may stand there."""
    check_size(folder / name, name)
    table = read_text(folder / name, ReadOptions(), name)
    for column in table.columns:
        if any(cell[:1] == "'" for cell in column.cells):
            column.cells = [unshield(cell) for cell in column.cells]
    return table


def require(table: Table, wanted: Sequence[str], findings: Findings) -> bool:
    """Whether all columns are there, once each; the missing ones are reported."""
    lacking = [name for name in wanted if len(table.find(name)) != 1]
    for name in lacking:
        problem = "column_twice" if table.find(name) else "column_missing"
        findings.add(
            problem,
            table.file,
            None,
            name,
            said={"times": len(table.find(name)), "word": name, "file": table.file},
        )
    return not lacking


def report_twice(table: Table, names: Sequence[str], findings: Findings) -> None:
    """Variables that stand in two columns: it cannot be told which one counts."""
    for name in names:
        times = len(table.find(name))
        if times > 1:
            said = {"times": times, "word": name, "file": table.file}
            findings.add("column_twice", table.file, name, name, said=said)


def check_study_column(table: Table, file: StudyFile, findings: Findings) -> None:
    """Every row carries the study's own identifier."""
    cells = table.column("study").cells
    wrong = [(row, cell) for row, cell in zip(table.rows, cells, strict=True) if cell.strip() != file.id]
    if wrong:
        findings.add("wrong_study", table.file, "study", "study", wrong, of=len(cells), said={"id": file.id})


def read_persons(table: Table, file: StudyFile, codebook: Codebook, facts: Facts, findings: Findings) -> bool:
    """Participants with their arms and variables; whether the table has the columns for it."""
    known = [*HEAD, *(name for name in codebook.variables if name not in HEAD)]
    for column in table.columns:
        if column.name not in known:
            said = {"where": table.file, "word": column.name, "hint": "", "known": ", ".join(known)}
            findings.add("unknown_variable", table.file, column.name, column.name, said=said)
    report_twice(table, known[len(HEAD) :], findings)
    if not require(table, HEAD, findings):
        return False
    check_study_column(table, file, findings)
    cells = table.column("participant").cells
    owners: list[int | None] = []
    index: dict[str, int] = {}
    for cell, row in zip(cells, table.rows, strict=True):
        name = cell.strip()
        owners.append(index.setdefault(name, len(index)) if name else None)
        if name and index[name] == len(facts.persons):
            facts.persons.append(Person(name, []))
        if name:
            facts.persons[index[name]].rows.append(row)
    facts.columns["participant"] = "participant"
    report_missing(findings, table.file, "participant", cells, table.rows)
    by_row = dict(zip(table.rows, cells, strict=True))
    report_repeated(findings, table.file, "participant", facts.persons, by_row)
    report_case(findings, table.file, "participant", facts.persons, by_row)
    read_arm_columns(table, file, owners, facts, findings)
    for name, variable in codebook.variables.items():
        if name not in HEAD and len(table.find(name)) == 1:
            own = replace(variable, integer=False) if file.is_twin else variable
            read_variable(table, own, owners, facts, findings)
    facts.orphans = len(cells) - len(facts.persons)
    check_contents(
        table, [n for n, v in codebook.variables.items() if v.type in ("identifier", "text")], findings
    )
    return True


def check_contents(table: Table, names: Sequence[str], findings: Findings) -> None:
    """Columns of free text must not hold what names a person."""
    for name in names:
        kind = content_kind(table.column(name).cells) if table.find(name) else None
        if kind is not None:
            findings.add("identifying_mapped", table.file, name, name, said={"kind": kind})


def read_arm_columns(
    table: Table, file: StudyFile, owners: Sequence[int | None], facts: Facts, findings: Findings
) -> None:
    """Arms must be declared, and the condition must be the arm's."""
    facts.columns["arm"] = "arm"
    arms, conditions = table.column("arm"), table.column("condition")
    undeclared, empty, wrong = [], [], []
    for i, owner in enumerate(owners):
        cell, row = arms.cells[i], table.rows[i]
        name = match_word(cell, file.arms) if cell.strip() else None
        if not cell.strip():
            empty.append((row, cell))
        elif name is None:
            undeclared.append((row, cell))
        elif conditions.cells[i].strip() != file.arms[name].condition:
            wrong.append((row, conditions.cells[i]))
        if owner is not None and name is not None and facts.persons[owner].arm is None:
            facts.persons[owner].arm = name
    allowed = ", ".join(file.arms)
    for problem, variable, places in (
        ("arm_empty", "arm", empty),
        ("arm_undeclared", "arm", undeclared),
        ("wrong_condition", "condition", wrong),
    ):
        if places:
            findings.add(
                problem, table.file, variable, variable, places, of=len(owners), private={"allowed": allowed}
            )


def read_variable(
    table: Table, variable: Variable, owners: Sequence[int | None], facts: Facts, findings: Findings
) -> None:
    """One variable's column."""
    column = table.column(variable.name)
    target = make_target(variable)
    judge = Judge(column, target)
    outcomes = [judge(cell) for cell in column.cells]
    allowed = target.allowed() if isinstance(target, (NumberTarget, WordTarget)) else "any text"
    report_column(
        findings,
        table.file,
        column,
        variable.name,
        allowed,
        table.rows,
        column.cells,
        outcomes,
        OF_VARIABLES if variable.type == "number" else frozenset(),
    )
    facts.columns[variable.name] = variable.name
    facts.faulty_values[variable.name] += sum(outcome.fault is not None for outcome in outcomes)
    for owner, outcome, row, cell in zip(owners, outcomes, table.rows, column.cells, strict=True):
        if owner is not None and variable.name not in facts.persons[owner].cells:
            value = outcome.value if outcome.fault is None else None
            kind = None if value is not None else NOT_GIVEN
            doubtful = is_doubtful(outcome, cell)
            facts.persons[owner].cells[variable.name] = Cell(value, kind, row, cell, doubtful)


def make_target(variable: Variable) -> Target:
    """What a harmonised cell can be."""
    if variable.type == "number":
        return NumberTarget(variable.range, variable.plausible, "not_whole" if variable.integer else None)
    return WordTarget(tuple(variable.levels)) if variable.levels else text_target


def read_reasons(table: Table, file: StudyFile, codebook: Codebook, facts: Facts, findings: Findings) -> None:
    """Why variables are missing; a reason beside a value contradicts it."""
    if not require(table, MISSING_HEAD, findings):
        return
    check_study_column(table, file, findings)
    index = {person.id: person for person in facts.persons}
    people, names, reasons = (table.column(name).cells for name in MISSING_HEAD[1:])
    bad: dict[tuple[str, str | None], list[tuple[int, str]]] = {}
    for row, person, name, reason in zip(table.rows, people, names, reasons, strict=True):
        fault = reason_fault(person.strip(), name.strip(), reason.strip(), codebook, index)
        if fault:
            cell = {"unknown_participant": person, "unlisted_code": reason, "cell_empty": person}.get(
                fault, name
            )
            of_people = fault in ("unknown_participant", "cell_empty")
            variable = "participant" if of_people else None if fault == "unknown_variable" else name.strip()
            bad.setdefault((fault, variable), []).append((row, cell))
        elif not person.strip():
            facts.not_collected.append(name.strip())
        else:
            index[person.strip()].cells.setdefault(name.strip(), Cell(None)).kind = reason.strip()
    columns = {"unknown_variable": "variable", "missing_contradicts": "variable", "unlisted_code": "reason"}
    for (fault, variable), places in bad.items():
        said = {
            "allowed": ", ".join(REASONS),
            "where": table.file,
            "word": "the column variable",
            "hint": "",
            "known": "",
        }
        findings.add(
            fault,
            table.file,
            variable,
            columns.get(fault, "participant"),
            places,
            of=len(table.rows),
            said=said,
        )
    report_unsaid({name.strip() for name in names}, codebook, facts, findings)


def reason_fault(
    person: str, name: str, reason: str, codebook: Codebook, index: dict[str, Person]
) -> str | None:
    """What is wrong with a row of missing.csv."""
    if name not in codebook.variables or name in HEAD:
        return "unknown_variable"
    if reason not in REASONS:
        return "unlisted_code"
    if not person:
        filled = any(name in each.cells and each.cells[name].value is not None for each in index.values())
        return (
            None
            if reason == "not_collected" and not filled
            else "missing_contradicts"
            if filled
            else "cell_empty"
        )
    if person not in index:
        return "unknown_participant"
    cell = index[person].cells.get(name)
    return "missing_contradicts" if cell is not None and cell.value is not None else None


def report_unsaid(reasoned: set[str], codebook: Codebook, facts: Facts, findings: Findings) -> None:
    """Codebook variables without a value and without a reason: they count as not collected."""
    twice = {finding.variable for finding in findings.all if finding.name == "column_twice"}
    for name, variable in codebook.variables.items():
        filled = any(name in p.cells and p.cells[name].text.strip() for p in facts.persons)
        if name not in HEAD and not filled and name not in reasoned and name not in twice:
            facts.not_collected.append(name)
            said = {"what": name, "label": variable.label}
            findings.add("unmapped_variable", PARTICIPANTS, name, said=said)
    facts.not_collected = sorted(set(facts.not_collected), key=list(codebook.variables).index)


def check_account(
    folder: Path,
    facts: Facts,
    counted: Mapping[str, set[int]],
    findings: Findings,
    not_checked: list[dict[str, str]],
) -> None:
    """account.json: its counts and its digest of the three tables.

    A count may be that of the rows or that of what they stand for: a row with a fault of its own is no
    second one here.
    """
    path = folder / ACCOUNT
    if not path.is_file():
        not_checked.append({"check": "account", "what": ACCOUNT, "why": "the file is not there"})
        return
    try:
        account = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise ReadError(f"{ACCOUNT}: this is not JSON; harmonise the study again") from None
    if not isinstance(account, dict) or not isinstance(account.get("rows", {}), dict):
        raise ReadError(
            f"{ACCOUNT}: expected an object with rows, participants, scores, pseudonymised, digest"
        )
    facts.account = account
    facts.pseudonymised = account.get("pseudonymised") is True
    if not facts.complete:
        return
    found: dict[str, Collection[Any]] = {
        **counted,
        "digest": (digest([(folder / name).read_bytes() for name in TABLES]),),
    }
    for key, values in found.items():
        if account.get(key) not in list(values):
            said = {"where": ACCOUNT, "what": key}
            findings.add("account_disagrees", ACCOUNT, None, key, said=said)


def digest(tables: Sequence[bytes]) -> str:
    """SHA-256 of the three tables, one after the other."""
    return hashlib.sha256(b"".join(tables)).hexdigest()
