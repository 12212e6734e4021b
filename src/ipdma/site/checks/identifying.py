"""Columns that look as if they named a person, and columns that nothing uses."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ipdma.privacy.identifying import BIRTH, NAME, content_kind, name_kind
from ipdma.site.columns import Columns
from ipdma.site.findings import Findings
from ipdma.site.study_file import StudyFile
from ipdma.site.table import Column

SHORTEST_TELLING = 6
FEWEST_NAMES = 5
MOST = 0.6


def check_columns(file: StudyFile, columns: Columns, findings: Findings) -> None:
    """Identifying columns (mapped: must fix; unused: a note) and other unused ones."""
    dates: set[str] = set()
    coded: set[str] = set()
    others = {entry.total or "" for entry in file.assessments}
    for made in file.variables.values():
        group = dates if made.verb == "days_between" else others if made.values is None else coded
        group.update(made.columns)
    for name, variable in columns.used.items():
        column = columns.table.column(name)
        # a column with listed codes (`pill_name`) is written in the codebook's words, whatever its name
        by_name = name not in coded - others - dates
        kind = looks_like(column, by_name) if variable not in (None, "visit") else None
        if kind is None and variable == "participant" and are_words(column.cells):
            kind = NAME
        if kind is not None and not (kind == BIRTH and name in dates - others):
            findings.add("identifying_mapped", columns.table.file, variable, name, said={"kind": kind})
    for column in columns.unused(file.mentions):
        kind = looks_like(column)
        problem = "identifying_unused" if kind else "column_unused"
        findings.add(problem, columns.table.file, None, column.name, said={"kind": kind or ""})


def looks_like(column: Column, by_name: bool = True) -> str | None:
    """What the column's name, label or cells say that it holds of a person."""
    kind = name_kind(column.name, column.label) if by_name else None
    if kind is not None:
        return kind
    telling = any(len(cell) > SHORTEST_TELLING and not is_plain(cell) for cell in set(column.cells))
    return content_kind(column.cells) if telling else None


def are_words(cells: Sequence[str]) -> bool:
    """Whether identifiers are capitalised words without a digit, as surnames are and codes are not."""
    filled = {cell.strip() for cell in cells if cell.strip()}
    return len(filled) >= FEWEST_NAMES and sum(map(is_word, filled)) >= MOST * len(filled)


def is_word(cell: str) -> bool:
    """A capital and small letters, alone or behind others of the kind: Weber, de Vries, Jansen-Bos."""
    last = re.split(r"[\s,]+", cell)[-1]
    return (
        re.sub("[ ,'’-]", "", cell).isalpha() and last[0].isupper() and len(last) > 2 and last[1:].islower()
    )


def is_plain(cell: str) -> bool:
    """A number with a decimal sign names nobody; this spares most columns the closer look."""
    return cell.count(".") + cell.count(",") == 1 and cell.replace(".", "").replace(",", "").isdigit()
