"""A Word document to start a paper from: methods, results, tables, captions, the checklist."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ipdma.report.exhibit import Exhibit
from ipdma.report.formats.document import add_table, document_bytes, new_document, write
from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.report.methods import methods_paragraphs
from ipdma.report.prisma import Item, checklist_table
from ipdma.report.sentences import results_sentences
from ipdma.report.table import Table

PRINTED = ("summary_of_findings", "study_characteristics", "efficacy", "moderators")
TODO = "[The authors write this.]"


def manuscript(
    material: Material,
    tables: Sequence[Table],
    exhibits: Sequence[Exhibit],
    items: list[Item],
    ledger: Ledger,
) -> bytes:
    """Title, sections with what the run can say, tables, figure captions with their files, PRISMA-IPD."""
    document = new_document()
    document.add_heading(str(material.plan.get("title", "Meta-analysis")), 0)
    if material.stamp:
        write(document.add_paragraph(), material.stamp, bold=True)
    for head in ("Abstract", "Introduction"):
        add_section(document, head, [TODO])
    add_section(document, "Methods", methods_paragraphs(material, ledger))
    document.add_heading("Results", 1)
    for title, lines in results_sentences(material, ledger):
        document.add_heading(title, 2)
        document.add_paragraph(" ".join(lines))
    add_section(document, "Discussion", [TODO])
    document.add_heading("Tables", 1)
    printed = [t for t in tables if t.name in PRINTED or t.name.startswith("participants.")]
    for number, table in enumerate(printed, 1):
        if number > 1:
            document.add_page_break()
        add_table(document, table, number)
    add_captions(document, [e for e in exhibits if e.main])
    document.add_page_break()
    document.add_heading("PRISMA-IPD checklist", 1)
    add_table(document, checklist_table(items))
    return document_bytes(document)


def add_section(document: Any, head: str, paragraphs: Iterable[str]) -> None:
    """A heading with its paragraphs."""
    document.add_heading(head, 1)
    for text in paragraphs:
        document.add_paragraph(text)


def add_captions(document: Any, exhibits: Sequence[Exhibit]) -> None:
    """The captions of the main figures, each with the file to insert."""
    document.add_page_break()
    document.add_heading("Figures", 1)
    for number, exhibit in enumerate(exhibits, 1):
        document.add_heading(f"Figure {number}", 2)
        document.add_paragraph(exhibit.caption, style="Caption")
        write(document.add_paragraph(), f"[Insert figures/{exhibit.name}.pdf]", size=9)
