"""A Word document to start a paper from: methods, results, tables, figures, the checklist."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from docx.shared import Cm

from ipdma.report.exhibit import Exhibit
from ipdma.report.formats.document import add_table, document_bytes, new_document, write
from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.report.methods import methods_paragraphs
from ipdma.report.prisma import Item, checklist_table
from ipdma.report.sections.whom import first_questions, other_sentences, severity_sentence
from ipdma.report.sentences import effect_sentences
from ipdma.report.table import Table

PRINTED = ("summary_of_findings", "study_characteristics", "efficacy", "moderators")
TODO = "[The authors write this.]"
ACROSS = Cm(16.9)  # between the margins


def manuscript(
    material: Material,
    tables: Sequence[Table],
    exhibits: Sequence[Exhibit],
    items: list[Item],
    ledger: Ledger,
    pictures: Mapping[str, bytes],
) -> bytes:
    """Title, sections with what the run can say, tables, figures with their captions, PRISMA-IPD.

    `pictures` holds figures as PNG by name; of every other its file alone is named.
    """
    document = new_document()
    document.add_heading(str(material.plan.get("title", "Meta-analysis")), 0)
    if material.stamp:
        write(document.add_paragraph(), material.stamp, bold=True)
    for head in ("Abstract", "Introduction"):
        add_section(document, head, [TODO])
    add_section(document, "Methods", methods_paragraphs(material, ledger))
    document.add_heading("Results", 1)
    for title, lines in told_results(material, ledger):
        document.add_heading(title, 2)
        document.add_paragraph(" ".join(lines))
    add_section(document, "Discussion", [TODO])
    document.add_heading("Tables", 1)
    printed = [t for t in tables if t.name in PRINTED or t.name.startswith("participants.")]
    for number, table in enumerate(printed, 1):
        if number > 1:
            document.add_page_break()
        add_table(document, table, number)
    add_figures(document, printed_exhibits(material, exhibits), pictures)
    document.add_page_break()
    document.add_heading("PRISMA-IPD checklist", 1)
    add_table(document, checklist_table(items))
    return document_bytes(document)


def told_results(material: Material, ledger: Ledger) -> Iterator[tuple[str, list[str]]]:
    """The effect of each question; of the first ones also for whom, the rest of which stands in the table."""
    pen = ledger.pen("report/results")
    firsts = first_questions(material)
    for analysis in material.analyses:
        lines = effect_sentences(material, analysis, pen)
        if analysis in firsts:
            lines += [severity_sentence(material, analysis, pen), *other_sentences(material, analysis, pen)]
        if any(lines):
            yield material.title(analysis), [line for line in lines if line]


def add_section(document: Any, head: str, paragraphs: Iterable[str]) -> None:
    """A heading with its paragraphs."""
    document.add_heading(head, 1)
    for text in paragraphs:
        document.add_paragraph(text)


def printed_exhibits(material: Material, exhibits: Sequence[Exhibit]) -> list[Exhibit]:
    """The figures that a paper shows: those of the main part of the page."""
    wanted = {"prisma_ipd_flow", "risk_of_bias"}
    for analysis in first_questions(material):
        wanted |= {f"forest.{analysis.id}", f"moderators.{analysis.id}"}
    return [e for e in exhibits if e.name in wanted or e.name.startswith("benefit.")]


def add_figures(document: Any, exhibits: Sequence[Exhibit], pictures: Mapping[str, bytes]) -> None:
    """Each figure under its number, its caption below."""
    for number, exhibit in enumerate(exhibits, 1):
        document.add_page_break()
        if number == 1:
            document.add_heading("Figures", 1)
        document.add_heading(f"Figure {number}", 2)
        if exhibit.name in pictures:
            picture = document.add_picture(io.BytesIO(pictures[exhibit.name]), width=ACROSS)
            picture._inline.docPr.set("descr", exhibit.alt)
        document.add_paragraph(exhibit.caption, style="Caption")
        write(document.add_paragraph(), f"The drawing: figures/{exhibit.name}.svg", size=9)
