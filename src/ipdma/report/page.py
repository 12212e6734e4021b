"""The report: one HTML file that needs nothing else; the answer first, then the evidence, then everything."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from html import escape, unescape
from importlib.resources import files

from ipdma.harmless import page_around
from ipdma.report.exhibit import Exhibit
from ipdma.report.explorer import explorer_section, explorer_style
from ipdma.report.fonts import cut_for_page
from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.report.sections.answer import answer_section
from ipdma.report.sections.network import network_section
from ipdma.report.sections.paste import methods_section
from ipdma.report.sections.supplement import supplement_section
from ipdma.report.sections.trials import trials_section
from ipdma.report.sections.trust import trust_section
from ipdma.report.sections.whom import first_questions, whom_section
from ipdma.report.shelf import Shelf
from ipdma.report.style import DRAWN
from ipdma.report.table import Table
from ipdma.report.warned import all_markup
from ipdma.report.wording import plural
from ipdma.report.words import in_sentence

HEADS = {
    "answer": "The answer",
    "whom": "For whom it works",
    "trust": "Can it be trusted",
    "findings": "Summary of findings",
    "network": "All treatments in one model",
    "trials": "Trials",
    "methods": "Methods and results, to be pasted",
    "explorer": "Explorer",
    "supplement": "Supplement",
}
TEXT = re.compile(r"<text[^>]*>([^<]*)</text>")


def build_page(
    material: Material,
    tables: Sequence[Table],
    exhibits: Sequence[Exhibit],
    drawn: Mapping[str, str],
    ledger: Ledger,
) -> bytes:
    """The page; `drawn` holds the `<svg>` element of each exhibit."""
    shelf = Shelf(tables, exhibits, drawn)
    bodies = {  # in the order in which a reader meets them, so that figures are numbered in it
        "answer": answer_section(material, ledger),
        "whom": whom_section(material, ledger, shelf),
        "trust": trust_section(material, ledger, shelf),
        "findings": findings_section(material, shelf),
        "network": network_section(material, ledger, shelf),
        "trials": trials_section(material, ledger, shelf),
        "methods": methods_section(material, ledger),
        "explorer": explorer_section(material, ledger),
        "supplement": supplement_section(material, ledger, shelf),
    }
    shown = {key: body for key, body in bodies.items() if body}
    sections = "".join(
        f'<section aria-labelledby="{key}"><h2 id="{key}">{HEADS[key]}</h2>\n{body}</section>\n'
        for key, body in shown.items()
    )
    contents = "".join(f'<li><a href="#{key}">{HEADS[key]}</a></li>' for key in shown)
    lead = (
        '<a class="skip" href="#answer">Skip to the answer</a>\n<header>'
        f"<h1>{escape(title_of(material))}</h1>\n{stamp_of(material)}"
        f'<nav aria-label="Contents"><ol>{contents}</ol></nav></header>\n'
    )
    return whole(title_of(material), f"{lead}<main>{sections}</main>", font_faces(drawn) + explorer_style())


def build_audit(material: Material) -> bytes:
    """Every warning of the run in its own words, on a page of its own."""
    title = f"Warnings: {title_of(material)}"
    body = "".join(all_markup(material)) or "<p>No warning.</p>"
    link = '<p><a href="report.html">The report</a></p>'
    lead = f"<header><h1>{escape(title)}</h1>{stamp_of(material)}{link}</header>"
    return whole(title, f"{lead}<main>{body}</main>")


def findings_section(material: Material, shelf: Shelf) -> str:
    """The summary of findings, then the trials behind the first result of each contrast."""
    parts = [shelf.table("summary_of_findings")]
    for number, analysis in enumerate(first_questions(material)):
        name, head = f"forest.{analysis.id}", f"Trials of {in_sentence(material.title(analysis))}"
        parts.append(shelf.folded("figure", name, head) if number else shelf.figure(name))
    return "".join(parts)


def title_of(material: Material) -> str:
    """The plan's title."""
    return str(material.plan.get("title") or "Meta-analysis of individual participant data")


def stamp_of(material: Material) -> str:
    """The line that every page carries where the plan or synthetic data ask for one; before it, where people
    can be worked out of the files, that they must not be shared."""
    line = f'<p class="stamp" role="note">{escape(material.stamp)}</p>\n' if material.stamp else ""
    if not material.exposed:
        return line
    many = f"{material.exposed} withheld {plural(material.exposed, 'number')} of few people"
    return (
        f'<p class="warning" role="note"><b>Do not share these files yet.</b> {many} can be worked out of '
        f"them; <code>ipdma disclose</code> says which.</p>\n{line}"
    )


def whole(title: str, body: str, more: str = "") -> bytes:
    """A document around its body; `more` stands before the style sheet."""
    style = files("ipdma.report").joinpath("assets/page.css").read_text(encoding="utf-8")
    return page_around(title, f"{more}\n{style}", body).encode()


def font_faces(drawn: Mapping[str, str]) -> str:
    """The letters of all figures as fonts of the page."""
    letters = frozenset("".join(t for svg in drawn.values() for t in TEXT.findall(svg)))
    faces = []
    for weight, content in zip(
        ("normal", "bold"), cut_for_page(unescape("".join(sorted(letters)))), strict=True
    ):
        data = base64.b64encode(content).decode()
        faces.append(
            f"@font-face{{font-family:'{DRAWN}';font-weight:{weight};src:url(data:font/woff;base64,{data}) "
            "format('woff')}"
        )
    return "\n".join(faces)
