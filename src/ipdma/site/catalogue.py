"""The message catalogue: every sentence that a finding says, by code and language."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import Any

from ipdma.codebook.text_yaml import read_text_mapping
from ipdma.privacy.cells import say_count
from ipdma.site.findings import Finding

LANGUAGES = ("en", "nl")
SHOWN_ROWS = 8
CODE_IN_PLACE = re.compile(r"(\.(?:values|missing))\..*")


@lru_cache(maxsize=len(LANGUAGES))
def load_catalogue(language: str = "en") -> dict[str, Any]:
    """All messages and phrases of a language."""
    name = f"messages/{language}.yaml"
    return read_text_mapping((files(__package__) / name).read_text("utf-8"), name)


class Words(dict):
    """Words to fill in; one that is not there stays empty instead of stopping a report."""

    def __missing__(self, key: str) -> str:
        return ""


def fill(template: str, words: dict[str, Any]) -> str:
    """A template with its words; gaps closed."""
    text = template.format_map(Words(words))
    return (
        " ".join(text.split())
        .replace(" ,", ",")
        .replace(" .", ".")
        .replace(" ;", ";")
        .replace(" :", ":")
        .replace("?.", "?")
    )


def say(finding: Finding, language: str = "en") -> tuple[str, str]:
    """Message and remedy for the local report: with cells and rows."""
    entry = load_catalogue(language)[finding.code]
    words: dict[str, Any] = {**common(finding, language), **finding.said, **finding.private}
    words |= {"n": finding.count, "of": finding.of, "examples": say_examples(finding, language)}
    message = fill(entry["message"], words)
    return message + (f" ({finding.private['labels']})" if finding.private.get("labels") else ""), fill(
        entry["remedy"], words
    )


def say_shared(finding: Finding, language: str = "en") -> tuple[str, str]:
    """Message and remedy for the shareable report: no cell, no row, no small count."""
    entry = load_catalogue(language)[finding.code]
    listed = {"allowed": load_catalogue(language)["phrases"]["listed"]}
    words = {**common(finding, language), **listed, **finding.said}
    words["where"] = CODE_IN_PLACE.sub(r"\1", finding.said.get("where", ""))
    words |= {"n": say_count(finding.count), "of": say_count(finding.of), "examples": ""}
    return fill(entry.get("shared") or entry["message"], words), fill(entry["remedy"], words)


def common(finding: Finding, language: str) -> dict[str, str]:
    """Words that every message may use."""
    phrases = load_catalogue(language)["phrases"]
    name = finding.variable or ""
    column = (
        phrases["column"].format(column=finding.column) if finding.column and finding.column != name else ""
    )
    prefix = f"{name}: " if name else ""
    return {
        "prefix": prefix,
        "file": finding.file,
        "variable": name,
        "column": finding.column or "",
        "in_column": column,
    }


def say_examples(finding: Finding, language: str) -> str:
    """The first offending cells with their rows, and how many more there are."""
    phrases = load_catalogue(language)["phrases"]
    shown = [
        phrases["example"].format(cell=cell, row=row) if cell.strip() else phrases["row"].format(row=row)
        for row, cell in list(zip(finding.rows, finding.values, strict=True))[:SHOWN_ROWS]
    ]
    more = len(finding.rows) - len(shown)
    if more > 0:
        shown.append(phrases["more"].format(more=more))
    return ": " + ", ".join(shown) if shown else ""
