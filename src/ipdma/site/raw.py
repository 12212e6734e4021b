"""Reads a raw trial file through its mapping: the road from cells to facts."""

from __future__ import annotations

from pathlib import Path

from ipdma.codebook import Codebook
from ipdma.errors import ReadError
from ipdma.site.checks.identifying import check_columns
from ipdma.site.checks.letters import check_encoding, check_letters
from ipdma.site.checks.sheets import check_sheet
from ipdma.site.columns import Columns
from ipdma.site.facts import Facts
from ipdma.site.findings import Findings
from ipdma.site.formats import ReadOptions, is_text, read_table
from ipdma.site.letters import tidy
from ipdma.site.reading import Reading, find_decimal
from ipdma.site.rows import find_persons, find_visits, kept_rows
from ipdma.site.scores import make_scores
from ipdma.site.study_file import StudyFile
from ipdma.site.table import Table
from ipdma.site.variables import make_variables

OF_CELLS = ("valueless_formula", "merged_rows", "coarse_dates")
OF_KEPT = ("hidden_rows", "merged_rows")


def read_raw(folder: Path, file: StudyFile, codebook: Codebook, findings: Findings) -> Facts:
    """Read `source.file` and turn its rows into participants and scores.

    Raises
    ------
    ReadError
        No file is named, or it cannot be read.
    """
    if not file.source.file:
        raise ReadError("study.yaml: source.file names no file; write source: {file: NAME}")
    options = ReadOptions(file.source.sheet, file.source.encoding, file.source.separator)
    table = read_table(folder / file.source.file, options, Path(file.source.file).name)
    refuse_wrong_header(file, table)
    facts = Facts(table.file, table.file)
    columns = Columns(table, findings)
    if not check_sheet(file, table, columns, findings):
        return facts
    kept = kept_rows(file, table, columns, facts)
    if not kept:
        findings.add("no_rows", table.file, None, file.source.keep.column if file.source.keep else None)
        return facts
    coded = coded_columns(file, codebook)
    decimal = find_decimal(table, coded, columns.mentioned(file.mentions), file.source.decimal)
    reading = Reading(file, table, columns, codebook, findings, kept, decimal, frozenset(coded))
    owners = find_persons(reading, facts)
    visits = find_visits(reading, owners, facts)
    make_variables(reading, owners, facts)
    make_scores(reading, owners, visits, facts)
    report_remarks(reading, columns, findings)
    check_letters(table, columns.used, findings)
    check_encoding(file, table, findings)
    check_columns(file, columns, findings)
    return facts


def refuse_wrong_header(file: StudyFile, table: Table) -> None:
    """Raise a ReadError where the mapping's names stand in a row below the header, or one column holds
    all."""
    wanted = {tidy(name) for name in file.mentions}
    found = wanted & set(table.names)
    for row, cells in table.left_out:
        if len(wanted & set(map(tidy, cells))) > max(1, len(found)):
            raise ReadError(
                f"{table.file}: the header with the names of the columns that study.yaml names is row {row}, "
                "below a row of question texts or a title; take the rows above it out of the file"
            )
    text = is_text(table.file)
    if text and len(table.columns) == 1 and len(wanted) > 1 and not found:
        raise ReadError(
            f"{table.file}: only one column was found, which holds the whole line: the separator is not "
            "known, "
            "or the columns stand at fixed places; write `separator:` under source, or save the file as CSV"
        )


def coded_columns(file: StudyFile, codebook: Codebook) -> set[str]:
    """Columns whose cells are identifiers, codes or dates: their signs say nothing about the file's
    numbers."""
    names = {file.source.visit_column or ""}
    if file.source.keep:
        names.add(file.source.keep.column)
    for made in file.variables.values():
        number = codebook.variables[made.name].type == "number"
        if not number or made.verb == "days_between" or made.values is not None:
            names |= set(made.columns)
    return names


def report_remarks(reading: Reading, columns: Columns, findings: Findings) -> None:
    """What the reader noticed; of what stands in single cells only columns that are used matter."""
    table = reading.table
    kept = {table.rows[position] for position in reading.kept}
    for remark in table.remarks:
        if remark.name in OF_CELLS and remark.column not in columns.used:
            continue
        cells = remark.values or [""] * len(remark.rows)
        places = list(zip(remark.rows, cells, strict=True))
        if remark.name in OF_KEPT:
            places = [place for place in places if place[0] in kept]
        if remark.rows and not places:
            continue
        variable = columns.used.get(remark.column) if remark.column else None
        of = len(table.rows)
        findings.add(remark.name, table.file, variable, remark.column, places, of=of, said=remark.said)
