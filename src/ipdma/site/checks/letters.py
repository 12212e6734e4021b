"""Letters that a program before this one read in the wrong encoding: in cells, names of columns and
labels."""

from __future__ import annotations

from ipdma.site.findings import Findings
from ipdma.site.formats import is_text
from ipdma.site.letters import is_wrongly_read, tidy
from ipdma.site.study_file import StudyFile
from ipdma.site.table import Table

ASSUMED = "cp1252"  # what a text is read as that is not UTF-8
OTHERS = ("mac-roman", "cp850", "cp1250", "iso8859-2", "cp1251", "cp1253", "cp1254", "cp437")


def check_letters(table: Table, variables: dict[str, str | None], findings: Findings) -> None:
    """One finding per column with such letters.

    Parameters
    ----------
    variables : dict
        The variable that each used column is mapped to.
    """
    for column in table.columns:
        wrong = {cell for cell in set(column.cells) if is_wrongly_read(cell)}
        labels = any(map(is_wrongly_read, column.labels.values()))
        where = {
            "cells": bool(wrong),
            "the column's name": is_wrongly_read(column.name),
            "labels": labels or is_wrongly_read(column.label),
        }
        if any(where.values()):
            places = [(r, c) for r, c in zip(table.rows, column.cells, strict=True) if c in wrong]
            said = {"where": ", ".join(place for place, found in where.items() if found)}
            variable = variables.get(column.name)
            findings.add(
                "wrongly_read", table.file, variable, column.name, places, of=len(table.rows), said=said
            )


def check_encoding(file: StudyFile, table: Table, findings: Findings) -> None:
    """Names and codes of study.yaml that the file holds in the letters of another encoding."""
    if file.source.encoding is not None or not is_text(table.file):
        return
    there = set(table.names)
    for column in table.columns:
        there |= {tidy(cell) for cell in set(column.cells) if not cell.isascii()}
    wanted = {tidy(word) for word in words_of_mapping(file) if not word.isascii()} - there
    for encoding in OTHERS:
        seen = {word for word in wanted if as_assumed(word, encoding) in there}
        if seen:
            said = {"encoding": encoding}
            findings.add("other_encoding", table.file, said=said, count=len(seen))
            return


def words_of_mapping(file: StudyFile) -> set[str]:
    """Names of columns and codes that study.yaml writes."""
    codes = {code for made in file.variables.values() for code in made.values or {}}
    return {*file.mentions, *codes, *file.source.visits}


def as_assumed(word: str, encoding: str) -> str:
    """A word of another encoding as it reads where it is taken for the assumed one; empty where it has not
    the letters."""
    try:
        return tidy(word.encode(encoding).decode(ASSUMED, errors="replace"))
    except UnicodeEncodeError:
        return ""
