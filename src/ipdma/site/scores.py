"""Makes every score: totals as they stand, items by the instrument's rules, named crosswalks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ipdma.codebook import Scoring
from ipdma.site.checks.items import report_heap, report_items
from ipdma.site.facts import Facts, Score
from ipdma.site.judge import Judge, NumberTarget, Outcome
from ipdma.site.missing_codes import OF_SCORES
from ipdma.site.read_assessments import crosswalk_of, delivered, measured, score_key
from ipdma.site.reading import Reading
from ipdma.site.scoring import score_items, totals_of
from ipdma.site.study_file import AssessmentMap, Visit
from ipdma.site.table import Column


@dataclass
class Found:
    """The scores of one assessment entry (or of a pair of total and items), one per kept row that takes
    part."""

    positions: list[int]
    values: list[float | None]
    texts: list[str]
    column: str | None
    faulty: list[bool]


def make_scores(
    reading: Reading, owners: Sequence[int | None], visits: Sequence[Visit | None], facts: Facts
) -> None:
    """Fill `facts.scores` and `facts.planned`."""
    # rows without an identifier or with an unlisted visit give no score, yet their cells are judged
    for group in pair_up(reading):
        if not reading.file.long:
            taking_part = list(range(len(owners)))
            add_scores(
                reading,
                group,
                taking_part,
                owners,
                [Visit(group[0].timepoint, group[0].weeks)] * len(owners),
                facts,
            )
            continue
        taking_part = [i for i, visit in enumerate(visits) if takes_part(visit)]
        add_scores(reading, group, taking_part, owners, visits, facts)


def takes_part(visit: Visit | None) -> bool:
    """Whether scores of this visit are judged: not those of a visit that is ignored."""
    return visit is None or visit.ignore is None


def pair_up(reading: Reading) -> list[list[AssessmentMap]]:
    """Entries of one assessment together: a total and the items that it should be the sum of."""
    groups: dict[object, list[AssessmentMap]] = {}
    for entry in reading.file.assessments:
        groups.setdefault((*score_key(entry, reading.codebook), entry.timepoint, entry.weeks), []).append(
            entry
        )
    return list(groups.values())


def add_scores(
    reading: Reading,
    group: list[AssessmentMap],
    indexes: list[int],
    owners: Sequence[int | None],
    visits: Sequence[Visit | None],
    facts: Facts,
) -> None:
    """The scores of one assessment at its visits."""
    positions = [reading.kept[i] for i in indexes]
    found = find_scores(reading, group, positions)
    entry = group[0]
    column = found.column if found else group[0].total
    plan(reading, entry, [visits[i] for i in indexes] if reading.file.long else visits[:1], column, facts)
    if found is None:
        facts.unread.add(delivered(entry, reading.codebook).name)
        return
    crosswalk = crosswalk_of(entry, reading.codebook)
    name, rating, scoring = score_key(entry, reading.codebook)
    lost: list[tuple[int, str]] = []
    for i, position, value, text, bad in zip(
        indexes, positions, found.values, found.texts, found.faulty, strict=True
    ):
        visit, owner = visits[i], owners[i]
        if value is None and visit is not None and owner is not None:
            place = (owner, name, visit.timepoint, visit.weeks)
            facts.blank[place] = reading.table.rows[position]
            facts.faulty |= {place} if bad else set()
        if value is not None and crosswalk is not None:
            converted = crosswalk.convert(value)
            lost += [(reading.table.rows[position], text)] if converted is None else []
            value = converted
        if value is None or visit is None or visit.timepoint is None or owner is None:
            continue
        row = reading.table.rows[position]
        facts.scores.append(
            Score(owner, name, rating, visit.timepoint, visit.weeks, value, scoring, row, found.column, text)
        )
    if lost:
        said = {"why": f"outside the published points of {entry.convert}"}
        reading.findings.add(
            "score_not_computed", reading.table.file, name, found.column, lost, of=len(positions), said=said
        )


def plan(
    reading: Reading, entry: AssessmentMap, visits: Sequence[Visit | None], column: str | None, facts: Facts
) -> None:
    """Remember which assessments should exist."""
    name = delivered(entry, reading.codebook).name
    if reading.file.long:
        visits = list(reading.file.source.visits.values())
    for visit in visits:
        if visit is not None and visit.timepoint is not None:
            facts.planned.append((name, visit.timepoint, visit.weeks, column))


def find_scores(reading: Reading, group: list[AssessmentMap], positions: list[int]) -> Found | None:
    """Totals and item scores of one assessment; where both stand the items count and the total is compared.

    None where no column of it can be found.
    """
    totals = next((f for e in group if e.total and (f := read_total(reading, e, positions))), None)
    items = next((f for e in group if e.items and (f := read_items(reading, e, positions, totals))), None)
    if items is None:
        return totals
    if totals is None:
        return items
    values = [
        item if item is not None else total for item, total in zip(items.values, totals.values, strict=True)
    ]
    faulty = [item or total for item, total in zip(items.faulty, totals.faulty, strict=True)]
    return Found(positions, values, totals.texts, totals.column, faulty)


def score_judge(reading: Reading, entry: AssessmentMap, column: Column, target: NumberTarget) -> Judge:
    """How cells of a total or an item are understood."""
    return Judge(
        column,
        target,
        own_missing=entry.missing,
        source_missing=reading.file.source.missing,
        decimal=reading.decimal,
    )


def read_total(reading: Reading, entry: AssessmentMap, positions: list[int]) -> Found | None:
    """A column of totals."""
    column = reading.columns.find(entry.total or "", entry.instrument)
    if column is None:
        return None
    scoring = measured(entry, reading.codebook).scoring(entry.scoring)
    target = NumberTarget(
        scoring.range, whole="non_integer_total" if scoring.integer else None, decimal=reading.decimal
    )
    judge = score_judge(reading, entry, column, target)
    outcomes = reading.read_column(
        column, judge, entry.instrument, target.allowed(), positions, suspicious=OF_SCORES
    )
    report_heap(reading, entry, column, target.range, outcomes, positions)
    values = [number_of(outcome) for outcome in outcomes]
    faulty = [outcome.fault is not None for outcome in outcomes]
    return Found(positions, values, [column.cells[position] for position in positions], column.name, faulty)


def number_of(outcome: Outcome) -> float | None:
    """The value of a numeric outcome that has no fault."""
    return outcome.value if isinstance(outcome.value, float) and outcome.fault is None else None


def read_items(
    reading: Reading, entry: AssessmentMap, positions: list[int], totals: Found | None
) -> Found | None:
    """Columns of items, scored by the instrument's rules."""
    columns = reading.columns.items_of(entry, reading.codebook)
    if columns is None:
        return None
    scoring = measured(entry, reading.codebook).scoring(entry.scoring)
    outcomes = [read_item(reading, entry, column, scoring, i, positions) for i, column in enumerate(columns)]
    report_items(reading, entry, columns, scoring, outcomes, positions)
    faulty = [any(outcome.fault for outcome in row) for row in zip(*outcomes, strict=True)]
    rows = [tuple(map(number_of, row)) for row in zip(*outcomes, strict=True)]
    values = [None if bad else score_items(row, scoring) for row, bad in zip(rows, faulty, strict=True)]
    label = f"{columns[0].name}..{columns[-1].name}"
    found = Found(positions, values, [""] * len(positions), label, faulty)
    report_unscored(reading, entry, rows, found, len(columns), totals)
    if totals is not None:
        report_sums(reading, entry, scoring, rows, found, totals)
    return found


