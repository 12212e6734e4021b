"""The plan as a table in words: what was decided, without its keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from ipdma.report.wording import heading
from ipdma.report.words import STANDARDISE, instrument_words, instruments

LEFT_OUT = ("title", "footer", "studies", "registry", "results", "codebook")  # names of files


def plan_table(plan: Mapping[str, Any]) -> str:
    """Two columns: what, and what was decided."""
    rows = "".join(
        f'<tr><th scope="row" class="left">{escape(what)}</th><td class="left">{escape(said)}</td></tr>'
        for what, said in plan_rows(plan)
    )
    return (
        '<figure class="table"><div class="scroll" tabindex="0" role="region" aria-label="The plan in words">'
        '<table><caption>The plan in words</caption><thead><tr><th scope="col" class="left">What</th>'
        f'<th scope="col" class="left">Decision</th></tr></thead><tbody>{rows}</tbody></table></div></figure>'
    )


def plan_rows(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every top-level part of the plan, in its order."""
    for key, value in plan.items():
        if key not in LEFT_OUT:
            yield heading(key), decision(key, value)


def decision(key: str, value: Any) -> str:
    """A value in words: names by their labels, lists with commas, entries with semicolons."""
    if key == "standardise":
        return STANDARDISE.get(str(value), str(value))
    return said(value) or "nothing"


def said(value: Any) -> str:
    """A value as text a reader follows."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        if value.get("label"):
            rest = {k: v for k, v in value.items() if k != "label"}
            return f"{value['label']} ({said(rest)})" if said(rest) else str(value["label"])
        kept = ((k, said(v)) for k, v in value.items())
        return "; ".join(f"{spoken(k)}: {text}" for k, text in kept if text)
    if isinstance(value, (list, tuple)):
        return ", ".join(text for v in value if (text := said(v)))
    return "" if value is None else spoken(value)


def spoken(value: Any) -> str:
    """An instrument by its label, another name without underscores."""
    text = str(value)
    return instrument_words(text) if text in instruments() else text.replace("_", " ")
