"""The plan as a table in words: what was decided, as a paper would say it; what has no words of its own here
follows name by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from ipdma.report import wording
from ipdma.report.plan_parts import TOLD
from ipdma.report.words import Words

NOT_TOLD = (
    "title",
    "footer",
    "studies",
    "registry",
    "aggregate",
    "results",
    "codebook",
    "power",
)  # no decisions
ELSEWHERE = ("external", "hedges", "primary_model", "pool", "interval")  # told in another row


def plan_table(words: Words) -> str:
    """Two columns: what, and what was decided."""
    rows = "".join(
        f'<tr><th scope="row" class="left">{escape(what)}</th><td class="left">{escape(said)}</td></tr>'
        for what, said in plan_rows(words)
    )
    return (
        '<figure class="table"><div class="scroll" tabindex="0" role="region" aria-label="The plan in words">'
        '<table><caption>The plan in words</caption><thead><tr><th scope="col" class="left">What</th>'
        f'<th scope="col" class="left">Decision</th></tr></thead><tbody>{rows}</tbody></table></div></figure>'
    )


def plan_rows(words: Words) -> Iterator[tuple[str, str]]:
    """Every part of the plan in which something was decided, in its order."""
    for key, value in words.plan.items():
        if key in NOT_TOLD or key in ELSEWHERE or value in (None, {}, []):
            continue
        head, tell = TOLD.get(key, (wording.heading(key), plainly))
        text = tell(words, value)
        if text:
            yield head, f"{text[:1].upper()}{text[1:].rstrip('.')}."


def plainly(words: Words, value: Any) -> str:
    """A value name by name: what a part without words of its own says."""
    if isinstance(value, Mapping):
        found = ((str(k).replace("_", " "), plainly(words, v)) for k, v in value.items() if k != "label")
        rest = "; ".join(f"{k}: {text}" for k, text in found if text)
        label = str(value.get("label") or "")
        return f"{label} ({rest})" if label and rest else label or rest
    if isinstance(value, (list, tuple)):
        return ", ".join(text for v in value if (text := plainly(words, v)))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value).replace("_", " ")
