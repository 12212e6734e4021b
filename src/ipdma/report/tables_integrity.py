"""What was found when the contributed data were looked at: checks per trial by how they ended."""

from __future__ import annotations

from ipdma.report import wording
from ipdma.report.ledger import Ledger, Pen
from ipdma.report.material import Material
from ipdma.report.records import distinct, first, select
from ipdma.report.table import Column, Section, Table

ENDINGS = {
    "fail": "Cannot be right",
    "query": "Please look",
    "passed": "Passed",
    "not checked": "Not checked",
}


def tabulate_integrity(material: Material, ledger: Ledger) -> Table:
    """One row per trial."""
    pen = ledger.pen("tables/integrity")
    counts = material.records.of("counts", "integrity")
    studies = material.in_order(distinct(select(counts, what="integrity_checks"), "study"))
    columns = [
        Column("Study", "left"),
        Column("Checks"),
        *[Column(label) for label in ENDINGS.values()],
        Column("Published numbers not reproduced"),
        Column("Domains with a question", "left"),
    ]
    rows: list[tuple[str, ...] | Section] = [integrity_row(material, pen, study) for study in studies]
    notes = [
        "Checks of the domains of the IPD Integrity Tool. 'Please look' is a question to the site, not a "
        "judgement; chance alone raises some. Each trial has a page of its own in the folder integrity, with "
        "its judgements of risk of bias and trustworthiness; integrity/disposition.csv lists the published "
        "numbers that the data do not reproduce.",
    ]
    return Table("integrity", "Integrity of the contributed data", columns, rows, notes)


def integrity_row(material: Material, pen: Pen, study: str) -> tuple[str, ...]:
    """One trial."""
    counts = material.records.of("counts", "integrity")
    own = list(select(counts, what="integrity_checks", study=study))
    ended = [first(own, variable="", level=ending) for ending in ENDINGS]
    printed = first(counts, what="integrity_published", study=study)
    asked = [
        row.text("variable")
        for row in own
        if row.text("variable") and row.text("level") in ("fail", "query") and row.number("n")
    ]
    reproduced = (
        f"{pen.count(printed)} of {pen.count(printed, 'of')}"
        if printed is not None and printed.number("of")
        else wording.NOTHING
    )
    return (
        material.study(study),
        pen.count(ended[0], "of"),
        *[pen.count(row) for row in ended],
        reproduced,
        "; ".join(dict.fromkeys(asked)) or wording.NOTHING,
    )
