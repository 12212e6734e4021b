"""Answers and totals that are possible one by one, hardly so together: shifted codes, heaps at the lowest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ipdma.codebook import Range, Scoring
from ipdma.site.checks.labels import other_scores
from ipdma.site.codes import code_key
from ipdma.site.judge import Outcome
from ipdma.site.reading import Reading
from ipdma.site.study_file import AssessmentMap
from ipdma.site.table import Column

FEWEST_ANSWERS = 40
FEWEST_PEOPLE = 5
FEWEST_KINDS = 3
FEWEST_OTHERS = 8


def report_items(
    reading: Reading,
    entry: AssessmentMap,
    columns: Sequence[Column],
    scoring: Scoring,
    outcomes: Sequence[Sequence[Outcome]],
    positions: Sequence[int],
) -> None:
    """What the answers of all items together say of their coding."""
    name = f"{columns[0].name}..{columns[-1].name}"
    report_labels(reading, entry, columns, positions, name)
    rows = [reading.table.rows[p] for p in positions]
    answered = [row for row, given in zip(rows, zip(*outcomes, strict=True), strict=True) if any_value(given)]
    if len(answered) >= FEWEST_PEOPLE and is_shifted(outcomes, scoring):
        low = f"{scoring.item_ranges[0].bounds[0]:g}"
        places = [(row, "") for row in answered]
        said = {"low": low, "next": f"{scoring.item_ranges[0].bounds[0] + 1:g}"}
        reading.findings.add(
            "items_shifted", reading.table.file, entry.instrument, name, places, of=len(rows), said=said
        )


def any_value(outcomes: Sequence[Outcome]) -> bool:
    """Whether one of these is a number."""
    return any(isinstance(outcome.value, float) for outcome in outcomes)


def is_shifted(outcomes: Sequence[Sequence[Outcome]], scoring: Scoring) -> bool:
    """Whether nobody gave the lowest answer to any item, while three answers or more occur."""
    seen: Counter[float] = Counter()
    for item, column in zip(scoring.item_ranges, outcomes, strict=True):
        low, high = item.bounds
        for outcome in column:
            if isinstance(outcome.value, float):
                if outcome.value <= low or outcome.value > high + 1:
                    return False
                seen[outcome.value - low] += 1
    return sum(seen.values()) >= FEWEST_ANSWERS and len(seen) >= FEWEST_KINDS


def report_labels(
    reading: Reading, entry: AssessmentMap, columns: Sequence[Column], positions: Sequence[int], name: str
) -> None:
    """Labels that state another score than their code."""
    places: dict[int, str] = {}
    told: dict[str, str] = {}
    for column in columns:
        wrong = {code_key(code): label for code, label in other_scores(column).items()}
        for position in positions if wrong else ():
            cell = column.cells[position]
            if cell.strip() and code_key(cell) in wrong:
                places.setdefault(reading.table.rows[position], cell)
                told.setdefault(cell, wrong[code_key(cell)])
    if places:
        labels = ", ".join(f"'{cell}' is labelled '{label}'" for cell, label in sorted(told.items()))
        reading.findings.add(
            "label_score",
            reading.table.file,
            entry.instrument,
            name,
            sorted(places.items()),
            of=len(positions),
            private={"labels": labels},
        )


def report_heap(
    reading: Reading,
    entry: AssessmentMap,
    column: Column,
    bounds: Range | None,
    outcomes: Sequence[Outcome],
    positions: Sequence[int],
) -> None:
    """Totals that are exactly the lowest for many, with nothing just above: a look-up that found nothing?"""
    if bounds is None:
        return
    low, high = bounds.bounds
    values = [o.value if isinstance(o.value, float) and o.fault is None else None for o in outcomes]
    lowest = [p for p, value in zip(positions, values, strict=True) if value == low]
    others = [value for value in values if value is not None and value > low]
    if len(others) < FEWEST_OTHERS or not is_heap(len(lowest), len(others), min(others) - low, high - low):
        return
    places = [(reading.table.rows[p], column.cells[p]) for p in lowest]
    said = {"low": f"{low:g}"}
    private = {"next": f"{min(others):g}"}
    file = reading.table.file
    reading.findings.add(
        "many_lowest",
        file,
        entry.instrument,
        column.name,
        places,
        of=len(positions),
        said=said,
        private=private,
    )


def is_heap(lowest: int, others: int, gap: float, width: float) -> bool:
    """Whether so many at the lowest, so far below all others, are hardly scores."""
    many = lowest >= max(4, 0.15 * (lowest + others)) and gap >= max(3, 0.05 * width)
    return many or (lowest >= 2 and gap >= max(8, 0.15 * width))
