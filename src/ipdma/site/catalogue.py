"""The message catalogue: every sentence that a finding says, by code and language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

from ipdma.codebook.text_yaml import read_text_mapping
from ipdma.privacy.cells import FEW, say_count
from ipdma.privacy.few import ALL_BUT, say_few
from ipdma.site.findings import Finding
from ipdma.site.sharing import for_sharing

LANGUAGES = ("en", "nl")
SHOWN_ROWS = 8
CODE_IN_PLACE = re.compile(r"(\.(?:values|missing))\..*")


@lru_cache(maxsize=len(LANGUAGES))
def load_catalogue(language: str = "en") -> dict[str, Any]:
    """All messages and phrases of a language; a ValueError where there are none."""
    if language not in LANGUAGES:
        raise ValueError(f"language {language!r}: expected one of {', '.join(LANGUAGES)}")
    name = f"messages/{language}.yaml"
    return read_text_mapping((files(__package__) / name).read_text("utf-8"), name, fast=True)


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
    words |= placed(finding.said, finding.said.get("where", ""), language)
    words |= {"n": finding.count, "of": finding.of, "examples": say_examples(finding, language)}
    message = fill(entry["message"], words)
    return message + (f" ({finding.private['labels']})" if finding.private.get("labels") else ""), fill(
        entry["remedy"], words
    )


def say_shared(finding: Finding, language: str = "en", fewest: int = FEW) -> tuple[str, str]:
    """Message and remedy for the shareable report: no cell, no row, no small count."""
    phrases = load_catalogue(language)["phrases"]
    finding = for_sharing(finding, phrases["data_file"])
    entry = load_catalogue(language)[finding.code]
    listed = {"allowed": phrases["listed"]}
    words = {**common(finding, language), **listed, **finding.said}
    words |= placed(finding.said, CODE_IN_PLACE.sub(r"\1", finding.said.get("where", "")), language)
    count, of = say_count(finding.count, fewest, finding.of), say_count(finding.of, fewest)
    if count.startswith(ALL_BUT):
        count = say_all_but(fewest, language)
    words |= {"n": count, "of": of, "examples": ""}
    return fill(entry.get("shared") or entry["message"], words), fill(entry["remedy"], words)


def say_all_but(fewest: int, language: str) -> str:
    """`all but <5` in words of a language."""
    return str(load_catalogue(language)["phrases"]["all_but"]).format(few=say_few(fewest))


def placed(said: dict[str, str], where: str, language: str) -> dict[str, str]:
    """The entry of study.yaml that a finding is about, with its line."""
    line = said.get("line")
    if line is None:
        return {"where": where, "on_line": ""}
    phrases = load_catalogue(language)["phrases"]
    return {
        "where": phrases["line"].format(line=line, where=where),
        "on_line": phrases["on_line"].format(line=line),
    }


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


def say_together(findings: Sequence[Finding], language: str = "en") -> tuple[str, str] | None:
    """Message and remedy for findings of one code at once; None for a single one, or where no words are."""
    entry = load_catalogue(language)[findings[0].code]
    if "many" not in entry or len(findings) < 2 or any(finding.confirmed for finding in findings):
        return None
    names = dict.fromkeys(
        fill(entry["name"], {**common(f, language), **f.said, "n": f.count}) for f in findings
    )
    words = {**common(findings[0], language), "n": len(findings), "names": ", ".join(names)}
    remedy = entry.get("remedy_many") or entry["remedy"]
    return fill(entry["many"], words), fill(remedy, words)


def say_examples(finding: Finding, language: str) -> str:
    """The first offending cells, each once with its rows, and how many more there are."""
    phrases = load_catalogue(language)["phrases"]
    cells: dict[str, list[int]] = {}
    for row, cell in zip(finding.rows, finding.values, strict=True):
        cells.setdefault(cell.strip() and cell, []).append(row)
    shown = [say_cell(cell, rows, phrases) for cell, rows in list(cells.items())[:SHOWN_ROWS]]
    more = sum(len(rows) for rows in list(cells.values())[SHOWN_ROWS:])
    if more:
        shown.append(phrases["more"].format(more=more))
    return ": " + ", ".join(shown) if shown else ""


def say_cell(cell: str, rows: Sequence[int], phrases: dict[str, str]) -> str:
    """One cell with the first of its rows; `rows 3, 5` where it is empty."""
    most = SHOWN_ROWS if not cell else SHOWN_ROWS // 2
    if len(rows) == 1:
        return phrases["example" if cell else "row"].format(cell=cell, row=rows[0])
    told = ", ".join(map(str, rows[:most]))
    if len(rows) > most:
        told += f" {phrases['more'].format(more=len(rows) - most)}"
    return phrases["example_rows" if cell else "rows_of"].format(cell=cell, n=len(rows), rows=told)
