"""Participants by arm: who they were, in how many trials it is known, and how many are missing."""

from __future__ import annotations

from ipdma.report import wording
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Material
from ipdma.report.records import Row, distinct, first, select
from ipdma.report.table import Column, Section, Table

ARMS = ("", "active", "reference")


def tabulate_participants(material: Material, ledger: Ledger) -> list[Table]:
    """One table per contrast."""
    contrasts = dict.fromkeys(a.contrast for a in material.analyses)
    tables = [participants_of(material, ledger, contrast) for contrast in contrasts]
    return [table for table in tables if not table.empty]


def participants_of(material: Material, ledger: Ledger, contrast: str) -> Table:
    """Rows are variables (and levels), columns the whole and both sides."""
    name = f"participants.{contrast}"
    pen = ledger.pen(f"tables/{name}")
    counts = material.records.of("counts", contrast)
    active, reference = material.sides(contrast)
    size = {arm: first(counts, what="participants", study="", arm=arm) for arm in ARMS}
    heads = [
        f"{label} (N = {pen.count(size[arm])})"
        for arm, label in zip(ARMS, ("All", active, reference), strict=True)
    ]
    columns = [Column("Variable", "left"), Column("K"), Column("n"), *[Column(head) for head in heads]]
    rows: list[tuple[str, ...] | Section] = []
    pooled = [r for r in counts if r.text("what").startswith("characteristic_") and not r.text("study")]
    for variable in distinct(pooled, "variable"):
        rows += variable_rows(material, pen, variable, list(select(pooled, variable=variable)))
    least = material.least
    notes = [
        "Mean (SD), or n (%) of those with a value. K: trials that measured it; n: participants with a "
        "value.",
        f"Counts from 1 to {least - 1} are withheld (<{least}); * withheld so that they cannot be worked "
        "out; "
        f"'all but <{least}': fewer than {least} missing. Arm sizes are not withheld.",
    ]
    return Table(name, f"Participants: {material.contrast(contrast)}", columns, rows, notes)


def variable_rows(
    material: Material, pen: Pen, variable: str, rows: list[Row]
) -> list[tuple[str, ...] | Section]:
    """A continuous variable is one row; a category is a heading row and one per level."""
    studies = first(rows, what="characteristic_studies")
    k = pen.count(studies) if studies is not None else wording.NOTHING
    label = material.variable(variable)
    shares = list(select(rows, what="characteristic_share"))
    if not shares:
        mean = first(rows, what="characteristic_mean", arm="")
        return [(label, k, pen.count(mean), *[mean_cell(pen, rows, arm) for arm in ARMS])]
    known = first(rows, what="characteristic_share", arm="")
    return [(label, k, pen.count(known, "of"), "", "", ""), *level_rows(pen, shares)]


def mean_cell(pen: Pen, rows: list[Row], arm: str) -> str:
    """`40.8 (13.3)`; withheld when it is from few."""
    mean = first(rows, what="characteristic_mean", arm=arm)
    spread = first(rows, what="characteristic_sd", arm=arm)
    if mean is None or mean.number("value") is None:
        return f"n {mean.withheld}" if mean is not None and mean.withheld else wording.NOTHING
    return f"{pen.number(mean, 'value', 1)} ({pen.number(spread, 'value', 1)})"


def level_rows(pen: Pen, shares: list[Row]) -> list[tuple[str, ...] | Section]:
    """n (%) of every level."""
    rows: list[tuple[str, ...] | Section] = []
    for level in distinct(shares, "level"):
        texts = [share_cell(pen, first(shares, level=level, arm=arm)) for arm in ARMS]
        rows.append((f"  {wording.heading(level)}", "", "", *texts))
    return rows


def share_cell(pen: Pen, row: Row | None) -> str:
    """`310 (79.2%)`, the count alone where the number with a value is withheld, or what stands for it."""
    if row is None or row.number("n") is None or row.number("value") is None:
        return wording.NOTHING if row is None else pen.count(row)
    return f"{pen.count(row)} ({pen.percent(row)})"
