"""The `published` numbers of a study.yaml, judged for their shape and flattened to one line each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ipdma.codebook import Codebook
from ipdma.site.codes import parse_number
from ipdma.site.entries import Entries
from ipdma.site.study_file import Arm

NUMBERS = ("n", "mean", "sd", "percent")


@dataclass(frozen=True)
class PublishedNumber:
    """One printed number: of an arm, of a variable (and level) or of an instrument at a time point."""

    arm: str
    name: str | None
    level: str | None
    timepoint: str | None
    weeks: float | None
    what: str
    printed: str

    @property
    def label(self) -> str:
        """Where it stands, for messages."""
        time = self.timepoint and (
            self.timepoint if self.weeks is None else f"{self.timepoint}@{self.weeks:g}"
        )
        return ", ".join(part for part in (f"arm {self.arm}", self.name, self.level, time) if part)


def check_published(value: Any, arms: dict[str, Arm], codebook: Codebook, entries: Entries) -> dict[str, Any]:
    """The published block as it stands; unknown arms, names, time points and words are findings."""
    given = entries.mapping("published", value)
    entries.keys("published", given, ("reference", "arms"))
    for _ in read_published(given, arms, codebook, entries):
        pass
    return given


def read_published(
    given: dict[str, Any], arms: dict[str, Arm], codebook: Codebook, entries: Entries
) -> Iterator[PublishedNumber]:
    """Every number of the block."""
    for arm, content in entries.mapping("published.arms", given.get("arms")).items():
        where = f"published.arms.{arm}"
        if arm not in arms:
            entries.unknown("undeclared_arm", "published.arms", arm, arms, "arm")
            continue
        for name, entry in entries.mapping(where, content).items():
            place = f"{where}.{name}"
            if name == "n":
                yield from one_number(place, arm, None, None, (None, None), "n", entry, entries)
            elif name in codebook.instruments:
                yield from at_times(place, arm, name, entry, codebook, entries)
            elif name in codebook.variables:
                yield from of_variable(place, arm, name, entry, codebook, entries)
            else:
                known = [*codebook.variables, *codebook.instruments]
                entries.unknown("unknown_variable", where, name, known, name)


def at_times(
    place: str, arm: str, name: str, value: Any, codebook: Codebook, entries: Entries
) -> Iterator[PublishedNumber]:
    """Numbers of an instrument, by time point or `follow_up@52`."""
    for time, numbers in entries.mapping(place, value, name).items():
        timepoint, _, weeks = (part.strip() for part in time.partition("@"))
        if timepoint not in codebook.timepoints:
            entries.unknown("unknown_timepoint", place, time, codebook.timepoints, name)
            continue
        at = entries.number(f"{place}.{time}", weeks or None, name)
        if weeks and at is None:
            continue
        yield from all_numbers(
            f"{place}.{time}", arm, name, None, (timepoint, at), numbers, ("n", "mean", "sd"), entries
        )


def of_variable(
    place: str, arm: str, name: str, value: Any, codebook: Codebook, entries: Entries
) -> Iterator[PublishedNumber]:
    """Numbers of a variable; those of a category stand under its levels."""
    levels = codebook.variables[name].levels
    given = entries.mapping(place, value, name)
    nested = {key: entry for key, entry in given.items() if key in levels}
    flat = {key: entry for key, entry in given.items() if key not in levels}
    for level, numbers in nested.items():
        yield from all_numbers(
            f"{place}.{level}", arm, name, level, (None, None), numbers, ("n", "percent"), entries
        )
    if levels and any(key == "percent" for key in flat) and default_level(name, levels) is None:
        entries.fault(
            place,
            f"say of which level the percent is: {{LEVEL: {{percent: ...}}}}, one of {', '.join(levels)}",
            name,
        )
        return
    known = ("n", "percent", *levels) if levels else ("n", "mean", "sd")
    yield from all_numbers(place, arm, name, default_level(name, levels), (None, None), flat, known, entries)


def default_level(name: str, levels: Any) -> str | None:
    """The level that a bare percent is about: yes, and female as papers print it."""
    if "yes" in levels:
        return "yes"
    return "female" if name == "sex" else None


def all_numbers(
    place: str,
    arm: str,
    name: str,
    level: str | None,
    time: tuple[str | None, float | None],
    value: Any,
    known: tuple[str, ...],
    entries: Entries,
) -> Iterator[PublishedNumber]:
    """The numbers of one innermost block."""
    given = entries.mapping(place, value, name)
    entries.keys(place, given, known, name)
    for what, printed in given.items():
        if what in NUMBERS:
            yield from one_number(place, arm, name, level, time, what, printed, entries)


def one_number(
    place: str,
    arm: str,
    name: str | None,
    level: str | None,
    time: tuple[str | None, float | None],
    what: str,
    value: Any,
    entries: Entries,
) -> Iterator[PublishedNumber]:
    """A single printed number."""
    text = entries.text(f"{place}.{what}", value, name)
    if text is None:
        return
    if parse_number(text.rstrip("%").strip()) is None:
        entries.fault(f"{place}.{what}", f"got '{text}', expected a number with a decimal point", name)
        return
    yield PublishedNumber(arm, name, level, *time, what, text.rstrip("%").strip())
