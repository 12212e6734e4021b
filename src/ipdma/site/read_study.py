"""study.yaml becomes a `StudyFile`; everything wrong with it is a finding, without a look at the data."""

from __future__ import annotations

import re
from typing import Any

from ipdma.codebook import Codebook
from ipdma.site.entries import Entries, match_word
from ipdma.site.findings import Findings
from ipdma.site.read_assessments import read_assessments, read_time
from ipdma.site.read_published import check_published
from ipdma.site.read_variables import read_variables
from ipdma.site.study_file import LAYOUTS, ORDERS, Arm, KeepRows, Source, StudyFile, Visit

TOP = ("ipdma_study", "study", "source", "arms", "variables", "assessments", "published", "confirmed")
HARMONISED = ("ipdma_study", "study", "source", "arms", "published", "confirmed")
STUDY = ("id", "country", "year", "randomised")
SOURCE = (
    "file",
    "sheet",
    "encoding",
    "separator",
    "decimal",
    "dates",
    "missing",
    "layout",
    "visit",
    "keep_rows",
)
CONFIRMED = ("code", "variable", "n", "why", "by", "on")
SAFE_ID = re.compile(r"[^\W_][\w .()+-]*\Z")


def read_study(content: dict[str, Any], codebook: Codebook, findings: Findings) -> StudyFile:
    """Understand a study.yaml.

    Parameters
    ----------
    content : dict
        As `read_text_mapping` gives it.
    codebook : Codebook
        Built in, with the study's own folder beside it.
    findings : Findings
        Takes every fault.
    """
    entries = Entries(findings)
    source = read_source(content.get("source"), codebook, entries)
    harmonised = source.layout == "harmonised"
    entries.keys("study.yaml", content, HARMONISED if harmonised else TOP)
    if content.get("ipdma_study") not in (None, "1"):
        entries.fault("ipdma_study", f"this program reads version 1, not {content['ipdma_study']}")
    study = entries.mapping("study", content.get("study"))
    arms = read_arms(content.get("arms"), codebook, entries)
    file = StudyFile(
        id=read_id(study, entries),
        randomised=entries.count("study.randomised", study.get("randomised")),
        source=source,
        arms=arms,
        published=check_published(content.get("published"), arms, codebook, entries),
        confirmed=read_confirmed(content.get("confirmed"), entries),
        study=study,
        raw_arms=content["arms"] if isinstance(content.get("arms"), dict) else {},
        mentions=tuple(mentioned(content)),
    )
    if not harmonised:
        file.variables = read_variables(content.get("variables"), file, codebook, entries)
        file.assessments = read_assessments(content.get("assessments"), file, codebook, entries)
    return file


def mentioned(content: dict[str, Any]) -> list[str]:
    """Every column name that variables and assessments mention, understood or not."""
    variables, assessments = content.get("variables"), content.get("assessments")
    entries = list(variables.values()) if isinstance(variables, dict) else []
    entries += assessments if isinstance(assessments, list) else []
    names: list[Any] = []
    for entry in entries:
        for key in ("from", "first_of", "days_between", "total", "items") if isinstance(entry, dict) else ():
            value = entry.get(key)
            names += value if isinstance(value, list) else [value]
    return [name for name in names if isinstance(name, str)]


def read_id(study: dict[str, Any], entries: Entries) -> str:
    """The study's identifier, which also names files."""
    entries.keys("study", study, STUDY)
    entries.count("study.year", study.get("year"))
    entries.text("study.country", study.get("country"))
    name = entries.text("study.id", study.get("id"))
    if name is None:
        entries.findings.add("required_unmapped", "study.yaml", "study", said={"what": "study.id"})
    elif not SAFE_ID.match(name):
        entries.fault(
            "study.id",
            "must begin with a letter or digit and hold letters, digits, blanks, dots, _ and - alone",
        )
    return name or ""


def read_source(value: Any, codebook: Codebook, entries: Entries) -> Source:
    """The file and how it is written."""
    given = entries.mapping("source", value)
    layout = entries.choice("source.layout", given.get("layout"), LAYOUTS) or "wide"
    entries.keys("source", given, ("layout",) if layout == "harmonised" else SOURCE)
    decimal = entries.auto("source.decimal", given.get("decimal"))
    dates = entries.auto("source.dates", given.get("dates"))
    missing = entries.missing("source.missing", given.get("missing"))
    entries.distinct("source.missing", missing)
    source = Source(
        file=entries.text("source.file", given.get("file")),
        sheet=entries.text("source.sheet", given.get("sheet")),
        encoding=entries.auto("source.encoding", given.get("encoding")),
        separator=entries.auto("source.separator", given.get("separator")),
        decimal=entries.choice("source.decimal", decimal, (".", ",")),
        dates=entries.choice("source.dates", dates, ORDERS),
        missing=missing,
        layout=layout,
        keep=read_keep(given.get("keep_rows"), entries),
    )
    if layout == "long":
        read_visits(given.get("visit"), source, codebook, entries)
    elif given.get("visit") is not None:
        entries.fault(
            "source.visit",
            "belongs to `layout: long` alone; a wide file names the time point in each assessment",
        )
    return source


