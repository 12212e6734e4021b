"""Methods and results to be pasted into a paper."""

from __future__ import annotations

from html import escape

from ipdma.report.ledger import Ledger
from ipdma.report.material import Material
from ipdma.report.methods import methods_paragraphs
from ipdma.report.sentences import effect_sentences
from ipdma.report.typeset import italics


def methods_section(material: Material, ledger: Ledger) -> str:
    """The methods as paragraphs; then the first outcome of each contrast, all others in the supplement."""
    pen = ledger.pen("report/results")
    parts = [f"<p>{escape(p)}</p>" for p in methods_paragraphs(material, ledger)]
    parts.append("<h3>Results in words</h3>")
    for contrast in dict.fromkeys(a.contrast for a in material.detailed):
        own = [a for a in material.detailed if a.contrast == contrast]
        lines = [line for a in own for line in effect_sentences(material, a, pen)]
        if lines:
            lead = f"<b>{escape(material.contrast(contrast))}.</b>"
            parts.append(f"<p>{lead} {italics(' '.join(lines))}</p>")
    parts.append('<div>The same sentences for <a href="#results-in-words">every other result</a>.</div>')
    return "\n".join(parts)