def read_item(
    reading: Reading, entry: AssessmentMap, column: Column, scoring: Scoring, item: int, positions: list[int]
) -> list[Outcome]:
    """The answers to one item."""
    target = NumberTarget(scoring.item_ranges[item], whole="not_whole", decimal=reading.decimal)
    judge = score_judge(reading, entry, column, target)
    return reading.read_column(column, judge, entry.instrument, target.allowed(), positions)


def report_unscored(
    reading: Reading,
    entry: AssessmentMap,
    rows: Sequence[Sequence[float | None]],
    found: Found,
    items: int,
    totals: Found | None,
) -> None:
    """Assessments with answers, but too few of them to be scored; those with a faulty answer are told
    already."""
    places = []
    for i, (answers, value, position) in enumerate(zip(rows, found.values, found.positions, strict=True)):
        given = sum(answer is not None for answer in answers)
        told = found.faulty[i] or (totals is not None and totals.values[i] is not None)
        if given and value is None and not told:
            places.append((reading.table.rows[position], f"{given} of {items} items"))
    if places:
        said = {"why": "too few items are answered"}
        of = len(found.positions)
        reading.findings.add(
            "score_not_computed", reading.table.file, entry.instrument, found.column, places, of=of, said=said
        )


def report_sums(
    reading: Reading,
    entry: AssessmentMap,
    scoring: Scoring,
    rows: Sequence[Sequence[float | None]],
    items: Found,
    totals: Found,
) -> None:
    """Totals that their items do not make."""
    places = list(wrong_sums(reading, scoring, rows, items, totals))
    if places:
        reading.findings.add(
            "total_not_sum", reading.table.file, entry.instrument, totals.column, places, of=len(rows)
        )


def wrong_sums(
    reading: Reading, scoring: Scoring, rows: Sequence[Sequence[float | None]], items: Found, totals: Found
) -> Iterator[tuple[int, str]]:
    """Rows whose total is none of those that the items can make."""
    for i, answers in enumerate(rows):
        total, text, position = totals.values[i], totals.texts[i], totals.positions[i]
        makes = totals_of(answers, scoring) if total is not None and not items.faulty[i] else []
        tolerance = (
            0.5 * 10.0 ** -len(text.strip().replace(",", ".").partition(".")[2])
            if scoring.rule == "mean"
            else 1e-6
        )
        if makes and not any(abs(total - made) <= tolerance + 1e-9 for made in makes):  # type: ignore[operator]
            yield reading.table.rows[position], text
