"""The PRISMA-IPD checklist, each item with the artefact of this run that answers it, or what is left to
the author."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import lru_cache
from html import escape
from importlib.resources import files
from typing import Any

from ipdma.harmless import page_around
from ipdma.report.formats.document import table_document
from ipdma.report.table import Column, Section, Table
from ipdma.yaml_values import load_own_yaml

STANDING = ("plan.yaml", "counts.csv", "study_estimates.csv", "report.html")  # in every results folder


@dataclass(frozen=True)
class Item:
    """One item: `found` are artefacts that exist, `todo` what is left to the author."""

    number: str
    section: str
    topic: str
    asks: str
    found: tuple[str, ...]
    todo: str


@lru_cache(maxsize=1)
def load_items() -> list[dict[str, Any]]:
    """The checklist as the package carries it."""
    text = files("ipdma.report").joinpath("assets/prisma_ipd.yaml").read_text(encoding="utf-8")
    return list(load_own_yaml(text))


def check_items(artefacts: Collection[str]) -> list[Item]:
    """Each item with the artefacts of `artefacts` (paths in the results folder; a folder ends in `/`) that
    answer it, three at most for each pattern of the checklist."""
    return [check_item(entry, artefacts) for entry in load_items()]


def check_item(entry: dict[str, Any], artefacts: Collection[str]) -> Item:
    """One item; what nothing answers becomes a task of the author."""
    found: list[str] = []
    for pattern in entry["answer"]:
        path, mark, anchor = pattern.partition("#")
        names = [path] if path in STANDING else sorted(a for a in artefacts if fnmatch(a, path))
        found += [name + mark + anchor for name in names[:3]]
    todo = entry["todo"] or ("" if found else "No artefact of this run answers the item.")
    return Item(entry["item"], entry["section"], entry["topic"], entry["asks"], tuple(found), todo)


def checklist_files(artefacts: Collection[str], style: str, stamp: str = "") -> Iterator[tuple[str, bytes]]:
    """(file name, bytes) of the checklist as HTML, Word and JSON.

    `style` is the page's style sheet, `stamp` the line that every page of the run carries.
    """
    items = check_items(artefacts)
    yield "prisma_ipd.html", checklist_page(items, style, stamp)
    yield "prisma_ipd.docx", table_document(checklist_table(items))
    held = [vars(item) | {"todo": f"TODO(author): {item.todo}" if item.todo else ""} for item in items]
    yield "prisma_ipd.json", (json.dumps(held, indent=1, ensure_ascii=False) + "\n").encode()


def checklist_table(items: list[Item]) -> Table:
    """The checklist as a table."""
    columns = [
        Column(label, "left")
        for label in ("Item", "Topic", "What it asks", "Answered by", "To do for the author")
    ]
    rows: list[tuple[str, ...] | Section] = []
    for item in items:
        if not any(isinstance(row, Section) and row.label == item.section for row in rows):
            rows.append(Section(item.section))
        todo = f"TODO: {item.todo}" if item.todo else ""
        rows.append((item.number, item.topic, item.asks, "\n".join(item.found), todo))
    notes = [
        "Stewart LA et al. Preferred Reporting Items for Systematic Review and Meta-Analyses of individual "
        "participant data. JAMA 2015; 313: 1657. Wording abridged."
    ]
    return Table("prisma_ipd", "PRISMA-IPD checklist", columns, rows, notes)


def checklist_page(items: list[Item], style: str, stamp: str) -> bytes:
    """The checklist as a page whose artefacts are links."""
    rows, section = [], ""
    for item in items:
        if item.section != section:
            section = item.section
            rows.append(f'<tr class="section"><th scope="rowgroup" colspan="5">{escape(section)}</th></tr>')
        links = "<br>".join(f'<a href="{escape(name)}">{escape(name)}</a>' for name in item.found)
        todo = f"<b>TODO</b> {escape(item.todo)}" if item.todo else ""
        cells = "".join(
            f'<td class="left">{cell}</td>' for cell in (escape(item.topic), escape(item.asks), links, todo)
        )
        rows.append(f'<tr><th scope="row" class="left">{escape(item.number)}</th>{cells}</tr>')
    heads = "".join(
        f'<th scope="col" class="left">{h}</th>'
        for h in ("Item", "Topic", "What it asks", "Answered by", "To do for the author")
    )
    note = escape(checklist_table(items).notes[0])
    line = f'<p class="stamp" role="note">{escape(stamp)}</p>' if stamp else ""
    body = (
        f'<main><h1>PRISMA-IPD checklist</h1>{line}<div class="scroll" tabindex="0" role="region" '
        f'aria-label="Checklist"><table><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
        f'<div class="notes"><p>{note}</p></div></main>'
    )
    return page_around("PRISMA-IPD checklist", style, body).encode()
