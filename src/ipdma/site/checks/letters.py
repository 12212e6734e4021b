"""Letters that a program before this one read in the wrong encoding: in cells, names of columns and
labels."""

from __future__ import annotations

from ipdma.site.findings import Findings
from ipdma.site.letters import is_wrongly_read
from ipdma.site.table import Table


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
