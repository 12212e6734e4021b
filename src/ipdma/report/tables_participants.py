"""Participants by arm: who they were, in how many trials it is known, and how many are missing."""

from __future__ import annotations

from ipdma.report import cells, wording
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
    least = material.least
    studies = first(rows, what="characteristic_studies")
    k = pen.count(studies) if studies is not None else wording.NOTHING
    label = material.variable(variable)
    shares = list(select(rows, what="characteristic_share"))
    if not shares:
        mean = first(rows, what="characteristic_mean", arm="")
        return [
            (label, k, cells.complete(pen, mean, least), *[mean_cell(pen, rows, arm, least) for arm in ARMS])
        ]
    return [(label, k, known_cell(pen, rows, least), "", "", ""), *level_rows(pen, shares, least)]


def known_cell(pen: Pen, rows: list[Row], least: int) -> str:
    """How many have a value of a category: the `of` of its shares."""
    lost = first(rows, what="characteristic_missing", arm="", level="sporadic")
    share = first(rows, what="characteristic_share", arm="")
    if lost is not None and cells.small(lost.number("n"), least):
        return f"all but {cells.fewer(least)}"
    if share is None or cells.small(share.number("of"), least):
        return cells.fewer(least)
    return pen.count(share, "of")


def mean_cell(pen: Pen, rows: list[Row], arm: str, least: int) -> str:
    """`40.8 (13.3)`; withheld when it is from few."""
    mean = first(rows, what="characteristic_mean", arm=arm)
    spread = first(rows, what="characteristic_sd", arm=arm)
    if mean is None or mean.number("value") is None:
        return wording.NOTHING
    if cells.small(mean.number("n"), least):
        return f"n {cells.fewer(least)}"
    return f"{pen.number(mean, 'value', 1)} ({pen.number(spread, 'value', 1)})"


def level_rows(pen: Pen, shares: list[Row], least: int) -> list[tuple[str, ...] | Section]:
    """n (%) of every level; the block of levels by arms is protected as a whole."""
    levels = distinct(shares, "level")
    found = [[first(shares, level=level, arm=arm) for arm in ARMS] for level in levels]
    numbers = [[None if row is None else row.number("n") for row in line] for line in found]
    mask = cells.hidden(numbers, least)
    rows: list[tuple[str, ...] | Section] = []
    for level, line, hide in zip(levels, found, mask, strict=True):
        texts = [share_cell(pen, row, out, least) for row, out in zip(line, hide, strict=True)]
        rows.append((f"  {wording.heading(level)}", "", "", *texts))
    return rows


def share_cell(pen: Pen, row: Row | None, hide: bool, least: int) -> str:
    """`310 (79.2%)`, or what stands for it."""
    if row is None or row.number("n") is None:
        return wording.NOTHING
    if hide:
        return cells.withheld(row.number("n"), least)
    share = wording.NOTHING if row.number("value") is None else pen.percent(row)
    return f"{pen.count(row)} ({share})"
