"""Warnings: how many there are of each kind, and all of them on a page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from html import escape

from ipdma.report.material import Material
from ipdma.report.records import Row

WARNED = ("warning", "not_fitted", "not_run", "refused")
HEADS = {
    "warning": "Warnings",
    "not_fitted": "Not fitted",
    "not_run": "Not run",
    "refused": "Refused, since the data cannot answer",
}
COMPLETED = re.compile(r"^in \d+ of \d+ completed data sets: ")
QUOTED = re.compile(r"'[^']*'(?:, '[^']*')*")
BRACKETED = re.compile(r"\([^()]*\)")
NUMBERED = re.compile(r"[-+\u2212]?\d+(?:\.\d+)?")


def warning_rows(material: Material) -> list[Row]:
    """Every row that says what went other than planned."""
    return material.records.counts_like(*WARNED)


def as_sentence(text: str) -> str:
    """A warning with a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def kind_of(material: Material, text: str) -> str:
    """A warning without what differs between analyses: names, numbers, trials."""
    plain = COMPLETED.sub("in some completed data sets: ", text)
    plain = BRACKETED.sub("", QUOTED.sub("\u2026", plain))
    for study in sorted(material.citations, key=len, reverse=True):
        plain = plain.replace(study, "\u2026")
    plain = NUMBERED.sub("\u2026", plain)
    plain = re.sub(r"\u2026(?:(?:, | and |\[|\])\u2026?)+", "\u2026", plain)
    return re.sub(r"\s+", " ", plain).strip(" ;:")


def warning_kinds(material: Material) -> dict[str, Counter[str]]:
    """How often each kind stands under each heading, the most frequent first."""
    found: dict[str, Counter[str]] = {what: Counter() for what in WARNED}
    for row in warning_rows(material):
        found[row.text("what")][kind_of(material, row.text("level"))] += 1
    return {what: kinds for what, kinds in found.items() if kinds}


def kinds_markup(material: Material) -> str:
    """The kinds as lists, each with how often it stands in the records."""
    parts = []
    for what, kinds in warning_kinds(material).items():
        items = "".join(f"<li>{count} \u00d7 {escape(kind)}</li>" for kind, count in kinds.most_common())
        parts.append(f"<h4>{HEADS[what]}</h4><ul>{items}</ul>")
    return "".join(parts) or "<p>No warning.</p>"


def all_markup(material: Material) -> Iterator[str]:
    """Every warning in its own words, with the analyses that it touches."""
    for what, head in HEADS.items():
        by_text: dict[str, list[str]] = {}
        for row in warning_rows(material):
            if row.text("what") == what:
                by_text.setdefault(row.text("level"), []).append(row.text("analysis_id"))
        if by_text:
            yield f'<section><h2 id="{what}">{head}</h2>'
            for text, where in by_text.items():
                listed = escape(", ".join(dict.fromkeys(where)))
                yield f'<div class="warning">{escape(as_sentence(text))}<br><small>{listed}</small></div>\n'
            yield "</section>"
    known = {f"{r.text('analysis_id')}: {r.text('level')}" for r in warning_rows(material)}
    more = [str(note) for note in material.notes if str(note) not in known]
    if more:
        lines = "".join(f"<li>{escape(as_sentence(note))}</li>" for note in more)
        yield f'<section><h2 id="notes">Notes of the run</h2><ul>{lines}</ul></section>'
