"""The numbers that the trial's own paper prints, against the data: half a unit of the last printed digit
either way."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ipdma.codebook import Codebook
from ipdma.site.codes import last_digit
from ipdma.site.entries import Entries
from ipdma.site.facts import Facts
from ipdma.site.findings import Findings
from ipdma.site.read_published import PublishedNumber, read_published
from ipdma.site.study_file import StudyFile

TINY = 1e-9
Interval = tuple[float, float]


def check_published(
    file: StudyFile, facts: Facts, codebook: Codebook, findings: Findings, not_checked: list[dict[str, str]]
) -> None:
    """Compare every published number with the data."""
    for printed in read_published(file.published, file.arms, codebook, Entries(Findings())):
        found, why_not = recompute(printed, facts, codebook)
        if why_not:
            not_checked.append(
                {"check": "published", "what": f"{printed.label}, {printed.what}", "why": why_not}
            )
            continue
        half = last_digit(printed.printed) + TINY
        value = float(printed.printed)
        if not any(low - half <= value <= high + half for low, high in found):
            told = ", ".join(dict.fromkeys(f"{low:.6g}" for low, _ in found)) or "none"
            said = {"where": printed.label, "what": printed.what, "printed": printed.printed}
            findings.add(
                "published_disagrees", "study.yaml", printed.name or "arm", said=said, private={"found": told}
            )


def recompute(printed: PublishedNumber, facts: Facts, codebook: Codebook) -> tuple[list[Interval], str]:
    """What the data say, as intervals that allow for cells still to be mended; or why it cannot be said."""
    people = [number for number, person in enumerate(facts.persons) if person.arm == printed.arm]
    if printed.name is None:
        return [(len(people), len(people) + facts.unresolved)], ""
    if printed.timepoint is not None:
        return of_scores(printed, people, facts)
    values = [facts.persons[number].cells.get(printed.name) for number in people]
    given = [cell.value for cell in values if cell is not None and cell.value is not None]
    if not given:
        return [], f"{printed.name} has no value in this arm"
    if printed.level is not None:
        return of_level(printed, given, len(people))
    numbers = [value for value in given if isinstance(value, float)]
    bounds = codebook.variables[printed.name].range
    unknown = facts.unresolved + facts.faulty_values[printed.name]
    return of_numbers(printed.what, numbers, unknown, bounds.bounds if bounds else None)


def of_level(printed: PublishedNumber, given: Sequence[object], people: int) -> tuple[list[Interval], str]:
    """Count and percent of a level, of those with a value or of the whole arm; n may also be those with a
    value."""
    hits = sum(value == printed.level for value in given)
    if printed.what == "percent":
        shares = {100 * hits / len(given), 100 * hits / people}
        return [(share, share) for share in sorted(shares)], ""
    return [(n, n) for n in sorted({hits, len(given)})], ""


def of_scores(printed: PublishedNumber, people: Sequence[int], facts: Facts) -> tuple[list[Interval], str]:
    """Numbers of an instrument at a time point, for each rating and scoring that the data hold."""
    chosen = set(people)
    scores = [s for s in facts.scores if s.instrument == printed.name and s.timepoint == printed.timepoint]
    if printed.weeks is not None:
        scores = [s for s in scores if s.weeks == printed.weeks]
    elif len({s.weeks for s in scores}) > 1:
        return [], f"several {printed.timepoint} visits; say which, as {printed.timepoint}@WEEKS"
    faulty = sum(
        1
        for person, name, time, _ in facts.faulty
        if person in chosen and (name, time) == (printed.name, printed.timepoint)
    )
    groups: dict[tuple[str, str], list[float]] = {}
    for score in scores:
        groups.setdefault((score.rating, score.scoring), [])
        if score.person in chosen:
            groups[score.rating, score.scoring].append(score.value)
    if not any(groups.values()):
        return [], f"no score of {printed.name} at {printed.timepoint} in this arm"
    if printed.what == "sd" and faulty + facts.unresolved:
        return [], "scores or arms must be corrected first"
    results = [
        of_numbers(printed.what, values, faulty + facts.unresolved, None)[0]
        for values in groups.values()
        if values
    ]
    return [interval for result in results for interval in result], ""


def of_numbers(
    what: str, values: Sequence[float], unknown: int, bounds: Interval | None
) -> tuple[list[Interval], str]:
    """n, mean or sample standard deviation; `unknown` values may come to it, inside what was seen or is
    possible."""
    n = len(values)
    if what == "n":
        return [(n, n + unknown)], ""
    if n == 0:
        return [], "no value in this arm"
    if what == "mean":
        low, high = bounds if bounds and unknown else (min(values), max(values))
        total = math.fsum(values)
        return [
            (
                min(total / n, (total + unknown * low) / (n + unknown)),
                max(total / n, (total + unknown * high) / (n + unknown)),
            )
        ], ""
    if n < 2 or unknown:
        return [], "a standard deviation needs two values, all of them right"
    mean = math.fsum(values) / n
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    return [(sd, sd)], ""
