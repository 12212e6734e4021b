"""Reads entries of a study.yaml: every wrong shape, key or word becomes a finding, and reading goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ipdma.errors import nearest
from ipdma.site.codes import code_key, parse_number
from ipdma.site.findings import Findings
from ipdma.site.study_file import MISSING_KINDS

STUDY_YAML = "study.yaml"
MOST_HINTS = 100


class Entries:
    """Reads parts of a study.yaml into plain values, noting faults in `findings`."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.hints = 0

    def fault(
        self, where: str, what: str, variable: str | None = None, name: str = "bad_entry", **said: Any
    ) -> None:
        """A fault of the mapping."""
        self.findings.add(name, STUDY_YAML, variable, said={"where": where, "what": what, **said})

    def unknown(
        self,
        name: str,
        where: str,
        word: Any,
        known: Iterable[str],
        variable: str | None = None,
        column: str | None = None,
    ) -> None:
        """A word that is not one of the known ones, with the nearest."""
        known = list(known)
        self.hints += 1
        near = nearest(str(word), known) if self.hints <= MOST_HINTS else ""
        hint = near or (f"; known: {', '.join(known)}" if len(known) <= 40 else "")
        said = {"where": where, "word": word, "hint": hint, "known": ", ".join(known)}
        self.findings.add(name, STUDY_YAML, variable, column, said=said)

    def keys(
        self, where: str, given: dict[str, Any], known: Iterable[str], variable: str | None = None
    ) -> None:
        """Report keys that are not known."""
        known = list(known)
        for key in given:
            if key not in known:
                self.unknown("unknown_key", where, key, known, variable)

    def mapping(self, where: str, value: Any, variable: str | None = None) -> dict[str, Any]:
        """A mapping; nothing is an empty one."""
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        self.fault(where, "expected `key: value` lines", variable)
        return {}

    def listing(self, where: str, value: Any, variable: str | None = None) -> list[Any]:
        """A list; nothing is an empty one."""
        if value is None:
            return []
        if isinstance(value, list):
            return value
        self.fault(where, "expected a list, as [a, b] or lines that begin with -", variable)
        return []

    def text(self, where: str, value: Any, variable: str | None = None) -> str | None:
        """A single word or number as text."""
        if value is None or isinstance(value, str):
            return value.strip() or None if value else None
        self.fault(where, "expected a single word or number", variable)
        return None

    def auto(self, where: str, value: Any) -> str | None:
        """As `text`; `auto` is None. A single blank or tab stays."""
        if isinstance(value, str) and value in ("\t", " "):
            return value
        word = self.text(where, value)
        return None if word and word.lower() == "auto" else word

    def number(self, where: str, value: Any, variable: str | None = None) -> float | None:
        """A number."""
        word = self.text(where, value, variable)
        if word is None:
            return None
        number = parse_number(word)
        if number is None:
            self.fault(where, f"got '{word}', expected a number with a decimal point", variable)
        return number

    def count(self, where: str, value: Any) -> int | None:
        """A whole number, 0 or more."""
        number = self.number(where, value)
        if number is not None and (number < 0 or number != int(number)):
            self.fault(where, f"got '{value}', expected a whole number, 0 or more")
            return None
        return None if number is None else int(number)

    def choice(
        self,
        where: str,
        value: Any,
        known: Iterable[str],
        name: str = "unknown_word",
        variable: str | None = None,
    ) -> str | None:
        """One of the known words, upper and lower case alike; else a finding and None."""
        word = self.text(where, value, variable)
        if word is None:
            return None
        found = match_word(word, known)
        if found is None:
            self.unknown(name, where, word, known, variable)
        return found

    def missing(self, where: str, value: Any, variable: str | None = None) -> dict[str, str]:
        """Missing codes with their kind: a list, a single code, or {code: kind}."""
        if value is None:
            return {}
        if isinstance(value, str):
            return {value: "not_given"}
        if isinstance(value, dict):
            kinds = {
                code: self.choice(f"{where}.{code}", kind, MISSING_KINDS, variable=variable)
                for code, kind in value.items()
            }
            return {code: kind or "not_given" for code, kind in kinds.items()}
        codes = [code if isinstance(code, str) else "" for code in self.listing(where, value, variable)]
        if any(isinstance(code, (dict, list)) for code in value):
            self.fault(where, 'expected a list of codes, as ["9", "99"], or {"9": not_applicable}', variable)
        return {code: "not_given" for code in codes}

    def distinct(self, where: str, codes: Mapping[str, Any], variable: str | None = None) -> None:
        """Codes that mean the same (1 and 1.0, m and M) cannot stand for two things."""
        seen: dict[Any, str] = {}
        for code, word in codes.items():
            other = seen.setdefault(code_key(code), code)
            if codes[other] != word:
                said = {"where": where, "word": code, "other": other}
                self.findings.add("code_twice", STUDY_YAML, variable, said=said)


def match_word(word: str, known: Iterable[str]) -> str | None:
    """The known word that this is, exactly or but for case."""
    known = list(known)
    if word in known:
        return word
    return next((each for each in known if each.casefold() == word.strip().casefold()), None)
