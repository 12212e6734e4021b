"""The tree of treatment effects as a table: splits with their tests, then the nodes with their effects."""

from __future__ import annotations

from ipdma.report import wording
from ipdma.report.figures_tree import EXPLORATORY, ROOT, path_words, stability_line
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Analysis, Material
from ipdma.report.records import first
from ipdma.report.table import Column, Section, Table


def tabulate_tree(material: Material, ledger: Ledger) -> Table:
    """A section per tree."""
    pen = ledger.pen("tables/tree")
    columns = [
        Column("Node", "left"),
        Column("Split by", "left"),
        Column("p"),
        Column("n, active"),
        Column("n, reference"),
        Column(f"Effect [{material.level} CI]"),
    ]
    rows: list[tuple[str, ...] | Section] = []
    notes = [EXPLORATORY]
    for analysis in material.analyses:
        lines = tree_rows(material, analysis, pen)
        if lines:
            rows += [Section(material.title(analysis)), *lines]
            head = analysis.ident("tree", "one")
            dropped = material.count(head, "tree_dropped")
            if dropped is not None:
                notes.append(
                    f"{material.title(analysis)}: {pen.count(dropped)} of {pen.count(dropped, 'of')} "
                    "participants left out for a missing value."
                )
            notes += stability_line(material, head, pen)
    notes.append(
        "p: test of parameter instability, corrected for the variables tried at the node. Model-based "
        "recursive partitioning with a random intercept per trial (GLMM tree)."
    )
    return Table("tree", "Exploratory trees of treatment effects", columns, rows, notes)


def tree_rows(material: Material, analysis: Analysis, pen: Pen) -> list[tuple[str, ...]]:
    """Splits from the top, then terminal nodes; a tree without a split says so."""
    head = analysis.ident("tree", "one")
    lines: list[tuple[str, ...]] = []
    splits = material.counts_of(head, "tree_split")
    for row in splits:
        p = first(material.counts_of(head, "tree_p", level=row.text("level")), variable=row.text("variable"))
        cut = f" at {pen.number(row, 'value')}" if row.number("value") is not None else ""
        name = f"{material.moderator(row.text('variable'))}{cut}"
        where = wording.heading(path_words(material, row.text("level")))
        lines.append((where, name, pen.p(p, "value"), "", "", ""))
    for row in material.records.of("estimates", head):
        sides = [
            first(material.counts_of(head, "tree_node", level=row.text("level"), arm=side))
            for side in ("active", "reference")
        ]
        whole = row.text("level") == ROOT
        text = "All participants (no split)" if whole else path_words(material, row.text("level"))
        counts = [pen.count(s) if s is not None else wording.NOTHING for s in sides]
        lines.append((text, "", "", *counts, pen.effect(row)))
    return lines
