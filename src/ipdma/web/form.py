"""What the form shows beside its fields: the columns of the trial's file with their codes and labels, the
words of the codebook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ipdma.codebook import Codebook
from ipdma.codebook.records import Variable
from ipdma.errors import ReadError
from ipdma.site.study_file import LAYOUTS, RATINGS, VERBS
from ipdma.site.table import Column, Table
from ipdma.site.template import HEADERS
from ipdma.site.template_cells import read_cell

MOST_CODES = 25
LONGEST = 40


def describe_columns(table: Table) -> list[dict[str, Any]]:
    """Each column with its label, how many cells are filled, and its codes where they are few."""
    return [describe_column(column) for column in table.columns]


def describe_column(column: Column) -> dict[str, Any]:
    """One column; codes in the order of the numbers that they are, with label and count."""
    counts = Counter(cell.strip()[:LONGEST] for cell in column.cells)
    empty = counts.pop("", 0)
    codes = sorted(counts, key=code_order) if len(counts) <= MOST_CODES else []
    return {
        "name": column.name,
        "label": column.label,
        "filled": len(column.cells) - empty,
        "empty": empty,
        "distinct": len(counts),
        "codes": [
            {
                "code": code,
                "label": column.label_of(code),
                "n": counts[code],
                "missing": column.missing.covers(code),
            }
            for code in codes
        ],
    }


def code_order(code: str) -> tuple[int, float, str]:
    """Numbers by size, then words."""
    try:
        return 0, float(code.replace(",", ".")), code
    except ValueError:
        return 1, 0.0, code


def pairs_of(rows: Sequence[Sequence[str]]) -> dict[str, dict[str, dict[str, str]]]:
    """What each variable's codes mean: its cells `values` and `missing`, read."""
    at = {name: HEADERS["variables"].index(name) for name in ("values", "missing")}
    return {
        row[0]: {
            "values": read_pairs(row[at["values"]], ""),
            "missing": read_pairs(row[at["missing"]], "not_given"),
        }
        for row in rows
    }


def read_pairs(cell: str, bare: str) -> dict[str, str]:
    """Codes and meanings of a cell; a code alone has the meaning `bare`. Nothing where it cannot be read."""
    try:
        value = read_cell(cell, "") if cell.strip() else {}
    except ReadError:
        return {}
    if isinstance(value, dict):
        return {code: meaning or bare for code, meaning in value.items()}
    return {code or "": bare for code in (value if isinstance(value, list) else [value])}


def describe_codebook(codebook: Codebook) -> dict[str, Any]:
    """The words that a mapping may use."""
    return {
        "headers": {sheet: list(header) for sheet, header in HEADERS.items()},
        "variables": {name: describe_variable(v) for name, v in codebook.variables.items()},
        "instruments": {name: i.label for name, i in codebook.instruments.items()},
        "labels": {
            name: term.label for name, term in (*codebook.conditions.items(), *codebook.timepoints.items())
        },
        "lists": {
            "condition": list(codebook.conditions),
            "timepoint": list(codebook.timepoints),
            "verb": list(VERBS),
            "rating": list(RATINGS),
            "layout": [layout for layout in LAYOUTS if layout != "harmonised"],
            "scoring": sorted({name for i in codebook.instruments.values() for name in i.scorings}),
            "convert": list(codebook.crosswalks),
        },
    }


def describe_variable(variable: Variable) -> dict[str, Any]:
    """A variable's label and what it takes."""
    return {
        "label": variable.label,
        "required": variable.required,
        "levels": list(variable.levels or ()),
        "unit": variable.unit or "",
        "units": list(variable.units or ()),
        "type": variable.type,
    }
