"""The supplement, closed: every other table and figure, results in words, the plan, warnings, versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

import yaml

from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.report.plan_words import plan_table
from ipdma.report.sentences import WITHIN, results_sentences
from ipdma.report.shelf import Shelf
from ipdma.report.typeset import italics
from ipdma.report.warned import kinds_markup, warning_rows

FIGURE_HEADS = {
    "Effects": "Figures: effects",
    "Moderators": "Figures: moderators",
    "Checks": "Figures: does it hold",
    "Trials": "Figures: trials and participants",
}


def supplement_section(material: Material, ledger: Ledger, shelf: Shelf) -> str:
    """One closed part for each kind of thing."""
    lead = (
        "<p>Everything else that the run made, closed. The numbers stand in <code>estimates.csv</code>, "
        "<code>study_estimates.csv</code> and <code>counts.csv</code>; each printed one is traced in "
        "<code>claims.csv</code>.</p>"
    )
    return lead + "".join(
        f'<details id="{key}"><summary>{escape(head)}</summary>{body}</details>\n'
        for key, head, body in closed_parts(material, ledger, shelf)
        if body
    )


def closed_parts(material: Material, ledger: Ledger, shelf: Shelf) -> Iterator[tuple[str, str, str]]:
    """Key, heading and content of each part."""
    yield "results-in-words", "All results in words", "".join(summary_parts(material, ledger))
    yield "tables", "Tables", "".join(shelf.table(name) for name in shelf.left("table"))
    sections = {e.name: e.section for e in shelf.exhibits}
    for section, head in FIGURE_HEADS.items():
        names = [name for name in shelf.left("figure") if sections[name] == section]
        yield f"figures-{section.lower()}", head, "".join(shelf.figure(name) for name in names)
    yield "plan", "The plan as it was frozen", plan_markup(material)
    count = len(warning_rows(material))
    all_of_them = (
        f"<p>{count} in all, counted by kind; each with its analyses in "
        '<a href="audit.html">audit.html</a>.</p>'
    )
    yield "warnings", "Warnings, counted by kind", all_of_them + kinds_markup(material)
    yield "versions", "Versions and digests", definitions(material.versions)


def summary_parts(material: Material, ledger: Ledger) -> Iterator[str]:
    """Results sentences under their titles: the effect as a paragraph, a line for each moderator."""
    for title, lines in results_sentences(material, ledger):
        effect = " ".join(italics(line) for line in lines if not line.startswith(WITHIN))
        items = "".join(f"<li>{italics(line)}</li>" for line in lines if line.startswith(WITHIN))
        moderators = f"<ul>{items}</ul>" if items else ""
        yield f"<h3>{escape(title)}</h3><p>{effect}</p>{moderators}\n"


def plan_markup(material: Material) -> str:
    """The plan as a table in words, the YAML behind it."""
    text = yaml.safe_dump(as_plain(material.plan), sort_keys=False, allow_unicode=True, width=100)
    return (
        f"{plan_table(material)}<details><summary>As YAML, every default filled in</summary>"
        f'<pre tabindex="0">{escape(text)}</pre></details>'
    )


def as_plain(value: Any) -> Any:
    """Mappings and sequences as YAML knows them."""
    if isinstance(value, Mapping):
        return {str(k): as_plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain(v) for v in value]
    return value


def definitions(pairs: Mapping[str, str]) -> str:
    """Names and values."""
    if not pairs:
        return ""
    rows = "".join(f"<dt>{escape(k)}</dt><dd><code>{escape(str(v))}</code></dd>" for k, v in pairs.items())
    return f"<dl>{rows}</dl>"
