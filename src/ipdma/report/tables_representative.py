"""Trials with participant data against trials without: are those obtained like those that are not?"""

from __future__ import annotations

from ipdma.report import wording
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Material
from ipdma.report.records import Row, first
from ipdma.report.table import Column, Section, Table

GROUPS = ("with_ipd", "without_ipd")


def tabulate_representative(material: Material, ledger: Ledger) -> Table:
    """A row per column of the registry, or per value of one in words."""
    pen = ledger.pen("tables/with_and_without_ipd")
    cohort = material.records.of("counts", "cohort")
    held = [r for r in cohort if r.text("what") in GROUPS]
    columns = [
        Column("Characteristic of the trial", "left"),
        Column("With participant data"),
        Column("Without"),
    ]
    rows: list[tuple[str, ...] | Section] = []
    for variable in dict.fromkeys(r.text("variable") for r in held):
        own = [r for r in held if r.text("variable") == variable]
        name = wording.item(variable)
        levels = sorted({r.text("level") for r in own if r.text("level")})
        if not levels:
            rows.append((f"{name}, mean (trials)", *[mean_of(pen, first(own, what=g)) for g in GROUPS]))
            continue
        rows.append((name, "", ""))
        for level in levels:
            cells = [share_of(pen, first(own, what=group, level=level)) for group in GROUPS]
            rows.append((f"    {level}", *cells))
    notes = [
        "Trials of the registry; shares are of trials with an entry. A dash: no trial with that value. "
        "Differences suggest that trials without participant data may not be missing at random.",
    ]
    if not (any(r.text("what") == "without_ipd" for r in held)):
        rows = []
    return Table("with_and_without_ipd", "Trials with and without participant data", columns, rows, notes)


def mean_of(pen: Pen, row: Row | None) -> str:
    """`81.2 (21)`; years without decimals."""
    if row is None or row.number("value") is None:
        return wording.NOTHING
    digits = 0 if row.text("variable") == "year" else 1
    return f"{pen.number(row, 'value', digits)} ({pen.count(row)})"


def share_of(pen: Pen, row: Row | None) -> str:
    """`8 of 21 (38%)`."""
    if row is None or row.number("value") is None:
        return wording.NOTHING
    return f"{pen.count(row)} of {pen.count(row, 'of')} ({pen.percent(row, 'value', 0)})"