def read_keep(value: Any, entries: Entries) -> KeepRows | None:
    """Which rows to keep: one code or a list."""
    given = entries.mapping("source.keep_rows", value)
    if not given:
        return None
    entries.keys("source.keep_rows", given, ("column", "equals", "why"))
    column = entries.text("source.keep_rows.column", given.get("column"))
    equals = given.get("equals")
    codes = [equals] if isinstance(equals, str) else entries.listing("source.keep_rows.equals", equals)
    codes = [code for code in codes if isinstance(code, str)]
    why = entries.text("source.keep_rows.why", given.get("why"))
    for key, found in (("column", column), ("equals", codes), ("why", why)):
        if not found:
            entries.fault(f"source.keep_rows.{key}", "is missing; say column, equals and why")
    return KeepRows(column, tuple(codes), why or "not kept") if column and codes else None


def read_visits(value: Any, source: Source, codebook: Codebook, entries: Entries) -> None:
    """The visit column of a long file and where each of its codes belongs."""
    given = entries.mapping("source.visit", value)
    entries.keys("source.visit", given, ("column", "values"))
    source.visit_column = entries.text("source.visit.column", given.get("column"))
    if source.visit_column is None:
        said = {"what": "source.visit.column"}
        entries.findings.add("required_unmapped", "study.yaml", "visit", said=said)
    values = entries.mapping("source.visit.values", given.get("values"))
    entries.distinct("source.visit.values", values)
    for code, entry in values.items():
        where = f"source.visit.values.{code}"
        entry = entries.mapping(where, entry)
        entries.keys(where, entry, ("timepoint", "weeks", "ignore"))
        if "ignore" in entry:
            source.visits[code] = Visit(ignore=entries.text(f"{where}.ignore", entry["ignore"]) or "ignored")
            continue
        timepoint, weeks = read_time(where, entry, codebook, entries)
        source.visits[code] = Visit(timepoint, weeks)


def read_arms(value: Any, codebook: Codebook, entries: Entries) -> dict[str, Arm]:
    """The arms of the trial."""
    arms: dict[str, Arm] = {}
    given = entries.mapping("arms", value)
    if not given:
        entries.findings.add("required_unmapped", "study.yaml", "arm", said={"what": "arms"})
    for name, entry in given.items():
        where = f"arms.{name}"
        entry = entries.mapping(where, entry)
        entries.keys(where, entry, ("condition", "label", "randomised"))
        condition = entries.choice(
            f"{where}.condition", entry.get("condition"), codebook.conditions, "unknown_condition", "arm"
        )
        if entry.get("condition") is None:
            entries.fault(where, f"names no condition; one of {', '.join(codebook.conditions)}", "arm")
        label = entries.text(f"{where}.label", entry.get("label")) or ""
        arms[name] = Arm(
            name, condition or "", label, entries.count(f"{where}.randomised", entry.get("randomised"))
        )
    return arms


def read_confirmed(value: Any, entries: Entries) -> list[dict[str, Any]]:
    """Findings that the site has looked at."""
    confirmed = []
    for position, entry in enumerate(entries.listing("confirmed", value), start=1):
        where = f"confirmed, entry {position}"
        entry = entries.mapping(where, entry)
        entries.keys(where, entry, CONFIRMED)
        n = entries.count(f"{where}, n", entry.get("n"))
        for key in ("code", "n", "why"):
            if not entry.get(key):
                entries.fault(where, f"names no {key}; say code, variable, n, why, by, on")
        if entry.get("code") and n is not None and entry.get("why"):
            confirmed.append({**entry, "n": n})
    return confirmed


def arm_named(word: str, arms: dict[str, Arm]) -> str | None:
    """The arm of this name, or of this label."""
    found = match_word(word, arms)
    if found is None:
        labels = {arm.label: name for name, arm in arms.items() if arm.label}
        label = match_word(word, labels)
        found = labels[label] if label else None
    return found
