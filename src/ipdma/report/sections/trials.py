"""The trials: who was sought, obtained and analysed; characteristics and participants, closed."""

from __future__ import annotations

from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.report.records import first
from ipdma.report.shelf import Shelf


def trials_section(material: Material, ledger: Ledger, shelf: Shelf) -> str:
    """A sentence, the flow, then the tables to open."""
    pen = ledger.pen("report/trials")
    cohort = material.records.of("counts", "cohort")
    studies = first(cohort, what="contributed_studies")
    people = first(cohort, what="participants", study="", arm="")
    lead = ""
    if studies is not None and people is not None:
        lead = f"<p>{pen.count(people)} people in {pen.count(studies)} trials contributed their data.</p>"
    told = [
        t for t in shelf.tables if t.name == "study_characteristics" or t.name.startswith("participants.")
    ]
    tables = "".join(shelf.folded("table", t.name, t.title) for t in told)
    return lead + shelf.figure("prisma_ipd_flow") + tables
